/* The worker's hand-over, without a database: one job at a time, given back when the daemon stops. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/host/worker.h"

static enum pulih_db_end never_runs(struct pulih_worker *w, void *job, int attempt)
{
    (void)w, (void)attempt;
    *(int *)job = 1;
    return PULIH_DB_DONE;
}

static struct pulih_worker *start(struct pulih_metrics *metrics)
{
    pulih_log_setup("worker_test", PULIH_LOG_error, false); /* the lost database is no news */
    return pulih_worker_start(&(const struct pulih_worker_setup){.name = "test",
                                                                 .stage = PULIH_STAGE_intake,
                                                                 .database = "host=/nowhere dbname=none",
                                                                 .user = "",
                                                                 .work = never_runs,
                                                                 .metrics = metrics});
}

static bool readable(const struct pulih_worker *w, int timeout_ms)
{
    struct pollfd p = {.fd = pulih_worker_fd(w), .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* What was not done is not taken for done: nobody is told that it is stored. */
static void gives_an_undone_job_back_when_it_stops(void **state)
{
    struct pulih_metrics metrics = {0};
    struct pulih_worker *w = start(&metrics);
    int first = 0, second = 0;
    bool done = true;

    (void)state;
    assert_false(pulih_worker_busy(w));
    assert_null(pulih_worker_take(w, &done));
    assert_true(pulih_worker_give(w, &first));
    assert_true(pulih_worker_busy(w));
    assert_false(pulih_worker_give(w, &second));
    assert_null(pulih_worker_take(w, &done)); /* it is being tried */
    pulih_worker_stop(w);
    assert_true(readable(w, 0));
    assert_true(pulih_worker_busy(w));
    assert_ptr_equal(pulih_worker_take(w, &done), &first);
    assert_false(done);
    assert_int_equal(first + second, 0); /* without a database nothing ran */
    assert_false(pulih_worker_busy(w));
    assert_null(pulih_worker_take(w, &done));
    assert_int_equal(pulih_metric(&metrics, PULIH_METRIC_up), 0);
    pulih_worker_free(w);
}

static void stops_at_once_while_it_waits_for_a_database(void **state)
{
    struct pulih_metrics metrics = {0};
    struct pulih_worker *w = start(&metrics);
    int64_t until_us = pulih_mono_us() + 10000000, began_us;

    (void)state;
    /* Until it has failed often enough to wait long between its tries. */
    while (pulih_metric(&metrics, PULIH_METRIC_retries_total) +
                   pulih_metric(&metrics, PULIH_METRIC_database_errors_total) <
               5 &&
           pulih_mono_us() < until_us)
        poll(NULL, 0, 5);
    began_us = pulih_mono_us();
    pulih_worker_stop(w);
    assert_true(pulih_mono_us() - began_us < 1000000);
    pulih_worker_free(w);
}

struct taken {
    char text[100];
    enum pulih_stage to[8];
    size_t n;
};

static void take(void *arg, enum pulih_stage to, struct pulih_view frame)
{
    struct taken *t = arg;
    size_t len = strlen(t->text);

    assert_true(len + frame.len < sizeof t->text);
    memcpy(t->text + len, frame.at, frame.len);
    t->to[t->n++] = to;
}

static void hints_come_out_in_order_and_once(void **state)
{
    struct pulih_metrics metrics = {0};
    struct pulih_worker *w = start(&metrics);

    (void)state;
    assert_false(readable(w, 0));
    for (int round = 0; round < 3; round++) {
        struct taken t = {.n = 0};
        pulih_worker_hint(w, PULIH_STAGE_followup, PULIH_VIEW("one "));
        pulih_worker_hint(w, PULIH_STAGE_escalation, PULIH_VIEW(""));
        pulih_worker_hint(w, PULIH_STAGE_classification, PULIH_VIEW("three"));
        assert_true(readable(w, 0));
        pulih_worker_take_hints(w, take, &t);
        assert_int_equal(t.n, 3);
        assert_string_equal(t.text, "one three");
        assert_int_equal(t.to[0], PULIH_STAGE_followup);
        assert_int_equal(t.to[1], PULIH_STAGE_escalation);
        assert_int_equal(t.to[2], PULIH_STAGE_classification);
        assert_false(readable(w, 0));
        pulih_worker_take_hints(w, take, &t);
        assert_int_equal(t.n, 3);
    }
    pulih_worker_stop(w);
    pulih_worker_free(w);
}

/* The clock of the database is followed when it is surely another one, and only then. */
static void follows_the_clock_of_the_database(void **state)
{
    struct pulih_metrics metrics = {0};
    struct pulih_worker *w = start(&metrics);
    static const int64_t off[] = {3600000000, -3600000000, 5000000, 0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(off); i++) {
        int64_t now_us = pulih_wall_us();
        pulih_worker_saw_time(w, pulih_mono_us() - 2000, now_us - 1000 + off[i]);
        int64_t error_us = pulih_worker_now(w) - (pulih_wall_us() + off[i]);
        assert_true(error_us > -500000 && error_us < 500000);
    }
    /* It may have been any moment of a round trip: nothing is learnt from that. */
    int64_t now_us = pulih_worker_now(w);
    pulih_worker_saw_time(w, pulih_mono_us() - 60000000, now_us - 30000000);
    assert_true(pulih_worker_now(w) - now_us < 1000000);
    assert_true(pulih_worker_now(w) >= now_us);
    pulih_worker_stop(w);
    pulih_worker_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_an_undone_job_back_when_it_stops),
        cmocka_unit_test(stops_at_once_while_it_waits_for_a_database),
        cmocka_unit_test(hints_come_out_in_order_and_once),
        cmocka_unit_test(follows_the_clock_of_the_database),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
