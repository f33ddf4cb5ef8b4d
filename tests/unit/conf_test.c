#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/conf.h"

struct sample {
    int64_t items;
    int64_t bytes;
    bool json;
    char *listen;
    struct pulih_conf_texts peers;
    char *zone;
    char *level;
};

#define AT(member) offsetof(struct sample, member)

static const struct pulih_conf_row rows[] = {
    {"intake", "batch_items", PULIH_CONF_integer, 1, 1000, "500", "items", "How many a transaction takes.",
     AT(items)},
    {"intake", "listen", PULIH_CONF_text, 1, 30, "\"0.0.0.0:7400\"", "address:port", "Where publishers call.",
     AT(listen)},
    {"log", "json", PULIH_CONF_boolean, 0, 0, "false", "", "JSON instead of logfmt.", AT(json)},
    {"intake", "max_bytes", PULIH_CONF_integer, -5, 10000000000, "5000000000L", "bytes", "How much.",
     AT(bytes)},
    {"intake", "peers", PULIH_CONF_texts, 0, 3, "[\"tcp://a:1\", \"tcp://b:2\"]", NULL, "Who is called.",
     AT(peers)},
    {NULL, "zone", PULIH_CONF_text, 0, 40, "\"Asia/Jakarta\"", NULL, "Where the company is.", AT(zone)},
    {"log", "level", PULIH_CONF_word, 0, 0, "\"info\"", "debug info warning", "Least level.", AT(level)},
    {"followup", "letters", PULIH_CONF_integer, 1, 9, "3", "letters", "Of another daemon.",
     PULIH_CONF_ELSEWHERE},
    {"followup", "needed", PULIH_CONF_text, 1, 9, NULL, NULL, "Needed by another daemon.",
     PULIH_CONF_ELSEWHERE},
};

static const struct pulih_conf_row needed_rows[] = {
    {"intake", "secret_file", PULIH_CONF_text, 1, 99, NULL, "path", "Where the key is.", AT(listen)},
    {NULL, "zone", PULIH_CONF_text, 1, 99, NULL, NULL, "Where the company is.", AT(zone)},
};

static const struct pulih_conf_file file = {rows, PULIH_COUNT(rows)};
static const struct pulih_conf_file needed = {needed_rows, PULIH_COUNT(needed_rows)};

static char directory[] = P_tmpdir "/pulih-conf-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"a.cfg", "sub/a.cfg", "sub/b.cfg", "sub/c.cfg", "sub/pipe", "sub"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(names); i++)
        remove(names[i]);
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Loads `text` as a.cfg; the faults come back in a buffer of the caller. */
static bool load(const char *text, struct sample *ret, struct pulih_buf *why)
{
    put("a.cfg", text);
    pulih_buf_empty(why);
    return pulih_conf_load("a.cfg", &file, ret, why);
}

static void assert_defaults(const struct sample *s)
{
    assert_true(s->items == 500 && s->bytes == 5000000000 && !s->json);
    assert_string_equal(s->listen, "0.0.0.0:7400");
    assert_string_equal(s->zone, "Asia/Jakarta");
    assert_string_equal(s->level, "info");
    assert_int_equal(s->peers.n, 2);
    assert_string_equal(s->peers.at[0], "tcp://a:1");
    assert_string_equal(s->peers.at[1], "tcp://b:2");
}

static void a_silent_file_gives_defaults(void **state)
{
    static const char *const silent[] = {"", "# nothing\n", "intake = {}; log : { }"};
    struct pulih_buf why = {0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(silent); i++) {
        struct sample s;
        memset(&s, 0x55, sizeof s); /* what was there is overwritten, not freed */
        assert_true(load(silent[i], &s, &why));
        assert_int_equal(why.len, 0);
        assert_defaults(&s);
        pulih_conf_free(&file, &s);
    }
    pulih_buf_free(&why);
}

