/* One bump arena per batch: everything a batch needs lives here and goes at once.
 *
 * Promises. Memory from an arena is zeroed, aligned to 16 bytes, and stays where it is until the reset.
 *           After the first batches a reset frees nothing and an allocation is an addition.
 */
#ifndef PULIH_BASE_ARENA_H
#define PULIH_BASE_ARENA_H

#include <stddef.h>

#include "pulih/base/bytes.h"

struct pulih_arena_block;

/* All zero is an empty arena, ready for use. */
struct pulih_arena {
    struct pulih_arena_block *first;   /* all blocks, in the order of use */
    struct pulih_arena_block *current; /* the block that serves the next request */
};

void *pulih_arena_get(struct pulih_arena *a, size_t len);
struct pulih_view pulih_arena_copy(struct pulih_arena *a, struct pulih_view v);
void pulih_arena_reset(struct pulih_arena *a);
void pulih_arena_free(struct pulih_arena *a);

/* Room for one more: returns `items`, moved if it had to grow, with place for n + 1 elements.
 * Heap memory that the caller keeps from batch to batch and frees at the end. */
void *pulih_room(void *items, size_t n, size_t *cap, size_t item_bytes);
/* Heap memory for n elements, all zero, that the caller frees; never NULL. */
void *pulih_zeroed(size_t n, size_t item_bytes);

#endif
