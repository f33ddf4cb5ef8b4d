/* pulihctl publish: a file of complaints into intake. Publishing the same file again changes nothing. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "services/ctl/publish.h"

enum {
    WAIT_EVERY = 64,
    TELL_EVERY_US = 200000,
    TELL_FILE_EVERY_US = 2000000,
    STATE_EVERY_US = 1000000,
    POLL_MS = 50
};

struct publishing {
    const struct pulih_ctl *ctl;
    const char *file;
    struct pulih_ctl_source source;
    struct pulih_ctl_recipe recipe;
    struct pulih_publisher *publisher;
    struct pulih_ctl_state *state;
    int64_t rate, timeout_us;
    bool progress, terminal;
    bool failed, stopped, incomplete;
    uint64_t read, skipped, sent, stored, duplicate, refused;
    int64_t start_us, heard_us, told_us, kept_us;
};

/* --- telling ----------------------------------------------------------------------------------------- */

static void tell_progress(struct publishing *p, bool last)
{
    int64_t now_us = pulih_mono_us();
    int64_t pause_us = p->terminal ? TELL_EVERY_US : TELL_FILE_EVERY_US;
    double seconds = (double)(now_us - p->start_us) / 1e6;
    uint64_t answered = p->stored + p->duplicate + p->refused;

    if (!p->progress || (!last && now_us - p->told_us < pause_us))
        return;
    p->told_us = now_us;
    fprintf(stderr, "%s%llu read, %llu stored, %llu duplicate, %llu refused, %.0f/s%s",
            p->terminal ? "\r" : "", (unsigned long long)p->read, (unsigned long long)p->stored,
            (unsigned long long)p->duplicate, (unsigned long long)p->refused,
            seconds > 0 ? (double)answered / seconds : 0, p->terminal ? "\033[K" : "\n");
    if (p->terminal && last)
        fputc('\n', stderr);
}

static void tell_refused(struct publishing *p, uint64_t line, const char *kind, const char *field,
                         const char *rule, const char *value)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf raw = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf safe = {0};

    pulih_buf_addf(&raw, "%s:%llu: %s%s%s%s%s%s%s", p->file, (unsigned long long)line, kind,
                   *kind ? ": " : "", field, *field ? " " : "", rule, *value ? ", got " : "", value);
    pulih_ctl_add_text(&safe, pulih_view_of_buf(&raw), -1);
    fprintf(stderr, "%s%s\n", p->terminal && p->progress ? "\r\033[K" : "", pulih_buf_text(&safe));
    p->refused++;
}

/* --- answers ----------------------------------------------------------------------------------------- */

/* The tag of a message: its row and its line. */
static uint64_t tag_of(uint64_t row, int64_t line)
{
    return row << 32 | (uint32_t)line;
}

static void on_answer(void *arg, const struct pulih_answer *a)
{
    struct publishing *p = arg;

    if (a->outcome == PULIH_REFUSED) {
        tell_refused(p, a->tag & UINT32_MAX, a->refusal, a->field, a->rule, a->value);
        return;
    }
    p->stored += a->outcome == PULIH_STORED;
    p->duplicate += a->outcome == PULIH_DUPLICATE;
    pulih_ctl_state_stored(p->state, a->tag >> 32);
}

/* Ctrl-C: the first one stops the reading, the second one all. */
static void look_for_signal(struct publishing *p)
{
    struct timespec none = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigtimedwait(&set, NULL, &none) < 0)
        return;
    p->failed = p->failed || p->stopped;
    p->stopped = true;
}

/* Receives answers for at most so long. False: there is no sense in going on. */
static bool wait_for_answers(struct publishing *p, int timeout_ms)
{
    struct pulih_error error;
    int n = pulih_publisher_wait(p->publisher, timeout_ms, on_answer, p, &error);
    int64_t now_us = pulih_mono_us();

    if (n != 0 || pulih_publisher_unanswered(p->publisher) == 0)
        p->heard_us = now_us;
    if (n < 0)
        pulih_ctl_failed(p->ctl, "intake denies us a session: %s", error.text);
    else if (now_us - p->heard_us > p->timeout_us)
        pulih_ctl_failed(p->ctl, "no answer for %lld s: %s", (long long)(p->timeout_us / 1000000),
                         *pulih_publisher_why(p->publisher)
                             ? pulih_publisher_why(p->publisher)
                             : "there is a session, but intake stores nothing");
    if (n < 0 || now_us - p->heard_us > p->timeout_us)
        p->failed = true;
    tell_progress(p, false);
    look_for_signal(p);
    if (now_us - p->kept_us > STATE_EVERY_US) {
        p->kept_us = now_us;
        p->failed = !pulih_ctl_state_write(p->ctl, p->state) || p->failed;
    }
    return !p->failed;
}

