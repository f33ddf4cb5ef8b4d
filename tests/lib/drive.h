/* Publishes the sample complaints through libpulih, at full speed or at a rate, and times what comes back. */
#ifndef PULIH_TESTS_DRIVE_H
#define PULIH_TESTS_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulih.h"

struct drive_sent {
    struct pulih_uuid id;
    int64_t at_us;      /* monotonic, as the two that follow; 0: not yet */
    int64_t receipt_us; /* its receipt came */
    int64_t chain_us;   /* a subscriber got `acknowledged`, which the last step publishes */
};

struct drive {
    const char *publish, *feed;
    struct pulih_publisher *publisher;
    struct drive_sent *sent;
    size_t n;
    size_t n_refused;
};

/* Reads complaints, a JSON object a line. Ends the program when one is faulty, as all functions here do. */
void drive_read_samples(const char *path);
void drive_free_samples(void);

/* `n` complaints; the endpoints stay the caller's. */
void drive_start(struct drive *d, const char *publish, const char *feed, size_t n);
void drive_end(struct drive *d);
/* Everything at once. Returns when all are answered, and `is_done` says so, asked every few milliseconds. */
void drive_flat_out(struct drive *d, bool (*is_done)(void *arg), void *arg);
/* Evenly so many a second; follows the feed beside it, from these places. Returns when all have come through. */
void drive_at_rate(struct drive *d, double per_s, const struct pulih_place *places, size_t n_places);

/* Of the receipts, or of the ways through the chain, in milliseconds; `p` from 0 to 1. */
double drive_receipt_ms(const struct drive *d, double p);
double drive_chain_ms(const struct drive *d, double p);
double drive_percentile(double *values, size_t n, double p); /* sorts them */

#endif
