/* Complaints that are alike: by which keys one is found, and what a pair has in common. Pure. */
#ifndef PULIH_CLASSIFICATION_ALIKE_H
#define PULIH_CLASSIFICATION_ALIKE_H

#include "pulih/core/likeness.h"
#include "pulih/core/marks.h"
#include "pulih/core/rows.h"

enum {
    ALIKE_KEYS_MAX = PULIH_MARKS_MAX + PULIH_LIKENESS_BANDS,
    ALIKE_LINKS_MAX = 3, /* suggested for one complaint */
};

/* What of a complaint is compared. `number` 0: there is no such complaint. */
struct alike_story {
    struct pulih_id id;
    int16_t shard;
    int32_t tenant;
    int64_t number;
    int64_t received_at;
    struct pulih_mark marks[PULIH_MARKS_MAX];
    size_t n_marks;
    struct pulih_likeness text;
};

/* A complaint and another one that has a key in common with it. */
struct alike_pair {
    size_t self; /* index of its story */
    struct pulih_id other;
    int16_t other_shard;
    int64_t other_number;
    int likeness; /* PULIH_likeness_*; unknown: no more in common than the key */
    int score;    /* 0 to 100 */
};

/* Content is the complaint's, as stored; absent when it is erased. */
void alike_read(struct alike_story *story, struct pulih_view content, struct pulih_view marks);
/* The keys by which a story is found; returns how many. */
size_t alike_keys(const struct alike_story *story, int64_t ret[ALIKE_KEYS_MAX]);
/* Says how alike two stories are; those of two tenants never are. */
void alike_judge(struct alike_pair *pair, const struct alike_story *self, const struct alike_story *other);
/* Sorts pairs by story and other complaint and drops those that stand twice; returns how many are left. */
size_t alike_distinct(struct alike_pair *pairs, size_t n);
/* Keeps those that are alike, of each story the best ALIKE_LINKS_MAX, and of two stories that name each other
 * one; returns how many are left, in the order of their links. */
size_t alike_best(struct alike_pair *pairs, size_t n, const struct alike_story *stories);
/* Fills the key of the pair's link: the greater id stands first. */
void alike_link(const struct alike_pair *pair, const struct alike_story *stories, struct pulih_row_link *ret);

#endif
