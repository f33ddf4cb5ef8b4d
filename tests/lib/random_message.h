/* Random messages, made from the rows: each field present or not, each value inside its limits and often at
 * their edge.
 *
 * Owns.     struct random_source keeps the bytes that the views of its messages point at: reset its arena
 *           between messages, free it at the end.
 * Promises. The same seed makes the same messages.
 */
#ifndef PULIH_TESTS_RANDOM_MESSAGE_H
#define PULIH_TESTS_RANDOM_MESSAGE_H

#include "proto/msg.h"
#include "pulih/base/arena.h"

struct random_source {
    uint64_t state;    /* the seed */
    uint64_t text_max; /* longest text and binary, where the field allows more */
    struct pulih_arena arena;
};

uint64_t random_u64(struct random_source *r);
/* 0 to n - 1. */
uint64_t random_below(struct random_source *r, uint64_t n);
/* UTF-8 of exactly `len` bytes, without U+0000. */
struct pulih_view random_text(struct random_source *r, size_t len);
/* Fills the struct of message m. */
void random_message(struct random_source *r, enum pulih_m m, void *ret);

#endif
