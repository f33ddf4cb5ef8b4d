/* pulihctl list: complaints by what they are and how they stand. */
#include <string.h>

#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/vocabulary.h"
#include "services/ctl/ctl.h"

enum {
    N_id,
    N_number,
    N_state,
    N_received_at,
    N_due_at,
    N_department,
    N_category,
    N_tier,
    N_level,
    N_unsure,
    N_clock,
    N_waiting
};

/* --- filters ----------------------------------------------------------------------------------------- */

/* Adds the number of a word as a parameter, NULL where the option is not given. What lists show will do. */
static bool add_word(const struct pulih_ctl *ctl, struct pulih_params *p, const char *option,
                     enum pulih_words list)
{
    const char *text = pulih_ctl_option(ctl, option);
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};

    if (!text) {
        pulih_params_null(p);
        return true;
    }
    for (int number = 0; number < PULIH_VOCABULARY_MAX; number++)
        if (strcmp(pulih_ctl_word(list, number), text) == 0) {
            pulih_params_int2(p, (int16_t)number);
            return true;
        }
    pulih_vocabulary_add(pulih_ctl_vocabulary(), list, &known);
    pulih_ctl_usage(ctl, "--%s wants one of unknown, %s; got %s", option, pulih_buf_text(&known), text);
    return false;
}

static bool add_state(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    const char *text = pulih_ctl_option(ctl, "state");
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};

    if (!text) {
        pulih_params_null(p);
        return true;
    }
    for (int state = 0; state < PULIH_STATE_N; state++) {
        if (strcmp(pulih_states[state].name, text) == 0) {
            pulih_params_int2(p, (int16_t)state);
            return true;
        }
        pulih_buf_addf(&known, "%s%s", state ? ", " : "", pulih_states[state].name);
    }
    pulih_ctl_usage(ctl, "--state wants one of %s; got %s", pulih_buf_text(&known), text);
    return false;
}

static void add_unsure(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    if (pulih_ctl_option(ctl, "unsure"))
        pulih_params_int2(p, 1);
    else
        pulih_params_null(p);
}

static bool add_level(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    int64_t level;

    if (!pulih_ctl_number(ctl, "level", 0, INT16_MAX, -1, &level))
        return false;
    if (level < 0)
        pulih_params_null(p);
    else
        pulih_params_int2(p, (int16_t)level);
    return true;
}

static bool add_since(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    int64_t us = 0;

    if (!pulih_ctl_since(ctl, &us))
        return false;
    if (us)
        pulih_params_time(p, us);
    else
        pulih_params_null(p);
    return true;
}

/* --- list -------------------------------------------------------------------------------------------- */

static bool add_filters(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    int64_t limit;

    if (!add_state(ctl, p) || !add_word(ctl, p, "department", PULIH_WORDS_department) ||
        !add_word(ctl, p, "tier", PULIH_WORDS_tier))
        return false;
    add_unsure(ctl, p);
    if (pulih_ctl_option(ctl, "overdue"))
        pulih_ctl_add_open_states(p);
    else
        pulih_params_null(p);
    if (!add_level(ctl, p) || !add_since(ctl, p) || !pulih_ctl_number(ctl, "limit", 1, INT32_MAX, 50, &limit))
        return false;
    pulih_params_int8(p, limit);
    return true;
}

static void list_row(struct pulih_ctl_table *t, const struct pulih_db *db, size_t i)
{
    struct pulih_id id = pulih_db_id(db, 0, i, N_id);
    char uuid[37];

    pulih_id_print(&id, uuid);
    pulih_ctl_cell_reference(t, pulih_db_int(db, 0, i, N_number));
    pulih_ctl_cell(t, pulih_view_of(pulih_ctl_state_name(pulih_db_int(db, 0, i, N_state))));
    pulih_ctl_cell_time(t, pulih_db_time(db, 0, i, N_received_at));
    pulih_ctl_cell_time(t, pulih_db_time(db, 0, i, N_due_at));
    pulih_ctl_cell_word(t, PULIH_WORDS_department, pulih_db_int(db, 0, i, N_department));
    pulih_ctl_cell_word(t, PULIH_WORDS_category, pulih_db_int(db, 0, i, N_category));
    pulih_ctl_cell_word(t, PULIH_WORDS_tier, pulih_db_int(db, 0, i, N_tier));
    pulih_ctl_cell_int(t, pulih_db_int(db, 0, i, N_level));
    pulih_ctl_cell_int(t, pulih_db_int(db, 0, i, N_unsure));
    pulih_ctl_cell(t, pulih_view_of(pulih_db_int(db, 0, i, N_clock) ? "standing" : "running"));
    pulih_ctl_cell_int(t, pulih_db_int(db, 0, i, N_waiting));
    pulih_ctl_cell(t, pulih_view_of(uuid));
}

int pulih_ctl_list(const struct pulih_ctl *ctl)
{
    static const char *const columns[] = {"reference",  "state",    "received_at", "due_at",
                                          "department", "category", "tier",        "level",
                                          "unsure",     "clock",    "waiting",     "complaint"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .json = pulih_ctl_option(ctl, "json")};
    PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect(ctl);

    if (!db)
        return PULIH_CTL_FAILED;
    if (!add_filters(ctl, pulih_db_params(db)))
        return PULIH_CTL_USAGE;
    pulih_db_call(db, PULIH_CTL_SQL_list);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    size_t n = pulih_db_rows(db, 0);
    for (size_t i = 0; i < n; i++)
        list_row(&t, db, i);
    pulih_ctl_table_end(&t);
    return n > 0 ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}
