/* Policy is data: the company's hours, deadlines, ladder, authority, rules and letters, read from a file.
 *
 * Does.     Reads and checks a libconfig file and everything it includes; compiles calendar and rules.
 * Owns.     All texts it points to. Read-only after loading, so threads share it.
 * Fails.    With every fault found, a line each: "file:line: what was expected".
 */
#ifndef PULIH_CORE_POLICY_H
#define PULIH_CORE_POLICY_H

#include "proto/words.h"
#include "pulih/base/arena.h"
#include "pulih/core/calendar.h"
#include "pulih/core/classify.h"
#include "pulih/core/letter.h"
#include "pulih/core/models.h"
#include "pulih/core/vocabulary.h"

enum {
    PULIH_TIERS = 5,
    PULIH_LETTERS = 19,
    PULIH_RUNGS_MAX = 8,
    PULIH_LADDERS_MAX = 32,
    PULIH_APPROVALS_MAX = 32,
    PULIH_FORWARDS_MAX = 16,
    PULIH_POSTS_MAX = 128,
    PULIH_PERSONS_MAX = 6,
    PULIH_ABSENCES_MAX = 256,
    PULIH_TENANTS_MAX = 16,
    PULIH_ROLES_MAX = 16,
    PULIH_LANGUAGES = 3,
    PULIH_TIER_ROWS_MAX = 32,
    PULIH_RAISES_MAX = 64,
    PULIH_CALENDARS_MAX = 16,
    PULIH_CLOCKS_MAX = 16,
    PULIH_CLOCK_EVENTS_MAX = 12,
    PULIH_PACKS_MAX = 16,
    PULIH_PACK_CLOCKS_MAX = 8,
    PULIH_PACK_FIGURES_MAX = 16,
    PULIH_PACK_DIGEST_BYTES = 8,
    PULIH_PLAN_TEXTS = 3
};

/* Milestone n among the events that a clock rule names, beside messages. */
#define PULIH_CLOCK_MILESTONE(n) (UINT16_C(0x8000) | (n))

/* From and until when something is in force, first and last day as yyyymmdd; 0: not known, so no bound. */
struct pulih_period {
    int32_t from, until;
};

/* A post and the codes of its persons, as in `actor`: the holder, then the stand-ins in their order. */
struct pulih_post {
    struct pulih_view name;
    struct pulih_view person[PULIH_PERSONS_MAX];
    size_t n_persons; /* 1 or more */
};

/* Nobody acts for the person from the first instant until before the second. */
struct pulih_absence {
    struct pulih_view person;
    int64_t from_us, until_us;
};

/* One rung of a ladder: a named post and how long it has to answer a reprimand. */
struct pulih_rung {
    struct pulih_view post; /* name of one of policy.posts */
    struct pulih_duration acknowledge_within;
    struct pulih_duration answer_within; /* counted from the reprimand, too */
};

/* Who is reprimanded, lowest post first, for the complaints that it is meant for. */
struct pulih_ladder {
    uint32_t departments; /* bit n: department n will do; 0: any */
    uint32_t tiers;       /* the same of PULIH_tier_* */
    int32_t tenants[PULIH_TENANTS_MAX];
    size_t n_tenants; /* 0: any */
    bool page;        /* the first rung is told at once, before any deadline passes */
    struct pulih_rung rung[PULIH_RUNGS_MAX];
    size_t n; /* 1 or more; of `policy.ladder` 3 or more */
};

struct pulih_named_calendar {
    struct pulih_view name; /* "default" for the one that stands in `calendar` itself */
    struct pulih_calendar *calendar;
};

/* One of a complaint's clocks: a row of `clocks`. */
struct pulih_clock_rule {
    uint16_t name; /* PULIH_deadline_*, each at most once in a period */
    struct pulih_named_calendar calendar;
    struct pulih_duration within[PULIH_TIERS]; /* amount 0: until the date that the customer set, if any */
    struct pulih_duration spoken[PULIH_TIERS]; /* until the complaint is put in writing; amount 0: `within` */
    uint16_t starts;                           /* PULIH_M_* or PULIH_CLOCK_MILESTONE, as the next two */
    uint16_t met_by[PULIH_CLOCK_EVENTS_MAX];   /* beside `closed`, which ends every clock */
    size_t n_met_by;
    uint16_t anew;       /* gives all its time again, once, to a written complaint; 0: nothing does */
    bool repeats;        /* what meets it starts it anew */
    bool customers_turn; /* stands while an offer or a verification waits for the customer */
    bool reprimands;     /* when it passes the ladder climbs; else it is only told */
    uint32_t pauses;     /* bit n: stands for PULIH_pause_* n */
    uint16_t extensions; /* how many; 0: none */
    struct pulih_duration extend_by;
    uint32_t extend_reasons; /* bit n: PULIH_extension_* n will do */
    struct pulih_view pack; /* name of the pack that it is from; absent: the company's own, as the next two */
    struct pulih_view source;   /* what its figures are by */
    struct pulih_period period; /* a clock that starts then goes by this rule */
};

