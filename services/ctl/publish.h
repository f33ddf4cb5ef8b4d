/* pulihctl publish: what its parts share. */
#ifndef PULIH_CTL_PUBLISH_H
#define PULIH_CTL_PUBLISH_H

#include "pulih.h"
#include "pulih/base/arena.h"
#include "services/ctl/ctl.h"
#include "services/ctl/source.h"

/* --- publish_row.c: from a row to a message ---------------------------------------------------------- */

struct pulih_ctl_set {
    const char *name;
    const char *value;
};

struct pulih_ctl_seen {
    uint64_t hash; /* of a row; 0: a free place */
    uint32_t times;
};

/* How rows become messages. */
struct pulih_ctl_recipe {
    const char *client;
    const char *type;
    struct pulih_arena texts;     /* of what follows */
    struct pulih_rename *renames; /* --map */
    size_t n_renames, cap_renames;
    struct pulih_ctl_set *sets; /* --set */
    size_t n_sets;
    struct pulih_body *body;
    struct pulih_buf content;    /* of the row, as far as it names the message */
    struct pulih_ctl_seen *seen; /* rows so far, to tell equal ones apart */
    size_t n_seen, cap_seen;
};

/* False: it was told what is wrong. */
bool pulih_ctl_recipe_read(const struct pulih_ctl *ctl, struct pulih_ctl_recipe *r);
/* Do the columns of the file and those of --map have a meaning? False: it was told which have none. */
bool pulih_ctl_recipe_check(const struct pulih_ctl *ctl, const struct pulih_ctl_recipe *r,
                            const struct pulih_ctl_source *s);
/* The id that the present row has whatever else is said of it: made of the client's name, the row's content,
 * and how many equal rows came before. */
struct pulih_uuid pulih_ctl_recipe_id(struct pulih_ctl_recipe *r, const struct pulih_ctl_source *s);
/* Makes the message of the present row; it is valid until the next. False: see error. */
bool pulih_ctl_recipe_message(struct pulih_ctl_recipe *r, const struct pulih_ctl_source *s,
                              struct pulih_envelope *envelope, struct pulih_outgoing *ret,
                              struct pulih_error *error);
void pulih_ctl_recipe_free(struct pulih_ctl_recipe *r);

/* --- publish_state.c: what needs not be sent again --------------------------------------------------- */

enum { PULIH_CTL_STATE_ROWS = 32768 };

/* Rows from the start of the file that are stored, all of them. The first one that is not ends the count. */
struct pulih_ctl_state {
    const char *path; /* NULL: nothing is remembered */
    uint64_t skip;    /* rows that the file named */
    unsigned char wanted[16];
    uint64_t rows;            /* stored without a gap */
    unsigned char digest[16]; /* of their ids */
    uint64_t read;            /* rows seen */
    struct {
        struct pulih_uuid id;
        bool stored;
    } window[PULIH_CTL_STATE_ROWS];
};

/* False: it was told what is wrong. */
bool pulih_ctl_state_read(const struct pulih_ctl *ctl, struct pulih_ctl_state *s, const char *path);
/* 1: the row was stored in an earlier run; 0: it must be sent; -1: the rows are not those of the earlier run.
 */
int pulih_ctl_state_row(struct pulih_ctl_state *s, const struct pulih_uuid *id);
void pulih_ctl_state_stored(struct pulih_ctl_state *s, uint64_t row);
bool pulih_ctl_state_write(const struct pulih_ctl *ctl, const struct pulih_ctl_state *s);

#endif
