#define _GNU_SOURCE /* memmem */
#include "tests/lib/drive.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "pulih/base/clock.h"
#include "tests/lib/random_message.h"

enum { BODIES_MAX = 256, WORDS_MAX = 8192, RUN_WORDS = 3, NAMES = 4, PATIENCE_S = 60 };

/* A place in a body that is written anew each time it is published. */
struct part {
    char *at;
    size_t len;
};

static struct {
    void *at;
    size_t len;
    struct part story, names[NAMES];
} bodies[BODIES_MAX];
static size_t n_bodies;
static struct part words[WORDS_MAX]; /* of all stories, in order; they lie in `texts` */
static size_t n_words;
static char *texts[BODIES_MAX];
static struct random_source chance = {.state = 1};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

/* --- complaints that differ -----------------------------------------------------------------------------
 * Each customer complains once, in words of the samples that no other has in this order. */

static void tell_anew(struct part story)
{
    size_t from = 0, left_of_run = 0;

    for (size_t done = 0; done < story.len;) {
        from = left_of_run ? from + 1 : random_below(&chance, n_words - RUN_WORDS);
        left_of_run = left_of_run ? left_of_run - 1 : RUN_WORDS - 1;
        size_t len = words[from].len < story.len - done ? words[from].len : story.len - done;
        memcpy(story.at + done, words[from].at, len);
        done += len;
        if (done < story.len)
            story.at[done++] = ' ';
    }
}

/* Another customer: other digits, and other letters where there may be letters. */
static void name_anew(struct part name)
{
    bool is_phone = name.len && name.at[0] == '+';
    uint64_t random = random_u64(&chance);

    for (size_t i = is_phone ? 2 : 0; i < name.len;
         i++, random = random ? random / 26 : random_u64(&chance)) {
        if (isdigit((unsigned char)name.at[i]))
            name.at[i] = (char)('0' + random % 10);
        else if (islower((unsigned char)name.at[i]))
            name.at[i] = (char)('a' + random % 26);
    }
}

static bool is_ascii(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)word[i] >= 0x80)
            return false;
    return true;
}

static void keep_words(char *text)
{
    for (char *save, *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
        if (n_words < WORDS_MAX && is_ascii(word, strlen(word)))
            words[n_words++] = (struct part){word, strlen(word)};
}

static struct part part_of(size_t body, const json_t *complaint, const char *field)
{
    const char *value = json_string_value(json_object_get(complaint, field));
    char *at = value ? memmem(bodies[body].at, bodies[body].len, value, strlen(value)) : NULL;

    return (struct part){at, at ? strlen(value) : 0};
}

static void read_sample(const char *line, size_t len)
{
    static const char *const names[NAMES] = {"customer_ref", "email", "phone", "order_ref"};
    struct pulih_error error;
    json_t *complaint = json_loadb(line, len, 0, NULL);
    size_t i = n_bodies++;

    if (!complaint || pulih_json_to_body("complaint", line, len, &bodies[i].at, &bodies[i].len, &error) != 0)
        die("sample", complaint ? error.text : line);
    bodies[i].story = part_of(i, complaint, "story");
    for (size_t n = 0; n < NAMES; n++)
        bodies[i].names[n] = part_of(i, complaint, names[n]);
    texts[i] = strdup(json_string_value(json_object_get(complaint, "story")));
    keep_words(texts[i]);
    json_decref(complaint);
}

void drive_read_samples(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    if (!f)
        die("samples", path);
    while (n_bodies < BODIES_MAX && (len = getline(&line, &cap, f)) > 0)
        read_sample(line, (size_t)len);
    if (n_words <= RUN_WORDS)
        die("samples", "they have no words");
    free(line);
    fclose(f);
}

void drive_free_samples(void)
{
    while (n_bodies > 0) {
        free(bodies[--n_bodies].at);
        free(texts[n_bodies]);
    }
}

/* --- publishing ----------------------------------------------------------------------------------------- */

void drive_start(struct drive *d, const char *publish, const char *feed, size_t n)
{
    struct pulih_error error;

    *d = (struct drive){.publish = publish, .feed = feed, .n = n, .sent = calloc(n, sizeof *d->sent)};
    d->publisher = pulih_publisher_open(publish, "bench", &error);
    if (!d->publisher || !d->sent)
        die("publisher", d->sent ? error.text : "no memory");
}

void drive_end(struct drive *d)
{
    pulih_publisher_close(d->publisher);
    if (d->n_refused)
        die("publisher", "messages were refused");
    free(d->sent);
}

static void on_answer(void *arg, const struct pulih_answer *answer)
{
    struct drive *d = arg;

    d->sent[answer->tag].receipt_us = pulih_mono_us();
    d->n_refused += answer->outcome != PULIH_STORED;
}

static void wait_publisher(struct drive *d, int timeout_ms)
{
    struct pulih_error error;

    if (pulih_publisher_wait(d->publisher, timeout_ms, on_answer, d, &error) < 0)
        die("publisher", error.text);
}

static void publish_one(struct drive *d, size_t i)
{
    struct pulih_error error;
    tell_anew(bodies[i % n_bodies].story);
    for (size_t n = 0; n < NAMES; n++)
        name_anew(bodies[i % n_bodies].names[n]);
    struct pulih_outgoing out = {
        .id = pulih_uuid_new(),
        .type = "complaint",
        .occurred_us = pulih_now_us(),
        .body = bodies[i % n_bodies].at,
        .body_len = bodies[i % n_bodies].len,
        .tag = i,
    };

    d->sent[i].at_us = pulih_mono_us();
    d->sent[i].id = out.id;
    while (pulih_publish(d->publisher, &out, &error) == PULIH_E_FULL)
        wait_publisher(d, 100);
}

void drive_flat_out(struct drive *d, bool (*is_done)(void *arg), void *arg)
{
    for (size_t i = 0; i < d->n; i++)
        publish_one(d, i);
    while (pulih_publisher_unanswered(d->publisher))
        wait_publisher(d, 100);
    while (!is_done(arg))
        wait_publisher(d, 5);
}

/* --- at a rate ------------------------------------------------------------------------------------------ */

struct arrival {
    struct pulih_uuid id;
    int64_t at_us;
};

/* The subscriber has a thread of its own, so that neither side waits for the other. */
struct subscriber {
    const struct drive *drive;
    const struct pulih_place *places;
    size_t n_places;
    struct arrival *arrivals;
    atomic_bool follows;
};

static void *follow(void *arg)
{
    struct subscriber *s = arg;
    size_t n = 0;
    struct pulih_error error;
    struct pulih_feed_event event;
    struct pulih_follower *f =
        pulih_follower_open(s->drive->feed, "bench", PULIH_FROM_START, s->places, s->n_places, &error);
    int64_t patience_us = pulih_mono_us() + PATIENCE_S * INT64_C(1000000);

    if (!f)
        die("follower", error.text);
    while (n < s->drive->n) {
        int got = pulih_follower_next(f, 100, &event, &error);
        int64_t now_us = pulih_mono_us();
        if (got < 0 || now_us > patience_us)
            die("follower", got < 0 ? error.text : "complaints do not come through");
        if (!*pulih_follower_why(f))
            s->follows = true;
        if (got == 1)
            patience_us = now_us + PATIENCE_S * INT64_C(1000000);
        if (got == 1 && strcmp(event.type, "acknowledged") == 0)
            s->arrivals[n++] = (struct arrival){event.complaint, now_us};
    }
    pulih_follower_close(f);
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pulih_uuid)); /* the first member of both kinds */
}

