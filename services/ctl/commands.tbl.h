/* The commands of pulihctl and their options; help, parsing and the manual page follow these rows.
 * COMMAND(name, args, least, most, doc)   args: as help shows them; least, most: how many
 * OPTION(name, value, commands, doc)      value: what follows it, 0 for a switch; may come several times */
// clang-format off
COMMAND(migrate, "",             0, 0, "creates the tables, or brings them up to date")
COMMAND(publish, "FILE|-",       1, 1, "publishes complaints from a file: JSON lines, CSV or TSV")
COMMAND(send,    "TYPE REF [FIELD=VALUE ...]", 2, ARGS_ANY, "says something about a complaint: a note, an offer, an answer ...")
COMMAND(link,    "REF OTHER",    2, 2, "says that another complaint belongs to this one; both go on as they are")
COMMAND(unlink,  "REF OTHER",    2, 2, "says that another complaint has nothing to do with this one")
COMMAND(show,    "REF",          1, 1, "shows a complaint: its card, chronology, letters and promises")
COMMAND(list,    "",             0, 0, "lists complaints, the newest first")
COMMAND(feed,    "",             0, 0, "follows what becomes of complaints")
COMMAND(letter,  "REF NUMBER",   2, 2, "fetches a letter as the customer gets it")
COMMAND(stats,   "",             0, 0, "counts complaints, unfinished work, the feed and the daemons")
COMMAND(dead,    "list | show REF | retry REF | discard REF", 1, 2, "looks at messages that no stage could process, tries them again or gives them up")
COMMAND(check,   "FILE ...",     1, ARGS_ANY, "checks configuration and policy files")
COMMAND(clock,   "add | between | show [CALENDAR]", 1, 2, "works out deadlines and working time by the calendars of a policy")
COMMAND(key,     "new | show FILE", 1, 2, "makes a key pair for doors that speak CURVE, or shows the public key of one")
COMMAND(version, "",             0, 0, "prints the versions of program, protocol and tables")

OPTION(database, "CONNINFO", ON_DATABASE, "PostgreSQL, as a libpq connection string or URI; else PULIH_DATABASE, else libpq's own environment")
OPTION(config, "FILE", ON_DATABASE, "read the database from this pulih.cfg")
OPTION(endpoint, "TCP", ON(publish) | ON(send) | ON(link) | ON(unlink), "publish door of intake; tcp://127.0.0.1:7400 if not given")
OPTION(endpoint, "TCP", ON(feed) | ON(letter), "feed door of follow-up; tcp://127.0.0.1:7410 if not given")
OPTION(client, "NAME", ON_DOOR, "name under which we speak; pulihctl if not given")
OPTION(key-file, "FILE", ON_DOOR, "our key pair, for doors that speak CURVE; else PULIH_KEY_FILE")
OPTION(server-key, "KEY", ON_DOOR, "the daemons' public key, 40 signs; else PULIH_SERVER_KEY")
OPTION(timeout, "SECONDS", ON(publish) | ON(send) | ON(link) | ON(unlink) | ON(letter), "give up when nothing is answered for so long; 30 if not given")

OPTION(format, "FORMAT", ON(publish), "jsonl, csv or tsv; by the name of the file if not given")
OPTION(type, "TYPE", ON(publish), "type of messages that do not name one; complaint if not given")
OPTION(map, "THEIRS=OURS,...", ON(publish), "rename columns; nothing behind the = drops the column")
OPTION(set, "FIELD=VALUE", ON(publish), "give a field to every message that does not have it")
OPTION(rate, "N", ON(publish), "send at most N messages a second")
OPTION(state, "FILE", ON(publish), "remember here what was answered, and skip it the next time")
OPTION(progress, 0, ON(publish), "show progress also where standard error is no terminal")
OPTION(json-body, "JSON", ON(send), "the message as a JSON object, instead of FIELD=VALUE")

OPTION(actor, "CODE", ON(link) | ON(unlink), "code of the one who says so; must be given")
OPTION(why, "TEXT", ON(link) | ON(unlink), "the reason, for those who read the chronology")

OPTION(no-personal, 0, ON(show), "leave out who complains and what people wrote")
OPTION(state, "STATE", ON(list), "only in this state, e.g. acknowledged")
OPTION(department, "DEPARTMENT", ON(list), "only of this department, e.g. delivery")
OPTION(tier, "TIER", ON(list), "only of this tier, e.g. important")
OPTION(unsure, 0, ON(list), "only those whose classification a person should look at")
OPTION(overdue, 0, ON(list), "only those whose date told to the customer has passed")
OPTION(level, "N", ON(list), "only those on this rung of the ladder or above")
OPTION(since, "TIME", ON(list), "only those received then or later: 2026-01-31, or with a time")
OPTION(limit, "N", ON(list) | ON(dead), "at most so many; 50 if not given")

OPTION(from, "POSITION", ON(feed), "start, now, or STREAM:NUMBER,... as printed with --positions; now if not given")
OPTION(count, "N", ON(feed), "end after so many")
OPTION(positions, 0, ON(feed), "at the end, print the positions on standard error")
OPTION(out, "FILE", ON(key), "where the new key pair goes; pulih.key if not given")
OPTION(client, "NAME", ON(key), "name for the line in the list of clients; pulihctl if not given")
OPTION(as, "KIND", ON(check), "config or policy; if not given, pulih*.cfg is a configuration and all else a policy")

OPTION(policy, "FILE", ON(clock), "the policy whose calendars count")
OPTION(calendar, "NAME", ON(clock), "one of its calendars; the one that deadlines are counted in if not given")
OPTION(from, "TIME", ON(clock), "add, between: 2026-01-31T09:00:00+07:00, or without an offset in the calendar's zone")
OPTION(for, "DURATION", ON(clock), "add: a number and a unit, such as '3 working_days' or '1 month'")
OPTION(first-day, "RULE", ON(clock), "add: same_time, receipt_day, next_day or next_opening; that of the unit if not given")
OPTION(to, "TIME", ON(clock), "between: the end, as --from")
OPTION(month, "YYYY-MM", ON(clock), "show: the month")

OPTION(json, 0, ON(clock) | ON(show) | ON(list) | ON(send) | ON(link) | ON(unlink) | ON(feed) | ON(letter) | ON(stats) | ON(dead), "print JSON, a line each")
OPTION(help, 0, ON_ALL, "explain the command")
// clang-format on
#undef COMMAND
#undef OPTION
