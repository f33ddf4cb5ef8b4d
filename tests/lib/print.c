/* The two doors as an AsyncAPI 3.0 document in YAML, printed from the rows of messages.tbl.h. */
#include "tests/lib/print.h"

#include <string.h>

#include "pulih/base/must.h"

enum place { NOWHERE, PUBLISH_RECEIVE, PUBLISH_SEND, FEED_RECEIVE, FEED_SEND, PLACE_N };

/* Seen from pulih: what it receives and sends at its doors. A DOOR message without a row is a mistake. */
static const struct {
    enum pulih_m m;
    enum place place;
} rows[] = {
    {PULIH_M_hello, PUBLISH_RECEIVE}, {PULIH_M_event, PUBLISH_RECEIVE},
    {PULIH_M_ping, PUBLISH_RECEIVE},  {PULIH_M_pong, PUBLISH_RECEIVE},
    {PULIH_M_welcome, PUBLISH_SEND},  {PULIH_M_credit, PUBLISH_SEND},
    {PULIH_M_acks, PUBLISH_SEND},     {PULIH_M_nack, PUBLISH_SEND},
    {PULIH_M_ping, PUBLISH_SEND},     {PULIH_M_pong, PUBLISH_SEND},
    {PULIH_M_drain, PUBLISH_SEND},    {PULIH_M_subscribe, FEED_RECEIVE},
    {PULIH_M_credit, FEED_RECEIVE},   {PULIH_M_letter_get, FEED_RECEIVE},
    {PULIH_M_ping, FEED_RECEIVE},     {PULIH_M_pong, FEED_RECEIVE},
    {PULIH_M_welcome, FEED_SEND},     {PULIH_M_events, FEED_SEND},
    {PULIH_M_heads, FEED_SEND},       {PULIH_M_too_old, FEED_SEND},
    {PULIH_M_letter, FEED_SEND},      {PULIH_M_nack, FEED_SEND},
    {PULIH_M_ping, FEED_SEND},        {PULIH_M_pong, FEED_SEND},
    {PULIH_M_drain, FEED_SEND},       {PULIH_M_hint, NOWHERE}, /* stays between the daemons */
};

static const struct {
    const char *operation, *channel, *action, *summary;
} places[PLACE_N] = {
    [PUBLISH_RECEIVE] = {"publishReceive", "publish", "receive",
                         "What a publishing platform sends to intake."},
    [PUBLISH_SEND] = {"publishSend", "publish", "send", "What intake answers."},
    [FEED_RECEIVE] = {"feedReceive", "feed", "receive", "What a subscriber sends to follow-up."},
    [FEED_SEND] = {"feedSend", "feed", "send", "What follow-up sends to a subscriber."},
};

static const char head[] =
    "asyncapi: 3.0.0\n"
    "info:\n"
    "  title: pulih\n"
    "  version: 1.0.0\n"
    "  description: >-\n"
    "    The two doors of pulih. Both are ZeroMQ ROUTER sockets; a client connects a DEALER socket and sends "
    "each\n"
    "    frame as one single-part message. A frame is the MessagePack array [protocol, type, body], and the "
    "body\n"
    "    a map by field name. The dialogue, credit and retry rules are told in proto/README.md.\n"
    "defaultContentType: application/vnd.msgpack\n"
    "servers:\n"
    "  publish:\n"
    "    host: localhost:7400\n"
    "    protocol: zmtp\n"
    "    protocolVersion: '3.1'\n"
    "    description: The door of intake.\n"
    "  feed:\n"
    "    host: localhost:7410\n"
    "    protocol: zmtp\n"
    "    protocolVersion: '3.1'\n"
    "    description: The door of follow-up.\n";

void print_quoted(struct pulih_buf *out, const char *text)
{
    pulih_buf_add_byte(out, '"');
    for (const char *p = text; *p; p++) {
        uint8_t c = (uint8_t)*p;

        if (c == '"' || c == '\\')
            pulih_buf_addf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            pulih_buf_addf(out, "\\u%04x", c);
        else
            pulih_buf_add_byte(out, c);
    }
    pulih_buf_add_byte(out, '"');
}

