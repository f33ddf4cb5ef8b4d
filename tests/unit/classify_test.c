/* Classification: the shipped rules against texts with known answers, and what facts do to the result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <libconfig.h>

#include "pulih/core/policy.h"
#include "tests/lib/shipped.h"

static const char cases_path[] =
    "tests/unit/classify_cases.tsv"; /* axis, expected, text; see reached_shares */

/* --- the shipped rules --------------------------------------------------------------------------- */

/* Of the cases of an axis, at least so many of a hundred must come out as expected. */
static const struct {
    enum pulih_axis axis;
    int percent;
    int least; /* cases */
} reached_shares[] = {
    {PULIH_AXIS_department, 85, 250},  {PULIH_AXIS_category, 85, 200},  {PULIH_AXIS_language, 97, 300},
    {PULIH_AXIS_gravity, 100, 130},    {PULIH_AXIS_tier, 95, 80},       {PULIH_AXIS_reason, 85, 60},
    {PULIH_AXIS_root_cause, 85, 25},   {PULIH_AXIS_motive, 85, 20},     {PULIH_AXIS_response_mode, 85, 15},
    {PULIH_AXIS_request_type, 85, 15}, {PULIH_AXIS_expression, 85, 15}, {PULIH_AXIS_anger, 85, 12},
    {PULIH_AXIS_formality, 85, 10},    {PULIH_AXIS_unmet_need, 85, 14}, {PULIH_AXIS_size, 85, 8},
    {PULIH_AXIS_complainer, 100, 2},   {PULIH_AXIS_sub_reason, 85, 25},
};

/* Expected: a word; a word that the mask must hold, or none at all; a bound such as >=50 for a score. */
static bool is_as_expected(const struct pulih_classification *c, int axis, const char *expected)
{
    unsigned value = c->value[axis];
    int word;

    if (pulih_axes[axis].kind == PULIH_AXIS_IS_score) {
        if (expected[0] == '>' && expected[1] == '=')
            return value >= strtoul(expected + 2, NULL, 10);
        assert_int_equal(expected[0], '<');
        return value < strtoul(expected + 1, NULL, 10);
    }
    word = pulih_word_number((enum pulih_words)pulih_axes[axis].words, pulih_view_of(expected));
    if (word < 0)
        fail_msg("%s: no %s \"%s\"", cases_path, pulih_axes[axis].name, expected);
    if (pulih_axes[axis].kind == PULIH_AXIS_IS_many)
        return word ? value >> (word - 1) & 1 : value == 0;
    return value == (unsigned)word;
}

struct score {
    int cases, right;
};

/* Misses on the axis `tell` are printed. */
static void try_case(const struct pulih_policy *policy, char *line, int tell,
                     struct score scores[PULIH_AXIS_N])
{
    char *rest = line;
    const char *name = strsep(&rest, "\t"), *expected = strsep(&rest, "\t"), *text = strsep(&rest, "\n");
    struct pulih_classification c;
    int axis;
    bool right;

    if (!text)
        fail_msg("%s: three columns expected: %s", cases_path, line);
    axis = pulih_axis_named(pulih_view_of(name));
    if (axis < 0)
        fail_msg("%s: no axis \"%s\"", cases_path, name);
    c = classify(policy, text);
    right = is_as_expected(&c, axis, expected);
    scores[axis].cases++;
    scores[axis].right += right;
    if (!right && axis == tell)
        print_message("         %s is not %s: %s\n", name, expected, text);
}

static void try_cases(const struct pulih_policy *policy, int tell, struct score scores[PULIH_AXIS_N])
{
    FILE *cases = fopen(cases_path, "r");
    char line[2000];

    if (!cases)
        fail_msg("%s cannot be read; run from the top of the source tree", cases_path);
    while (fgets(line, sizeof line, cases))
        try_case(policy, line, tell, scores);
    fclose(cases);
}

static void reaches_the_stated_shares(void **state)
{
    struct score scores[PULIH_AXIS_N] = {0};

    try_cases(*state, -1, scores);
    for (size_t i = 0; i < PULIH_COUNT(reached_shares); i++) {
        int axis = (int)reached_shares[i].axis;
        struct score s = scores[axis];

        if (s.cases >= reached_shares[i].least && s.right * 100 >= reached_shares[i].percent * s.cases)
            continue;
        try_cases(*state, axis, scores);
        fail_msg("%s: %d of %d right, expected %d %% of at least %d", pulih_axes[axis].name, s.right, s.cases,
                 reached_shares[i].percent, reached_shares[i].least);
    }
}

