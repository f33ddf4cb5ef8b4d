/* The yardstick: the rows that the chain wrote, written again by COPY, nothing else. */
#ifndef PULIH_TESTS_YARD_H
#define PULIH_TESTS_YARD_H

#include <stddef.h>
#include <stdint.h>

struct yard;

/* Reads the final rows of all complaints received at or after `since` (SQL text) into memory, as COPY gives
 * them, in binary. Makes schema yard with tables of the same columns, keys, indexes and checks. */
struct yard *yard_read(const char *database, const char *since);
void yard_free(struct yard *y);
size_t yard_complaints(const struct yard *y);
/* Ends the program unless the yard's tables hold exactly the rows that the chain wrote. */
void yard_compare(const char *database);
/* Empties the yard's tables. */
void yard_clear(const char *database);
/* Writes all rows, those of 500 complaints per commit, over so many connections side by side. Returns the
 * seconds it took; ends the program with the server's words if it fails. */
double yard_write(struct yard *y, const char *database, int connections);

#endif
