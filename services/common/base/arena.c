#include "pulih/base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"

enum { BLOCK_BYTES = 64 * 1024, ALIGN_BYTES = 16 };

struct pulih_arena_block {
    struct pulih_arena_block *next;
    size_t used;
    size_t cap_bytes;
    size_t pad; /* keeps bytes[] aligned to ALIGN_BYTES */
    char bytes[];
};

static struct pulih_arena_block *new_block(size_t len)
{
    size_t cap = len > BLOCK_BYTES ? len : BLOCK_BYTES;
    struct pulih_arena_block *block = malloc(sizeof *block + cap);

    if (!block)
        pulih_out_of_memory();
    block->next = NULL;
    block->used = 0;
    block->cap_bytes = cap;
    return block;
}

/* The first kept block with room, or a new one put behind the current. */
static struct pulih_arena_block *block_with_room(struct pulih_arena *a, size_t len)
{
    struct pulih_arena_block **link = a->current ? &a->current->next : &a->first;

    while (*link && (*link)->cap_bytes < len)
        link = &(*link)->next;
    struct pulih_arena_block *block = *link ? *link : new_block(len);
    block->used = 0;
    *link = block;
    return block;
}

void *pulih_arena_get(struct pulih_arena *a, size_t len)
{
    size_t rounded = (len + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);

    if (!a->current || a->current->cap_bytes - a->current->used < rounded)
        a->current = block_with_room(a, rounded);
    void *at = a->current->bytes + a->current->used;
    a->current->used += rounded;
    return memset(at, 0, rounded);
}

struct pulih_view pulih_arena_copy(struct pulih_arena *a, struct pulih_view v)
{
    if (!v.at)
        return v;
    char *at = pulih_arena_get(a, v.len + 1);
    if (v.len)
        memcpy(at, v.at, v.len);
    return (struct pulih_view){at, v.len};
}

void pulih_arena_reset(struct pulih_arena *a)
{
    a->current = a->first;
    if (a->first)
        a->first->used = 0;
}

void pulih_arena_free(struct pulih_arena *a)
{
    for (struct pulih_arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct pulih_arena){0};
}

void *pulih_room(void *items, size_t n, size_t *cap, size_t item_bytes)
{
    if (n < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 16;
    items = realloc(items, *cap * item_bytes);
    if (!items)
        pulih_out_of_memory();
    return items;
}

void *pulih_zeroed(size_t n, size_t item_bytes)
{
    void *items = calloc(n ? n : 1, item_bytes);

    if (!items)
        pulih_out_of_memory();
    return items;
}