static void values_of_the_file_win(void **state)
{
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    assert_true(load("zone = \"Asia/\" \"Makassar\"; # two pieces\n"
                     "intake : { batch_items = 0x3E8, max_bytes = 9999999999L; peers = (\"tcp://x:1\");\n"
                     "listen = \"[::]:1 // not 99999999999\" };\n"
                     "/* 99999999999 \n */ log = { json = TRUE; level = \"warning\" } followup = { letters = "
                     "9; needed = \"x\" }",
                     &s, &why));
    assert_true(s.items == 1000 && s.bytes == 9999999999 && s.json);
    assert_string_equal(s.level, "warning");
    assert_string_equal(s.zone, "Asia/Makassar");
    assert_string_equal(s.listen, "[::]:1 // not 99999999999");
    assert_int_equal(s.peers.n, 1);
    assert_string_equal(s.peers.at[0], "tcp://x:1");
    pulih_conf_free(&file, &s);
    assert_null(s.zone);
    assert_int_equal(s.peers.n, 0);
    pulih_conf_free(&file, &s); /* twice is harmless */

    assert_true(load("intake = { max_bytes = -5; peers = []; }; zone = \"\";", &s, &why));
    assert_true(s.bytes == -5 && s.peers.n == 0);
    assert_string_equal(s.zone, "");
    pulih_conf_free(&file, &s);
    pulih_buf_free(&why);
}

static const struct {
    const char *text, *fault;
} wrong[] = {
    {"intake = {\n batch_items = 0; };", "a.cfg:2: intake.batch_items: expected 1 to 1000, got 0\n"},
    {"intake = { batch_items = 1001; };", "a.cfg:1: intake.batch_items: expected 1 to 1000, got 1001\n"},
    {"intake = { max_bytes = 10000000001L; };",
     "a.cfg:1: intake.max_bytes: expected -5 to 10000000000, got 10000000001\n"},
    {"intake = { batch_items = \"5\"; };",
     "a.cfg:1: intake.batch_items: expected a whole number, got text\n"},
    {"intake = { batch_items = 5.0; };",
     "a.cfg:1: intake.batch_items: expected a whole number, got a number with a fraction\n"},
    {"intake = { batch_items = true; };",
     "a.cfg:1: intake.batch_items: expected a whole number, got true or false\n"},
    {"intake = { batch_items = [1]; };",
     "a.cfg:1: intake.batch_items: expected a whole number, got a list\n"},
    {"log = { json = 1; };", "a.cfg:1: log.json: expected true or false, got a whole number\n"},
    {"zone = { };", "a.cfg:1: zone: expected text, got a group\n"},
    {"zone = 1;", "a.cfg:1: zone: expected text, got a whole number\n"},
    {"intake = { listen = \"\"; };", "a.cfg:1: intake.listen: expected 1 to 30 bytes, got 0\n"},
    {"intake = { listen = \"0123456789012345678901234567890\"; };",
     "a.cfg:1: intake.listen: expected 1 to 30 bytes, got 31\n"},
    {"intake = { peers = \"tcp://a:1\"; };", "a.cfg:1: intake.peers: expected a list of texts, got text\n"},
    {"intake = { peers = [1]; };",
     "a.cfg:1: intake.peers: expected a list of texts, got a whole number in it\n"},
    {"intake = { peers = (\"x\",\n\"\"); };",
     "a.cfg:2: intake.peers: expected a list of texts, got an empty one in it\n"},
    {"intake = { peers = [\"1\", \"2\", \"3\", \"4\"]; };",
     "a.cfg:1: intake.peers: expected 0 to 3 texts, got 4\n"},
    {"log = {\nlevel = \"inf\"; };",
     "a.cfg:2: log.level: expected one of: debug info warning; got \"inf\"\n"},
    {"log = { level = \"info warning\"; };",
     "a.cfg:1: log.level: expected one of: debug info warning; got \"info warning\"\n"},
    {"log = { level = \"\"; };", "a.cfg:1: log.level: expected one of: debug info warning; got \"\"\n"},
    {"log = { level = 1; };", "a.cfg:1: log.level: expected text, got a whole number\n"},
    {"intake = 5;", "a.cfg:1: intake: expected a group, got a whole number\n"},
    {"followup = { letters = 10; };", "a.cfg:1: followup.letters: expected 1 to 9, got 10\n"},
    {"\n\nintake = { batch_itmes = 5; };",
     "a.cfg:3: intake.batch_itmes: unknown; did you mean intake.batch_items?\n"},
    {"intake = { Listen = 5; };", "a.cfg:1: intake.Listen: unknown; did you mean intake.listen?\n"},
    {"intak = { };", "a.cfg:1: intak: unknown; did you mean intake?\n"},
    {"zones = \"x\";", "a.cfg:1: zones: unknown; did you mean zone?\n"},
    {"json = true;", "a.cfg:1: json: unknown; did you mean log.json?\n"},
    {"intake = { json = true; };", "a.cfg:1: intake.json: unknown; did you mean log.json?\n"},
    {"intake = { zone = \"x\"; };", "a.cfg:1: intake.zone: unknown; did you mean zone?\n"},
    {"xyzzy = 1;", "a.cfg:1: xyzzy: unknown\n"},
    {"intake = { xyzzy = { deep = 1; }; };", "a.cfg:1: intake.xyzzy: unknown\n"},
    {"a234567890123456789012345678901234567890123456789012345678901234567890 = 1;",
     "a.cfg:1: a234567890123456789012345678901234567890123456789012345678901234567890: unknown\n"},
    {"zone = \"x\";\nzone = \"y\";", "a.cfg:2: duplicate setting name\n"},
    {"zone = \n;", "a.cfg:2: syntax error\n"},
    {"zone = \"x", "a.cfg:1: syntax error\n"},
    {"intake = { peers = [1, \"x\"]; };", "a.cfg:1: mismatched element type in array\n"},
    /* What the library cuts in silence. */
    {"intake = {\nbatch_items = 4294967297; };",
     "a.cfg:2: 4294967297 is too large for 32 bits: put an L behind it\n"},
    {"intake = { batch_items = -4294967295; };",
     "a.cfg:1: -4294967295 is too large for 32 bits: put an L behind it\n"},
    {"intake = { batch_items = 0x100000001; };",
     "a.cfg:1: 0x100000001 is too large for 32 bits: put an L behind it\n"},
    {"intake = { max_bytes = 99999999999999999999L; };", "a.cfg:1: 99999999999999999999 is too large\n"},
    {"intake = { max_bytes = 99999999999999999999; };", "a.cfg:1: 99999999999999999999 is too large\n"},
    {"x = 4294967297;\ny = 4294967298;",
     "a.cfg:1: 4294967297 is too large for 32 bits: put an L behind it\n"
     "a.cfg:2: 4294967298 is too large for 32 bits: put an L behind it\n"},
    {"x = 99999999999.5;", "a.cfg:1: x: unknown\n"},
};

