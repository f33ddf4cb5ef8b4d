/* Documents that are printed from the tables. */
#ifndef PULIH_TESTS_PRINT_H
#define PULIH_TESTS_PRINT_H

#include "proto/msg.h"

/* Appends text as a JSON string, which is a YAML string too. */
void print_quoted(struct pulih_buf *out, const char *text);
void print_asyncapi(struct pulih_buf *out);

#endif