/* What a pack tells and pulih does not count by itself. */
struct pulih_pack_figure {
    struct pulih_view what, source;
    struct pulih_period period;
};

/* A regulator's figures as data. Only what the company has confirmed is in force. */
struct pulih_pack {
    struct pulih_view file; /* as the policy names it */
    struct pulih_view name; /* e.g. "id.ojk.pojk22_2023" */
    struct pulih_view title, authority;
    char digest[2 * PULIH_PACK_DIGEST_BYTES + 1]; /* of its bytes, as hex */
    struct pulih_view confirmed_by;               /* absent: nobody has */
    int32_t confirmed_on;                         /* yyyymmdd */
    struct pulih_clock_rule clocks[PULIH_PACK_CLOCKS_MAX];
    size_t n_clocks;
    struct pulih_pack_figure figures[PULIH_PACK_FIGURES_MAX];
    size_t n_figures;
    struct pulih_view signpost[PULIH_LANGUAGES]; /* where a customer may go with it; absent: not read */
    struct pulih_view signpost_source;
    struct pulih_period signpost_period;
};

/* What a role may give away without asking, in minor units of policy.currency (see pulih_amount_print). */
struct pulih_authority {
    struct pulih_view role;
    uint64_t limit_minor;
};

/* Who decides on offers that need approval, for the complaints and amounts that it is meant for. */
struct pulih_approval {
    uint32_t tiers;       /* bit n: PULIH_tier_* n will do; 0: any */
    uint32_t gravities;   /* bit n - 1: PULIH_gravity_* n will do, as in a complaint's mask; 0: any */
    uint64_t above_minor; /* amounts up to it are not meant; an amount in another currency is above any */
    bool has_above;
    bool has_four_eyes; /* four_eyes is given; else policy.four_eyes decides */
    bool four_eyes;     /* two persons settle it, whatever the proposer may give away alone */
    struct pulih_view post[PULIH_RUNGS_MAX]; /* in the order in which they are asked */
    size_t n_posts;
    struct pulih_duration decide_within;
};

/* What takes a complaint to a named post, or up the ladder, beside its clocks: a row of `forwards`. */
struct pulih_forward {
    uint16_t on; /* occasion: PULIH_deadline_third_party, _rejected or _ignored */
    bool text;   /* third party: what classification finds in the text suffices; else somebody must say so */
    uint16_t after;           /* ignored: times that the customer asks without a word of ours; 1 or more */
    struct pulih_duration by; /* counted from receipt; amount 0: not given */
    struct pulih_duration within; /* counted from the occasion; not beside `by`; amount 0: at once */
    struct pulih_view post;       /* who is told; absent: the ladder climbs */
};

/* What must hold of a complaint; all of it. */
struct pulih_condition {
    uint32_t axes;              /* bit a: axis a is asked */
    uint32_t any[PULIH_AXIS_N]; /* bit n: word n will do; of a score: the least */
    uint32_t customer_kinds;    /* bit n: PULIH_customer_kind_* n will do; 0: any */
    bool customer_deadline;     /* true: the customer must have set one */
};

/* A row of `tiers`; the first that holds gives the tier. */
struct pulih_tier_row {
    struct pulih_condition when;
    uint16_t tier;
    char rule[24]; /* its name as evidence: "tiers[0]" */
};

/* A row of `priority.raise`; all that hold count. */
struct pulih_raise {
    struct pulih_condition when;
    uint8_t by;
    char rule[24];
};

struct pulih_policy {
    uint64_t serial;  /* another one for each that this process has read, were it the same file */
    char version[33]; /* "version" of the file and a digest of all its bytes, e.g. "2026-11 9f3c21aa" */
    struct pulih_view company;
    struct pulih_view currency; /* ISO 4217; amounts in another one always need approval */
    int language; /* PULIH_language_*, never unknown: where a customer's is not known, and for posts */
    struct pulih_named_calendar calendars[PULIH_CALENDARS_MAX];
    size_t n_calendars;
    struct pulih_calendar *calendar; /* the one of them that deadlines are counted in */

    struct pulih_duration plan_within;                 /* receipt promises steps and deadline by then */
    struct pulih_duration resolve_within[PULIH_TIERS]; /* by tier; `unknown` has that of `normal` */
    struct pulih_duration warn_before[PULIH_TIERS];    /* amount 0: nobody is warned */
    struct pulih_duration answer_within;               /* an offer waits this long for its answer */
    struct pulih_duration verify_within;               /* and a verification this long */
    struct pulih_duration consumer_for;                /* an agent's hint is kept this long */
    bool close_on_silence[2];                          /* [0] offers, [1] verifications; else ladder climbs */
    uint32_t pause_reasons;                            /* bit n: PULIH_pause_* n may stop the clock */
    uint16_t offers_max;                               /* declined offers after which the ladder climbs */
    /* `resolution` is always among them. A name may come again for another period. */
    struct pulih_clock_rule clocks[PULIH_CLOCKS_MAX];
    size_t n_clocks;
    struct pulih_pack *packs; /* all that the policy names, confirmed or not */
    size_t n_packs;

