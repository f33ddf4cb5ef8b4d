/* pulihctl stats: how many complaints of which kind, what waits, and who works. */
#include "services/ctl/stats.h"
#include "pulih/core/life.h"
#include "pulih/core/vocabulary.h"
#include "services/ctl/ctl.h"

enum { K_state, K_tier, K_department, K_count, K_unsure, K_overdue, K_climbing };
enum { P_stage, P_manifests, P_items, P_oldest, P_now };
enum { D_stage, D_count, D_oldest };
enum { R_stage, R_name, R_started_at, R_seen_at, R_duplicates, R_alive };

struct counting {
    struct pulih_db *db;
    bool json;
    size_t complaints, pending, dead, replicas, heads;
};

static void title(const struct counting *c, const char *text)
{
    static const char *const blank[] = {"", "\n"};

    if (!c->json)
        printf("%s%s\n", blank[text[0] != 'C'], text);
}

/* --- complaints -------------------------------------------------------------------------------------- */

static int64_t sum_of(const struct counting *c, size_t column)
{
    int64_t sum = 0;

    for (size_t i = 0; i < pulih_db_rows(c->db, c->complaints); i++)
        sum += pulih_db_int(c->db, c->complaints, i, column);
    return sum;
}

static int64_t count_where(const struct counting *c, size_t column, int64_t value)
{
    int64_t sum = 0;

    for (size_t i = 0; i < pulih_db_rows(c->db, c->complaints); i++)
        if (pulih_db_int(c->db, c->complaints, i, column) == value)
            sum += pulih_db_int(c->db, c->complaints, i, K_count);
    return sum;
}

static void add_count(struct pulih_ctl_table *t, const char *by, const char *name, int64_t count)
{
    if (count == 0)
        return;
    pulih_ctl_cell(t, pulih_view_of(by));
    pulih_ctl_cell(t, pulih_view_of(name));
    pulih_ctl_cell_int(t, count);
}

static void add_words(struct pulih_ctl_table *t, const struct counting *c, const char *by, size_t column,
                      enum pulih_words list)
{
    for (int number = 0; number < PULIH_VOCABULARY_MAX; number++) {
        int64_t count = count_where(c, column, number);
        if (count)
            add_count(t, by, pulih_ctl_word(list, number), count);
    }
}

static void show_complaints(const struct counting *c)
{
    static const char *const columns[] = {"by", "name", "complaints"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "complaints", .json = c->json};

    title(c, "COMPLAINTS");
    for (int state = 0; state < PULIH_STATE_N; state++)
        add_count(&t, "state", pulih_states[state].name, count_where(c, K_state, state));
    add_words(&t, c, "tier", K_tier, PULIH_WORDS_tier);
    add_words(&t, c, "department", K_department, PULIH_WORDS_department);
    add_count(&t, "all", "unsure", sum_of(c, K_unsure));
    add_count(&t, "all", "overdue", sum_of(c, K_overdue));
    add_count(&t, "all", "on the ladder", sum_of(c, K_climbing));
    pulih_ctl_cell(&t, PULIH_VIEW("all"));
    pulih_ctl_cell(&t, PULIH_VIEW("stored"));
    pulih_ctl_cell_int(&t, sum_of(c, K_count));
    pulih_ctl_table_end(&t);
}

/* --- work -------------------------------------------------------------------------------------------- */

static void show_pending(const struct counting *c)
{
    static const char *const columns[] = {"stage", "manifests", "messages", "age_ms"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "pending", .json = c->json};

    title(c, pulih_db_rows(c->db, c->pending) ? "PENDING" : "PENDING: nothing");
    for (size_t i = 0; i < pulih_db_rows(c->db, c->pending); i++) {
        int64_t age_us =
            pulih_db_time(c->db, c->pending, i, P_now) - pulih_db_time(c->db, c->pending, i, P_oldest);
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_stage_name(pulih_db_int(c->db, c->pending, i, P_stage))));
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->pending, i, P_manifests));
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->pending, i, P_items));
        pulih_ctl_cell_int(&t, age_us > 0 ? age_us / 1000 : 0);
    }
    pulih_ctl_table_end(&t);
}

