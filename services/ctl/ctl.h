/* pulihctl: what its commands share.
 *
 * Does.     A command is a row of commands.tbl.h and a function pulih_ctl_<name>, which returns an exit code.
 * Promises. Results go to standard output, everything else to standard error. Text of others reaches neither
 *           with control signs in it.
 */
#ifndef PULIH_CTL_H
#define PULIH_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/msg.h"
#include "pulih.h"
#include "pulih/base/bytes.h"
#include "pulih/base/db.h"

struct pulih_ctl;

enum pulih_ctl_exit { PULIH_CTL_OK, PULIH_CTL_FAILED, PULIH_CTL_USAGE };

enum pulih_ctl_which {
#define COMMAND(name, ...) PULIH_CTL_##name,
#define OPTION(...)
#include "services/ctl/commands.tbl.h"
    PULIH_CTL_N
};

enum { PULIH_CTL_ARGS_ANY = 1000 };

struct pulih_ctl_option {
    const char *name;
    const char *value; /* NULL: a switch */
    uint32_t commands; /* bit n: command n has it */
    const char *doc;
};

struct pulih_ctl_command {
    const char *name;
    const char *args;
    int least, most;
    const char *doc;
    int (*run)(const struct pulih_ctl *ctl);
};

struct pulih_ctl_given {
    const struct pulih_ctl_option *option;
    const char *value;
};

/* The command line, read and checked against the rows. */
struct pulih_ctl {
    const struct pulih_ctl_command *command;
    char **args; /* what is no option */
    int n_args;
    struct pulih_ctl_given *given;
    size_t n_given;
};

#define COMMAND(name, ...) int pulih_ctl_##name(const struct pulih_ctl *ctl);
#define OPTION(...)
#include "services/ctl/commands.tbl.h"

/* --- options.c --------------------------------------------------------------------------------------- */

const struct pulih_ctl_command *pulih_ctl_command(const char *name);
/* The name as it is typed: a dash where the row has _. Valid until the next call. */
const char *pulih_ctl_name(const struct pulih_ctl_command *command);
/* Reads what follows the command's name. False: it was told what is wrong. */
bool pulih_ctl_read(struct pulih_ctl *ctl, int argc, char **argv);
void pulih_ctl_end(struct pulih_ctl *ctl);
/* Help for one command, or for all when it is NULL. */
void pulih_ctl_help(const struct pulih_ctl_command *command, FILE *to);

/* Whether the command has this option at all. */
bool pulih_ctl_takes(const struct pulih_ctl *ctl, const char *name);
/* The value given last, "" for a switch; NULL if it was not given. */
const char *pulih_ctl_option(const struct pulih_ctl *ctl, const char *name);
/* Each value in turn; *at starts at 0. */
const char *pulih_ctl_next_option(const struct pulih_ctl *ctl, const char *name, size_t *at);
/* A whole number. False: it was told what is wrong. */
bool pulih_ctl_number(const struct pulih_ctl *ctl, const char *name, int64_t least, int64_t most,
                      int64_t standard, int64_t *ret);

/* The keys that options and environment name, NULL where no option does. */
struct pulih_keys *pulih_ctl_keys(const struct pulih_ctl *ctl, struct pulih_keys *room);

/* Both print a line that starts with the command's name, and return the exit code that they are named for. */
int pulih_ctl_usage(const struct pulih_ctl *ctl, const char *format, ...) PULIH_PRINTF(2, 3);
int pulih_ctl_failed(const struct pulih_ctl *ctl, const char *format, ...) PULIH_PRINTF(2, 3);

/* --- pack.c ------------------------------------------------------------------------------------------- */

struct pulih_policy;

/* A line on standard output for each pack that a policy names: whether it is confirmed and in force today. */
void pulih_ctl_list_packs(const struct pulih_policy *policy);

/* --- train.c ------------------------------------------------------------------------------------------ */

/* Writes a file; it takes the place of an old one when it is whole. Returns the exit code. */
int pulih_ctl_save(const struct pulih_ctl *ctl, const char *path, const struct pulih_buf *bytes);

/* --- corpus.c ---------------------------------------------------------------------------------------- */

struct pulih_corpus;

/* Reads every file that the option names. False: it was told what is wrong. */
bool pulih_ctl_read_texts(const struct pulih_ctl *ctl, const char *option, struct pulih_corpus *ret);

/* --- print.c ----------------------------------------------------------------------------------------- */

/* Appends text of others for a terminal: control signs, and what turns the direction of writing, as \u001b.
 * Ends of lines stay and what follows is indented by that many blanks; with -1 they are escaped, too. */
void pulih_ctl_add_text(struct pulih_buf *out, struct pulih_view text, int indent);
/* Appends a JSON string with its quotes. */
void pulih_ctl_add_json(struct pulih_buf *out, struct pulih_view text);
/* Appends a time as people read it, in the zone of TZ: 2026-01-31 23:59:59+07. */
void pulih_ctl_add_time(struct pulih_buf *out, int64_t us);
/* A line of JSON, member by member: {"what":"event", ... }. An absent text and a time of 0 are null. */
void pulih_ctl_json_start(struct pulih_buf *out, const char *name, const char *text);
void pulih_ctl_json_text(struct pulih_buf *out, const char *name, struct pulih_view text);
void pulih_ctl_json_word(struct pulih_buf *out, const char *name, const char *text);
void pulih_ctl_json_int(struct pulih_buf *out, const char *name, int64_t v);
void pulih_ctl_json_time(struct pulih_buf *out, const char *name, int64_t us);
void pulih_ctl_json_end(struct pulih_buf *out);

