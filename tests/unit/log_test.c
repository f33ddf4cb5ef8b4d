#define _GNU_SOURCE 1 /* F_SETPIPE_SZ */

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/log.h"

static int kept_stderr;
static int read_end;

/* Standard error becomes a pipe that holds 1 MiB. */
static int catch_stderr(void **state)
{
    int ends[2];

    (void)state;
    kept_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    read_end = ends[0];
    return 0;
}

static int release_stderr(void **state)
{
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(read_end);
    return 0;
}

static const char *written(void)
{
    static char text[1 << 20];
    ssize_t n = read(read_end, text, sizeof text - 1);

    text[n > 0 ? n : 0] = 0;
    return text;
}

/* What stands behind the event, without the end of the line. */
static const char *pairs(void)
{
    char *at = strstr(written(), "event");

    assert_non_null(at);
    at[strlen(at) - 1] = 0;
    return at;
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t re;

    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int no = regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    if (no)
        fail_msg("%s does not match %s", text, pattern);
}

#define A_TIME "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z"

static void a_line_of_logfmt(void **state)
{
    (void)state;
    pulih_log_setup("pulih-intake", PULIH_LOG_info, false);
    pulih_log(PULIH_LOG_info, "batch committed", "items", "%d", 3, NULL);
    assert_matches(written(),
                   "^ts=" A_TIME " level=info program=pulih-intake event=\"batch committed\" items=3\n$");
}

static void a_line_of_json(void **state)
{
    (void)state;
    pulih_log_setup("pulih-intake", PULIH_LOG_info, true);
    pulih_log(PULIH_LOG_warning, "batch committed", "items", "%d", 3, "stage", "%s", "intake", NULL);
    assert_matches(written(), "^\\{\"ts\":\"" A_TIME "\",\"level\":\"warning\",\"program\":\"pulih-intake\","
                              "\"event\":\"batch committed\",\"items\":3,\"stage\":\"intake\"\\}\n$");
}

static void all_conversions(void **state)
{
    struct pulih_view view = {"viewed and more", 6};

    (void)state;
    for (int json = 0; json < 2; json++) {
        pulih_log_setup("t", PULIH_LOG_debug, json);
        pulih_log(PULIH_LOG_debug, "e", "s", "%s", "x", "null", "%s", (char *)NULL, "c", "%c", 'q', "d", "%d",
                  -7, "u", "%u", 4000000000u, "x", "%04x", 255u, "ld", "%ld", -8L, "lu", "%lu", 9UL, "zu",
                  "%zu", (size_t)-1, "lld", "%lld", (long long)INT64_MIN, "llu", "%llu",
                  18446744073709551615ULL, "f", "%.3f", 1.5, "g", "%g", 1e300, "v", "%v", view, "last", "%d",
                  1, NULL);
        assert_string_equal(
            pairs(),
            json ? "event\":\"e\",\"s\":\"x\",\"null\":\"\",\"c\":\"q\",\"d\":-7,\"u\":4000000000,"
                   "\"x\":\"00ff\",\"ld\":-8,\"lu\":9,\"zu\":18446744073709551615,"
                   "\"lld\":-9223372036854775808,\"llu\":18446744073709551615,\"f\":1.500,"
                   "\"g\":1e+300,\"v\":\"viewed\",\"last\":1}"
                 : "event=e s=x null=\"\" c=q d=-7 u=4000000000 x=00ff ld=-8 lu=9 "
                   "zu=18446744073709551615 lld=-9223372036854775808 llu=18446744073709551615 f=1.500 "
                   "g=1e+300 v=viewed last=1");
    }
}

static void numbers_that_json_does_not_know_are_text(void **state)
{
    (void)state;
    pulih_log_setup("t", PULIH_LOG_debug, true);
    pulih_log(PULIH_LOG_info, "e", "a", "%f", (double)INFINITY, "b", "%f", (double)-INFINITY, "c", "%g",
              (double)NAN, "s", "%s", "12", NULL);
    assert_string_equal(pairs(), "event\":\"e\",\"a\":\"inf\",\"b\":\"-inf\",\"c\":\"nan\",\"s\":\"12\"}");
}

static void values_are_quoted_and_escaped_where_needed(void **state)
{
    static const struct {
        const char *value, *quoted;
    } cases[] = {
        {"", "\"\""},
        {"plain-1.2_3/x:y", NULL},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"\"", "\"\\\"\""},
        {"C:\\dir", "\"C:\\\\dir\""},
        {"line\nbreak", "\"line\\nbreak\""},
        {"tab\there", "\"tab\\u0009here\""},
        {"\r\x1b[31mred", "\"\\u000d\\u001b[31mred\""},
        {"del\x7f", "\"del\\u007f\""},
        {"terima kasih \xe2\x80\x94 ya", "\"terima kasih \xe2\x80\x94 ya\""},
        {"\xf0\x9f\x99\x8f", "\"\xf0\x9f\x99\x8f\""},
        {"c1 \xc2\x9b"
         "2J",
         "\"c1 \\u009b2J\""},
        {"bidi \xe2\x80\xae"
         "x",
         "\"bidi \\u202ex\""},
        {"\xe2\x80\xa8", "\"\\u2028\""},
        {"\xe2\x80\x8f", "\"\\u200f\""},
        {"\xe2\x81\xa6", "\"\\u2066\""},
        {"bad \xff\xfe", "\"bad \\ufffd\\ufffd\""},
        {"overlong \xc0\xaf", "\"overlong \\ufffd\\ufffd\""},
        {"cut \xe2\x80", "\"cut \\ufffd\\ufffd\""},
        {"surrogate \xed\xa0\x80", "\"surrogate \\ufffd\\ufffd\\ufffd\""},
        {"beyond \xf4\x90\x80\x80", "\"beyond \\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        char want[256];
        const char *value = cases[i].value;
        pulih_log_setup("t", PULIH_LOG_debug, false);
        pulih_log(PULIH_LOG_error, "e", "v", "%s", value, NULL);
        snprintf(want, sizeof want, "event=e v=%s", cases[i].quoted ? cases[i].quoted : value);
        assert_string_equal(pairs(), want);

        pulih_log_setup("t", PULIH_LOG_debug, true);
        pulih_log(PULIH_LOG_error, "e", "v", "%s", value, NULL);
        if (cases[i].quoted)
            snprintf(want, sizeof want, "event\":\"e\",\"v\":%s}", cases[i].quoted);
        else
            snprintf(want, sizeof want, "event\":\"e\",\"v\":\"%s\"}", value);
        assert_string_equal(pairs(), want);
    }
}

