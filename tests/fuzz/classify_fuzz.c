/* Any bytes as a story and a wish, with any facts: the shipped rules give words of the lists, evidence that
 * lies in the story, and the same result with what is kept of words as without. Runs from the top of the
 * source tree. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/policy.h"
#include "services/common/core/memo.h"
#include "services/common/core/model_impl.h"
#include "services/common/core/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct pulih_policy *shipped(void)
{
    static struct pulih_policy *policy;
    struct pulih_buf why = {0};

    if (policy)
        return policy;
    policy = pulih_policy_load("deploy/policies/default.cfg", &why);
    pulih_must(policy);
    policy->authority[0].limit_minor = 1000;
    policy->n_authority = 1;
    return policy;
}

static void check_values(const struct pulih_classification *c)
{
    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        const struct pulih_axis_row *row = &pulih_axes[axis];
        size_t n = 0;

        pulih_must(c->confidence[axis] <= 100);
        if (row->kind != PULIH_AXIS_IS_score)
            pulih_words((enum pulih_words)row->words, &n);
        if (row->kind == PULIH_AXIS_IS_score)
            pulih_must(c->value[axis] <= 100);
        else if (row->kind == PULIH_AXIS_IS_one)
            pulih_must(c->value[axis] < n && c->best[axis] < n);
        else
            pulih_must((unsigned)(c->value[axis] | c->best[axis]) < 1u << (n - 1));
    }
}

static void check_evidence(const struct pulih_classification *c, size_t story_len)
{
    pulih_must(c->n_evidence <= PULIH_EVIDENCE_MAX);
    for (size_t i = 0; i < c->n_evidence; i++) {
        const struct pulih_evidence *e = &c->evidence[i];

        pulih_must((size_t)e->at + e->len <= story_len);
        pulih_must(e->rule[0] && memchr(e->rule, 0, sizeof e->rule));
    }
}

static void check_same(const struct pulih_classification *a, const struct pulih_classification *b)
{
    pulih_must(memcmp(a->value, b->value, sizeof a->value) == 0);
    pulih_must(memcmp(a->best, b->best, sizeof a->best) == 0);
    pulih_must(memcmp(a->confidence, b->confidence, sizeof a->confidence) == 0);
    pulih_must(a->n_evidence == b->n_evidence);
    for (size_t i = 0; i < a->n_evidence; i++) {
        const struct pulih_evidence *one = &a->evidence[i], *other = &b->evidence[i];

        pulih_must(one->axis == other->axis && one->value == other->value && one->weight == other->weight);
        pulih_must(one->at == other->at && one->len == other->len && strcmp(one->rule, other->rule) == 0);
    }
}

/* As while another thread has the use of what is kept of words. */
static void classify_without_memos(const struct pulih_classify_facts *facts, struct pulih_classification *ret)
{
    static struct pulih_text none;
    struct pulih_memo *const memos[] = {shipped()->models.index->lexicon, shipped()->rules->memo};

    for (size_t i = 0; i < PULIH_COUNT(memos); i++)
        pulih_must(pulih_memo_open(memos[i], &none));
    pulih_classify(shipped(), facts, ret);
    for (size_t i = 0; i < PULIH_COUNT(memos); i++)
        pulih_memo_close(memos[i]);
}

/* The first bytes are the facts, then the story, then, after a zero byte, the wish. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    enum { FACTS = 6 };
    const char *text = (const char *)bytes + FACTS, *end;
    struct pulih_classify_facts facts;
    struct pulih_classification once, twice;

    if (len < FACTS)
        return 0;
    len -= FACTS;
    end = memchr(text, 0, len);
    facts = (struct pulih_classify_facts){.story = {text, end ? (size_t)(end - text) : len},
                                          .language = bytes[0] % PULIH_LANGUAGES,
                                          .reporter = bytes[1] % 5,
                                          .customer_kind = bytes[2] % 4,
                                          .channel = bytes[3] % 11,
                                          .claimed_amount = (uint64_t)bytes[4] * 10,
                                          .earlier_contacts = bytes[5] & 127,
                                          .has_customer_deadline = bytes[5] >> 7};
    if (end)
        facts.expected_outcome = (struct pulih_view){end + 1, len - facts.story.len - 1};
    pulih_classify(shipped(), &facts, &once);
    classify_without_memos(&facts, &twice);
    check_same(&once, &twice);
    check_values(&once);
    check_evidence(&once, facts.story.len);
    return 0;
}