static void says_nothing_about_nothing(void **state)
{
    static const char *const empty[] = {"", "   ", "...", "12345", "\xff\xfe", "zxcv qwpo"};

    for (size_t i = 0; i < PULIH_COUNT(empty); i++) {
        struct pulih_classification c = classify(*state, empty[i]);

        assert_true(c.unsure);
        assert_int_equal(c.value[PULIH_AXIS_category], PULIH_category_unusual);
        assert_int_equal(c.confidence[PULIH_AXIS_category], 0);
        assert_int_equal(c.value[PULIH_AXIS_language], PULIH_language_unknown);
        assert_int_equal(c.value[PULIH_AXIS_department], PULIH_department_unknown);
        assert_int_equal(c.value[PULIH_AXIS_gravity], 0);
        assert_int_equal(c.value[PULIH_AXIS_anger], 0);
        assert_int_equal(c.value[PULIH_AXIS_tier], PULIH_tier_unknown);
        assert_int_equal(c.best[PULIH_AXIS_tier], PULIH_tier_normal);
        assert_int_equal(c.value[PULIH_AXIS_priority], 40);
    }
}

/* --- evidence ------------------------------------------------------------------------------------ */

static void shows_the_words_that_spoke(void **state)
{
    const char *story = "Paket saya belum sampai. Kurirnya kasar!";
    struct pulih_classification c = classify(*state, story);
    bool seen = false;

    for (size_t i = 0; i < c.n_evidence; i++) {
        const struct pulih_evidence *e = &c.evidence[i];

        seen |= e->axis == PULIH_AXIS_root_cause && e->value == PULIH_root_cause_rude_unhelpful &&
                e->len == 5 && memcmp(story + e->at, "kasar", 5) == 0 && strncmp(e->rule, "rude", 4) == 0;
    }
    assert_true(seen);
}

static void keeps_evidence_in_order_and_bounds(void **state)
{
    static const char *const stories[] = {
        "Paket belum sampai, kurir kasar, refund ditolak, aplikasi error, harga mahal, petugas judes, kabel "
        "menjuntai "
        "dan meledak, pungli, diskriminasi, saya muak!!! GILA BANGET PARAH, akan lapor OJK dan menggugat.",
        "I was charged twice, the app crashed, nobody answers, the driver was drunk and rude, never again!",
        "\xe2\x80\x9cKurirnya\xe2\x80\x9d \xf0\x9f\x98\xa1\xf0\x9f\x98\xa1 RUSAAAAK\xe2\x80\xa6",
    };

    for (size_t i = 0; i < PULIH_COUNT(stories); i++) {
        struct pulih_classification c = classify(*state, stories[i]);

        assert_true(c.n_evidence > 2);
        check_evidence(&c, strlen(stories[i]));
    }
}

/* --- facts --------------------------------------------------------------------------------------- */

