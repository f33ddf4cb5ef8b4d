/* Texts cut into words, rules read from a policy with every kind of fault, and rules met in texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libconfig.h>

#include "services/common/core/memo.h"
#include "services/common/core/rules.h"
#include "services/common/core/rules_load.h"

/* --- texts --------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *words; /* one blank between them; | before a word that starts a sentence */
} cuts[] = {
    {"", ""},
    {" .,!? ", ""},
    {"Paket belum sampai", "|paket belum sampai"},
    {"Rusak! Kecewa.", "|rusak |kecewa"},
    {"satu, dua - tiga/empat", "|satu dua tiga empat"},
    {"baris satu\nbaris dua", "|baris satu |baris dua"},
    {"bangeeet LAMAAAA soooo", "|banget lama so"},
    {"good maaf 1000000", "|good maaf 1000000"},
    {"baaanaaanaaa", "|banana"},
    {"don't 'quoted' driver's", "|don't quoted driver's"},
    {"don\xe2\x80\x99t", "|don't"},
    {"gak'", "|gak"},
    {"Caf\xc3\xa9 \xc3\x89LAN", "|cafe elan"},
    {"\xef\xbc\xb2\xef\xbc\xb5\xef\xbc\xb3\xef\xbc\xa1\xef\xbc\xab", "|rusak"}, /* full-width capitals */
    {"\xf0\x9d\x97\xaf\xf0\x9d\x97\xae\xf0\x9d\x97\xb1", "|bad"},               /* mathematical bold */
    {"re\xe2\x80\x8b"
     "fund",
     "|refund"}, /* zero-width space */
    {"kesal\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1", "|kesal \xf0\x9f\x98\xa1 \xf0\x9f\x98\xa1"},
    {"Rp15.000 kata2. 3x", "|rp15 000 kata |3x"},
    {"RAMAH2 h2 ip12 a2 bau222 x22 aaa2 caf\xc3\xa9"
     "2",
     "|ramah h2 ip12 a2 bau222 x22 a2 cafe"},
    {"a\xff\xfe z\xe2\x80", "|a z"},
    {"\xc3", ""},
};

static void print_words(const struct pulih_text *text, struct pulih_buf *out)
{
    for (size_t i = 0; i < text->n_tokens; i++) {
        struct pulih_view word = pulih_token_word(text, &text->tokens[i]);

        pulih_buf_addf(out, "%s%s%.*s", i ? " " : "", text->tokens[i].starts ? "|" : "",
                       PULIH_VIEW_ARG(word));
    }
}

static void cuts_texts_into_words(void **state)
{
    struct pulih_text text;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cuts); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf words = {0};

        pulih_text_read(pulih_view_of(cuts[i].text), &text);
        print_words(&text, &words);
        assert_string_equal(pulih_buf_text(&words), cuts[i].words);
    }
}

static void remembers_where_words_stand(void **state)
{
    const char *original = "  \xc3\x89lan, don\xe2\x80\x99t!  kuraaaang\xe2\x80\x99 .";
    static const struct {
        uint16_t at, len;
    } places[] = {{2, 5}, {9, 7}, {19, 9}};
    struct pulih_text text;

    (void)state;
    pulih_text_read(pulih_view_of(original), &text);
    assert_int_equal(text.n_tokens, PULIH_COUNT(places));
    for (size_t i = 0; i < PULIH_COUNT(places); i++) {
        assert_int_equal(text.tokens[i].at, places[i].at);
        assert_int_equal(text.tokens[i].len, places[i].len);
    }
}

static void counts_what_is_loud(void **state)
{
    struct pulih_text text;

    (void)state;
    pulih_text_read(pulih_view_of("PARAH BANGET! OTP dari CS ga mASUK!!"), &text);
    assert_int_equal(text.shouted, 2);
    assert_int_equal(text.exclamations, 3);
}

static char *repeat(const char *piece, size_t times)
{
    size_t len = strlen(piece);
    char *text = malloc(len * times + 1);

    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, piece, len);
    text[len * times] = 0;
    return text;
}

