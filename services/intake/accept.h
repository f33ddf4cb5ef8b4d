/* Inside of acceptance: rows of messages (rows.c), what is known already (known.c), the job (accept.c). */
#ifndef PULIH_INTAKE_ACCEPT_H
#define PULIH_INTAKE_ACCEPT_H

#include "services/intake/intake.h"

/* What the database, or the batch itself, knows of a message that came before. */
struct intake_known {
    bool found;
    bool same; /* with the same type and body */
    int64_t number;
    int64_t due_us;
    int language;
};

/* Digest of a message as accepted, salted. */
struct pulih_view intake_digest(struct pulih_arena *arena, const struct intake_message *m,
                                struct pulih_view salt);

/* Adds the rows of a new complaint; returns when steps and deadline are promised. */
int64_t intake_add_complaint(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m,
                             int64_t number, int64_t now_us);
/* Adds the rows of a later message; m->item names its complaint. */
void intake_post_message(struct intake_batch *b, struct intake_message *m, int64_t now_us);
struct pulih_item *intake_add_item(struct intake_batch *b);
/* `due_us` 0: no promise goes with it (later messages). */
void intake_make_ack(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m, int64_t number,
                     int64_t due_us, int language);

/* One round trip in the open transaction: locks the complaints that later messages are about and asks what
 * is known. *ret_rows are the locked rows, in the arena. */
enum pulih_db_end intake_look_up(struct pulih_worker *w, struct intake_batch *b, struct intake_known *known,
                                 struct pulih_row_complaint **ret_rows, size_t *ret_n_rows);
/* A second message with the same id within the batch is a duplicate of the first, or conflicts with it. */
bool intake_seen_in_batch(struct intake_batch *b, size_t at, struct intake_known *known);
/* Index of the item of a complaint that a message is about: one of this batch, or made of a locked row;
 * SIZE_MAX: there is no such complaint. */
size_t intake_item_for(struct intake_batch *b, const struct intake_message *m,
                       const struct pulih_row_complaint *rows, size_t n_rows);

#endif