static bool in_channel(enum pulih_m m, const char *channel)
{
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        if (rows[i].m == m && rows[i].place != NOWHERE && strcmp(places[rows[i].place].channel, channel) == 0)
            return true;
    return false;
}

static void print_channel(struct pulih_buf *out, const char *channel, const char *doc)
{
    pulih_buf_addf(out, "  %s:\n    address: null\n    description: %s\n", channel, doc);
    pulih_buf_addf(out, "    servers:\n      - $ref: '#/servers/%s'\n    messages:\n", channel);
    for (size_t m = 0; m < PULIH_M_N; m++)
        if (in_channel((enum pulih_m)m, channel))
            pulih_buf_addf(out, "      %s:\n        $ref: '#/components/messages/%s'\n",
                           pulih_message((enum pulih_m)m)->name, pulih_message((enum pulih_m)m)->name);
}

static void print_operation(struct pulih_buf *out, enum place place)
{
    pulih_buf_addf(
        out,
        "  %s:\n    action: %s\n    channel:\n      $ref: '#/channels/%s'\n    summary: %s\n    messages:\n",
        places[place].operation, places[place].action, places[place].channel, places[place].summary);
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        if (rows[i].place == place)
            pulih_buf_addf(out, "      - $ref: '#/channels/%s/messages/%s'\n", places[place].channel,
                           pulih_message(rows[i].m)->name);
}

static void print_frame(struct pulih_buf *out, const struct pulih_message *m)
{
    pulih_buf_addf(out, "    %s:\n      name: %s\n      title: %s\n      summary: ", m->name, m->name,
                   m->name);
    print_quoted(out, m->doc);
    pulih_buf_addf(out,
                   "\n      payload:\n        type: array\n        items:\n          - const: %d\n"
                   "          - const: %d\n          - $ref: '#/components/schemas/%s'\n"
                   "        minItems: 3\n        maxItems: 3\n",
                   PULIH_PROTOCOL, m->wire, m->name);
}

/* A body held inside another message: those that may stand there. */
static void print_bodies(struct pulih_buf *out, enum pulih_m holder)
{
    pulih_buf_addf(out, "          type: object\n          anyOf:\n");
    for (size_t i = 0; i < PULIH_M_N; i++) {
        const struct pulih_message *m = pulih_message((enum pulih_m)i);

        if (holder == PULIH_M_event ? m->role == PULIH_ROLE_IN : m->shown)
            pulih_buf_addf(out, "            - $ref: '#/components/schemas/%s'\n", m->name);
    }
}

static void print_words(struct pulih_buf *out, enum pulih_words list)
{
    size_t n;
    const struct pulih_word *words = pulih_words(list, &n);

    pulih_buf_addf(out, "          type: string\n          enum:\n");
    for (size_t i = 0; i < n; i++) {
        pulih_buf_addf(out, "            - ");
        print_quoted(out, words[i].word);
        pulih_buf_addf(out, "\n");
    }
}

