/* The shipped policy, and what it makes of a text. */
#ifndef PULIH_TEST_SHIPPED_H
#define PULIH_TEST_SHIPPED_H

#include "pulih/core/policy.h"

/* For cmocka_run_group_tests: *state is the policy, with a threshold of 50 on every axis and two roles of known
 * authority, whatever stands in the file. */
int load_shipped(void **state);
int free_shipped(void **state);
/* The shipped policy with other rules, which are the caller's, and without models. */
struct pulih_policy policy_with(const char *rules);

struct pulih_classification classify(const struct pulih_policy *policy, const char *story);
/* Evidence is in order, within its bounds and within the story; else the test fails. */
void check_evidence(const struct pulih_classification *c, size_t story_len);

#endif