static void faults_say_where_and_what(void **state)
{
    struct pulih_buf why = {0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(wrong); i++) {
        struct sample s, none = {0};
        memset(&s, 0, sizeof s);
        if (load(wrong[i].text, &s, &why))
            fail_msg("taken: %s", wrong[i].text);
        assert_string_equal(pulih_buf_text(&why), wrong[i].fault);
        assert_memory_equal(&s, &none, sizeof s);
    }
    pulih_buf_free(&why);
}

static void all_faults_are_found_at_once(void **state)
{
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    pulih_buf_addf(&why, "kept");
    put("a.cfg", "intake = { batch_items = 0;\n listen = 1;\n port = 1; };\nlogs = 1;\nzone = false;\n"
                 "followup = { letters = 0; };");
    assert_false(pulih_conf_load("a.cfg", &file, &s, &why));
    assert_string_equal(pulih_buf_text(&why), "kepta.cfg:3: intake.port: unknown\n"
                                              "a.cfg:4: logs: unknown; did you mean log?\n"
                                              "a.cfg:1: intake.batch_items: expected 1 to 1000, got 0\n"
                                              "a.cfg:2: intake.listen: expected text, got a whole number\n"
                                              "a.cfg:5: zone: expected text, got true or false\n"
                                              "a.cfg:6: followup.letters: expected 1 to 9, got 0\n");
    pulih_buf_free(&why);
}

static void what_must_be_given_is_missed(void **state)
{
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    put("a.cfg", "\nintake = { };");
    assert_false(pulih_conf_load("a.cfg", &needed, &s, &why));
    assert_string_equal(pulih_buf_text(&why),
                        "a.cfg:2: intake.secret_file: missing, and there is no default (Where the key is.)\n"
                        "a.cfg: zone: missing, and there is no default (Where the company is.)\n");
    pulih_buf_empty(&why);
    put("a.cfg", "zone = \"x\";");
    assert_false(pulih_conf_load("a.cfg", &needed, &s, &why));
    assert_string_equal(pulih_buf_text(&why),
                        "a.cfg: intake.secret_file: missing, and there is no default (Where the key is.)\n");
    pulih_buf_free(&why);
}