static const struct {
    const char *what;
    struct pulih_classify_facts facts;
    enum pulih_axis axis;
    uint16_t value; /* word, or the whole mask */
} by_facts[] = {
    {"no facts", {.reporter = 0}, PULIH_AXIS_complainer, PULIH_complainer_active},
    {"no facts", {.reporter = 0}, PULIH_AXIS_response_mode, PULIH_response_mode_voice},
    {"on behalf", {.reporter = PULIH_reporter_on_behalf}, PULIH_AXIS_complainer, PULIH_complainer_inactive},
    {"secret", {.reporter = PULIH_reporter_secret}, PULIH_AXIS_complainer, PULIH_complainer_active},
    {"six contacts", {.earlier_contacts = 6}, PULIH_AXIS_complainer, PULIH_complainer_hyperactive},
    {"five contacts", {.earlier_contacts = 5}, PULIH_AXIS_complainer, PULIH_complainer_active},
    {"one contact", {.earlier_contacts = 1}, PULIH_AXIS_root_cause, PULIH_root_cause_unknown},
    {"two contacts", {.earlier_contacts = 2}, PULIH_AXIS_root_cause, PULIH_root_cause_not_listened},
    {"two contacts", {.earlier_contacts = 2}, PULIH_AXIS_unmet_need, PULIH_unmet_need_understood},
    {"two contacts", {.earlier_contacts = 2}, PULIH_AXIS_size, PULIH_size_unknown},
    {"three contacts", {.earlier_contacts = 3}, PULIH_AXIS_size, PULIH_size_big},
    {"no claim", {.claimed_amount = 0}, PULIH_AXIS_motive, 0},
    {"a claim", {.claimed_amount = 1}, PULIH_AXIS_motive, 1u << (PULIH_motive_restitution - 1)},
    {"a claim within", {.claimed_amount = 50000}, PULIH_AXIS_size, PULIH_size_unknown},
    {"beyond the agent", {.claimed_amount = 50001}, PULIH_AXIS_size, PULIH_size_unknown},
    {"what the highest may give", {.claimed_amount = 5000000}, PULIH_AXIS_size, PULIH_size_unknown},
    {"beyond everybody", {.claimed_amount = 5000001}, PULIH_AXIS_size, PULIH_size_big},
    {"beyond everybody", {.claimed_amount = 5000001}, PULIH_AXIS_tier, PULIH_tier_complex},
    {"by letter", {.channel = PULIH_channel_letter}, PULIH_AXIS_formality, PULIH_formality_formal},
    {"by phone", {.channel = PULIH_channel_phone}, PULIH_AXIS_formality, PULIH_formality_unknown},
    {"a deadline", {.has_customer_deadline = true}, PULIH_AXIS_expression, PULIH_expression_unknown},
    {"said Indonesian", {.language = PULIH_language_id}, PULIH_AXIS_language, PULIH_language_id},
    {"English, said Indonesian",
     {.story = {"the is of and", 13}, .language = PULIH_language_id},
     PULIH_AXIS_language,
     PULIH_language_id},
    {"a story of nothing", {.story = {NULL, 0}}, PULIH_AXIS_category, PULIH_category_unusual},
    {"a wish",
     {.expected_outcome = {"uang saya kembali", 17}},
     PULIH_AXIS_motive,
     1u << (PULIH_motive_restitution - 1)},
    {"a wish",
     {.expected_outcome = {"uang saya kembali", 17}},
     PULIH_AXIS_request_type,
     PULIH_request_type_refund},
    {"a wish",
     {.expected_outcome = {"uang saya kembali", 17}},
     PULIH_AXIS_department,
     PULIH_department_unknown},
    {"a wish", {.expected_outcome = {"uang saya kembali", 17}}, PULIH_AXIS_language, PULIH_language_unknown},
};

static void listens_to_facts(void **state)
{
    for (size_t i = 0; i < PULIH_COUNT(by_facts); i++) {
        struct pulih_classification c;

        pulih_classify(*state, &by_facts[i].facts, &c);
        if (c.value[by_facts[i].axis] != by_facts[i].value)
            fail_msg("row %zu, %s: %s is %d, not %d", i, by_facts[i].what, pulih_axes[by_facts[i].axis].name,
                     c.value[by_facts[i].axis], by_facts[i].value);
        check_evidence(&c, by_facts[i].facts.story.len);
    }
}

static void points_at_the_story_only(void **state)
{
    struct pulih_classification c;

    pulih_classify(*state,
                   &(const struct pulih_classify_facts){
                       .story = PULIH_VIEW("x"), .expected_outcome = PULIH_VIEW("saya mau uang kembali")},
                   &c);
    assert_true(c.n_evidence > 0);
    check_evidence(&c, 1);
}

/* --- tier and priority --------------------------------------------------------------------------- */

static uint16_t priority(const struct pulih_policy *policy, const char *story, uint16_t kind,
                         uint64_t contacts)
{
    struct pulih_classification c;

    pulih_classify(policy,
                   &(const struct pulih_classify_facts){
                       .story = pulih_view_of(story), .customer_kind = kind, .earlier_contacts = contacts},
                   &c);
    return c.value[PULIH_AXIS_priority];
}

static void ranks_danger_above_all_else(void **state)
{
    const char *danger = "Kabel menjuntai, ada percikan api.";
    const char *all_else =
        "GILA BANGET PARAH!!! Brengsek, muak! Pungli, diskriminasi, pilih kasih, saya akan menggugat, "
        "lapor ke OJK.";
    uint16_t kind = PULIH_customer_kind_intermediary;

    assert_int_equal(priority(*state, danger, 0, 0), 95);
    assert_int_equal(priority(*state, all_else, kind, 1000), 89);
    assert_true(priority(*state, danger, kind, UINT64_MAX) <= 100);
}

static void never_lowers_for_who_it_is(void **state)
{
    static const char *const stories[] = {"", "kurir kasar", "Mohon kirim formulir.", "pungli", "bau gas"};

    for (size_t i = 0; i < PULIH_COUNT(stories); i++)
        for (uint16_t kind = 0; kind <= PULIH_customer_kind_intermediary; kind++)
            assert_true(priority(*state, stories[i], kind, 0) >= priority(*state, stories[i], 0, 0));
}

