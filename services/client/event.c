/* Events of the feed as JSON. */
#include <stdlib.h>

#include "pulih/base/clock.h"
#include "services/client/client.h"

static void add_string(struct pulih_buf *out, const char *name, const char *text)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};

    pulih_buf_addf(out, ",\"%s\":", name);
    pulih_pack_str(&packed, pulih_view_of(text));
    pulih_raw_print(pulih_view_of_buf(&packed), out);
}

char *pulih_feed_event_to_json(const struct pulih_feed_event *event)
{
    struct pulih_buf out = {0};
    char id[37], at[28];
    char *body = pulih_body_to_json(event->type, event->body, event->body_len, NULL);

    pulih_uuid_print(&event->complaint, id);
    pulih_time_print(event->at_us, at);
    pulih_buf_addf(&out, "{\"stream\":%u,\"seq\":%llu,\"complaint\":\"%s\"", event->stream,
                   (unsigned long long)event->seq, id);
    add_string(&out, "reference", event->reference);
    pulih_buf_addf(&out, ",\"version\":%lu", (unsigned long)event->version);
    add_string(&out, "type", event->type);
    add_string(&out, "state", event->state);
    pulih_buf_addf(&out, ",\"at\":\"%s\",\"body\":", at);
    if (body)
        pulih_buf_add_view(&out, pulih_view_of(body));
    else
        pulih_raw_print((struct pulih_view){event->body, event->body_len}, &out);
    pulih_buf_add(&out, "}", sizeof "}");
    free(body);
    return out.at;
}
