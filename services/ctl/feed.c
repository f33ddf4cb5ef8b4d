/* pulihctl feed: what becomes of complaints, as it happens. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "pulih.h"
#include "services/ctl/ctl.h"

enum { STREAMS_MAX = 1024, WAIT_MS = 200 };

struct feeding {
    const struct pulih_ctl *ctl;
    enum pulih_start start;
    struct pulih_place places[STREAMS_MAX];
    size_t n_places;
    struct pulih_follower *follower;
    struct pulih_ctl_message message;
    struct pulih_buf out;
    bool json;
    int64_t left; /* items still to print, -1: no end */
};

/* --- where to start ---------------------------------------------------------------------------------- */

static bool read_place(struct feeding *f, const char *text)
{
    char *end;

    errno = 0;
    unsigned long stream = strtoul(text, &end, 10);
    if (end == text || *end != ':' || stream >= STREAMS_MAX || f->n_places == STREAMS_MAX)
        return false;
    const char *number = end + 1;
    unsigned long long seq = strtoull(number, &end, 10);
    if (end == number || (*end && *end != ',') || errno)
        return false;
    f->places[f->n_places++] = (struct pulih_place){(uint16_t)stream, seq};
    return !*end || read_place(f, end + 1);
}

static bool read_start(struct feeding *f)
{
    const char *from = pulih_ctl_option(f->ctl, "from");

    f->start = PULIH_FROM_START;
    if (!from || strcmp(from, "now") == 0)
        f->start = PULIH_FROM_NOW;
    else if (strcmp(from, "start") != 0 && !read_place(f, from)) {
        pulih_ctl_usage(f->ctl, "--from wants start, now or STREAM:NUMBER,...; got %s", from);
        return false;
    }
    return true;
}

/* --- printing ---------------------------------------------------------------------------------------- */

static void print_json(struct feeding *f, const struct pulih_feed_event *event)
{
    char *line = pulih_feed_event_to_json(event);

    pulih_ctl_add_text(&f->out, pulih_view_of(line), -1); /* its escapes are those of JSON */
    pulih_buf_add_byte(&f->out, '\n');
    pulih_ctl_write(&f->out);
    free(line);
}

static void print_text(struct feeding *f, const struct pulih_feed_event *event)
{
    enum pulih_m m = pulih_message_by_name(pulih_view_of(event->type));

    pulih_ctl_add_time(&f->out, event->at_us);
    pulih_buf_addf(&f->out, "  %u:%llu  ", event->stream, (unsigned long long)event->seq);
    pulih_ctl_add_text(&f->out, pulih_view_of(event->reference), -1);
    pulih_buf_addf(&f->out, "  %u  ", (unsigned)event->version);
    pulih_ctl_add_text(&f->out, pulih_view_of(event->type), -1);
    pulih_buf_addf(&f->out, " -> ");
    pulih_ctl_add_text(&f->out, pulih_view_of(event->state), -1);
    pulih_buf_add_byte(&f->out, '\n');
    pulih_ctl_message_read(&f->message, m == PULIH_M_N ? -1 : pulih_message(m)->wire,
                           (struct pulih_view){event->body, event->body_len}, (struct pulih_view){0});
    pulih_ctl_add_fields(&f->out, &f->message, PULIH_CLASS_OPEN, 4);
    pulih_ctl_write(&f->out);
}

static void print_places(const struct feeding *f)
{
    static struct pulih_place places[STREAMS_MAX];
    size_t n = pulih_follower_places(f->follower, places, STREAMS_MAX);

    for (size_t i = 0; i < n; i++)
        fprintf(stderr, "%s%u:%llu", i ? "," : "", places[i].stream, (unsigned long long)places[i].seq);
    fputs(n > 0 ? "\n" : "no position is known yet\n", stderr);
}

/* --- following --------------------------------------------------------------------------------------- */

static bool was_stopped(void)
{
    struct timespec none = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return sigtimedwait(&set, NULL, &none) >= 0;
}

static void block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int follow(struct feeding *f)
{
    struct pulih_feed_event event;
    struct pulih_error error;
    char told[sizeof error.text] = "";
    int got = 0;

    while (f->left != 0 && !ferror(stdout)) {
        /* What was printed shall be seen before we wait for more. */
        got = pulih_follower_next(f->follower, 0, &event, &error);
        if (got == 0 && fflush(stdout) == 0 && !was_stopped())
            got = pulih_follower_next(f->follower, WAIT_MS, &event, &error);
        else if (got == 0)
            break;
        if (got < 0)
            return pulih_ctl_failed(f->ctl, "%s", error.text);
        const char *why = pulih_follower_why(f->follower);
        if (got == 0 && *why && strcmp(why, told) != 0) {
            snprintf(told, sizeof told, "%s", why);
            pulih_ctl_failed(f->ctl, "no session: %s", why);
        }
        if (got == 0)
            continue;
        told[0] = 0;
        f->left -= f->left > 0;
        if (f->json)
            print_json(f, &event);
        else
            print_text(f, &event);
    }
    return PULIH_CTL_OK;
}

int pulih_ctl_feed(const struct pulih_ctl *ctl)
{
    struct feeding f = {.ctl = ctl, .json = pulih_ctl_option(ctl, "json")};
    const char *endpoint = pulih_ctl_option(ctl, "endpoint");
    const char *client = pulih_ctl_option(ctl, "client");
    struct pulih_keys room;
    struct pulih_error error;

    if (!read_start(&f) || !pulih_ctl_number(ctl, "count", 1, INT64_MAX, -1, &f.left))
        return PULIH_CTL_USAGE;
    block_signals();
    f.follower =
        pulih_follower_open_keys(endpoint ? endpoint : "tcp://127.0.0.1:7410", client ? client : "pulihctl",
                                 f.start, f.places, f.n_places, pulih_ctl_keys(ctl, &room), &error);
    if (!f.follower)
        return pulih_ctl_usage(ctl, "%s", error.text);
    int code = follow(&f);
    if (pulih_ctl_option(ctl, "positions"))
        print_places(&f);
    pulih_follower_close(f.follower);
    pulih_ctl_message_free(&f.message);
    pulih_buf_free(&f.out);
    return code;
}
