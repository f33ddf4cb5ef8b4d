/* What a customer is recognised by, without saying who it is: keyed digests of what identifies them.
 *
 * Does.     Digests the customer's number at the company, telephone number and e-mail address; written in
 *           different ways they are the same: +62 812-0000-0101 is 0812 0000 0101, Ana@Example.com is
 *           ana@example.com. Intermediaries are recognised by their customer's number, as their own telephone
 *           and address stand for many.
 * Promises. Without the key a digest tells nothing, and 64 bits of it are kept. Equal keys and customers
 *           give equal marks in every version of the program.
 */
#ifndef PULIH_CORE_MARKS_H
#define PULIH_CORE_MARKS_H

#include "proto/msg.h"

enum pulih_mark_kind { PULIH_MARK_customer_ref = 1, PULIH_MARK_email, PULIH_MARK_phone };

enum { PULIH_MARKS_MAX = 3, PULIH_MARK_BYTES = 9, PULIH_MARK_KEY_BYTES = 16 };

struct pulih_mark {
    enum pulih_mark_kind kind;
    int64_t digest;
};

/* The customer's marks, packed as column `person.marks` holds them: for each a byte for its kind and the
 * digest, big-endian. Adds up to PULIH_MARKS_MAX times PULIH_MARK_BYTES bytes, or nothing. */
void pulih_marks_pack(const uint8_t key[PULIH_MARK_KEY_BYTES], const struct pulih_complaint *msg,
                      struct pulih_buf *out);
/* Returns how many were read; what is of no known kind is passed over. */
size_t pulih_marks_unpack(struct pulih_view packed, struct pulih_mark ret[PULIH_MARKS_MAX]);
/* How sure it is that two complaints of one mark are of one customer, 0 to 100. A judgement, not measured: a
 * telephone may be a household's, and its last digits somebody else's. */
int pulih_mark_percent(enum pulih_mark_kind kind);

#endif
