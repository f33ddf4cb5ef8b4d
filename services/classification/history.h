/* How often a customer complained of late. The complainer who did so often is called hyperactive. */
#ifndef PULIH_CLASSIFICATION_HISTORY_H
#define PULIH_CLASSIFICATION_HISTORY_H

#include "pulih/host/service.h"
#include "services/classification/alike.h"

enum { HISTORY_STORIES_MAX = 64 };

/* Of a portion of stories, whose keys are written. */
struct history {
    const struct pulih_conf *conf;
    const char *policy;                       /* version */
    uint64_t complaints[HISTORY_STORIES_MAX]; /* of the story's customer, with the story itself; 0: unknown */
    size_t n_asked;
    size_t asked[HISTORY_STORIES_MAX * PULIH_MARKS_MAX]; /* index of the story, by position in the question */
};

/* Queues the question and returns its call; `n` is at most HISTORY_STORIES_MAX. */
size_t history_ask(struct history *h, struct pulih_worker *w, const struct alike_story *stories, size_t n);
void history_take(struct history *h, struct pulih_db *db, size_t call);
bool history_is_hyperactive(const struct history *h, size_t story);
/* Posts history_found and adds the judgement as a row of its own, in which the other axes are 0. True when
 * the complaint was at rest, so that the message must be handed to its owner. */
bool history_tell(const struct history *h, size_t story, struct pulih_item *item, struct pulih_batch *b,
                  int64_t now_us);

#endif
