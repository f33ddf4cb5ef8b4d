/* Classification: the shipped rules against texts with known answers, and what facts, thresholds, forced and
 * vetoed votes do to the result. */
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
#include "services/common/core/rules_load.h"

static const char policy_path[] = "deploy/policies/default.cfg";
static const char cases_path[] =
    "tests/unit/classify_cases.tsv"; /* axis, expected, text; see reached_shares */

enum { THRESHOLD = 50 };

static const struct pulih_authority authority[] = {{{"agent", 5}, 50000}, {{"manager", 7}, 5000000}};

static struct pulih_policy *shipped;

static int load_shipped(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    shipped = pulih_policy_load(policy_path, &why);
    if (!shipped)
        fail_msg("%s", pulih_buf_text(&why));
    memset(shipped->threshold, THRESHOLD, sizeof shipped->threshold);
    memcpy(shipped->authority, authority, sizeof authority);
    shipped->n_authority = PULIH_COUNT(authority);
    *state = shipped;
    return 0;
}

static int free_shipped(void **state)
{
    pulih_policy_free(*state);
    return 0;
}

/* The shipped policy with other rules, which are the caller's, and without models. */
static struct pulih_policy policy_with(const char *rules)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_policy policy = *shipped;
    config_t conf;

    policy.models = (struct pulih_models){0};
    config_init(&conf);
    if (!config_read_string(&conf, rules))
        fail_msg("line %d: %s in %s", config_error_line(&conf), config_error_text(&conf), rules);
    policy.rules = pulih_rules_load(config_lookup(&conf, "rules"), "test.cfg", &why);
    if (!policy.rules)
        fail_msg("%s", pulih_buf_text(&why));
    config_destroy(&conf);
    return policy;
}

static struct pulih_classification classify(const struct pulih_policy *policy, const char *story)
{
    struct pulih_classification c;

    pulih_classify(policy, &(const struct pulih_classify_facts){.story = pulih_view_of(story)}, &c);
    return c;
}

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

static int axis_named(const char *name)
{
    for (int axis = 0; axis < PULIH_AXIS_N; axis++)
        if (strcmp(pulih_axes[axis].name, name) == 0)
            return axis;
    fail_msg("%s: no axis \"%s\"", cases_path, name);
    return -1;
}

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
    axis = axis_named(name);
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

static int rank(const struct pulih_evidence *e)
{
    if (pulih_axes[e->axis].kind == PULIH_AXIS_IS_score)
        return e->weight;
    return e->weight * 25;
}

