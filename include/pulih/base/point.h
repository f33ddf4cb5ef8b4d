/* PULIH_POINT(name): a place where a test may have the program die, or stand still.
 *
 * Does.     Nothing, and is nothing, but in a build with POINTS=1: there the environment says at which point,
 *           at which pass and how: PULIH_POINT=commit_sent:3:kill, or :freeze. Names stand in points.tbl.h.
 */
#ifndef PULIH_BASE_POINT_H
#define PULIH_BASE_POINT_H

#ifdef PULIH_POINTS
void pulih_point_pass(const char *name);
#define PULIH_POINT(name) pulih_point_pass(#name)
/* For a place that is passed on other errands, too. */
#define PULIH_POINT_IF(condition, name) ((condition) ? PULIH_POINT(name) : (void)0)
#else
#define PULIH_POINT(name)               ((void)0)
#define PULIH_POINT_IF(condition, name) ((void)0)
#endif

#endif
