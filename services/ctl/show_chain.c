/* pulihctl show: whether the chronology is as it was written. */
#include <string.h>

#include "pulih/core/step.h"
#include "services/ctl/show.h"

static struct pulih_row_event event_of(const struct pulih_ctl_showing *s, size_t i)
{
    return (struct pulih_row_event){
        .complaint = s->row.id,
        .shard = s->row.shard,
        .version = (int32_t)pulih_db_int(s->db, s->chronology, i, C_version),
        .type = (int16_t)pulih_db_int(s->db, s->chronology, i, C_type),
        .prior = (int16_t)pulih_db_int(s->db, s->chronology, i, C_prior),
        .state = (int16_t)pulih_db_int(s->db, s->chronology, i, C_state),
        .message = pulih_db_id(s->db, s->chronology, i, C_message),
        .occurred_at = pulih_db_time(s->db, s->chronology, i, C_occurred_at),
        .recorded_at = pulih_db_time(s->db, s->chronology, i, C_recorded_at),
        .body = pulih_db_view(s->db, s->chronology, i, C_body),
        .digest = pulih_db_view(s->db, s->chronology, i, C_digest),
    };
}

static bool is_stored(const struct pulih_ctl_showing *s, size_t i, const struct pulih_hash *hash)
{
    return pulih_view_same(pulih_db_view(s->db, s->chronology, i, C_hash),
                           (struct pulih_view){(const char *)hash->b, sizeof hash->b});
}

/* Why the chronology breaks at event *ret_at, or NULL. Events that came while it was read are newer than the
 * card; the card must be right about its own version. */
static const char *find_break(const struct pulih_ctl_showing *s, int32_t *ret_at)
{
    struct pulih_hash hash = {{0}};
    size_t n = pulih_db_rows(s->db, s->chronology);

    for (size_t i = 0; i < n; i++) {
        struct pulih_row_event event = event_of(s, i);
        *ret_at = (int32_t)i + 1;
        if (event.version != *ret_at)
            return "it is missing";
        hash = pulih_chain_hash(&hash, &event);
        if (!is_stored(s, i, &hash))
            return "it was changed, or put there later";
        if (event.version == s->row.version && memcmp(&hash, &s->row.hash, sizeof hash) != 0)
            return "the card names another hash for it";
    }
    *ret_at = (int32_t)n + 1;
    return n < (size_t)s->row.version ? "it is missing, and the card names it" : NULL;
}

bool pulih_ctl_show_chain(struct pulih_ctl_showing *s)
{
    int32_t at;
    const char *why = find_break(s, &at);

    if (s->json) {
        pulih_ctl_json_start(&s->out, "what", "chain");
        pulih_buf_addf(&s->out, ",\"intact\":%s", why ? "false" : "true");
        pulih_ctl_json_int(&s->out, why ? "broken_at" : "events", why ? at : at - 1);
        if (why)
            pulih_ctl_json_word(&s->out, "why", why);
        pulih_ctl_json_end(&s->out);
    } else if (why)
        pulih_buf_addf(&s->out, "chronology BROKEN at event %d: %s\n", (int)at, why);
    else
        pulih_buf_addf(&s->out, "chronology intact: %d events\n", (int)at - 1);
    return !why;
}