static void orders_tiers(void **state)
{
    static const char *const rising[] = {"Mohon kirim formulir.", "Kulkas rusak.", "Petugas minta suap.",
                                         "Kebakaran!"};
    static const uint16_t tiers[] = {PULIH_tier_simple, PULIH_tier_normal, PULIH_tier_complex,
                                     PULIH_tier_important};

    for (size_t i = 0; i < PULIH_COUNT(rising); i++) {
        struct pulih_classification c = classify(*state, rising[i]);

        assert_int_equal(c.value[PULIH_AXIS_tier], tiers[i]);
        if (i)
            assert_true(priority(*state, rising[i], 0, 0) > priority(*state, rising[i - 1], 0, 0));
    }
}

/* Rows of the policy's own: conditions on axes, on the customer, on a deadline; the first that holds. */
static void ranks_by_the_policy(void **state)
{
    struct pulih_policy policy = *(struct pulih_policy *)*state;
    struct pulih_classify_facts facts = {.story = PULIH_VIEW("Kulkas rusak.")};
    struct pulih_classification c;

    policy.n_tiers = 2;
    policy.tiers[0] = (struct pulih_tier_row){
        .when = {.axes = 1u << PULIH_AXIS_department | 1u << PULIH_AXIS_anger,
                 .any = {[PULIH_AXIS_department] = 1u << PULIH_department_product, [PULIH_AXIS_anger] = 20},
                 .customer_kinds = 1u << PULIH_customer_kind_internal,
                 .customer_deadline = true},
        .tier = PULIH_tier_complex,
        .rule = "tiers[0]"};
    policy.tiers[1] = (struct pulih_tier_row){.tier = PULIH_tier_simple, .rule = "tiers[1]"};
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.best[PULIH_AXIS_tier], PULIH_tier_simple);
    facts.customer_kind = PULIH_customer_kind_internal;
    facts.has_customer_deadline = true;
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.best[PULIH_AXIS_tier], PULIH_tier_simple);
    facts.story = PULIH_VIEW("Kulkas rusak, saya muak!");
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.best[PULIH_AXIS_tier], PULIH_tier_complex);
    policy.priority_floor[PULIH_tier_complex] = 50;
    policy.priority_anger = 0;
    policy.n_raises = 1;
    policy.raises[0] =
        (struct pulih_raise){.when = policy.tiers[0].when, .by = 7, .rule = "priority.raise[0]"};
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.value[PULIH_AXIS_priority], 57);
}

/* Every value that was decided says by which rule. */
static void names_a_reason_for_each_value(void **state)
{
    struct pulih_classification c =
        classify(*state, "Paket belum sampai seminggu, kurirnya kasar, saya muak dan minta uang kembali!");

    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        bool named = !c.value[axis];

        for (size_t i = 0; i < c.n_evidence; i++)
            named = named || c.evidence[i].axis == axis;
        if (!named && axis != PULIH_AXIS_category)
            fail_msg("nothing is named for %s", pulih_axes[axis].name);
    }
}

/* --- whatever comes ------------------------------------------------------------------------------ */

static void check_whole(const struct pulih_classification *c)
{
    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        const struct pulih_axis_row *row = &pulih_axes[axis];
        size_t n;

        assert_true(c->confidence[axis] <= 100);
        if (row->kind == PULIH_AXIS_IS_score) {
            assert_true(c->value[axis] <= 100);
            continue;
        }
        pulih_words((enum pulih_words)row->words, &n);
        if (row->kind == PULIH_AXIS_IS_one)
            assert_true(c->value[axis] < n && c->best[axis] < n);
        else
            assert_true(c->value[axis] < 1u << (n - 1) && (c->value[axis] & ~c->best[axis]) == 0);
    }
}

static void bears_any_bytes_and_repeats_itself(void **state)
{
    enum { BYTES = 16000, ROUNDS = 300 };
    static const char letters[] = "abegikmnrst aiu .!";
    static char bytes[BYTES];
    uint64_t random = 1;

    for (size_t round = 0; round < ROUNDS; round++) {
        size_t len = round * round % BYTES;
        struct pulih_classify_facts facts = {.story = {bytes, len}, .expected_outcome = {bytes, len % 100}};
        struct pulih_classification a, b;

        for (size_t i = 0; i < len; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = letters[(random >> 33) % (sizeof letters - 1)];
            if (round % 3)
                bytes[i] = (char)(random >> 56);
        }
        pulih_classify(*state, &facts, &a);
        pulih_classify(*state, &facts, &b);
        assert_memory_equal(a.value, b.value, sizeof a.value);
        assert_memory_equal(a.confidence, b.confidence, sizeof a.confidence);
        assert_int_equal(a.n_evidence, b.n_evidence);
        check_whole(&a);
        check_evidence(&a, len);
    }
}