static void a_view_may_hold_a_zero(void **state)
{
    (void)state;
    pulih_log_setup("t", PULIH_LOG_debug, false);
    pulih_log(PULIH_LOG_info, "e", "v", "%v", PULIH_VIEW("a\0b"), "w", "%v", (struct pulih_view){NULL, 0},
              NULL);
    assert_string_equal(pairs(), "event=e v=\"a\\u0000b\" w=\"\"");
}

static void events_below_the_least_level_are_silent(void **state)
{
    (void)state;
    for (int least = PULIH_LOG_debug; least <= PULIH_LOG_error; least++) {
        pulih_log_setup("t", (enum pulih_log_level)least, false);
        for (int level = PULIH_LOG_debug; level <= PULIH_LOG_error; level++) {
            pulih_log((enum pulih_log_level)level, "e", NULL);
            assert_int_equal(strlen(written()) > 0, level >= least);
        }
    }
}

static size_t lines_in(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_reader_that_stands_still_stops_nobody(void **state)
{
    static char value[3000];
    size_t lines = 1000, read = 0, n; /* more than the pipe holds */
    char want[64];

    (void)state;
    memset(value, 'x', sizeof value - 1);
    pulih_log_setup("t", PULIH_LOG_info, false);
    for (size_t i = 0; i < lines; i++)
        pulih_log(PULIH_LOG_info, "e", "v", "%s", value, NULL);
    while ((n = lines_in(written())) > 0)
        read += n;
    assert_in_range(read, 1, lines - 1);
    snprintf(want, sizeof want, "event=e v=1 lines_lost=%zu", lines - read);
    pulih_log(PULIH_LOG_info, "e", "v", "%d", 1, NULL);
    assert_string_equal(pairs(), want);
    pulih_log(PULIH_LOG_info, "e", "v", "%d", 2, NULL);
    assert_string_equal(pairs(), "event=e v=2");
}

static void names_of_levels(void **state)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    enum pulih_log_level level = PULIH_LOG_debug;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(names); i++) {
        assert_true(pulih_log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(pulih_log_level_parse("", &level));
    assert_false(pulih_log_level_parse("Info", &level));
    assert_false(pulih_log_level_parse("warn", &level));
    assert_int_equal(level, PULIH_LOG_error);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 500; i++)
        pulih_log(PULIH_LOG_info, "from a thread", "who", "%d", *(const int *)arg, "i", "%d", i, "long",
                  "%0200d", i, NULL);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    pthread_t threads[4];
    int who[4] = {0, 1, 2, 3};
    int next[4] = {0};
    char *save = NULL;

    (void)state;
    pulih_log_setup("t", PULIH_LOG_info, false);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &who[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    char *all = strdup(written());
    for (char *line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        int w, i, j;
        assert_int_equal(sscanf(strstr(line, "who="), "who=%d i=%d long=%d", &w, &i, &j), 3);
        assert_int_equal(i, j);
        assert_int_equal(i, next[w]++);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(next[i], 500);
    free(all);
}

static void errno_stays(void **state)
{
    (void)state;
    pulih_log_setup("t", PULIH_LOG_info, false);
    int keep = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOTTY;
    pulih_log(PULIH_LOG_info, "nobody hears", NULL);
    int after = errno;
    dup2(keep, STDERR_FILENO);
    close(keep);
    assert_int_equal(after, ENOTTY);
}

/* A wrong format is a bug: each of these must abort. */
static void wrong_formats_abort(void **state)
{
    static const char *const formats[] = {"",     "x",  "%",   "%l",  "%q",  "%n",  "%d ms", "a %d",
                                          "%d%d", "%%", "%*d", "%lc", "%ls", "%zf", "%lv"};
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(formats); i++) {
        pid_t child = fork();
        if (child == 0) {
            pulih_log(PULIH_LOG_info, "e", "k", formats[i], 1, NULL);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != 6)
            fail_msg("taken: \"%s\"", formats[i]);
    }
    assert_matches(written(), "bug: ");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_logfmt),
        cmocka_unit_test(a_line_of_json),
        cmocka_unit_test(all_conversions),
        cmocka_unit_test(numbers_that_json_does_not_know_are_text),
        cmocka_unit_test(values_are_quoted_and_escaped_where_needed),
        cmocka_unit_test(a_view_may_hold_a_zero),
        cmocka_unit_test(events_below_the_least_level_are_silent),
        cmocka_unit_test(a_reader_that_stands_still_stops_nobody),
        cmocka_unit_test(names_of_levels),
        cmocka_unit_test(lines_of_threads_do_not_mix),
        cmocka_unit_test(errno_stays),
        cmocka_unit_test(wrong_formats_abort),
    };
    return cmocka_run_group_tests_name("log", tests, catch_stderr, release_stderr);
}
