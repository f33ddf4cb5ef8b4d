/* The parameters of pulih.cfg. The example file, the man pages and the checks come from these rows.
 * CONF(group, kind, name, min, max, default, unit, doc)
 *   group  pulih: top level; daemon: in the group of every daemon; else that group
 *   kind   integer boolean text texts word; the words of a `word` stand where the unit does
 *   default as written in the file, NULL when it must be given */
// clang-format off
CONF(pulih, text, database, 1, 2000, "\"dbname=pulih\"", "", "PostgreSQL, as a libpq connection string or URI; several hosts may be named. Secrets stay outside: use passfile, PGPASSFILE or a service file.")
CONF(pulih, text, policy, 1, 1000, "\"policy.cfg\"", "", "The company's policy; a relative path starts at the folder of this file. Read again on SIGHUP.")
CONF(log, word, level, 0, 0, "\"info\"", "debug info warning error", "Least level that is logged.")
CONF(log, word, format, 0, 0, "\"logfmt\"", "logfmt json", "How a line of the log is written.")
CONF(hints, texts, classification, 0, 16, "[\"tcp://127.0.0.1:7402\"]", "", "Where replicas of classification listen for hints. A name stands for all its addresses, asked again every two seconds.")
CONF(hints, texts, escalation, 0, 16, "[\"tcp://127.0.0.1:7403\"]", "", "The same for escalation.")
CONF(hints, texts, followup, 0, 16, "[\"tcp://127.0.0.1:7404\"]", "", "The same for follow-up.")
CONF(curve, text, secret_key, 0, 1000, "\"\"", "", "File with the key pair of the daemons, made by pulihctl key new; a relative path starts at the folder of this file. With it the doors and the hint ports speak CURVE only; empty: everybody comes in, and nothing is encrypted.")
CONF(curve, text, clients, 0, 1000, "\"\"", "", "File with a name and a public key on each line: who may come to the doors. Needed with secret_key. Read again on SIGHUP.")
CONF(links, integer, days, 0, 3650, "30", "days", "How long a new complaint is compared with those before it: same customer, same or similar text. 0: complaints are not compared, and links are made by people only. Intake and classification must agree on whether it is 0.")
CONF(links, integer, after_ms, 0, 600000, "1000", "ms", "Age from which a new complaint is compared: its acknowledgement goes first.")
CONF(links, integer, hyperactive_complaints, 0, 1000, "6", "complaints", "From so many complaints of one customer within hyperactive_days on, the complainer is called hyperactive: one hand should look after them. It lowers no priority. 0: never. Needs days.")
CONF(links, integer, hyperactive_days, 1, 3650, "30", "days", "How far back complaints of one customer are counted; no farther than days.")
CONF(daemon, text, listen, 0, 200, "\"\"", "", "Where this daemon listens for hints; empty: tcp://*: and its port, see services/README.md.")
CONF(daemon, text, http, 0, 200, "\"\"", "", "Where it answers /healthz, /readyz and /metrics; empty: 0.0.0.0: and its port.")
CONF(daemon, text, user, 0, 63, "\"\"", "", "Database role; empty: pulih_ and the daemon's name.")
CONF(daemon, integer, batch_items, 1, 1000, "500", "items", "Most items in one transaction.")
CONF(daemon, integer, poll_ms, 5, 60000, "50", "ms", "How often unfinished work is looked for in the database; while there is none, and no hint of any, up to eight times as rarely.")
CONF(daemon, integer, grace_ms, 0, 60000, "50", "ms", "Age from which the poll takes work; younger work is expected as a hint. Where hints come later, because commits are slow or much is waiting, the poll waits longer by itself.")
CONF(intake, text, publish, 1, 200, "\"tcp://*:7400\"", "", "Publish door.")
CONF(intake, integer, credit_items, 8, 100000, "4000", "items", "Most messages on their way, over all sessions.")
CONF(intake, integer, sessions_max, 1, 10000, "1000", "sessions", "Most publishers at once.")
CONF(escalation, integer, timer_ms, 10, 60000, "200", "ms", "How often due deadlines are looked for; what is known to fall due sooner is looked for then.")
CONF(escalation, integer, timer_items, 1, 1000, "500", "deadlines", "Most deadlines in one transaction; there is no limit on how many fire.")
CONF(followup, text, feed, 1, 200, "\"tcp://*:7410\"", "", "Feed door.")
CONF(followup, integer, feed_poll_ms, 5, 60000, "20", "ms", "How often the feed's heads are read.")
CONF(followup, integer, subscribers_max, 1, 10000, "200", "sessions", "Most subscribers at once.")
// clang-format on
#undef CONF
