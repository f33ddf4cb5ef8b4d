/* Letters from templates. A template is text with {{slot}} in it, one per letter kind and language.
 *
 * Does.     Fills slots. A line that has slots, all of them empty, is left out, and a paragraph of such
 *           lines with the empty line behind it; so an optional thing (the argument of an offer, its
 *           amount) stands on a line of its own.
 * Promises. Pure. The customer's name is never rendered: {{name}} stays in the stored text and is filled in
 *           by pulih_letter_address when the letter is handed out, so a stored letter names nobody.
 */
#ifndef PULIH_CORE_LETTER_H
#define PULIH_CORE_LETTER_H

#include "pulih/base/bytes.h"

enum pulih_slot {
#define SLOT(name, ...) PULIH_SLOT_##name,
#include "pulih/tbl/slots.tbl.h"
    PULIH_SLOT_N
};

struct pulih_slots {
    struct pulih_view value[PULIH_SLOT_N];
    int64_t at_us[PULIH_SLOT_N]; /* of slots that are dates; 0: none */
};

struct pulih_template {
    struct pulih_view subject;
    struct pulih_view text;
};

const char *pulih_slot_name(enum pulih_slot slot);
bool pulih_slot_is_date(enum pulih_slot slot);

/* NULL, or the fault: "unknown slot", "slot without its }}", "}} without a slot". *ret_used has bit n set for
 * slot n; *ret_at is the slot's name, or the text from the place of the fault on. */
const char *pulih_template_check(struct pulih_view text, uint32_t *ret_used, struct pulih_view *ret_at);
/* Appends the text with its slots filled, {{name}} excepted. */
void pulih_template_fill(struct pulih_view text, const struct pulih_slots *slots, struct pulih_buf *out);
/* Appends a stored letter with {{name}} filled in; an empty name gives "Bapak/Ibu" or "Sir or Madam". Control
 * signs in a name become spaces, so a name cannot break a subject line. */
void pulih_letter_address(struct pulih_view stored, struct pulih_view name, int language,
                          struct pulih_buf *out);
/* Appends an amount as people read it: 150000 of IDR is "Rp150.000" (id) or "IDR 150,000" (en), 150050 of USD
 * "USD 1.500,50" or "USD 1,500.50". Minor units are those in use: whole rupiah, whole yen, cents; a currency
 * that the table in letter.c does not name has hundredths. */
void pulih_amount_print(uint64_t minor, struct pulih_view currency, int language, struct pulih_buf *out);
/* Decimals of the currency's minor unit: 0 for IDR, 2 for USD. */
int pulih_currency_decimals(struct pulih_view currency);

#endif