static void includes_are_followed_and_named(void **state)
{
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    put("sub/a.cfg", "@include \"b.cfg\"\nlog = { json = true; };\n");
    put("sub/b.cfg", "intake = {\n@include \"c.cfg\"\n};\n");
    put("sub/c.cfg", "batch_items = 7;\n");
    assert_true(pulih_conf_load("sub/a.cfg", &file, &s, &why));
    assert_true(s.items == 7 && s.json);
    pulih_conf_free(&file, &s);

    put("sub/c.cfg", "\nbatch_items = 0;\n");
    assert_false(pulih_conf_load("sub/a.cfg", &file, &s, &why));
    assert_string_equal(pulih_buf_text(&why), "sub/c.cfg:2: intake.batch_items: expected 1 to 1000, got 0\n");
    pulih_buf_empty(&why);
    put("sub/c.cfg", "\n\nbatch_items = 4294967297;\n");
    assert_false(pulih_conf_load("sub/a.cfg", &file, &s, &why));
    assert_string_equal(pulih_buf_text(&why),
                        "sub/c.cfg:3: 4294967297 is too large for 32 bits: put an L behind it\n");
    pulih_buf_empty(&why);
    put("sub/c.cfg", "\nbatch_items 5;\n");
    assert_false(pulih_conf_load("sub/a.cfg", &file, &s, &why));
    assert_non_null(strstr(pulih_buf_text(&why), "c.cfg:2: syntax error\n"));
    pulih_buf_free(&why);
}

static void includes_that_cannot_be_read(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"\n@include \"none.cfg\"\n", "sub/a.cfg:2: include of sub/none.cfg: No such file or directory\n"},
        {"@include \".\"\n", "sub/a.cfg:1: include of sub/.: not a regular file\n"},
        {"@include \"pipe\"\n", "sub/a.cfg:1: include of sub/pipe: not a regular file\n"},
        {"@include \"/dev/null\"\n",
         "sub/a.cfg:1: include of sub//dev/null: the path must be relative to the "
         "directory of the main file\n"},
        {"@include \"a.cfg\"\n", "sub/a.cfg:1: include of sub/a.cfg: too many files within each other\n"},
        {"@include 5\n", "sub/a.cfg:1: syntax error\n"},
    };
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    assert_int_equal(mkfifo("sub/pipe", 0600), 0);
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        pulih_buf_empty(&why);
        put("sub/a.cfg", cases[i].text);
        assert_false(pulih_conf_load("sub/a.cfg", &file, &s, &why));
        assert_string_equal(pulih_buf_text(&why), cases[i].fault);
    }
    pulih_buf_free(&why);
}

static void files_that_cannot_be_read(void **state)
{
    static const struct {
        const char *path, *fault;
    } cases[] = {
        {"none.cfg", "none.cfg: No such file or directory\n"},
        {"sub", "sub: not a regular file\n"},
        {"sub/pipe", "sub/pipe: not a regular file\n"},
        {"", ": No such file or directory\n"},
    };
    struct sample s = {0};
    struct pulih_buf why = {0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        pulih_buf_empty(&why);
        assert_false(pulih_conf_load(cases[i].path, &file, &s, &why));
        assert_string_equal(pulih_buf_text(&why), cases[i].fault);
    }
    pulih_buf_free(&why);
}

static void a_path_may_be_absolute(void **state)
{
    struct sample s = {0};
    struct pulih_buf why = {0}, path = {0};

    (void)state;
    pulih_buf_addf(&path, "%s/sub/a.cfg", directory);
    put("sub/a.cfg", "@include \"b.cfg\"");
    put("sub/b.cfg", "zone = \"here\";");
    assert_true(pulih_conf_load(pulih_buf_text(&path), &file, &s, &why));
    assert_string_equal(s.zone, "here");
    pulih_conf_free(&file, &s);
    pulih_buf_free(&path);
    pulih_buf_free(&why);
}