static void stops_at_its_limits(void **state)
{
    static const struct {
        const char *piece;
        size_t times, tokens;
    } rows[] = {
        {"ab ", 3999, 3999},
        {"ab ", 5000, PULIH_TOKENS_MAX},
        {"ab ", 50000, PULIH_TOKENS_MAX},
        {"x", 70000, 1},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefgh ", 2000, 819}, /* 32 KiB of folded words */
        {"\xf0\x9f\x98\xa1", 9000, PULIH_TOKENS_MAX},
    };
    struct pulih_text text;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        char *long_text = repeat(rows[i].piece, rows[i].times);

        pulih_text_read(pulih_view_of(long_text), &text);
        assert_int_equal(text.n_tokens, rows[i].tokens);
        assert_true(text.n_bytes <= PULIH_WORDS_MAX_BYTES);
        free(long_text);
    }
}

/* --- loading ------------------------------------------------------------------------------------- */

/* Reads the setting `rules` of a configuration text. */
static struct pulih_rules *load(const char *text, struct pulih_buf *why)
{
    struct pulih_rules *rules;
    config_t conf;

    config_init(&conf);
    if (!config_read_string(&conf, text))
        fail_msg("line %d: %s in %s", config_error_line(&conf), config_error_text(&conf), text);
    rules = pulih_rules_load(config_lookup(&conf, "rules"), "test.cfg", NULL, why);
    config_destroy(&conf);
    return rules;
}

#define GOOD "axis = \"department\"; value = \"delivery\"; weight = 3; any = [\"kurir\"]; "

