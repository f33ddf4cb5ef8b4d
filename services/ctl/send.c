/* pulihctl send and letter: one message to intake, one letter from follow-up. */
#include <stdlib.h>
#include <string.h>

#include "pulih.h"
#include "services/ctl/ctl.h"

static const char *client_name(const struct pulih_ctl *ctl)
{
    const char *client = pulih_ctl_option(ctl, "client");

    return client ? client : "pulihctl";
}

static bool find_complaint(const struct pulih_ctl *ctl, const char *text, struct pulih_uuid *ret)
{
    struct pulih_db *db = NULL;
    struct pulih_id id;
    bool found = pulih_ctl_find(ctl, &db, text, &id);

    if (found)
        memcpy(ret->b, id.b, sizeof ret->b);
    pulih_db_free(db);
    return found;
}

/* --- send -------------------------------------------------------------------------------------------- */

static int fail_field(const struct pulih_ctl *ctl, const struct pulih_error *error)
{
    return pulih_ctl_usage(ctl, "%s", error->text);
}

/* Puts the words FIELD=VALUE and --json-body into the body. */
static int make_body(const struct pulih_ctl *ctl, struct pulih_body *body, struct pulih_outgoing *message)
{
    const char *json = pulih_ctl_option(ctl, "json-body");
    struct pulih_error error;

    if (pulih_body_start(body, ctl->args[0], &error) < 0 ||
        (json && pulih_body_set_json(body, json, strlen(json), &error) < 0))
        return fail_field(ctl, &error);
    for (int i = 2; i < ctl->n_args; i++) {
        char *equals = strchr(ctl->args[i], '=');
        if (!equals)
            return pulih_ctl_usage(ctl, "want FIELD=VALUE, got %s", ctl->args[i]);
        *equals = 0;
        if (pulih_body_set(body, ctl->args[i], equals + 1, &error) < 0)
            return fail_field(ctl, &error);
    }
    if (pulih_body_end(body, &message->body, &message->body_len, &error) < 0)
        return fail_field(ctl, &error);
    return PULIH_CTL_OK;
}

struct sending {
    const struct pulih_ctl *ctl;
    bool answered;
    int code;
};

static void print_answer_json(const struct pulih_answer *a)
{
    static const char *const outcomes[] = {
        [PULIH_STORED] = "stored", [PULIH_DUPLICATE] = "duplicate", [PULIH_REFUSED] = "refused"};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    char id[37], complaint[37];

    pulih_uuid_print(&a->id, id);
    pulih_uuid_print(&a->complaint, complaint);
    pulih_ctl_json_start(&out, "result", outcomes[a->outcome]);
    pulih_ctl_json_word(&out, "id", id);
    pulih_ctl_json_word(&out, "complaint", complaint);
    if (a->outcome == PULIH_REFUSED) {
        pulih_ctl_json_word(&out, "refusal", a->refusal);
        pulih_ctl_json_word(&out, "field", a->field);
        pulih_ctl_json_word(&out, "rule", a->rule);
        pulih_ctl_json_word(&out, "value", a->value);
    } else {
        pulih_ctl_json_word(&out, "reference", a->reference);
        pulih_ctl_json_time(&out, "promised_at", a->promised_us);
    }
    pulih_ctl_json_end(&out);
    pulih_ctl_write(&out);
}

static void on_answer(void *arg, const struct pulih_answer *a)
{
    struct sending *s = arg;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    s->answered = true;
    s->code = a->outcome == PULIH_REFUSED ? PULIH_CTL_FAILED : PULIH_CTL_OK;
    if (pulih_ctl_option(s->ctl, "json")) {
        print_answer_json(a);
        return;
    }
    if (a->outcome == PULIH_REFUSED) {
        pulih_ctl_failed(s->ctl, "refused, %s: %s%s%s%s%s", a->refusal, a->field, *a->field ? " " : "",
                         a->rule, *a->value ? ", got " : "", a->value);
        return;
    }
    pulih_ctl_add_text(&out, pulih_view_of(a->reference), -1);
    pulih_buf_addf(&out, ": %s\n", a->outcome == PULIH_STORED ? "stored" : "known already");
    pulih_ctl_write(&out);
}

