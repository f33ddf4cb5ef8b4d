/* Steps of classification; see pulih/core/step.h for their contract. */
#ifndef PULIH_CLASSIFICATION_HANDLERS_H
#define PULIH_CLASSIFICATION_HANDLERS_H

#include "pulih/core/step.h"

pulih_handler_f classification_on_complaint;
pulih_handler_f classification_on_reclassified;

/* What a row says on an axis. */
int16_t classification_value(const struct pulih_row_classification *row, enum pulih_axis axis);

#endif
