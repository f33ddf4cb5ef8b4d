/* Any bytes as a pack of a regulator's figures: it is refused with at least one whole line, or each clock has a
 * time, a source and an event that starts it. */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pulih/base/must.h"
#include "pulih/core/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__lsan_default_suppressions(void);

/* libconfig loses a few bytes when a syntax error cuts a text short. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

static void check_pack(const struct pulih_pack *pack)
{
    pulih_must(pack->name.len && pack->title.len && pack->authority.len);
    pulih_must(strlen(pack->digest) == 2 * PULIH_PACK_DIGEST_BYTES && !pack->confirmed_by.at);
    for (size_t i = 0; i < pack->n_clocks; i++) {
        const struct pulih_clock_rule *rule = &pack->clocks[i];
        pulih_must(rule->source.len && rule->pack.len && rule->within[PULIH_tier_normal].amount > 0);
        pulih_must(!rule->period.until || rule->period.from <= rule->period.until);
        pulih_must(rule->name && rule->starts);
    }
    for (size_t i = 0; i < pack->n_figures; i++)
        pulih_must(pack->figures[i].what.len && pack->figures[i].source.len);
    pulih_must(!pack->signpost_source.at == !pack->signpost[PULIH_language_id].at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
    struct pulih_pack pack;
    char path[40];

    int fd = memfd_create("pack", MFD_CLOEXEC);
    pulih_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (pulih_pack_load(path, &texts, &pack, &why))
        check_pack(&pack);
    else
        pulih_must(why.len > 0 && why.at[why.len - 1] == '\n' &&
                   strncmp(pulih_buf_text(&why), path, strlen(path)) == 0);
    close(fd);
    return 0;
}