/* Each has one fault, or none at all (fault NULL). */
static const struct {
    const char *rules;
    const char *fault;
} loads[] = {
    {"rules = ( { id = \"a\"; " GOOD "} );", NULL},
    {"rules = ( { id = \"a\"; " GOOD
     "near = [\"a b*\"]; not = [\"c\"]; within = 20; negation = \"need\"; times = 100; "
     "language = \"id\"; force = true; } );",
     NULL},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = -20; any = [\"\xf0\x9f\x98\x8a\"]; } );", NULL},
    {"rules = ( { id = \"a\"; " GOOD "also = ( { axis = \"motive\"; value = \"vent\"; weight = 1; } ); } );",
     NULL},
    {"other = 1;", "test.cfg:1: rules: expected a list of 1 to 1000 groups"},
    {"rules = ();", "rules: expected a list of 1 to 1000 groups"},
    {"rules = 5;", "rules: expected a list of 1 to 1000 groups"},
    {"rules = ( 5 );", "rules: expected a group { id"},
    {"\n\nrules = (\n { id = \"a\"; " GOOD "\n anny = 1; } );",
     "test.cfg:5: anny: no such key, expected one of id, axis"},
    {"rules = ( { " GOOD "} );", "id: missing"},
    {"rules = ( { id = 5; " GOOD "} );", "id: expected a text in quotes"},
    {"rules = ( { id = \"\"; " GOOD "} );", "id: \"\": expected 1 to 23 small letters"},
    {"rules = ( { id = \"A b\"; " GOOD "} );", "id: \"A b\": expected 1 to 23 small letters"},
    {"rules = ( { id = \"a23456789-123456789-1234\"; " GOOD "} );", "expected 1 to 23 small letters"},
    {"rules = ( { id = \"a\"; " GOOD "}, { id = \"a\"; " GOOD "} );", "id: \"a\" names another rule already"},
    {"rules = ( { id = \"a\"; value = \"id\"; weight = 1; any = [\"x\"]; } );", "axis: missing"},
    {"rules = ( { id = \"a\"; axis = \"depart\"; value = \"delivery\"; weight = 1; any = [\"x\"]; } );",
     "axis: \"depart\" is not known, expected one of language, category, department"},
    {"rules = ( { id = \"a\"; axis = \"tier\"; value = \"simple\"; weight = 1; any = [\"x\"]; } );",
     "axis: tier follows from the other axes and takes no rules"},
    {"rules = ( { id = \"a\"; axis = \"priority\"; weight = 1; any = [\"x\"]; } );",
     "axis: priority follows"},
    {"rules = ( { id = \"a\"; axis = \"department\"; weight = 1; any = [\"x\"]; } );", "value: missing"},
    {"rules = ( { id = \"a\"; axis = \"department\"; value = \"deliver\"; weight = 1; any = [\"x\"]; } );",
     "value: \"deliver\" is no department, expected one of product, price, service, delivery"},
    {"rules = ( { id = \"a\"; axis = \"gravity\"; value = \"none\"; weight = 1; any = [\"x\"]; } );",
     "value: \"none\" is no gravity, expected one of safety, corruption"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; value = \"high\"; weight = 1; any = [\"x\"]; } );",
     "value: anger is a score and takes none"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; any = [\"x\"]; } );",
     "weight: expected an integer from -100 to 100, not 0"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 0; any = [\"x\"]; } );",
     "weight: expected an integer"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; } );", "any: missing"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = \"x\"; } );",
     "any: expected an array of phrases"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = []; } );",
     "any: expected an array of phrases"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [1]; } );",
     "expected a phrase of up to 200 bytes"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"...\"]; } );",
     "\"...\": expected 1 to 6 words"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"a b c d e f g\"]; } );",
     "expected 1 to 6 words"},
    {"rules = ( { id = \"a\"; " GOOD "near = []; } );", "near: expected an array of phrases"},
    {"rules = ( { id = \"a\"; " GOOD "within = 3; } );", "within: expected only beside near or not"},
    {"rules = ( { id = \"a\"; " GOOD "not = [\"x\"]; within = 21; } );",
     "within: expected an integer from 0 to 20"},
    {"rules = ( { id = \"a\"; " GOOD "times = 0; } );", "times: expected an integer from 1 to 100"},
    {"rules = ( { id = \"a\"; " GOOD "negation = \"flip\"; } );",
     "negation: \"flip\" is not known, expected one of ignore, drop, need"},
    {"rules = ( { id = \"a\"; " GOOD "language = \"fr\"; } );",
     "value: \"fr\" is no language, expected one of id, en"},
    {"rules = ( { id = \"a\"; " GOOD "force = 1; } );", "force: expected true or false"},
    {"rules = ( { id = \"a\"; " GOOD "force = true; veto = true; } );", "expected force or veto, not both"},
    {"rules = ( { id = \"a\"; " GOOD "also = [1]; } );", "also: expected a list of up to 5 groups"},
    {"rules = ( { id = \"a\"; " GOOD "also = ( {}, {}, {}, {}, {}, {} ); } );",
     "also: expected a list of up to 5 groups"},
    {"rules = ( { id = \"a\"; " GOOD "also = ( 1 ); } );", "also: expected a group { axis, value, weight }"},
    {"rules = ( { id = \"a\"; " GOOD
     "also = ( { axis = \"motive\"; value = \"vent\"; weight = 1; any = 1; } ); } );",
     "any: no such key, expected one of axis, value, weight"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"~kirim ~barang\"]; } );",
     "\"~kirim ~barang\": expected one ~ before a word of 3 to 35 letters a to z"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"~ac\"]; } );",
     "expected one ~ before a word of 3"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"~4hari\"]; } );",
     "expected one ~ before a word of 3"},
    {"rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"@kin\"]; } );",
     "\"@kin\": no such array in lists"},
    {"lists = { kin = 1; }; rules = ( { id = \"a\"; axis = \"anger\"; weight = 5; any = [\"@kin\"]; } );",
     "\"@kin\": no such array in lists"},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = ();", NULL},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = 1;",
     "spellings: expected a list of up to 2000 arrays"},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = ( 1 );",
     "spellings: expected [\"standard\", \"spelling\", ...]"},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = ( [\"tidak\"] );",
     "spellings: expected [\"standard\""},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = ( [\"tidak\", \"ga bisa\"] );",
     "\"ga bisa\": expected 1 to 1 words"},
    {"rules = ( { id = \"a\"; " GOOD "} ); spellings = ( [\"tidak\", \"gk\"],\n[\"belum\", \"GK\"] );",
     "test.cfg:2: spellings: \"GK\" stands for a word already"},
};

static void loads_rules_or_says_why_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(loads); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        struct pulih_rules *rules;

        rules = load(loads[i].rules, &why);
        if (!loads[i].fault != (rules != NULL))
            fail_msg("%s: %s", loads[i].rules, rules ? "loaded" : pulih_buf_text(&why));
        if (loads[i].fault && !strstr(pulih_buf_text(&why), loads[i].fault))
            fail_msg("%s: got %s, not %s", loads[i].rules, pulih_buf_text(&why), loads[i].fault);
        pulih_rules_free(rules);
    }
}