static void the_example_is_sorted_as_rows_are_and_loads_to_the_defaults(void **state)
{
    struct sample s = {0};
    struct pulih_buf out = {0}, why = {0};

    (void)state;
    pulih_conf_print_example(&file, &out);
    assert_string_equal(pulih_buf_text(&out),
                        "intake = {\n"
                        "    # How many a transaction takes.\n"
                        "    # whole number, 1 to 1000; unit: items; default 500\n"
                        "    batch_items = 500;\n"
                        "\n"
                        "    # Where publishers call.\n"
                        "    # text, 1 to 30 bytes; unit: address:port; default \"0.0.0.0:7400\"\n"
                        "    listen = \"0.0.0.0:7400\";\n"
                        "\n"
                        "    # How much.\n"
                        "    # whole number, -5 to 10000000000; unit: bytes; default 5000000000L\n"
                        "    max_bytes = 5000000000L;\n"
                        "\n"
                        "    # Who is called.\n"
                        "    # list of texts, 0 to 3; default [\"tcp://a:1\", \"tcp://b:2\"]\n"
                        "    peers = [\"tcp://a:1\", \"tcp://b:2\"];\n"
                        "};\n"
                        "\n"
                        "log = {\n"
                        "    # JSON instead of logfmt.\n"
                        "    # true or false; default false\n"
                        "    json = false;\n"
                        "\n"
                        "    # Least level.\n"
                        "    # one of: debug info warning; default \"info\"\n"
                        "    level = \"info\";\n"
                        "};\n"
                        "\n"
                        "# Where the company is.\n"
                        "# text, 0 to 40 bytes; default \"Asia/Jakarta\"\n"
                        "zone = \"Asia/Jakarta\";\n"
                        "\n"
                        "followup = {\n"
                        "    # Of another daemon.\n"
                        "    # whole number, 1 to 9; unit: letters; default 3\n"
                        "    letters = 3;\n"
                        "\n"
                        "    # Needed by another daemon.\n"
                        "    # text, 1 to 9 bytes; must be given\n"
                        "    # needed = ;\n"
                        "};\n");
    assert_true(load(pulih_buf_text(&out), &s, &why));
    assert_defaults(&s);
    pulih_conf_free(&file, &s);
    pulih_buf_free(&out);
    pulih_buf_free(&why);
}

static void long_texts_of_the_example_are_broken_between_words(void **state)
{
    char doc[400] = "", *at = doc;
    struct pulih_buf out = {0};

    (void)state;
    for (int i = 0; i < 30; i++)
        at += snprintf(at, 20, "word%02d ", i);
    memset(at, 'w', 120);
    const struct pulih_conf_row row = {NULL, "n", PULIH_CONF_integer, 0, 1, "0", NULL, doc, 0};
    pulih_conf_print_example(&(const struct pulih_conf_file){&row, 1}, &out);
    char *save = NULL;
    int words = 0;
    for (char *line = strtok_r(out.at, "\n", &save); line && *line == '#';
         line = strtok_r(NULL, "\n", &save)) {
        assert_true(strlen(line) <= 98 || strspn(line + 2, "w") == 120);
        for (const char *p = line; (p = strstr(p, "word")); p++)
            words++;
    }
    assert_int_equal(words, 30);
    pulih_buf_free(&out);
}

/* A default that does not fit its own row is a bug of ours. */
static void a_default_that_does_not_fit_aborts(void **state)
{
    static const struct pulih_conf_row bad[] = {
        {NULL, "n", PULIH_CONF_integer, 1, 9, "0", NULL, "", AT(items)},
        {NULL, "n", PULIH_CONF_integer, 1, 9, "4294967297", NULL, "", AT(items)},
        {NULL, "n", PULIH_CONF_integer, 1, 9, "\"1\"", NULL, "", AT(items)},
        {NULL, "n", PULIH_CONF_text, 1, 9, "bare", NULL, "", AT(zone)},
        {NULL, "n", PULIH_CONF_texts, 1, 17, "[\"x\"]", NULL, "", AT(peers)},
    };
    (void)state;
    put("a.cfg", "");
    for (size_t i = 0; i < PULIH_COUNT(bad); i++) {
        pid_t child = fork();
        if (child == 0) {
            struct sample s = {0};
            struct pulih_buf why = {0};
            fclose(stderr);
            pulih_conf_load("a.cfg", &(const struct pulih_conf_file){&bad[i], 1}, &s, &why);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_file_gives_defaults),
        cmocka_unit_test(values_of_the_file_win),
        cmocka_unit_test(faults_say_where_and_what),
        cmocka_unit_test(all_faults_are_found_at_once),
        cmocka_unit_test(what_must_be_given_is_missed),
        cmocka_unit_test(includes_are_followed_and_named),
        cmocka_unit_test(includes_that_cannot_be_read),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(a_path_may_be_absolute),
        cmocka_unit_test(the_example_is_sorted_as_rows_are_and_loads_to_the_defaults),
        cmocka_unit_test(long_texts_of_the_example_are_broken_between_words),
        cmocka_unit_test(a_default_that_does_not_fit_aborts),
    };
    return cmocka_run_group_tests_name("conf", tests, make_directory, remove_directory);
}
