/* pulihctl link and unlink, and the links that show prints. */
#include <string.h>

#include "pulih/core/reference.h"
#include "services/ctl/show.h"

/* --- what a person decides --------------------------------------------------------------------------- */

/* Both must be there: a link to nothing would be stored, and nobody would see it. */
static bool find_both(const struct pulih_ctl *ctl, struct pulih_id ret[2])
{
    struct pulih_db *db PULIH_AUTO(pulih_ctl_disconnect) = pulih_ctl_connect(ctl);

    for (int i = 0; i < 2; i++) {
        if (!db || !pulih_ctl_find(ctl, &db, ctl->args[i], &ret[i]))
            return false;
        pulih_ctl_key_of(db, &ret[i]);
        size_t call = pulih_db_call(db, PULIH_CTL_SQL_card);
        if (!pulih_ctl_run(ctl, db))
            return false;
        if (pulih_db_rows(db, call) == 0) {
            pulih_ctl_failed(ctl, "there is no complaint %s", ctl->args[i]);
            return false;
        }
    }
    return true;
}

static bool set(struct pulih_body *body, const char *field, const char *value, struct pulih_error *error)
{
    return !value || pulih_body_set(body, field, value, error) >= 0;
}

static int send_decision(const struct pulih_ctl *ctl, const char *type, const struct pulih_id ids[2])
{
    struct pulih_uuid complaint;
    struct pulih_outgoing message = {
        .type = type, .complaint = &complaint, .id = pulih_uuid_new(), .occurred_us = pulih_now_us()};
    struct pulih_body *body = pulih_body_new();
    struct pulih_error error;
    char other[37];
    int code;

    memcpy(complaint.b, ids[0].b, sizeof complaint.b);
    pulih_id_print(&ids[1], other);
    if (pulih_body_start(body, type, &error) < 0 || !set(body, "other", other, &error) ||
        !set(body, "actor", pulih_ctl_option(ctl, "actor"), &error) ||
        !set(body, "why", pulih_ctl_option(ctl, "why"), &error) ||
        pulih_body_end(body, &message.body, &message.body_len, &error) < 0)
        code = pulih_ctl_usage(ctl, "%s", error.text);
    else
        code = pulih_ctl_send_message(ctl, &message);
    pulih_body_free(body);
    return code;
}

static int decide(const struct pulih_ctl *ctl, const char *type)
{
    struct pulih_id ids[2];

    if (!pulih_ctl_option(ctl, "actor"))
        return pulih_ctl_usage(ctl, "want --actor CODE, the one who says so");
    if (!find_both(ctl, ids))
        return PULIH_CTL_FAILED;
    if (pulih_id_compare(&ids[0], &ids[1]) == 0)
        return pulih_ctl_usage(ctl, "%s and %s are one complaint, want two", ctl->args[0], ctl->args[1]);
    return send_decision(ctl, type, ids);
}

int pulih_ctl_link(const struct pulih_ctl *ctl)
{
    return decide(ctl, "linked");
}

int pulih_ctl_unlink(const struct pulih_ctl *ctl)
{
    return decide(ctl, "unlinked");
}

/* --- links of a complaint ---------------------------------------------------------------------------- */

enum { K_number, K_likeness, K_score, K_state, K_suggested_at, K_decided_at, K_actor };

void pulih_ctl_show_links(struct pulih_ctl_showing *s)
{
    static const char *const columns[] = {"other",        "state",      "likeness", "score",
                                          "suggested_at", "decided_at", "actor"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "link", .json = s->json};
    char reference[PULIH_REFERENCE_BYTES];

    if (!s->json && pulih_db_rows(s->db, s->links) > 0)
        printf("\nLINKS: pulihctl link and pulihctl unlink decide\n");
    for (size_t i = 0; i < pulih_db_rows(s->db, s->links); i++) {
        pulih_reference_print(pulih_db_int(s->db, s->links, i, K_number), reference);
        pulih_ctl_cell(&t, pulih_view_of(reference));
        pulih_ctl_cell_word(&t, PULIH_WORDS_link, pulih_db_int(s->db, s->links, i, K_state));
        pulih_ctl_cell_word(&t, PULIH_WORDS_likeness, pulih_db_int(s->db, s->links, i, K_likeness));
        pulih_ctl_cell_int(&t, pulih_db_int(s->db, s->links, i, K_score));
        pulih_ctl_cell_time(&t, pulih_db_time(s->db, s->links, i, K_suggested_at));
        pulih_ctl_cell_time(&t, pulih_db_time(s->db, s->links, i, K_decided_at));
        pulih_ctl_cell(&t, pulih_db_view(s->db, s->links, i, K_actor));
    }
    pulih_ctl_table_end(&t);
}
