/* Reading a policy file piece by piece. Each reader takes a setting and puts what it says into the policy, or
 * reports each fault of it and leaves the policy as it is; the load fails if anything was reported.
 */
#ifndef PULIH_CORE_POLICY_READ_H
#define PULIH_CORE_POLICY_READ_H

#include "pulih/base/arena.h"
#include "pulih/core/policy.h"

struct config_setting_t;

struct pulih_policy_reader {
    struct pulih_policy *policy;
    struct pulih_arena *texts; /* lives as long as the policy */
    const char *path;
    struct pulih_buf *why;
    struct pulih_buf files; /* paths of files read beside the configuration, each with its zero */
};

/* --- values (policy_value.c) --- */

/* Reports "file:line: name.of[2].setting: text". */
void pulih_policy_wrong(struct pulih_policy_reader *r, const struct config_setting_t *at, const char *format,
                        ...) PULIH_PRINTF(3, 4);
/* Reports `what` that is none of the known names, with the one that may have been meant. */
void pulih_policy_unknown(struct pulih_policy_reader *r, const struct config_setting_t *at, const char *what,
                          const char *name, const char *const *known, size_t n);
/* False, reported: no group, or a member with a name that is not known. */
bool pulih_policy_group(struct pulih_policy_reader *r, const struct config_setting_t *at,
                        const char *const *known, size_t n);
/* The member of a group; NULL, reported, if there is none. */
struct config_setting_t *pulih_policy_member(struct pulih_policy_reader *r, struct config_setting_t *group,
                                             const char *name);
/* False, reported: no [array] or (list) of `least` to `most` elements. */
bool pulih_policy_elements(struct pulih_policy_reader *r, const struct config_setting_t *at, size_t least,
                           size_t most);
/* A file is a part of the policy: its bytes go into the version. */
void pulih_policy_read_file(struct pulih_policy_reader *r, struct pulih_view path);
/* A copy of a text of 1 to `most` bytes in one line, or in several if `lines`. Absent on a fault. */
struct pulih_view pulih_policy_text(struct pulih_policy_reader *r, const struct config_setting_t *at,
                                    size_t most, bool lines);
bool pulih_policy_duration(struct pulih_policy_reader *r, const struct config_setting_t *at,
                           struct pulih_duration *ret);
bool pulih_policy_integer(struct pulih_policy_reader *r, const struct config_setting_t *at, int64_t least,
                          int64_t most, int64_t *ret);
bool pulih_policy_boolean(struct pulih_policy_reader *r, const struct config_setting_t *at, bool *ret);
/* A date from 2000 to 2050 as yyyymmdd (policy_days.c). */
bool pulih_policy_read_date(struct pulih_policy_reader *r, const struct config_setting_t *at, int32_t *ret);
/* Number of a word of a list, -1 on a fault. */
int pulih_policy_word(struct pulih_policy_reader *r, const struct config_setting_t *at,
                      enum pulih_words list);
/* Bit n for each word n that a list names; it has `least` or more. */
uint32_t pulih_policy_word_list(struct pulih_policy_reader *r, const struct config_setting_t *at,
                                enum pulih_words list, size_t least);
/* The same for a setting that is one word, or a list of some. */
uint32_t pulih_policy_word_bits(struct pulih_policy_reader *r, const struct config_setting_t *at,
                                enum pulih_words list);
/* The words of a closed list as names, n of them; from the first one, or from the one after `unknown`. */
enum { PULIH_POLICY_WORDS_MAX = PULIH_VOCABULARY_MAX };
size_t pulih_policy_words(enum pulih_words list, bool with_unknown,
                          const char *names[PULIH_POLICY_WORDS_MAX]);

/* A duration for each tier (policy_time.c); `unknown` gets that of `normal`. */
void pulih_policy_read_by_tier(struct pulih_policy_reader *r, struct config_setting_t *at,
                               struct pulih_duration *ret);

/* --- readers of top-level settings --- */

/* policy_calendar.c */
void pulih_policy_read_calendars(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_calendar(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_time.c */
void pulih_policy_read_resolve_within(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_warn_before(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_clocks.c; the second adds what must be there, once everything is read. */
void pulih_policy_read_clocks(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_add_clocks(struct pulih_policy *p);
/* The calendar that counts where no other is named. */
struct pulih_named_calendar pulih_policy_standard_calendar(const struct pulih_policy *p);
/* False, reported: it says nothing that can be used. */
bool pulih_policy_read_calendar_name(struct pulih_policy_reader *r, const struct config_setting_t *at,
                                     struct pulih_named_calendar *ret);
/* The members `from` and `until` of a group, either of which may be missing. False, reported: no dates. */
bool pulih_policy_read_period(struct pulih_policy_reader *r, struct config_setting_t *group,
                              struct pulih_period *ret);
bool pulih_policy_read_pack_clock(struct pulih_policy_reader *r, struct config_setting_t *row,
                                  struct pulih_clock_rule *ret);
/* policy_packs.c */
void pulih_policy_read_packs(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_posts.c */
void pulih_policy_read_posts(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_absences(struct pulih_policy_reader *r, struct config_setting_t *at);
/* The name of a post that stands in `posts`; absent on a fault of the text itself. */
struct pulih_view pulih_policy_post(struct pulih_policy_reader *r, const struct config_setting_t *at);
/* policy_departments.c */
void pulih_policy_read_departments(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_people.c */
void pulih_policy_read_answerable(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_ladders(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_ladder(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_external_notice(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_authority(struct pulih_policy_reader *r, struct config_setting_t *at);
/* Whole units of money are that many minor ones; amounts are at most those of messages.tbl.h. */
int64_t pulih_policy_minor_per_unit(const struct pulih_policy_reader *r);
#define PULIH_POLICY_AMOUNT_MAX INT64_C(9000000000000000)
/* policy_approvals.c */
void pulih_policy_read_approvals(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_four_eyes(struct pulih_policy_reader *r, struct config_setting_t *at);
/* What holds where the policy does not say: the gravities of the tier `complex`. */
void pulih_policy_set_four_eyes(struct pulih_policy *p);
void pulih_policy_read_transfers_max(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_forwards.c */
void pulih_policy_read_forwards(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_rank.c */
void pulih_policy_read_tiers(struct pulih_policy_reader *r, struct config_setting_t *at);
void pulih_policy_read_priority(struct pulih_policy_reader *r, struct config_setting_t *at);
/* policy_letters.c */
void pulih_policy_read_letters(struct pulih_policy_reader *r, struct config_setting_t *at);
/* Slots that letters of the kind must have filled, added to those before; the letters are read. */
void pulih_policy_read_demands(struct pulih_policy_reader *r, const struct config_setting_t *at, int kind);
void pulih_policy_read_receipt(struct pulih_policy_reader *r, struct config_setting_t *at);
/* A text of up to `most` bytes in each language, by PULIH_language_*; bits of slots that may not stand in it,
 * and those that must, as letters.tbl.h has them. */
void pulih_policy_read_both(struct pulih_policy_reader *r, struct config_setting_t *at, size_t most,
                            uint32_t refused, const char *demands, struct pulih_view *by_language);
/* policy_plan.c */
void pulih_policy_read_plan(struct pulih_policy_reader *r, struct config_setting_t *at);

#endif
