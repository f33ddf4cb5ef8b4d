#include "services/common/learn/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "pulih/base/arena.h"
#include "pulih/core/features.h"

enum { LEAST_TEXTS = 2 };
static const uint32_t NO_COLUMN = UINT32_MAX;

/* --- in how many texts each hash comes: a table that grows ------------------------------------------- */

struct place {
    uint32_t hash, texts; /* 0 texts: free */
    uint32_t column;
};

struct counts {
    size_t n, n_places;
    struct place *places;
};

static struct place *place_of(const struct counts *c, uint32_t hash)
{
    size_t mask = c->n_places - 1, at = (hash * UINT32_C(2654435769)) & mask;

    while (c->places[at].texts && c->places[at].hash != hash)
        at = (at + 1) & mask;
    return &c->places[at];
}

static void grow(struct counts *c)
{
    struct counts larger = {.n = c->n, .n_places = c->n_places ? 2 * c->n_places : 1u << 16};

    larger.places = pulih_zeroed(larger.n_places, sizeof *larger.places);
    for (size_t i = 0; i < c->n_places; i++)
        if (c->places[i].texts)
            *place_of(&larger, c->places[i].hash) = c->places[i];
    free(c->places);
    *c = larger;
}

static void count(struct counts *c, uint32_t hash)
{
    if (2 * c->n >= c->n_places)
        grow(c);
    struct place *place = place_of(c, hash);
    c->n += !place->texts;
    place->hash = hash;
    place->texts++;
}

/* --- the vectors --------------------------------------------------------------------------------------- */

/* Cells with hashes in the place of columns. */
static void read_texts(const struct pulih_corpus *corpus, struct pulih_vectors *v, struct counts *c)
{
    struct pulih_features *features = pulih_zeroed(1, sizeof *features);
    size_t n = 0, cap = 0;

    for (size_t i = 0; i < corpus->n; i++) {
        pulih_features_of(corpus->examples[i].text, features);
        v->from[i] = n;
        for (size_t k = 0; k < features->n; k++) {
            const struct pulih_feature *f = &features->items[k];

            v->cells = pulih_room(v->cells, n, &cap, sizeof *v->cells);
            v->cells[n++] = (struct pulih_cell){f->hash, f->value};
            count(c, f->hash);
        }
    }
    v->from[corpus->n] = n;
    free(features);
}

static int by_hash(const void *a, const void *b)
{
    const struct place *one = a, *other = b;

    return (one->hash > other->hash) - (one->hash < other->hash);
}

/* What is too rare is dropped; the others are columns in the order of their hashes. */
static void name_columns(struct pulih_vectors *v, struct counts *c)
{
    struct place *kept = pulih_zeroed(c->n, sizeof *kept);

    for (size_t i = 0; i < c->n_places; i++) {
        c->places[i].column = NO_COLUMN;
        if (c->places[i].texts >= LEAST_TEXTS)
            kept[v->n_columns++] = c->places[i];
    }
    qsort(kept, v->n_columns, sizeof *kept, by_hash);
    v->hash = pulih_zeroed(v->n_columns, sizeof *v->hash);
    v->rarity = pulih_zeroed(v->n_columns, sizeof *v->rarity);
    for (size_t i = 0; i < v->n_columns; i++) {
        v->hash[i] = kept[i].hash;
        v->rarity[i] = sqrtf(logf((1 + (float)v->n) / (1 + (float)kept[i].texts)) + 1);
        place_of(c, kept[i].hash)->column = (uint32_t)i;
    }
    free(kept);
}

static void use_columns(struct pulih_vectors *v, const struct counts *c)
{
    size_t n = 0, end = v->from[v->n];

    for (size_t i = 0, at = 0; i < v->n; i++) {
        size_t stop = i + 1 < v->n ? v->from[i + 1] : end;

        v->from[i] = n;
        for (; at < stop; at++) {
            uint32_t column = place_of(c, v->cells[at].column)->column;

            if (column != NO_COLUMN)
                v->cells[n++] = (struct pulih_cell){column, v->cells[at].value * v->rarity[column]};
        }
    }
    v->from[v->n] = n;
}

void pulih_vectors_make(const struct pulih_corpus *corpus, struct pulih_vectors *ret)
{
    struct counts counts = {0};

    *ret = (struct pulih_vectors){.n = corpus->n};
    ret->from = pulih_zeroed(corpus->n + 1, sizeof *ret->from);
    grow(&counts);
    read_texts(corpus, ret, &counts);
    name_columns(ret, &counts);
    use_columns(ret, &counts);
    free(counts.places);
}

void pulih_vectors_free(struct pulih_vectors *v)
{
    free(v->from);
    free(v->cells);
    free(v->hash);
    free(v->rarity);
    *v = (struct pulih_vectors){0};
}
