/* pulihctl explain, whatif and plan: a complaint's clocks by a policy. */
#ifndef PULIH_CTL_CLOCKS_H
#define PULIH_CTL_CLOCKS_H

#include "pulih/core/clocks.h"
#include "services/ctl/ctl.h"

/* Explains the clocks of the complaint that the command names. */
int pulih_ctl_explain_clocks(const struct pulih_ctl *ctl);

/* The language that --language says, or the standard one. False: it was told what is wrong. */
bool pulih_ctl_choose_language(const struct pulih_ctl *ctl, int standard, int *ret);

/* A text in both languages, and in one: Indonesian, or else English. */
struct pulih_both {
    const char *id, *en;
};
const char *pulih_both_in(struct pulih_both text, int language);

/* Appends a length such as "1 jam 5 menit", "1 h 5 min". */
void pulih_ctl_add_span(struct pulih_buf *out, int64_t us, int language);
/* Appends a duration as people of that language say it: "3 hari kerja", "3 working days". */
void pulih_ctl_add_duration(struct pulih_buf *out, struct pulih_duration d, int language);
/* Appends a local time as "Sel 24-11-2026 09.00", "Tue 24-11-2026 09:00". */
void pulih_ctl_add_local(struct pulih_buf *out, const struct pulih_calendar *c, int64_t at_us, int language);

#endif
