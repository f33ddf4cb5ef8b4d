/* Steps of classification; see pulih/core/step.h for their contract. */
#ifndef PULIH_CLASSIFICATION_HANDLERS_H
#define PULIH_CLASSIFICATION_HANDLERS_H

#include "pulih/core/step.h"

pulih_handler_f classification_on_complaint;
pulih_handler_f classification_on_reclassified;

#endif
