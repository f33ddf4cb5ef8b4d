/* Any text as what people and files write in small: times, durations, ids, addresses, time zones, dates in
 * sentences, and values and JSON for the fields of messages. What is read prints to what is read alike; what is not says why. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/core/calendar.h"
#include "pulih/core/dated.h"
#include "services/client/client.h"
#include "services/common/base/address.h"
#include "services/common/core/calendar_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void try_time(struct pulih_view text)
{
    int64_t us, again;
    char printed[28];

    if (!pulih_time_parse(text, &us))
        return;
    pulih_time_print(us, printed);
    pulih_must(pulih_time_parse(pulih_view_of(printed), &again) && again == us);
}

static void try_duration(struct pulih_view text)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf printed = {0};
    struct pulih_duration d, again;

    if (!pulih_duration_parse(text, &d))
        return;
    pulih_must(d.amount > 0 && d.amount < 10000000 && d.unit < PULIH_UNIT_N);
    pulih_duration_print(d, &printed);
    pulih_must(pulih_duration_parse(pulih_view_of_buf(&printed), &again));
    pulih_must(d.amount == again.amount && d.unit == again.unit && d.first_day == again.first_day);
}

static void try_id(struct pulih_view text)
{
    struct pulih_id id, again;
    char printed[37];

    if (!pulih_id_parse(text, &id))
        return;
    pulih_id_print(&id, printed);
    pulih_must(pulih_id_parse(pulih_view_of(printed), &again) && pulih_id_compare(&id, &again) == 0);
}

static void try_address(const char *text)
{
    const char *rest = pulih_address_of_endpoint(text);
    struct pulih_address a;

    if (!pulih_address_split(rest ? rest : text, &a))
        return;
    pulih_must(a.host[0] && a.port[0] && strlen(a.host) < sizeof a.host && strlen(a.port) < sizeof a.port);
    pulih_must(strtol(a.port, NULL, 10) <= 65535);
}

static void try_zone(struct pulih_view text)
{
    struct pulih_zone zone = {0};

    if (!pulih_zone_read(text, &zone))
        for (int64_t at_s = -INT64_C(4000000000); at_s < INT64_C(9000000000); at_s += 1000000007)
            pulih_must(pulih_zone_at(&zone, at_s));
    pulih_zone_free(&zone);
}

/* A date in digits that is to come is seen behind whatever is said before, as it is a sentence of its own. */
static void try_promise(struct pulih_view text)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf more = {0};
    bool promised = pulih_promises_date(text, 20261122);

    pulih_buf_add_view(&more, text);
    pulih_buf_addf(&more, " ! 2026-12-05 .");
    pulih_must(text.len > 1000 || pulih_promises_date(pulih_view_of_buf(&more), 20261122) || promised);
}

static void try_values(const char *text)
{
    const struct pulih_message *message = pulih_message(PULIH_M_complaint);
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    for (size_t i = 0; i < message->n_fields; i++) {
        struct pulih_fault fault = {0};
        pulih_buf_empty(&out);
        if (!pulih_value_of_text(&message->fields[i], text, &out, &fault))
            pulih_must(fault.rule[0]);
    }
}

static void try_json(const char *type, struct pulih_view json)
{
    struct pulih_error error;
    void *body = NULL, *again = NULL;
    size_t body_len, again_len;

    if (pulih_json_to_body(type, json.at, json.len, &body, &body_len, &error) < 0) {
        pulih_must(error.text[0]);
        return;
    }
    char *back = pulih_body_to_json(type, body, body_len, &error);
    pulih_must(back && pulih_json_to_body(type, back, strlen(back), &again, &again_len, &error) == 0);
    char *back_again = pulih_body_to_json(type, again, again_len, &error);
    pulih_must(back_again && strcmp(back, back_again) == 0);
    free(body);
    free(again);
    free(back);
    free(back_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct pulih_view view = {(const char *)bytes, len};
    char *text = malloc(len + 1);

    pulih_must(text);
    memcpy(text, bytes, len);
    text[len] = 0;
    try_time(view);
    try_duration(view);
    try_id(view);
    try_address(text);
    try_zone(view);
    try_promise(view);
    try_values(text);
    try_json("complaint", view);
    try_json("offer_made", view);
    free(text);
    return 0;
}