static void check_evidence(const struct pulih_classification *c, size_t story_len)
{
    uint32_t seen = 0;
    bool leading = true; /* first those that are the strongest of their axis */

    assert_true(c->n_evidence <= PULIH_EVIDENCE_MAX);
    for (size_t i = 0; i < c->n_evidence; i++) {
        const struct pulih_evidence *e = &c->evidence[i];

        assert_true(e->axis < PULIH_AXIS_N);
        assert_true(e->weight > 0);
        assert_true(e->rule[0] && memchr(e->rule, 0, sizeof e->rule));
        assert_true((size_t)e->at + e->len <= story_len);
        bool first = !(seen >> e->axis & 1);
        seen |= 1u << e->axis;
        assert_true(leading || !first);
        if (i && leading == first)
            assert_true(rank(&c->evidence[i - 1]) >= rank(e));
        leading = first;
    }
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

/* --- the tally, with rules of its own -------------------------------------------------------------- */

// clang-format off
#define VOTE(word, axis_and_value, weight, more) \
    "{ id = \"" word "\"; any = [\"" word "\"]; axis = " axis_and_value "; weight = " #weight "; " more "}"

static const char small_rules[] = "rules = ("
    VOTE("one",       "\"department\"; value = \"delivery\"",  1,  "") ","
    VOTE("two",       "\"department\"; value = \"delivery\"",  2,  "") ","
    VOTE("four",      "\"department\"; value = \"delivery\"",  4,  "") ","
    VOTE("nine",      "\"department\"; value = \"delivery\"",  9,  "") ","
    VOTE("minus",     "\"department\"; value = \"delivery\"",  -3, "") ","
    VOTE("veto",      "\"department\"; value = \"delivery\"",  1,  "veto = true; ") ","
    VOTE("other",     "\"department\"; value = \"payment\"",   4,  "") ","
    VOTE("force",     "\"department\"; value = \"price\"",     1,  "force = true; ") ","
    VOTE("vetoprice", "\"department\"; value = \"price\"",     1,  "veto = true; ") ","
    VOTE("only",      "\"department\"; value = \"technical\"", 4,  "language = \"id\"; ") ","
    VOTE("english",   "\"language\"; value = \"en\"",          4,  "") ","
    VOTE("indonesia", "\"language\"; value = \"id\"",          4,  "") ","
    VOTE("hot",       "\"anger\"",                             70, "times = 3; ") ","
    VOTE("cold",      "\"anger\"",                             -50, "") ","
    VOTE("danger",    "\"gravity\"; value = \"safety\"",       4,  "") ","
    VOTE("risky",     "\"gravity\"; value = \"safety\"",       1,  "") ","
    VOTE("bribe",     "\"gravity\"; value = \"corruption\"",   1,  "") ","
    VOTE("leaning",   "\"motive\"; value = \"vent\"",          1,  "") ","
    VOTE("others",    "\"motive\"; value = \"altruistic\"",    2,  "") ");";
// clang-format on

static const struct {
    const char *story;
    enum pulih_axis axis;
    uint16_t value, best, confidence;
} tallies[] = {
    {"one", PULIH_AXIS_department, 0, PULIH_department_delivery, 25},
    {"two", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 50},
    {"one two", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 75},
    {"nine", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 100},
    {"four other", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 50},
    {"one four other", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 55},
    {"two other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 66},
    {"four minus", PULIH_AXIS_department, 0, PULIH_department_delivery, 25},
    {"two minus", PULIH_AXIS_department, 0, 0, 0},
    {"minus other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 100},
    {"nine force", PULIH_AXIS_department, PULIH_department_price, PULIH_department_price, 100},
    {"nine veto", PULIH_AXIS_department, 0, 0, 0},
    {"nine veto other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 100},
    {"force vetoprice", PULIH_AXIS_department, PULIH_department_price, PULIH_department_price, 100},
    {"only", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical, 100},
    {"only indonesia", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical, 100},
    {"only english", PULIH_AXIS_department, 0, 0, 0},
    {"only english indonesia", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical,
     100},
    {"hot", PULIH_AXIS_anger, 70, 70, 100},
    {"hot hot", PULIH_AXIS_anger, 100, 100, 100},
    {"hot cold", PULIH_AXIS_anger, 20, 20, 100},
    {"cold", PULIH_AXIS_anger, 0, 0, 100},
    {"LOUD WORDS", PULIH_AXIS_anger, 16, 16, 100},
    {"LOUD", PULIH_AXIS_anger, 0, 0, 0},
    {"LOUD LOUD LOUD LOUD LOUD LOUD", PULIH_AXIS_anger, 32, 32, 100},
    {"well!!!", PULIH_AXIS_anger, 18, 18, 100},
    {"well!", PULIH_AXIS_anger, 0, 0, 0},
    {"leaning", PULIH_AXIS_motive, 0, 1u << (PULIH_motive_vent - 1), 25},
    {"others", PULIH_AXIS_motive, 1u << (PULIH_motive_altruistic - 1), 1u << (PULIH_motive_altruistic - 1),
     50},
    {"leaning others", PULIH_AXIS_motive, 1u << (PULIH_motive_altruistic - 1),
     1u << (PULIH_motive_altruistic - 1) | 1u << (PULIH_motive_vent - 1), 50},
    {"hot", PULIH_AXIS_motive, 1u << (PULIH_motive_vent - 1), 1u << (PULIH_motive_vent - 1), 100},
    {"nine", PULIH_AXIS_category, PULIH_category_service_related, PULIH_category_service_related, 50},
    {"nine", PULIH_AXIS_reason, PULIH_reason_delivery, PULIH_reason_delivery, 50},
    {"one", PULIH_AXIS_category, PULIH_category_unusual, 0, 0},
};

static void tallies_votes(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(tallies); i++) {
        struct pulih_classification c = classify(&policy, tallies[i].story);
        enum pulih_axis axis = tallies[i].axis;

        if (c.value[axis] != tallies[i].value || c.best[axis] != tallies[i].best ||
            c.confidence[axis] != tallies[i].confidence)
            fail_msg("\"%s\": %s is %d, best %d, confidence %d, not %d, %d, %d", tallies[i].story,
                     pulih_axes[axis].name, c.value[axis], c.best[axis], c.confidence[axis], tallies[i].value,
                     tallies[i].best, tallies[i].confidence);
        check_evidence(&c, strlen(tallies[i].story));
    }
    pulih_rules_free(policy.rules);
}

static void believes_the_stated_language(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);
    struct pulih_classify_facts facts = {.story = PULIH_VIEW("only english"), .language = PULIH_language_id};
    struct pulih_classification c;

    (void)state;
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.value[PULIH_AXIS_department], PULIH_department_technical);
    pulih_rules_free(policy.rules);
}

/* Danger settles the tier; what kind of complaint it is stays open. */
static void is_unsure_when_one_of_three_is_open(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);
    struct pulih_classification c;

    (void)state;
    assert_false(classify(&policy, "nine danger").unsure);
    assert_true(classify(&policy, "nine risky").unsure);
    assert_false(classify(&policy, "nine bribe").unsure);
    policy.threshold[PULIH_AXIS_category] = 60;
    c = classify(&policy, "nine danger");
    assert_true(c.unsure);
    assert_int_equal(c.value[PULIH_AXIS_department], PULIH_department_delivery);
    assert_int_equal(c.value[PULIH_AXIS_tier], PULIH_tier_important);
    assert_int_equal(c.value[PULIH_AXIS_category], PULIH_category_unusual);
    assert_int_equal(c.best[PULIH_AXIS_category], PULIH_category_service_related);
    pulih_rules_free(policy.rules);
}

static void abstains_below_the_threshold(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);

    (void)state;
    for (unsigned threshold = 0; threshold <= 100; threshold++) {
        struct pulih_classification c;

        memset(policy.threshold, (int)threshold, sizeof policy.threshold);
        c = classify(&policy, "one two"); /* department 75, category 50 by hint, when there is a department */
        assert_int_equal(c.value[PULIH_AXIS_department], threshold <= 75 ? PULIH_department_delivery : 0);
        assert_int_equal(c.unsure, threshold > 50);
    }
    pulih_rules_free(policy.rules);
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
        cmocka_unit_test(tallies_votes),
        cmocka_unit_test(believes_the_stated_language),
        cmocka_unit_test(is_unsure_when_one_of_three_is_open),
        cmocka_unit_test(abstains_below_the_threshold),
        cmocka_unit_test(bears_any_bytes_and_repeats_itself),
        cmocka_unit_test(pays_hostile_texts_by_length),
        cmocka_unit_test(judges_each_text_by_itself),
    };

    return cmocka_run_group_tests_name("classify", tests, load_shipped, free_shipped);
}
