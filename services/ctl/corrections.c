/* What people corrected, as labelled texts in the order of time. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/core/rows.h"
#include "pulih/core/step.h"
#include "services/ctl/judge.h"
#include "services/ctl/model.h"

enum { HELD_OUT_ONE_IN = 5 };

struct correction {
    struct pulih_id complaint;
    int64_t at_us;
    uint16_t word;
    size_t at, len; /* of the story in `texts` */
};

struct reading {
    enum pulih_axis axis;
    struct correction *all;
    size_t n, cap;
    struct pulih_buf texts;
};

static void free_reading(struct reading *r)
{
    free(r->all);
    pulih_buf_free(&r->texts);
}

static size_t column_of(enum pulih_axis axis)
{
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_classification];
    size_t c = 0;

    while (strcmp(table->columns[c].name, pulih_axes[axis].name) != 0)
        c++;
    return c;
}

/* Rows come by complaint and time, so that the last word on a complaint replaces the one before it. */
static void take(struct reading *r, const struct pulih_db *db, size_t call)
{
    size_t column = column_of(r->axis), columns = pulih_tables[PULIH_T_classification].n_columns;

    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        int64_t word = pulih_db_int(db, call, i, column);
        struct pulih_id complaint = pulih_db_id(db, call, i, 0);
        struct pulih_view story = pulih_map_text(pulih_db_view(db, call, i, columns + 1), "story");
        bool again = r->n && pulih_id_compare(&r->all[r->n - 1].complaint, &complaint) == 0;
        if (!word || !story.len)
            continue;
        r->all = pulih_room(r->all, r->n, &r->cap, sizeof *r->all);
        r->all[again ? r->n - 1 : r->n++] = (struct correction){
            complaint, pulih_db_time(db, call, i, columns), (uint16_t)word, r->texts.len, story.len};
        pulih_buf_add_view(&r->texts, story);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct correction *one = a, *other = b;
    int order = (one->at_us > other->at_us) - (one->at_us < other->at_us);

    return order ? order : pulih_id_compare(&one->complaint, &other->complaint);
}

/* A corpus owns its texts, so each gets a copy of its part. */
static void fill(struct pulih_corpus *corpus, const struct reading *r, size_t from, size_t to)
{
    struct pulih_buf texts = {0};
    size_t at = 0;

    for (size_t i = from; i < to; i++)
        pulih_buf_add(&texts, r->texts.at + r->all[i].at, r->all[i].len);
    corpus->files = pulih_room(corpus->files, corpus->n_files, &corpus->files_cap, sizeof *corpus->files);
    corpus->files[corpus->n_files++] = texts;
    for (size_t i = from; i < to; at += r->all[i++].len) {
        const char *word = pulih_ctl_word((enum pulih_words)pulih_axes[r->axis].words, r->all[i].word);
        pulih_corpus_add(corpus, pulih_view_of(word), (struct pulih_view){texts.at + at, r->all[i].len});
    }
}

static bool load(const struct pulih_ctl *ctl, struct pulih_db *db, struct reading *r)
{
    int64_t tenant;

    if (!pulih_ctl_number(ctl, "tenant", 0, INT32_MAX, 0, &tenant))
        return false;
    pulih_db_set_timeout(db, 0);
    pulih_db_begin(db);
    pulih_db_params(db);
    pulih_db_call(db, PULIH_CTL_SQL_count_all);
    pulih_params_int4(pulih_db_params(db), (int32_t)tenant);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_corrections);
    pulih_db_commit(db);
    if (!pulih_ctl_run(ctl, db))
        return false;
    take(r, db, call);
    if (r->n)
        qsort(r->all, r->n, sizeof *r->all, by_time);
    return true;
}

bool pulih_ctl_corrections(const struct pulih_ctl *ctl, struct pulih_db *db, enum pulih_axis axis,
                           struct pulih_corpus *older, struct pulih_corpus *newer)
{
    PULIH_AUTO(free_reading) struct reading r = {.axis = axis};

    if (!load(ctl, db, &r))
        return false;
    size_t n_older = r.n - (r.n + HELD_OUT_ONE_IN - 1) / HELD_OUT_ONE_IN;
    fill(older, &r, 0, n_older);
    fill(newer, &r, n_older, r.n);
    return true;
}

bool pulih_ctl_read_corrections(const struct pulih_ctl *ctl, const char *name, struct pulih_corpus *older,
                                struct pulih_corpus *newer)
{
    enum pulih_axis axis;

    if (!pulih_ctl_find_axis(ctl, name, false, &axis))
        return false;
    PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect(ctl);
    if (!db || !pulih_ctl_corrections(ctl, db, axis, older, newer))
        return false;
    if (newer->n)
        return true;
    pulih_ctl_failed(ctl, "nobody has corrected the axis %s of a complaint whose text is still there", name);
    return false;
}
