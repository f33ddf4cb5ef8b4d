/* Inside of a stage: what stage.c and poll.c share. Each ends the transaction it works in. */
#ifndef PULIH_HOST_STAGE_IMPL_H
#define PULIH_HOST_STAGE_IMPL_H

#include "pulih/host/stage.h"

/* To be called before a batch, outside of a transaction. */
enum pulih_db_end pulih_stage_prepare(struct pulih_worker *w, const struct pulih_stage_setup *stage);
/* The manifests are locked in the open transaction. */
enum pulih_db_end pulih_stage_work_locked(struct pulih_worker *w, struct pulih_batch *b);
/* Locks the manifests by their keys first; what is gone or locked is somebody else's. */
enum pulih_db_end pulih_stage_work_by_reading(struct pulih_worker *w, struct pulih_batch *b);
/* Rewrites locked manifests as two halves, each to be done alone; a single item goes to `dead`. */
enum pulih_db_end pulih_stage_halve_locked(struct pulih_worker *w, struct pulih_batch *b, const char *reason);
/* After the database refused the batch: locks and halves it, with the database's words as the reason. */
enum pulih_db_end pulih_stage_isolate(struct pulih_worker *w, struct pulih_batch *b);

#endif
