/* Who hints: senders whose hints have named work, and strangers. The port hears whoever reaches it, and a
 * hint that names nothing costs two round trips to the database and spoils the batch that it is in.
 *
 * Does.     Lets every hint of a known sender pass. Strangers become known by a hint that named work; hints
 *           of theirs that name nothing, or are none, use up tries, and without a try left no stranger is
 *           heard. A batch in which many items were for nothing uses up many.
 * Promises. A flood of hints that name nothing costs a few batches a second, of a hundred items each, and
 *           hints of known senders pass beside it. What is not heard is found by the poll.
 */
#ifndef PULIH_HOST_HINTERS_H
#define PULIH_HOST_HINTERS_H

#include "pulih/host/sessions.h"
#include "pulih/host/stage.h"

struct pulih_hinters {
    struct pulih_sessions known;
    int tries; /* batches that strangers may spoil; below zero it takes longer until they may again */
    int64_t next_try_us;
    int64_t full_since_us; /* the batch had no room since; 0: it has */
};

void pulih_hinters_init(struct pulih_hinters *h, int64_t now_us);
void pulih_hinters_free(struct pulih_hinters *h);
/* Whether a hint of this sender is worth a look. */
bool pulih_hinter_may(struct pulih_hinters *h, const struct pulih_bus_peer *peer, int64_t now_us);
/* One turn at the hint port: takes what has come into the batch, as far as that has room for so many items. A
 * batch that stays full, as without a database, does not stop it for long: what comes then is dropped, or
 * senders who come and go would fill the memory. */
void pulih_hinters_receive(struct pulih_hinters *h, struct pulih_bus_socket *port, struct pulih_batch *b,
                           size_t items_most, struct pulih_metrics *metrics);
/* It sent what is no hint. */
void pulih_hinter_blame(struct pulih_hinters *h, const struct pulih_bus_peer *peer);
/* Learns from a batch of hints that was done. */
void pulih_hinters_learn(struct pulih_hinters *h, const struct pulih_batch *b, int64_t now_us);

#endif
