/* Steps of escalation; see pulih/core/step.h for their contract. */
#ifndef PULIH_ESCALATION_HANDLERS_H
#define PULIH_ESCALATION_HANDLERS_H

#include "pulih/core/step.h"

pulih_handler_f escalation_on_classified;
pulih_handler_f escalation_on_deadline_passed;
pulih_handler_f escalation_on_paused;
pulih_handler_f escalation_on_resumed;

#endif