/* --- rows -------------------------------------------------------------------------------------------- */

/* Waits until the rate allows one more. */
static void keep_rate(struct publishing *p)
{
    while (p->rate > 0 && !p->failed && !p->stopped) {
        int64_t due_us = p->start_us + (int64_t)((double)p->sent * 1e6 / (double)p->rate);
        int64_t left_us = due_us - pulih_mono_us();
        if (left_us <= 0)
            return;
        wait_for_answers(p, (int)(left_us / 1000) + 1);
    }
}

static void send(struct publishing *p, const struct pulih_outgoing *message)
{
    struct pulih_error error;
    int e;

    keep_rate(p);
    while ((e = pulih_publish(p->publisher, message, &error)) == PULIH_E_FULL && wait_for_answers(p, 100))
        continue;
    if (e == PULIH_E_INVALID)
        tell_refused(p, message->tag & UINT32_MAX, "", error.field, error.rule, error.value);
    else if (e == 0 && ++p->sent % WAIT_EVERY == 0)
        wait_for_answers(p, 0);
}

/* False: the state is of another file. */
static bool take_row(struct publishing *p)
{
    struct pulih_envelope envelope;
    struct pulih_error error;
    struct pulih_outgoing message = {.id = pulih_ctl_recipe_id(&p->recipe, &p->source)};
    int known = pulih_ctl_state_row(p->state, &message.id);

    message.tag = tag_of(p->state->read - 1, p->source.line);
    if (known < 0) {
        pulih_ctl_failed(p->ctl,
                         "%s is not the file that %s was made for; remove the state to publish all of it",
                         p->file, p->state->path);
        return false;
    }
    p->skipped += known > 0;
    if (known > 0)
        return true;
    if (pulih_ctl_recipe_message(&p->recipe, &p->source, &envelope, &message, &error))
        send(p, &message);
    else
        tell_refused(p, (uint64_t)p->source.line, "", error.field, error.rule, error.value);
    return true;
}

static void refuse_row(struct publishing *p)
{
    static const struct pulih_uuid none;

    pulih_ctl_state_row(p->state, &none);
    tell_refused(p, (uint64_t)p->source.line, "", "", p->source.why, "");
}

static void publish_all(struct publishing *p)
{
    int row;

    p->start_us = p->heard_us = pulih_mono_us();
    while (!p->failed && !p->stopped && (row = pulih_ctl_source_next(&p->source)) != 0) {
        if (p->stopped)
            break; /* it may be half a row */
        p->read++;
        if (row < 0)
            refuse_row(p);
        else if (!take_row(p))
            p->failed = true;
        tell_progress(p, false);
    }
    if (p->source.unread && !p->stopped) {
        pulih_ctl_failed(p->ctl, "%s: line %lld cannot be read: %s", p->file, (long long)p->source.line,
                         strerror(p->source.unread));
        p->incomplete = true;
    }
    while (!p->failed && pulih_publisher_unanswered(p->publisher) > 0)
        wait_for_answers(p, 100);
}

/* --- beginning and end ------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static bool find_format(const struct publishing *p, enum pulih_ctl_format *ret)
{
    static const char *const names[] = {"jsonl", "csv", "tsv"};
    const char *format = pulih_ctl_option(p->ctl, "format");

    for (size_t i = 0; format && i < PULIH_COUNT(names); i++)
        if (strcmp(format, names[i]) == 0) {
            *ret = (enum pulih_ctl_format)i;
            return true;
        }
    if (format) {
        pulih_ctl_usage(p->ctl, "--format wants jsonl, csv or tsv, got %s", format);
        return false;
    }
    *ret = ends_with(p->file, ".csv")   ? PULIH_CTL_CSV
           : ends_with(p->file, ".tsv") ? PULIH_CTL_TSV
                                        : PULIH_CTL_JSONL;
    return true;
}

/* Standard input may come slowly, and the session wants to live meanwhile. An interrupt often ends those who
 * write into our pipe, too: it must be seen before the end of what they wrote is taken for a whole row. */