/* Processor time of judging a text, the best of some tries. */
static double cost_s(const struct pulih_policy *policy, struct pulih_view story)
{
    enum { TRIES = 5 };
    double best = 1e9;

    for (int i = 0; i < TRIES; i++) {
        struct pulih_classification c;
        clock_t start = clock();
        double took;

        pulih_classify(policy, &(const struct pulih_classify_facts){.story = story}, &c);
        took = (double)(clock() - start) / CLOCKS_PER_SEC;
        best = took < best ? took : best;
    }
    return best;
}

static const char *const hostile_pieces[] = {
    "a",
    "meledak ",
    "kurir telat ",
    "tidak ",
    "belum a b c ",
    "rem . blong ",
    "hit my son ",
    "anak luka ",
    "promo meledak ",
    "gk nyampe2 paket ",
    "!!! ",
    "\xf0\x9f\x98\xa1",
};

/* Four times as much costs about four times as much, not sixteen; and beyond a bound nothing more. */
static void pays_hostile_texts_by_length(void **state)
{
    enum { QUARTER = 1000, MANY = 10000, MEBIBYTE = 1 << 20 };

    for (size_t i = 0; i < PULIH_COUNT(hostile_pieces); i++) {
        size_t len = strlen(hostile_pieces[i]), many = len * MANY > MEBIBYTE ? MANY : MEBIBYTE / len;
        struct pulih_buf text = {0};
        double quarter_s, whole_s, huge_s;

        for (size_t n = 0; n < many; n++)
            pulih_buf_add(&text, hostile_pieces[i], len);
        quarter_s = cost_s(*state, (struct pulih_view){text.at, QUARTER * len});
        whole_s = cost_s(*state, (struct pulih_view){text.at, (size_t)4 * QUARTER * len});
        huge_s = cost_s(*state, pulih_view_of_buf(&text));
        if (whole_s > 9 * quarter_s + 0.001 || huge_s > 20 * whole_s + 0.02)
            fail_msg("\"%s\": %.6f s, four times as much %.6f s, a mebibyte %.6f s", hostile_pieces[i],
                     quarter_s, whole_s, huge_s);
        pulih_buf_free(&text);
    }
}

static void judges_each_text_by_itself(void **state)
{
    const char *story = "Paket gk nyampe2, kurirnya kasar, dan kompornya meledak.";
    struct pulih_classification alone = classify(*state, story);

    for (size_t i = 0; i < PULIH_COUNT(hostile_pieces); i++) {
        struct pulih_buf text = {0};
        struct pulih_classification c;

        for (size_t n = 0; n < 10000; n++)
            pulih_buf_add(&text, hostile_pieces[i], strlen(hostile_pieces[i]));
        pulih_classify(*state, &(const struct pulih_classify_facts){.story = pulih_view_of_buf(&text)}, &c);
        c = classify(*state, story);
        assert_memory_equal(c.value, alone.value, sizeof c.value);
        assert_memory_equal(c.confidence, alone.confidence, sizeof c.confidence);
        assert_int_equal(c.n_evidence, alone.n_evidence);
        pulih_buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_the_stated_shares),
        cmocka_unit_test(says_nothing_about_nothing),
        cmocka_unit_test(shows_the_words_that_spoke),
        cmocka_unit_test(keeps_evidence_in_order_and_bounds),
        cmocka_unit_test(listens_to_facts),
        cmocka_unit_test(points_at_the_story_only),
        cmocka_unit_test(ranks_danger_above_all_else),
        cmocka_unit_test(never_lowers_for_who_it_is),
        cmocka_unit_test(orders_tiers),
        cmocka_unit_test(ranks_by_the_policy),
        cmocka_unit_test(names_a_reason_for_each_value),
        cmocka_unit_test(bears_any_bytes_and_repeats_itself),
        cmocka_unit_test(pays_hostile_texts_by_length),
        cmocka_unit_test(judges_each_text_by_itself),
    };

    return cmocka_run_group_tests_name("classify", tests, load_shipped, free_shipped);
}