    struct pulih_vocabulary vocabulary; /* the departments of its own */
    /* By department: the post that deals with it. Of numbers that are no department, that of `unknown`. */
    struct pulih_view answerable[PULIH_DEPARTMENT_LAST + 1];
    struct pulih_post posts[PULIH_POSTS_MAX];
    size_t n_posts;
    struct pulih_absence absences[PULIH_ABSENCES_MAX];
    size_t n_absences;
    struct pulih_ladder ladders[PULIH_LADDERS_MAX]; /* the first that is meant for a complaint holds */
    size_t n_ladders;
    struct pulih_ladder ladder;                      /* where none of them is */
    struct pulih_view notice_recipient, notice_post; /* above the last rung; absent: no external notice */
    struct pulih_authority authority[PULIH_ROLES_MAX];
    size_t n_authority;
    struct pulih_approval approvals[PULIH_APPROVALS_MAX]; /* the first that is meant for an offer holds */
    size_t n_approvals;
    struct pulih_forward forwards[PULIH_FORWARDS_MAX];
    size_t n_forwards;
    uint32_t four_eyes;     /* bit n - 1: complaints of PULIH_gravity_* n are settled by two persons */
    uint16_t transfers_max; /* changes of department after which the ladder climbs; 0: any number */

    struct pulih_rules *rules;       /* see classify.h */
    struct pulih_models models;      /* that vote beside the rules */
    uint8_t threshold[PULIH_AXIS_N]; /* confidence (0-100) below which an axis abstains */
    struct pulih_tier_row tiers[PULIH_TIER_ROWS_MAX];
    size_t n_tiers;                      /* the last one has no condition */
    uint8_t priority_floor[PULIH_TIERS]; /* `unknown` has that of `normal` */
    uint8_t priority_anger;              /* at anger 100 */
    uint8_t priority_contacts;           /* at most, 1 for each earlier contact */
    struct pulih_raise raises[PULIH_RAISES_MAX];
    size_t n_raises;

    /* By language; `unknown` has those of `language`. The receipt has slots reference, due, company. */
    struct pulih_view receipt[PULIH_LANGUAGES];
    struct pulih_template letter[PULIH_LETTERS][PULIH_LANGUAGES];
    uint32_t demands[PULIH_LETTERS]; /* by kind; bit n: it is not written unless slot n says something */
    /* Purpose, scope and definitions of a handling plan, with slots; absent: the policy says nothing. */
    struct pulih_view plan[PULIH_PLAN_TEXTS][PULIH_LANGUAGES];
};

/* NULL: faults are in *why. */
struct pulih_policy *pulih_policy_load(const char *path, struct pulih_buf *why);
void pulih_policy_free(struct pulih_policy *p);

/* A calendar as it was in force from `since_us` on, as pulih_calendar_write has it. */
struct pulih_calendar_version {
    struct pulih_view name;
    int64_t since_us;
    struct pulih_view text;
};

/* Gives the policy's calendars the past that they had: n versions, by name and time. The last of a name is
 * the policy's own, or counted up to now. Once for a policy. */
void pulih_policy_keep_past(struct pulih_policy *p, const struct pulih_calendar_version *versions, size_t n,
                            int64_t now_us);
/* The departments alone: all else of it is unset, and may be faulty. */
struct pulih_policy *pulih_policy_load_words(const char *path, struct pulih_buf *why);

/* NULL if there is none of that name. */
struct pulih_calendar *pulih_policy_calendar(const struct pulih_policy *p, struct pulih_view name);
/* Reads one pack by itself; its texts live in the arena. False: faults are in *why. */
bool pulih_pack_load(const char *path, struct pulih_arena *texts, struct pulih_pack *ret,
                     struct pulih_buf *why);
/* The pack as it stands in the policy and counts on that day, yyyymmdd. */
enum pulih_pack_state {
    PULIH_PACK_unconfirmed, /* does nothing */
    PULIH_PACK_future,      /* all of it is in force later only */
    PULIH_PACK_in_force,
    PULIH_PACK_expired, /* nothing of it is in force any more; clocks that started before go on */
};
enum pulih_pack_state pulih_pack_state(const struct pulih_pack *pack, int32_t date);
bool pulih_period_holds(struct pulih_period period, int32_t date);
/* Whether any clock goes by that event: PULIH_M_* or PULIH_CLOCK_MILESTONE. */
bool pulih_policy_heeds(const struct pulih_policy *p, uint16_t event);
/* Appends where customers of a complaint that came in at `received_us` may go with it: the signposts of the
 * confirmed packs that have a clock for every complaint. */
void pulih_policy_signpost(const struct pulih_policy *p, int64_t received_us, int language,
                           struct pulih_buf *out);
/* The clock of that name (PULIH_deadline_*); NULL if the policy has none. */
const struct pulih_clock_rule *pulih_policy_clock(const struct pulih_policy *p, uint16_t name);
/* Index into authority, or -1. */
int pulih_policy_role(const struct pulih_policy *p, struct pulih_view role);

#endif