int pulih_ctl_send_message(const struct pulih_ctl *ctl, const struct pulih_outgoing *message)
{
    const char *endpoint = pulih_ctl_option(ctl, "endpoint");
    struct sending s = {.ctl = ctl, .code = PULIH_CTL_FAILED};
    struct pulih_keys room;
    struct pulih_error error;
    int64_t timeout_s;

    if (!pulih_ctl_number(ctl, "timeout", 1, 86400, 30, &timeout_s))
        return PULIH_CTL_USAGE;
    struct pulih_publisher *p = pulih_publisher_open_keys(
        endpoint ? endpoint : "tcp://127.0.0.1:7400", client_name(ctl), pulih_ctl_keys(ctl, &room), &error);
    if (!p)
        return pulih_ctl_usage(ctl, "%s", error.text);
    int e = pulih_publish(p, message, &error);
    if (e == 0)
        e = pulih_publisher_wait(p, (int)timeout_s * 1000, on_answer, &s, &error);
    if (e < 0)
        pulih_ctl_failed(ctl, "%s", error.text);
    else if (!s.answered)
        pulih_ctl_failed(ctl, "no answer within %lld s%s%s; it is not known whether it was stored",
                         (long long)timeout_s, *pulih_publisher_why(p) ? ": " : "", pulih_publisher_why(p));
    pulih_publisher_close(p);
    return s.code;
}

int pulih_ctl_send(const struct pulih_ctl *ctl)
{
    struct pulih_body *body = pulih_body_new();
    struct pulih_uuid complaint;
    struct pulih_outgoing message = {
        .type = ctl->args[0], .complaint = &complaint, .id = pulih_uuid_new(), .occurred_us = pulih_now_us()};
    int code = make_body(ctl, body, &message);

    if (code == PULIH_CTL_OK && strcmp(ctl->args[0], "complaint") == 0)
        code = pulih_ctl_usage(ctl, "new complaints go in by pulihctl publish");
    if (code == PULIH_CTL_OK && !find_complaint(ctl, ctl->args[1], &complaint))
        code = PULIH_CTL_FAILED;
    if (code == PULIH_CTL_OK)
        code = pulih_ctl_send_message(ctl, &message);
    pulih_body_free(body);
    return code;
}

/* --- letter ------------------------------------------------------------------------------------------ */

static void print_letter(const struct pulih_ctl *ctl, const struct pulih_letter_text *l)
{
    const struct {
        const char *name, *text;
    } rows[] = {{"letter", l->letter}, {"language", l->language}, {"channel", l->channel},
                {"post", l->post},     {"name", l->name},         {"phone", l->phone},
                {"email", l->email},   {"address", l->address},   {"subject", l->subject}};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    bool json = pulih_ctl_option(ctl, "json");

    if (json)
        pulih_ctl_json_start(&out, "what", "letter");
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        if (!*rows[i].text)
            continue;
        if (json) {
            pulih_ctl_json_word(&out, rows[i].name, rows[i].text);
            continue;
        }
        pulih_buf_addf(&out, "%s: ", rows[i].name);
        pulih_ctl_add_text(&out, pulih_view_of(rows[i].text), 4);
        pulih_buf_add_byte(&out, '\n');
    }
    if (json) {
        pulih_ctl_json_word(&out, "text", l->text);
        pulih_ctl_json_end(&out);
    } else {
        pulih_buf_add_byte(&out, '\n');
        pulih_ctl_add_text(&out, pulih_view_of(l->text), 0);
        pulih_buf_add_byte(&out, '\n');
    }
    pulih_ctl_write(&out);
}

static int fetch_letter(const struct pulih_ctl *ctl, struct pulih_follower *f,
                        const struct pulih_uuid *complaint, unsigned number, int timeout_ms)
{
    struct pulih_letter_text letter;
    struct pulih_error error;

    if (pulih_follower_letter(f, complaint, number, timeout_ms, &letter, &error) < 0)
        return pulih_ctl_failed(ctl, "%s", error.text);
    print_letter(ctl, &letter);
    return PULIH_CTL_OK;
}

int pulih_ctl_letter(const struct pulih_ctl *ctl)
{
    const char *endpoint = pulih_ctl_option(ctl, "endpoint");
    char *end;
    unsigned long number = strtoul(ctl->args[1], &end, 10);
    struct pulih_uuid complaint;
    struct pulih_keys room;
    struct pulih_error error;
    int64_t timeout_s;

    if (!*ctl->args[1] || *end || number == 0 || number > INT16_MAX)
        return pulih_ctl_usage(ctl, "want the number of a letter, got %s", ctl->args[1]);
    if (!pulih_ctl_number(ctl, "timeout", 1, 86400, 30, &timeout_s))
        return PULIH_CTL_USAGE;
    if (!find_complaint(ctl, ctl->args[0], &complaint))
        return PULIH_CTL_FAILED;
    struct pulih_follower *f =
        pulih_follower_open_keys(endpoint ? endpoint : "tcp://127.0.0.1:7410", client_name(ctl),
                                 PULIH_FROM_NOW, NULL, 0, pulih_ctl_keys(ctl, &room), &error);
    if (!f)
        return pulih_ctl_usage(ctl, "%s", error.text);
    int code = fetch_letter(ctl, f, &complaint, (unsigned)number, (int)timeout_s * 1000);
    pulih_follower_close(f);
    return code;
}