static void tells_all_faults_at_once(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    size_t lines = 0;

    (void)state;
    assert_null(load("rules = ( { id = \"\"; axis = \"x\"; weight = 0; any = []; } );", &why));
    for (const char *c = pulih_buf_text(&why); *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 4);
}

/* --- matching ------------------------------------------------------------------------------------ */

/* A rule's keys besides id, axis, value and weight; a text; the words it is met at, NULL: not met. */
static const struct {
    const char *rule;
    const char *text;
    const char *met;
} matches[] = {
    {"any = [\"kurir\"];", "Kurir tidak datang", "Kurir"},
    {"any = [\"kurir\"];", "kurirnya tidak datang", NULL},
    {"any = [\"kurir*\"];", "mana KURIRNYA?", "KURIRNYA"},
    {"any = [\"lama\"];", "lamaa banget", "lamaa"},
    {"any = [\"lama\"];", "lamaaaaaa banget", "lamaaaaaa"},
    {"any = [\"belum sampai\"];", "paket belum sampai juga", "belum sampai"},
    {"any = [\"belum sampai\"];", "paket belum. Sampai kapan?", NULL},
    {"any = [\"belum sampai\"];", "paket sudah belum", NULL},
    {"any = [\"uang* kembali\"];", "minta uangnya kembali", "uangnya kembali"},
    {"any = [\"caf\xc3\xa9\"];", "di CAFE itu", "CAFE"},
    {"any = [\"\xf0\x9f\x98\xa1\"];", "kesal \xf0\x9f\x98\xa1", "\xf0\x9f\x98\xa1"},
    {"any = [\"b\", \"a\"];", "x a b", "a"},
    {"any = [\"sampai\"]; near = [\"paket\"]; within = 2;", "paket a b sampai", "sampai"},
    {"any = [\"sampai\"]; near = [\"paket\"]; within = 2;", "sampai a b paket", "sampai"},
    {"any = [\"sampai\"]; near = [\"paket\"]; within = 2;", "paket a b c sampai", NULL},
    {"any = [\"sampai\"]; near = [\"paket\"]; within = 2;", "paket. sampai", NULL},
    {"any = [\"sampai\"]; near = [\"paket\"];", "sampai", NULL},
    {"any = [\"mati\"]; not = [\"lampu\"];", "mati lampu", NULL},
    {"any = [\"mati\"]; not = [\"lampu\"];", "mati. Lampu nyala", "mati"},
    {"any = [\"mati\"]; not = [\"lampu\"];", "lampu mati, lalu satu dua tiga empat orang mati", "mati"},
    {"any = [\"rusak\"]; negation = \"drop\";", "barang rusak", "rusak"},
    {"any = [\"rusak\"]; negation = \"drop\";", "barang tidak rusak", NULL},
    {"any = [\"rusak\"]; negation = \"drop\";", "tidak ada yang rusak", NULL},
    {"any = [\"rusak\"]; negation = \"drop\";", "tidak a b c rusak", "rusak"},
    {"any = [\"rusak\"]; negation = \"drop\";", "Tidak. Rusak", "Rusak"},
    {"any = [\"ramah\"]; negation = \"need\";", "petugas ramah", NULL},
    {"any = [\"ramah\"]; negation = \"need\";", "petugas kurang ramah", "ramah"},
    {"any = [\"ramah\"]; negation = \"need\";", "ga terlalu ramah", "ramah"},
    {"any = [\"works\"]; negation = \"need\";", "it doesn\xe2\x80\x99t really works", "works"},
    {"any = [\"works\"]; negation = \"need\";", "it works", NULL},
    {"any = [\"arrived\"]; negation = \"need\"; near = [\"parcel\"]; not = [\"refund\"];",
     "my parcel never arrived", "arrived"},
    {"any = [\"arrived\"]; negation = \"need\"; near = [\"parcel\"]; not = [\"refund\"];",
     "parcel refund never arrived", NULL},
    {"any = [\"x\", \"@kin\"];", "kepada anaknya", "anaknya"},
    {"any = [\"@kin\"];", "hit my son", "my son"},
    {"any = [\"@kin\"];", "kin", NULL},
    {"any = [\"~kirim\"];", "gak dikirim2", "dikirim2"},
    {"any = [\"~kirim\"];", "Pengirimannya lama", "Pengirimannya"},
    {"any = [\"~kirim\"];", "belum ngirim", "ngirim"},
    {"any = [\"~pakai\"];", "susah memakainya", "memakainya"},
    {"any = [\"~tunggu\"];", "udah nunggu lama", "nunggu"},
    {"any = [\"~setrum\"];", "mesinnya nyetrum", "nyetrum"},
    {"any = [\"~bakar\"];", "hampir kebakaran", "kebakaran"},
    {"any = [\"~injak\"];", "saya menginjak paku", "menginjak"},
    {"any = [\"~cek\"];", "minta pengecekan", "pengecekan"},
    {"any = [\"~kirim\"];", "karim", NULL},
    {"any = [\"tidak ~kirim juga\"];", "tidak dikirimin juga", "tidak dikirimin juga"},
    {"any = [\"belum ... sampai\"];", "belum juga ada sampai", "belum juga ada sampai"},
    {"any = [\"belum ... sampai\"];", "belum sampai", "belum sampai"},
    {"any = [\"belum ... sampai\"];", "belum a b c d sampai", NULL},
    {"any = [\"belum ... sampai\"];", "belum a. b sampai", NULL},
    {"any = [\"belum* ... sampai rumah\"];", "belumlah a sampai rumah", "belumlah a sampai rumah"},
    {"any = [\"belum ... sampai rumah\"];", "belum a sampai b rumah", NULL},
    {"any = [\"tidak sampai\"];", "gk nyampe2 ya", "gk nyampe2"},
    {"any = [\"gk nyampe\"];", "gk nyampe", "gk nyampe"},
    {"any = [\"ga di\"];", "ga dia", NULL},
    {"any = [\"ga di*\"];", "ga dia", "ga dia"},
    {"any = [\"ga dia\"];", "ga diam", NULL},
    {"any = [\"ga diam*\"];", "ga dia", NULL},
    {"any = [\"bisa lama\"];", "bisa lamaa", "bisa lamaa"},
    {"any = [\"sa* lama\"];", "sabar lama", "sabar lama"},
    {"any = [\"gk\"];", "tidak", NULL},
    {"any = [\"samp*\"];", "nyampeee", "nyampeee"},
    {"any = [\"ramah\"]; negation = \"need\";", "gk ramah", "ramah"},
};

