/* What the parts of libpulih share; pulih.h is what its users see. */
#ifndef PULIH_CLIENT_H
#define PULIH_CLIENT_H

#include "proto/msg.h"
#include "pulih.h"

/* --- error.c ----------------------------------------------------------------------------------------- */

/* All fill *error, where there is one, and return its code. */
int pulih_error_set(struct pulih_error *error, int code, const char *format, ...) PULIH_PRINTF(3, 4);
int pulih_error_of_fault(struct pulih_error *error, const struct pulih_fault *fault);

/* Fills a fault and returns false. The value is kept only where the field is of class OPEN. */
bool pulih_fault_at(struct pulih_fault *fault, const struct pulih_field *field, const char *value,
                    const char *format, ...) PULIH_PRINTF(4, 5);

struct pulih_id pulih_id_of(const struct pulih_uuid *uuid);
struct pulih_uuid pulih_uuid_of(const struct pulih_id *id);
/* Copies a text with its zero; what does not fit is cut at the start of a sign. */
void pulih_text_keep(char *to, size_t size, struct pulih_view text);

/* --- pack.c: msgpack values, written ----------------------------------------------------------------- */

void pulih_pack_nil(struct pulih_buf *out);
void pulih_pack_bool(struct pulih_buf *out, bool v);
void pulih_pack_uint(struct pulih_buf *out, uint64_t v);
void pulih_pack_int(struct pulih_buf *out, int64_t v);
void pulih_pack_double(struct pulih_buf *out, double v);
void pulih_pack_str(struct pulih_buf *out, struct pulih_view v);
void pulih_pack_bin(struct pulih_buf *out, const void *at, size_t len);
void pulih_pack_array(struct pulih_buf *out, size_t n); /* n values follow */
void pulih_pack_map(struct pulih_buf *out, size_t n);   /* n names and values follow */

/* --- body.c, value.c and json.c ---------------------------------------------------------------------- */

struct pulih_body {
    enum pulih_m m;         /* PULIH_M_N: not started */
    uint64_t has;           /* bit i: field i was given */
    struct pulih_buf pairs; /* names and values so far */
    struct pulih_buf bytes; /* the whole, once ended */
    struct pulih_buf room;  /* for the decoded message */
};

/* The field of that name, or NULL with a fault that names the nearest. */
const struct pulih_field *pulih_field_of(enum pulih_m m, const char *name, struct pulih_fault *fault);
/* Marks a field as given and writes its name; the value must follow. NULL: it is unknown, or given already.
 */
const struct pulih_field *pulih_body_field(struct pulih_body *b, const char *name, struct pulih_fault *fault);

/* Appends the value that a text means for a field. What the table's rules say is left to the decoder. */
bool pulih_value_of_text(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                         struct pulih_fault *fault);
/* The kinds whose text form JSON uses too: time, bin, id. False with *known false: it is another kind. */
bool pulih_value_of_json_text(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                              struct pulih_fault *fault, bool *known);

/* The same for a list or map as JSON, and for all members of an object. */
bool pulih_value_of_json(const struct pulih_field *f, struct pulih_view json, struct pulih_buf *out,
                         struct pulih_fault *fault);
bool pulih_body_members(struct pulih_body *b, struct pulih_view json, struct pulih_fault *fault);
/* As pulih_body_start_json, after the envelope was emptied. The type is started with `start`. */
int pulih_body_whole(struct pulih_body *b, struct pulih_view json, const struct pulih_rename *renames,
                     size_t n, struct pulih_envelope *ret, struct pulih_error *error);

#endif
