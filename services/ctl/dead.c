/* pulihctl dead: messages that no stage could process. */
#include <sodium.h>
#include <string.h>

#include "services/ctl/ctl.h"

enum { D_complaint, D_number, D_stage, D_version, D_type, D_attempts, D_reason, D_at };

static int dead_list(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    static const char *const columns[] = {"reference", "stage", "version", "type",
                                          "attempts",  "at",    "reason"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .json = pulih_ctl_option(ctl, "json")};
    int64_t limit;

    if (!pulih_ctl_number(ctl, "limit", 1, INT32_MAX, 50, &limit))
        return PULIH_CTL_USAGE;
    pulih_params_int8(pulih_db_params(db), limit);
    pulih_db_call(db, PULIH_CTL_SQL_dead_list);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    for (size_t i = 0; i < pulih_db_rows(db, 0); i++) {
        pulih_ctl_cell_reference(&t, pulih_db_int(db, 0, i, D_number));
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_stage_name(pulih_db_int(db, 0, i, D_stage))));
        pulih_ctl_cell_int(&t, pulih_db_int(db, 0, i, D_version));
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_type_name(pulih_db_int(db, 0, i, D_type))));
        pulih_ctl_cell_int(&t, pulih_db_int(db, 0, i, D_attempts));
        pulih_ctl_cell_time(&t, pulih_db_time(db, 0, i, D_at));
        pulih_ctl_cell(&t, pulih_db_view(db, 0, i, D_reason));
    }
    bool any = pulih_db_rows(db, 0) > 0;
    pulih_ctl_table_end(&t);
    return any ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}

enum { F_stage, F_version, F_type, F_attempts, F_reason, F_at, F_body, F_text };

static void add_json(struct pulih_buf *out, struct pulih_db *db, size_t i,
                     const struct pulih_ctl_message *message)
{
    pulih_ctl_json_start(out, "what", "dead");
    pulih_ctl_json_word(out, "stage", pulih_ctl_stage_name(pulih_db_int(db, 0, i, F_stage)));
    pulih_ctl_json_int(out, "version", pulih_db_int(db, 0, i, F_version));
    pulih_ctl_json_word(out, "type", pulih_ctl_type_name(pulih_db_int(db, 0, i, F_type)));
    pulih_ctl_json_int(out, "attempts", pulih_db_int(db, 0, i, F_attempts));
    pulih_ctl_json_time(out, "at", pulih_db_time(db, 0, i, F_at));
    pulih_ctl_json_text(out, "reason", pulih_db_view(db, 0, i, F_reason));
    pulih_buf_add_view(out, PULIH_VIEW(",\"body\":"));
    pulih_ctl_add_fields_json(out, message, PULIH_CLASS_ALL);
    pulih_ctl_json_end(out);
}

static void add_text(struct pulih_buf *out, struct pulih_db *db, size_t i,
                     const struct pulih_ctl_message *message)
{
    pulih_buf_addf(out, "%lld %s in %s, %lld attempts, ", (long long)pulih_db_int(db, 0, i, F_version),
                   pulih_ctl_type_name(pulih_db_int(db, 0, i, F_type)),
                   pulih_ctl_stage_name(pulih_db_int(db, 0, i, F_stage)),
                   (long long)pulih_db_int(db, 0, i, F_attempts));
    pulih_ctl_add_time(out, pulih_db_time(db, 0, i, F_at));
    pulih_buf_addf(out, "\n  ");
    pulih_ctl_add_text(out, pulih_db_view(db, 0, i, F_reason), 2);
    pulih_buf_add_byte(out, '\n');
    pulih_ctl_add_fields(out, message, PULIH_CLASS_ALL, 8);
}

static int dead_show(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_id *id)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    PULIH_AUTO(pulih_ctl_message_free) struct pulih_ctl_message message = {0};

    pulih_ctl_key_of(db, id);
    pulih_db_call(db, PULIH_CTL_SQL_dead_of);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    size_t n = pulih_db_rows(db, 0);
    for (size_t i = 0; i < n; i++) {
        pulih_ctl_message_read(&message, pulih_db_int(db, 0, i, F_type), pulih_db_view(db, 0, i, F_body),
                               pulih_db_view(db, 0, i, F_text));
        if (pulih_ctl_option(ctl, "json"))
            add_json(&out, db, i, &message);
        else
            add_text(&out, db, i, &message);
    }
    pulih_ctl_write(&out);
    return n > 0 ? PULIH_CTL_OK : pulih_ctl_failed(ctl, "%s has no dead messages", ctl->args[1]);
}

static int dead_retry(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_id *id)
{
    uint64_t batch;

    randombytes_buf(&batch, sizeof batch);
    pulih_db_begin(db);
    struct pulih_params *p = pulih_ctl_key_of(db, id);
    pulih_params_int8(p, (int64_t)(batch >> 2)); /* room to count up */
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_retry_dead);
    pulih_db_commit(db);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    size_t n = pulih_db_rows(db, call);
    if (n == 0)
        return pulih_ctl_failed(ctl, "%s has no dead messages", ctl->args[1]);
    printf("%zu %s handed to the stages again\n", n, n == 1 ? "message is" : "messages are");
    return PULIH_CTL_OK;
}

static int dead_discard(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_id *id)
{
    (void)db;
    return pulih_ctl_discard(ctl, id);
}

int pulih_ctl_dead(const struct pulih_ctl *ctl)
{
    static const struct {
        const char *name;
        int (*run)(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_id *id);
    } verbs[] = {{"show", dead_show}, {"retry", dead_retry}, {"discard", dead_discard}};
    struct pulih_id id;

    if (strcmp(ctl->args[0], "list") == 0 && ctl->n_args == 1) {
        PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect(ctl);
        return db ? dead_list(ctl, db) : PULIH_CTL_FAILED;
    }
    for (size_t i = 0; i < PULIH_COUNT(verbs); i++) {
        if (strcmp(ctl->args[0], verbs[i].name) != 0 || ctl->n_args != 2)
            continue;
        PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect(ctl);
        return db && pulih_ctl_find(ctl, &db, ctl->args[1], &id) ? verbs[i].run(ctl, db, &id)
                                                                 : PULIH_CTL_FAILED;
    }
    return pulih_ctl_usage(ctl, "want %s", ctl->command->args);
}
