/* Any bytes as a configuration file: it is refused with whole lines that name it, or what it gives keeps to the
 * rows. Files that include others are left out: what they would open lies outside the fuzzer. */
#define _GNU_SOURCE /* memfd_create, memmem */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pulih/base/conf.h"
#include "pulih/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__lsan_default_suppressions(void);

/* libconfig loses a few bytes when a syntax error cuts a text short. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

struct sample {
    int64_t small, large;
    bool flag;
    char *text, *word;
    struct pulih_conf_texts texts;
};

#define AT(member) offsetof(struct sample, member)

static const struct pulih_conf_row rows[] = {
    {"group", "small", PULIH_CONF_integer, 1, 1000, "500", "items", "A number of 32 bits.", AT(small)},
    {"group", "large", PULIH_CONF_integer, 0, INT64_MAX, "5000000000L", "bytes", "A larger one.", AT(large)},
    {"group", "flag", PULIH_CONF_boolean, 0, 0, "false", NULL, "Yes or no.", AT(flag)},
    {"group", "texts", PULIH_CONF_texts, 0, 3, "[]", NULL, "Some texts.", AT(texts)},
    {NULL, "text", PULIH_CONF_text, 1, 8, "\"x\"", NULL, "A text.", AT(text)},
    {NULL, "word", PULIH_CONF_word, 0, 0, "\"one\"", "one two", "A word.", AT(word)},
    {"other", "small", PULIH_CONF_integer, 1, 9, NULL, NULL, "Elsewhere.", PULIH_CONF_ELSEWHERE},
};

static const struct pulih_conf_file file = {rows, PULIH_COUNT(rows)};

static void check_sample(const struct sample *s)
{
    pulih_must(s->small >= 1 && s->small <= 1000 && s->large >= 0);
    pulih_must(strcmp(s->word, "one") == 0 || strcmp(s->word, "two") == 0);
    pulih_must(strlen(s->text) >= 1 && strlen(s->text) <= 8 && s->texts.n <= 3);
    for (size_t i = 0; i < s->texts.n; i++)
        pulih_must(s->texts.at[i][0]);
}

static void check_report(struct pulih_buf *why, const char *path)
{
    const char *line = pulih_buf_text(why);

    pulih_must(why->len > 0 && line[why->len - 1] == '\n' && strlen(line) == why->len);
    for (; *line; line = strchr(line, '\n') + 1)
        pulih_must(strncmp(line, path, strlen(path)) == 0 && line[strlen(path)] == ':');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct sample s;
    char path[40];

    if (memmem(bytes, len, "@include", strlen("@include")))
        return 0;
    int fd = memfd_create("conf", MFD_CLOEXEC);
    pulih_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (pulih_conf_load(path, &file, &s, &why))
        check_sample(&s);
    else
        check_report(&why, path);
    pulih_conf_free(&file, &s);
    close(fd);
    return 0;
}