static void print_field(struct pulih_buf *out, enum pulih_m m, const struct pulih_field *f)
{
    unsigned long long max = f->max;

    pulih_buf_addf(out, "        %s:\n          description: ", f->name);
    print_quoted(out, f->doc);
    pulih_buf_addf(out, "\n          x-class: %s\n",
                   f->class == PULIH_CLASS_OPEN   ? "open"
                   : f->class == PULIH_CLASS_TEXT ? "text"
                                                  : "person");
    switch (f->kind) {
    case PULIH_KIND_u64:
        pulih_buf_addf(out, "          type: integer\n          minimum: 0\n          maximum: %llu\n", max);
        break;
    case PULIH_KIND_i64:
        pulih_buf_addf(out, "          type: integer\n          maximum: %llu\n", max);
        break;
    case PULIH_KIND_time:
        pulih_buf_addf(out,
                       "          type: integer\n          format: microseconds-since-1970-utc\n"
                       "          minimum: 0\n          maximum: %lld\n",
                       (long long)PULIH_TIME_MAX_US);
        break;
    case PULIH_KIND_boolean:
        pulih_buf_addf(out, "          type: boolean\n");
        break;
    case PULIH_KIND_str:
        pulih_buf_addf(out,
                       "          type: string\n          maxLength: %llu\n          x-max-bytes: %llu\n",
                       max, max);
        break;
    case PULIH_KIND_bin:
        pulih_buf_addf(out, "          type: string\n          format: binary\n          maxLength: %llu\n",
                       max);
        break;
    case PULIH_KIND_id:
        pulih_buf_addf(out, "          type: string\n          format: binary\n          minLength: 16\n"
                            "          maxLength: 16\n");
        break;
    case PULIH_KIND_word:
        print_words(out, (enum pulih_words)f->of);
        break;
    case PULIH_KIND_raw:
        print_bodies(out, m);
        break;
    case PULIH_KIND_list:
        pulih_buf_addf(out,
                       "          type: array\n          maxItems: %llu\n          items:\n"
                       "            $ref: '#/components/schemas/%s'\n",
                       max, pulih_message((enum pulih_m)f->of)->name);
        break;
    }
}

static void print_schema(struct pulih_buf *out, enum pulih_m which)
{
    const struct pulih_message *m = pulih_message(which);

    pulih_buf_addf(out, "    %s:\n      description: ", m->name);
    print_quoted(out, m->doc);
    pulih_buf_addf(out, "\n      type: object\n      x-type: %d\n", m->wire);
    if (m->needs) {
        pulih_buf_addf(out, "      required:\n");
        for (size_t i = 0; i < m->n_fields; i++)
            if (m->fields[i].need)
                pulih_buf_addf(out, "        - %s\n", m->fields[i].name);
    }
    if (m->n_fields > 0)
        pulih_buf_addf(out, "      properties:\n");
    for (size_t i = 0; i < m->n_fields; i++)
        print_field(out, which, &m->fields[i]);
}

/* What can be met at a door: what the doors speak, and what their messages hold. */
static bool is_met(enum pulih_m which)
{
    const struct pulih_message *m = pulih_message(which);

    if (m->role == PULIH_ROLE_DOOR)
        return in_channel(which, "publish") || in_channel(which, "feed");
    return m->role == PULIH_ROLE_IN || m->shown || (m->role == PULIH_ROLE_PART && which != PULIH_M_hint_item);
}

static bool has_row(enum pulih_m m)
{
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        if (rows[i].m == m)
            return true;
    return false;
}

void print_asyncapi(struct pulih_buf *out)
{
    pulih_buf_add(out, head, sizeof head - 1);
    pulih_buf_addf(out, "channels:\n");
    print_channel(out, "publish", "Complaints and later messages about them, each answered with a receipt.");
    print_channel(out, "feed",
                  "What became of the complaints, in streams that can be read again from any position.");
    pulih_buf_addf(out, "operations:\n");
    for (enum place place = PUBLISH_RECEIVE; place < PLACE_N; place++)
        print_operation(out, place);
    pulih_buf_addf(out, "components:\n  messages:\n");
    for (size_t m = 0; m < PULIH_M_N; m++) {
        const struct pulih_message *message = pulih_message((enum pulih_m)m);

        pulih_must(message->role != PULIH_ROLE_DOOR || has_row((enum pulih_m)m));
        if (message->role == PULIH_ROLE_DOOR && is_met((enum pulih_m)m))
            print_frame(out, message);
    }
    pulih_buf_addf(out, "  schemas:\n");
    for (size_t m = 0; m < PULIH_M_N; m++)
        if (is_met((enum pulih_m)m))
            print_schema(out, (enum pulih_m)m);
}