/* Rules that a text meets when nothing is kept of its words, when all is, and while another thread has the use
 * of what is kept: the same. */
static size_t match_in_all_ways(const struct pulih_rules *rules, const char *utf8, struct pulih_met *met)
{
    static struct pulih_met again[PULIH_RULES_MAX];
    static struct pulih_text text, none;
    size_t n = 0;

    for (int way = 0; way < 3; way++) {
        struct pulih_met *ret = way ? again : met;
        const bool held = way == 2 && pulih_memo_open(rules->memo, &none);

        assert_int_equal(held, way == 2);
        pulih_text_read(pulih_view_of(utf8), &text);
        size_t n_met = pulih_rules_match(rules, &text, ret);
        if (held)
            pulih_memo_close(rules->memo);
        n = way ? n : n_met;
        assert_int_equal(n_met, n);
        assert_memory_equal(ret, met, n * sizeof *met);
    }
    return n;
}

/* The only rule of the list, met in the text: bytes met, or an empty view. */
static struct pulih_view meet(const char *keys, const char *utf8, uint16_t *ret_times)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf conf = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    static struct pulih_met met[PULIH_RULES_MAX];
    struct pulih_rules *rules;
    size_t n;

    pulih_buf_addf(&conf,
                   "lists = { kin = [\"anak*\", \"my son\"]; };\n"
                   "spellings = ( [\"tidak\", \"gk\"], [\"sampai\", \"nyampe\"] );\n"
                   "rules = ( { id = \"r\"; axis = \"motive\"; value = \"vent\"; weight = 1; %s } );",
                   keys);
    rules = load(pulih_buf_text(&conf), &why);
    if (!rules)
        fail_msg("%s: %s", keys, pulih_buf_text(&why));
    n = match_in_all_ways(rules, utf8, met);
    pulih_rules_free(rules);
    assert_true(n <= 1);
    *ret_times = n ? met[0].times : 0;
    return n ? (struct pulih_view){utf8 + met[0].at, met[0].len} : (struct pulih_view){0};
}

