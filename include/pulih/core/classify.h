/* Classification: from a text and a few facts to a value, a confidence and the evidence on every axis.
 *
 * Does.     Voters look at the text and cast votes; the tally decides per axis or abstains. Rules and
 *           learned models of the policy are the first of them.
 * Promises. Pure: same text, facts and policy give the same result. No allocation.
 */
#ifndef PULIH_CORE_CLASSIFY_H
#define PULIH_CORE_CLASSIFY_H

#include "proto/words.h"
#include "pulih/base/bytes.h"

enum pulih_axis {
#define AXIS(name, ...) PULIH_AXIS_##name,
#include "pulih/tbl/axes.tbl.h"
    PULIH_AXIS_N
};

enum pulih_axis_kind { PULIH_AXIS_IS_one, PULIH_AXIS_IS_many, PULIH_AXIS_IS_score };

struct pulih_axis_row {
    const char *name;
    enum pulih_axis_kind kind;
    int words; /* enum pulih_words; -1 for scores */
    const char *doc;
};

extern const struct pulih_axis_row pulih_axes[PULIH_AXIS_N];

/* Its number, or -1. */
int pulih_axis_named(struct pulih_view name);
/* Tier and priority follow from the other axes: nothing votes on them, and no condition may name them. */
bool pulih_axis_is_derived(int axis);

enum { PULIH_EVIDENCE_MAX = 24 };

/* What spoke for a value: a rule and the words in the text that it met. */
struct pulih_evidence {
    uint8_t axis;
    uint16_t value;   /* the word voted for */
    int16_t weight;   /* what the vote counted */
    char rule[24];    /* id of the rule in the policy, or name of the model */
    uint16_t at, len; /* bytes in the story */
};

struct pulih_classification {
    uint16_t value[PULIH_AXIS_N];     /* word, mask or score; 0 where it abstained */
    uint16_t best[PULIH_AXIS_N];      /* best guess, also where it abstained */
    uint8_t confidence[PULIH_AXIS_N]; /* 0 to 100 */
    bool unsure; /* category, department or tier abstained, or it may be danger: a person should look */
    uint16_t n_evidence;
    /* Of each axis the strongest, then the others; both by weight. */
    struct pulih_evidence evidence[PULIH_EVIDENCE_MAX];
};

/* What is known besides the text. Views may be empty, numbers 0. */
struct pulih_classify_facts {
    struct pulih_view story;
    struct pulih_view expected_outcome;
    uint16_t language;      /* PULIH_language_* as stated by the platform, 0 when not */
    uint16_t reporter;      /* PULIH_reporter_* */
    uint16_t customer_kind; /* PULIH_customer_kind_* */
    uint16_t channel;       /* PULIH_channel_* */
    uint64_t claimed_amount;
    uint64_t earlier_contacts;
    bool has_customer_deadline;
    const struct pulih_models *models; /* vote in the place of the policy's; NULL: those do */
};

struct pulih_models;
struct pulih_rules;
struct pulih_policy;

void pulih_classify(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                    struct pulih_classification *ret);
/* The same with the evidence of one axis alone. */
void pulih_classify_axis(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                         enum pulih_axis axis, struct pulih_classification *ret);

#endif