static ssize_t read_patiently(void *arg, char *to, size_t len)
{
    struct publishing *p = arg;
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    while (!p->failed && !p->stopped) {
        bool ready = poll(&fd, 1, POLL_MS) > 0;
        look_for_signal(p);
        if (ready && !p->stopped)
            return read(STDIN_FILENO, to, len);
        wait_for_answers(p, 0);
    }
    return 0;
}

static int open_source(struct publishing *p)
{
    enum pulih_ctl_format format;
    FILE *file;

    if (!find_format(p, &format))
        return PULIH_CTL_USAGE;
    if (strcmp(p->file, "-") == 0)
        file = fopencookie(p, "r", (cookie_io_functions_t){.read = read_patiently});
    else
        file = fopen(p->file, "re");
    if (!file)
        return pulih_ctl_failed(p->ctl, "%s: %s", p->file, strerror(errno));
    if (!pulih_ctl_source_open(&p->source, file, format))
        return pulih_ctl_failed(p->ctl, "%s:1: %s", p->file, p->source.why);
    return pulih_ctl_recipe_check(p->ctl, &p->recipe, &p->source) ? PULIH_CTL_OK : PULIH_CTL_USAGE;
}

static int open_publisher(struct publishing *p)
{
    const char *endpoint = pulih_ctl_option(p->ctl, "endpoint");
    struct pulih_keys room;
    struct pulih_error error;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p->publisher = pulih_publisher_open_keys(endpoint ? endpoint : "tcp://127.0.0.1:7400", p->recipe.client,
                                             pulih_ctl_keys(p->ctl, &room), &error);
    if (!p->publisher)
        return pulih_ctl_usage(p->ctl, "%s", error.text);
    return PULIH_CTL_OK;
}

static int prepare(struct publishing *p)
{
    int64_t timeout_s;
    int e;

    p->file = p->ctl->args[0];
    p->terminal = isatty(STDERR_FILENO);
    p->progress = p->terminal || pulih_ctl_option(p->ctl, "progress");
    if (!pulih_ctl_number(p->ctl, "rate", 1, 10000000, 0, &p->rate) ||
        !pulih_ctl_number(p->ctl, "timeout", 1, 86400, 30, &timeout_s) ||
        !pulih_ctl_recipe_read(p->ctl, &p->recipe))
        return PULIH_CTL_USAGE;
    p->timeout_us = timeout_s * 1000000;
    if (!pulih_ctl_state_read(p->ctl, p->state, pulih_ctl_option(p->ctl, "state")))
        return PULIH_CTL_FAILED;
    if ((e = open_publisher(p)) != PULIH_CTL_OK)
        return e;
    return open_source(p);
}

static int summary(struct publishing *p)
{
    uint64_t unanswered = pulih_publisher_unanswered(p->publisher);
    double seconds = (double)(pulih_mono_us() - p->start_us) / 1e6;

    tell_progress(p, true);
    printf("%llu read, %llu stored, %llu duplicate, %llu refused", (unsigned long long)p->read,
           (unsigned long long)p->stored, (unsigned long long)p->duplicate, (unsigned long long)p->refused);
    if (p->skipped > 0)
        printf(", %llu known from %s", (unsigned long long)p->skipped, p->state->path);
    if (unanswered > 0)
        printf(", %llu not answered: publish the file again", (unsigned long long)unanswered);
    printf("; %.1f s, %.0f/s\n", seconds, (double)p->sent / (seconds > 0 ? seconds : 1));
    return p->failed || p->stopped || p->incomplete || p->refused > 0 || unanswered > 0 ? PULIH_CTL_FAILED
                                                                                        : PULIH_CTL_OK;
}

int pulih_ctl_publish(const struct pulih_ctl *ctl)
{
    struct publishing p = {.ctl = ctl, .state = calloc(1, sizeof *p.state)};

    if (!p.state)
        pulih_out_of_memory();
    int code = prepare(&p);
    if (code == PULIH_CTL_OK) {
        publish_all(&p);
        p.failed = !pulih_ctl_state_write(ctl, p.state) || p.failed;
        code = summary(&p);
    }
    pulih_publisher_close(p.publisher);
    pulih_ctl_source_close(&p.source);
    pulih_ctl_recipe_free(&p.recipe);
    free(p.state);
    return code;
}
