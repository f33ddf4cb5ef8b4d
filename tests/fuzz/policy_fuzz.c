/* Any bytes as a policy file: it is refused with at least one whole line, or it is a policy that can be used.
 * Files that include others are left out: what they would open lies outside the fuzzer. */
#define _GNU_SOURCE /* memfd_create, memmem */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pulih/base/must.h"
#include "pulih/core/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__lsan_default_suppressions(void);

/* libconfig loses a few bytes when a syntax error cuts a text short. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

static const int64_t at_us = 1795348800000000;

/* A policy's durations end within its calendar, later than they begin. */
static int64_t due(const struct pulih_policy *p, struct pulih_duration d)
{
    int64_t due_us = 0;

    pulih_must(pulih_calendar_add(p->calendar, at_us, d, &due_us) && due_us > at_us);
    return due_us;
}

static void use(const struct pulih_policy *p)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    const struct pulih_slots slots = {0};

    pulih_must(strlen(p->version) > 9 && p->calendar && p->rules && p->ladder.n >= 3 && p->n_authority > 0);
    for (int tier = 0; tier < PULIH_TIERS; tier++)
        pulih_calendar_print(p->calendar, due(p, p->resolve_within[tier]), p->language, &out);
    due(p, p->plan_within);
    due(p, p->answer_within);
    due(p, p->verify_within);
    for (size_t i = 0; i < p->ladder.n; i++) {
        pulih_must(pulih_post_find(p, p->ladder.rung[i].post));
        due(p, p->ladder.rung[i].acknowledge_within);
        due(p, p->ladder.rung[i].answer_within);
    }
    for (size_t i = 0; i < p->n_ladders; i++)
        pulih_must(p->ladders[i].n > 0);
    for (size_t i = 0; i < p->n_posts; i++)
        pulih_must(p->posts[i].n_persons > 0);
    for (int kind = 1; kind < PULIH_LETTERS; kind++)
        for (int language = 0; language < PULIH_LANGUAGES; language++)
            pulih_template_fill(p->letter[kind][language].text, &slots, &out);
    pulih_must(p->receipt[0].at && p->answerable[0].at && p->authority[0].role.at);
}

static void check_report(struct pulih_buf *why, const char *path)
{
    const char *text = pulih_buf_text(why);

    pulih_must(why->len > 0 && text[why->len - 1] == '\n');
    pulih_must(strncmp(text, path, strlen(path)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    char path[40];

    if (memmem(bytes, len, "@include", strlen("@include")))
        return 0;
    int fd = memfd_create("policy", MFD_CLOEXEC);
    pulih_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct pulih_policy *p = pulih_policy_load(path, &why);
    if (p)
        use(p);
    else
        check_report(&why, path);
    pulih_policy_free(p);
    close(fd);
    return 0;
}
