/* Who hints: senders whose hints have named work, and strangers. The port hears whoever reaches it, and a
 * hint that names nothing costs two round trips to the database and spoils the batch that it is in.
 *
 * Does.     Lets every hint of a known sender pass. Strangers become known by a hint that named work; hints
 *           of theirs that name nothing use up tries, and without a try left no stranger is heard.
 * Promises. A flood of hints that name nothing costs a few batches a second, and hints of known senders pass
 *           beside it. What is not heard is found by the poll.
 */
#ifndef PULIH_HOST_HINTERS_H
#define PULIH_HOST_HINTERS_H

#include "pulih/host/sessions.h"
#include "pulih/host/stage.h"

struct pulih_hinters {
    struct pulih_sessions known;
    int tries; /* batches that strangers may spoil */
    int64_t next_try_us;
};

void pulih_hinters_init(struct pulih_hinters *h, int64_t now_us);
void pulih_hinters_free(struct pulih_hinters *h);
/* Whether a hint of this sender is worth a look. */
bool pulih_hinter_may(struct pulih_hinters *h, const struct pulih_bus_peer *peer, int64_t now_us);
/* Learns from a batch of hints that was done. */
void pulih_hinters_learn(struct pulih_hinters *h, const struct pulih_batch *b, int64_t now_us);

#endif