/* Sorts what was sent, too: tags mean nothing any more. */
static void note_arrivals(struct drive *d, struct arrival *arrivals)
{
    qsort(d->sent, d->n, sizeof *d->sent, by_id);
    for (size_t i = 0; i < d->n; i++) {
        struct drive_sent *s = bsearch(&arrivals[i].id, d->sent, d->n, sizeof *d->sent, by_id);
        if (!s || s->chain_us)
            die("follower", s ? "a complaint came twice" : "a complaint came that nobody sent");
        s->chain_us = arrivals[i].at_us;
    }
}

/* What is due is sent, every millisecond at most: a shorter wait would take a core from the daemons. */
static void send_at_rate(struct drive *d, double per_s)
{
    int64_t started_us = pulih_mono_us();

    for (size_t i = 0; i < d->n || pulih_publisher_unanswered(d->publisher);) {
        double due = (double)(pulih_mono_us() - started_us) * per_s / 1e6;
        while (i < d->n && (double)i <= due)
            publish_one(d, i++);
        double left_ms = ((double)i - due) * 1e3 / per_s;
        wait_publisher(d, i == d->n ? 100 : left_ms > 1 ? (int)left_ms : 1);
    }
}

void drive_at_rate(struct drive *d, double per_s, const struct pulih_place *places, size_t n_places)
{
    struct subscriber s = {d, places, n_places, calloc(d->n, sizeof *s.arrivals), false};
    pthread_t thread;

    if (!s.arrivals || pthread_create(&thread, NULL, follow, &s) != 0)
        die("follower", "cannot start");
    while (!s.follows)
        wait_publisher(d, 10);
    send_at_rate(d, per_s);
    pthread_join(thread, NULL);
    note_arrivals(d, s.arrivals);
    free(s.arrivals);
}

/* --- results -------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double drive_percentile(double *values, size_t n, double p)
{
    qsort(values, n, sizeof *values, by_value);
    return n ? values[(size_t)((double)(n - 1) * p)] : 0;
}

static double percentile_ms(const struct drive *d, bool of_chain, double p)
{
    double *values = calloc(d->n, sizeof *values);

    if (!values)
        die("results", "no memory");
    for (size_t i = 0; i < d->n; i++)
        values[i] =
            (double)((of_chain ? d->sent[i].chain_us : d->sent[i].receipt_us) - d->sent[i].at_us) / 1e3;
    double found = drive_percentile(values, d->n, p);
    free(values);
    return found;
}

double drive_receipt_ms(const struct drive *d, double p)
{
    return percentile_ms(d, false, p);
}

double drive_chain_ms(const struct drive *d, double p)
{
    return percentile_ms(d, true, p);
}
