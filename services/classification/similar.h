/* New complaints are compared with those before: same customer, same or similar text. See README.md. */
#ifndef PULIH_CLASSIFICATION_SIMILAR_H
#define PULIH_CLASSIFICATION_SIMILAR_H

#include "services/classification/statements.h"

/* A beat (arg: struct pulih_host): takes one portion of new complaints, writes the keys by which they are
 * found, looks for others that have them, and writes what is alike as suggestions. It takes a twentieth of
 * the worker's time at most. */
pulih_beat_f classification_compare;

#endif
