/* What stands in quotes in the rules: phrases and spellings. Used by rules_load.c alone.
 *
 * A phrase is one to six words of a sentence, folded like the texts (see text.h). In it
 *
 *   kurir*            stands for any word that begins so
 *   ~kirim            stands for the family of an Indonesian word: kirim, dikirim, ngirim, pengiriman ...
 *                     each with any ending; one such word in a phrase
 *   belum ... sampai  up to three other words may stand in between
 *
 * @people instead of a phrase stands for all phrases of the array `people` in the group `lists`.
 */
#ifndef PULIH_CORE_RULES_PHRASES_H
#define PULIH_CORE_RULES_PHRASES_H

#include <stdbool.h>

#include "services/common/core/rules.h"

struct config_setting_t;
struct pulih_vocabulary;

struct pulih_rules_loader {
    struct pulih_rules *rules;
    struct config_setting_t *lists;       /* phrases that rules share; NULL is none */
    const struct pulih_vocabulary *known; /* words that rules may vote for; may be NULL */
    const char *path;
    struct pulih_buf *why;
    struct pulih_text text; /* a phrase, cut into words */
};

/* Adds the phrases of a rule's member to the rule that is being read. True when the member is there. */
bool pulih_rules_read_phrases(struct pulih_rules_loader *l, struct config_setting_t *rule, const char *key,
                              enum pulih_phrase_role role);
/* Adds rows [ "standard", "spelling", ... ]; NULL is none. */
void pulih_rules_read_spellings(struct pulih_rules_loader *l, struct config_setting_t *spellings);

#endif
