/* Reads the list of rules from a policy.
 *
 *   rules = (
 *     { id = "deliv-late-id";           letters, digits and dashes, up to 23, no other rule's
 *       axis = "department";            what it votes on; tier and priority follow from the others
 *       value = "delivery";             a word of that axis; none for anger, which is a score
 *       weight = 3;                     -100 to 100, not 0; about 4 settles a word, 100 a score
 *       also = ( { axis = ...; value = ...; weight = ...; } );   up to 5 more votes
 *       any = [ "terlambat*", "belum sampai" ];   words or phrases; signs in them: rules_phrases.h
 *       near = [ "paket*", "kurir*" ];  one of these must stand in the same sentence, not farther than
 *       not = [ "uang*" ];              and none of these
 *       within = 5;                     this many words away
 *       negation = "drop";              drop: does not count when negated; need: only then; ignore (default)
 *       times = 1;                      how many occurrences count, 1 to 100
 *       language = "id";                only in texts of this language
 *       force = true;                   settles the axis, whatever else speaks against it
 *       veto = true; } )                rules the value out, unless another rule forces it
 *
 * and, beside it, lists that rules share, and what people write instead of a word. A word of a text counts
 * as it stands and as its standard:
 *
 *   lists = { people = [ "anak*", "ibu", "my son" ]; }      in rules: any = [ "@people" ]
 *   spellings = ( [ "tidak", "gk", "nggak" ], ... )
 *
 * Phrases are folded like the texts (see text.h), so case and accents do not matter.
 */
#ifndef PULIH_CORE_RULES_LOAD_H
#define PULIH_CORE_RULES_LOAD_H

#include "pulih/base/bytes.h"

struct config_setting_t;
struct pulih_rules;
struct pulih_vocabulary;

/* Reads `rules` and the settings `lists` and `spellings` beside it, if there are any. Values are words of
 * `known`, or of the closed lists alone if that is NULL. NULL: every fault is in *why, a line each. `rules`
 * NULL is a policy without rules, which is a fault. */
struct pulih_rules *pulih_rules_load(struct config_setting_t *rules, const char *main_path,
                                     const struct pulih_vocabulary *known, struct pulih_buf *why);
/* Takes NULL. */
void pulih_rules_free(struct pulih_rules *rules);

#endif
