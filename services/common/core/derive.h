/* From the votes to a classification: axes are decided one after the other, and what one axis came to is a
 * vote for later ones; tier and priority follow by tables. */
#ifndef PULIH_CORE_DERIVE_H
#define PULIH_CORE_DERIVE_H

#include "pulih/core/policy.h"
#include "services/common/core/tally.h"

/* Fills *ret, except for the evidence. */
void pulih_derive(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                  struct pulih_tally *tally, struct pulih_classification *ret);

#endif
