/* How the proto layer says what is wrong with bytes. For the sources in proto only.
 *
 * Does.     Each function fills a fault and returns false, so that a reader can end with `return fault_...`.
 * Promises. The value at fault is kept only for fields of class OPEN, and never for raw values.
 */
#ifndef PULIH_PROTO_FAULT_H
#define PULIH_PROTO_FAULT_H

#include "proto/msg.h"

/* The frame or body as a whole. */
bool pulih_fault_whole(struct pulih_fault *fault, uint16_t refusal, const char *format, ...)
    PULIH_PRINTF(3, 4);
/* One field; `value` is the whole msgpack value that came, or absent. */
bool pulih_fault_field(struct pulih_fault *fault, const struct pulih_field *f, struct pulih_view value,
                       const char *format, ...) PULIH_PRINTF(4, 5);
/* Puts the list's name and the element's index before the element's field. */
bool pulih_fault_in_list(struct pulih_fault *fault, const struct pulih_field *list, uint32_t index);
/* What a msgpack value is, for people: "text", "a map". */
const char *pulih_fault_kind(struct pulih_view value);

#endif
