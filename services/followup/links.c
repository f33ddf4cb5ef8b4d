/* What a person says of two complaints: that they belong together, or that they do not. */
#include "services/followup/handlers.h"

#include "pulih/core/reference.h"

/* Both complaints go on as they are. The row is one for both, so either may bring the decision; the last one
 * that is committed counts. */
static enum pulih_verdict decide(struct pulih_step *step, const struct pulih_id *other, int state,
                                 struct pulih_view actor)
{
    const struct pulih_id *id = &step->item->row.id;
    int order = pulih_id_compare(id, other);

    if (order == 0)
        return pulih_step_refuse(step, "other_complaint");
    struct pulih_row_link *link = PULIH_ADD(step->rows, link);
    link->complaint = order > 0 ? *id : *other;
    link->shard = pulih_shard(&link->complaint);
    link->other = order > 0 ? *other : *id;
    link->state = (int16_t)state;
    link->decided_at = step->now_us;
    link->actor = actor;
    return PULIH_DONE;
}

enum pulih_verdict followup_on_linked(struct pulih_step *step)
{
    struct pulih_linked msg;

    if (!pulih_step_read(step, PULIH_M_linked, &msg))
        return pulih_step_never(step, "the stored link cannot be read");
    return decide(step, &msg.other, PULIH_link_confirmed, msg.actor);
}

enum pulih_verdict followup_on_unlinked(struct pulih_step *step)
{
    struct pulih_unlinked msg;

    if (!pulih_step_read(step, PULIH_M_unlinked, &msg))
        return pulih_step_never(step, "the stored end of a link cannot be read");
    return decide(step, &msg.other, PULIH_link_rejected, msg.actor);
}