static void show_dead(const struct counting *c)
{
    static const char *const columns[] = {"stage", "dead", "oldest"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "dead", .json = c->json};

    title(c, pulih_db_rows(c->db, c->dead) ? "DEAD: see pulihctl dead list" : "DEAD: none");
    for (size_t i = 0; i < pulih_db_rows(c->db, c->dead); i++) {
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_stage_name(pulih_db_int(c->db, c->dead, i, D_stage))));
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->dead, i, D_count));
        pulih_ctl_cell_time(&t, pulih_db_time(c->db, c->dead, i, D_oldest));
    }
    pulih_ctl_table_end(&t);
}

static void show_replicas(const struct counting *c)
{
    static const char *const columns[] = {"stage", "name", "started_at", "seen_at", "alive", "duplicates"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "replica", .json = c->json};

    title(c,
          pulih_db_rows(c->db, c->replicas) ? "REPLICAS of the last day" : "REPLICAS: none in the last day");
    for (size_t i = 0; i < pulih_db_rows(c->db, c->replicas); i++) {
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_stage_name(pulih_db_int(c->db, c->replicas, i, R_stage))));
        pulih_ctl_cell(&t, pulih_db_view(c->db, c->replicas, i, R_name));
        pulih_ctl_cell_time(&t, pulih_db_time(c->db, c->replicas, i, R_started_at));
        pulih_ctl_cell_time(&t, pulih_db_time(c->db, c->replicas, i, R_seen_at));
        pulih_ctl_cell(&t, pulih_view_of(pulih_db_int(c->db, c->replicas, i, R_alive) ? "yes" : "no"));
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->replicas, i, R_duplicates));
    }
    pulih_ctl_table_end(&t);
}

static void show_heads(const struct counting *c)
{
    static const char *const columns[] = {"stream", "last"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "feed", .json = c->json};
    size_t n = pulih_db_rows(c->db, c->heads);
    int64_t items = 0;

    for (size_t i = 0; i < n; i++) {
        items += pulih_db_int(c->db, c->heads, i, 1);
        if (!c->json)
            continue;
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->heads, i, 0));
        pulih_ctl_cell_int(&t, pulih_db_int(c->db, c->heads, i, 1));
    }
    pulih_ctl_table_end(&t);
    if (!c->json)
        printf("\nFEED: %lld items in %zu streams\n", (long long)items, n);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static bool load(const struct pulih_ctl *ctl, struct counting *c)
{
    const struct {
        size_t *call;
        enum pulih_ctl_statement statement;
    } calls[] = {{&c->pending, PULIH_CTL_SQL_count_pending},
                 {&c->dead, PULIH_CTL_SQL_count_dead},
                 {&c->replicas, PULIH_CTL_SQL_replicas},
                 {&c->heads, PULIH_CTL_SQL_heads}};

    pulih_db_set_timeout(c->db, 0);
    pulih_db_begin(c->db);
    pulih_db_params(c->db);
    pulih_db_call(c->db,
                  PULIH_CTL_SQL_count_all); /* millions are counted best by reading all, in their time */
    pulih_ctl_add_open_states(pulih_db_params(c->db));
    c->complaints = pulih_db_call(c->db, PULIH_CTL_SQL_count_complaints);
    for (size_t i = 0; i < PULIH_COUNT(calls); i++) {
        pulih_db_params(c->db);
        *calls[i].call = pulih_db_call(c->db, calls[i].statement);
    }
    pulih_db_commit(c->db);
    return pulih_ctl_run(ctl, c->db);
}

int pulih_ctl_stats(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = NULL;
    struct counting c = {.json = pulih_ctl_option(ctl, "json")};
    bool promises = pulih_ctl_option(ctl, "promises");
    int64_t since_us = 0;

    if (!pulih_ctl_since(ctl, &since_us))
        return PULIH_CTL_USAGE;
    if (since_us && !promises)
        return pulih_ctl_usage(ctl, "--since is for --promises: everything else is counted as it is now");
    c.db = db = pulih_ctl_connect(ctl);
    if (!db || !load(ctl, &c))
        return PULIH_CTL_FAILED;
    show_complaints(&c);
    show_pending(&c);
    show_dead(&c);
    show_replicas(&c);
    show_heads(&c);
    return promises ? pulih_ctl_stats_promises(ctl, since_us) : PULIH_CTL_OK;
}
