/* pulih-escalation: what must be done by when, and who is told when it is not. */
#include "pulih/host/service.h"
#include "services/escalation/handlers.h"
#include "services/escalation/timer.h"

static const struct pulih_handler escalation_handlers[] = {
    {PULIH_M_classified, escalation_on_classified, PULIH_BY_HINT | PULIH_BY_STORY},
    {PULIH_M_deadline_passed, escalation_on_deadline_passed, PULIH_BY_STORY},
    {PULIH_M_reprimand_acknowledged, escalation_on_reprimand_acknowledged, PULIH_BY_STORY},
    {PULIH_M_reprimand_answered, escalation_on_reprimand_answered, PULIH_BY_STORY},
    {PULIH_M_deescalated, escalation_on_deescalated, PULIH_BY_STORY},
    {PULIH_M_paused, escalation_on_paused, 0},
    {PULIH_M_resumed, escalation_on_resumed, PULIH_BY_STORY},
    {PULIH_M_extended, escalation_on_extended, PULIH_BY_STORY},
    {PULIH_M_put_in_writing, escalation_on_put_in_writing, PULIH_BY_STORY},
    {PULIH_M_renegotiated, escalation_on_renegotiated, PULIH_BY_STORY},
    {PULIH_M_plan_outdated, escalation_on_plan_outdated, PULIH_BY_STORY},
};

int main(int argc, char **argv)
{
    return pulih_service_main(argc, argv,
                              &(const struct pulih_service){
                                  .stage = PULIH_STAGE_escalation,
                                  .handlers = escalation_handlers,
                                  .n_handlers = PULIH_COUNT(escalation_handlers),
                                  .statements = escalation_statements,
                                  .n_statements = ESCALATION_SQL_N,
                                  .beat = escalation_timer,
                              });
}