static void meets_rules_in_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(matches); i++) {
        uint16_t times;
        struct pulih_view met = meet(matches[i].rule, matches[i].text, &times);

        if (!pulih_view_same(met, pulih_view_of(matches[i].met)))
            fail_msg("%s in \"%s\": met at \"%.*s\", not at \"%s\"", matches[i].rule, matches[i].text,
                     PULIH_VIEW_ARG(met), matches[i].met ? matches[i].met : "");
    }
}

static void counts_up_to_times(void **state)
{
    uint16_t times;

    (void)state;
    meet("any = [\"a\"];", "a a a a", &times);
    assert_int_equal(times, 1);
    meet("any = [\"a\"]; times = 3;", "a a a a", &times);
    assert_int_equal(times, 3);
    meet("any = [\"a\"]; times = 3; negation = \"drop\";", "a b not a. a", &times);
    assert_int_equal(times, 2);
    meet("any = [\"tidak\", \"gk\", \"gk a\", \"g*\"]; times = 9;", "gk a. gk", &times);
    assert_int_equal(times, 2);
    meet("any = [\"tidak\", \"gk\"]; times = 9; negation = \"drop\";", "gk a b c gk", &times);
    assert_int_equal(times, 2);
}

/* The worst a text can do to a rule with conditions: all hits, no neighbour near enough. */
static void survives_thousands_of_hits(void **state)
{
    char *text = repeat("a . b . ", 1900);
    uint16_t times;

    (void)state;
    meet("any = [\"a\"]; near = [\"b\"]; within = 20; times = 100;", text, &times);
    assert_int_equal(times, 0);
    free(text);
}

static void tells_rules_apart_in_a_crowd(void **state)
{
    enum { RULES = 900 };
    PULIH_AUTO(pulih_buf_free) struct pulih_buf conf = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    static struct pulih_met met[PULIH_RULES_MAX];
    struct pulih_rules *rules;
    struct pulih_text text;

    (void)state;
    pulih_buf_addf(&conf, "rules = (");
    for (int i = 0; i < RULES; i++)
        pulih_buf_addf(&conf,
                       "%s{ id = \"r%d\"; axis = \"anger\"; weight = 1; any = [\"kata%d\", \"p%dx*\"]; }",
                       i ? "," : "", i, i, i);
    pulih_buf_addf(&conf, ");");
    rules = load(pulih_buf_text(&conf), &why);
    assert_non_null(rules);
    for (int i = 0; i < RULES; i++) {
        char words[40];

        snprintf(words, sizeof words, i % 2 ? "ini kata%d ya" : "ini p%dxyz ya", i);
        pulih_text_read(pulih_view_of(words), &text);
        assert_int_equal(pulih_rules_match(rules, &text, met), 1);
        assert_int_equal(met[0].rule, i);
    }
    pulih_rules_free(rules);
}

static void frees_nothing(void **state)
{
    (void)state;
    pulih_rules_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_texts_into_words),
        cmocka_unit_test(remembers_where_words_stand),
        cmocka_unit_test(counts_what_is_loud),
        cmocka_unit_test(stops_at_its_limits),
        cmocka_unit_test(loads_rules_or_says_why_not),
        cmocka_unit_test(tells_all_faults_at_once),
        cmocka_unit_test(meets_rules_in_texts),
        cmocka_unit_test(counts_up_to_times),
        cmocka_unit_test(survives_thousands_of_hits),
        cmocka_unit_test(tells_rules_apart_in_a_crowd),
        cmocka_unit_test(frees_nothing),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