/* Reads 2026-01-31, the midnight in the zone of TZ, or an RFC 3339 time. */
bool pulih_ctl_read_time(const char *text, int64_t *ret_us);
/* Reads --since; if it is not given, *ret_us stays. False: it was told what is wrong. */
bool pulih_ctl_since(const struct pulih_ctl *ctl, int64_t *ret_us);
/* Writes to standard output and empties the buffer. */
void pulih_ctl_write(struct pulih_buf *out);

/* Rows for people (aligned, with a head) or for machines (a JSON object each). Cells come in the order of the
 * columns; a row is done with its last cell. */
struct pulih_ctl_table {
    const char *const *columns;
    size_t n_columns;
    const char *what; /* in JSON the first member of each line; may be NULL */
    bool json;
    struct pulih_buf cells; /* texts; in JSON the line that is being made */
    size_t *ends;           /* of each cell in `cells` */
    size_t n_ends, cap_ends;
    size_t at; /* column of the next cell */
};

void pulih_ctl_cell(struct pulih_ctl_table *t, struct pulih_view text);
void pulih_ctl_cell_int(struct pulih_ctl_table *t, int64_t v);
/* 0 is an empty cell. */
void pulih_ctl_cell_time(struct pulih_ctl_table *t, int64_t us);
void pulih_ctl_cell_word(struct pulih_ctl_table *t, enum pulih_words list, int64_t number);
void pulih_ctl_cell_reference(struct pulih_ctl_table *t, int64_t number);
/* Prints what is left and frees everything. */
void pulih_ctl_table_end(struct pulih_ctl_table *t);

/* --- words.c ------------------------------------------------------------------------------------------ */

/* Whose options say which policy has the departments; called once, before the rest. */
void pulih_ctl_words_start(const struct pulih_ctl *ctl);
/* The words of that policy; NULL where none could be read, which was told. */
const struct pulih_vocabulary *pulih_ctl_vocabulary(void);
/* The word for a number. Where there is none "?", of a department the number in digits. */
const char *pulih_ctl_word(enum pulih_words list, int64_t number);

/* --- send.c ------------------------------------------------------------------------------------------ */

/* Sends one message to intake and prints the receipt; the exit code says whether it is stored. */
int pulih_ctl_send_message(const struct pulih_ctl *ctl, const struct pulih_outgoing *message);

/* --- message.c --------------------------------------------------------------------------------------- */

/* A stored message, put together from its parts. */
struct pulih_ctl_message {
    enum pulih_m m; /* PULIH_M_N: it cannot be read */
    struct pulih_buf room;
};

/* `open` is an event's body, `text` its content; either may be absent. */
void pulih_ctl_message_read(struct pulih_ctl_message *ret, int64_t wire, struct pulih_view open,
                            struct pulih_view text);
/* What identifies somebody, kept beside a complaint. */
void pulih_ctl_message_read_person(struct pulih_ctl_message *ret, struct pulih_view person);
/* Appends a line for each field of the classes. */
void pulih_ctl_add_fields(struct pulih_buf *out, const struct pulih_ctl_message *msg, int classes,
                          int indent);
/* Appends a JSON object. */
void pulih_ctl_add_fields_json(struct pulih_buf *out, const struct pulih_ctl_message *msg, int classes);
/* Who says so: the person, the client or the daemon. */
struct pulih_view pulih_ctl_message_who(const struct pulih_ctl_message *msg);
void pulih_ctl_message_free(struct pulih_ctl_message *msg);
const char *pulih_ctl_type_name(int64_t wire);
/* "" for a number that is no stage's. */
const char *pulih_ctl_stage_name(int64_t stage);
const char *pulih_ctl_state_name(int64_t state);

/* --- database.c -------------------------------------------------------------------------------------- */

enum pulih_ctl_statement {
#define SQL(name, ...) PULIH_CTL_SQL_##name,
#include "gen/ctl.sql.h"
    PULIH_CTL_SQL_N
};

extern const struct pulih_statement pulih_ctl_statements[PULIH_CTL_SQL_N];

/* Connects with `n` statements from `first` on. NULL: it was told why not. */
struct pulih_db *pulih_ctl_connect_some(const struct pulih_ctl *ctl, enum pulih_ctl_statement first,
                                        size_t n);
struct pulih_db *pulih_ctl_connect(const struct pulih_ctl *ctl);
/* The same with the statements of core in front, for the functions of pulih/core/store.h: ours start at
 * PULIH_SQL_N. */
struct pulih_db *pulih_ctl_connect_core(const struct pulih_ctl *ctl);
int pulih_ctl_discard(const struct pulih_ctl *ctl, const struct pulih_id *id);
/* Reads a reference or a UUID. False: it was told what is wrong, or that there is no such complaint. `*db` is
 * made when it is needed and not there. */
bool pulih_ctl_find(const struct pulih_ctl *ctl, struct pulih_db **db, const char *text,
                    struct pulih_id *ret);
/* Parameters complaint and shard, which many statements start with. */
struct pulih_params *pulih_ctl_key_of(struct pulih_db *db, const struct pulih_id *id);
/* Adds an array with the states in which a solution is still owed. */
void pulih_ctl_add_open_states(struct pulih_params *p);
/* Runs what is queued. False: it was told why not. */
bool pulih_ctl_run(const struct pulih_ctl *ctl, struct pulih_db *db);
static inline void pulih_ctl_disconnect(struct pulih_db **db)
{
    pulih_db_free(*db);
}

#endif
