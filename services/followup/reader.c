/* The reader: ranges of the feed and letters, from rows to frames. Runs on a worker of its own. */
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/reference.h"
#include "services/followup/door.h"

const struct pulih_statement feed_statements[FEED_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/feed.sql.h"
#undef SQL
};

/* Columns of read_feed and read_letter. */
enum { F_n, F_seq, F_complaint, F_number, F_version, F_type, F_state, F_at, F_body };
enum { L_kind, L_language, L_channel, L_post, L_subject, L_body, L_person };

static size_t ask_ranges(struct pulih_worker *w, const struct feed_job *job)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_array(p, PULIH_OID_INT2, job->n);
    for (size_t i = 0; i < job->n; i++)
        pulih_params_int2(p, (int16_t)job->requests[i].stream);
    pulih_params_array(p, PULIH_OID_INT8, job->n);
    for (size_t i = 0; i < job->n; i++)
        pulih_params_int8(p, (int64_t)job->requests[i].after);
    pulih_params_array(p, PULIH_OID_INT4, job->n);
    for (size_t i = 0; i < job->n; i++)
        pulih_params_int4(p, (int32_t)job->requests[i].most);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + FEED_SQL_read_feed);
}

static size_t ask_letter(struct pulih_worker *w, const struct letter_request *request)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_id(p, &request->complaint);
    pulih_params_int2(p, pulih_shard(&request->complaint));
    pulih_params_int2(p, (int16_t)request->number);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + FEED_SQL_read_letter);
}

/* --- ranges --------------------------------------------------------------------------------------------- */

static void put_item(struct pulih_db *db, size_t call, size_t row, struct pulih_buf *list)
{
    struct pulih_feed_item item = {0};
    char reference[PULIH_REFERENCE_BYTES];
    enum pulih_m type = pulih_message_by_wire((uint64_t)pulih_db_int(db, call, row, F_type));

    pulih_must(type < PULIH_M_N);
    pulih_reference_print(pulih_db_int(db, call, row, F_number), reference);
    PULIH_SET(&item, feed_item, seq, (uint64_t)pulih_db_int(db, call, row, F_seq));
    PULIH_SET(&item, feed_item, complaint, pulih_db_id(db, call, row, F_complaint));
    PULIH_SET(&item, feed_item, reference, pulih_view_of(reference));
    PULIH_SET(&item, feed_item, version, (uint64_t)pulih_db_int(db, call, row, F_version));
    PULIH_SET(&item, feed_item, type, pulih_view_of(pulih_message(type)->name));
    PULIH_SET(&item, feed_item, state,
              pulih_view_of(pulih_states[pulih_db_int(db, call, row, F_state)].name));
    PULIH_SET(&item, feed_item, at, pulih_db_time(db, call, row, F_at));
    PULIH_SET(&item, feed_item, body, pulih_db_view(db, call, row, F_body));
    pulih_list_add(list, PULIH_M_feed_item, &item);
}

static void end_range(struct feed_job *job, struct feed_request *r)
{
    struct pulih_events events = {0};

    PULIH_SET(&events, events, stream, r->stream);
    PULIH_SET(&events, events, from, r->after);
    PULIH_SET(&events, events, to, r->last);
    PULIH_SET(&events, events, items, pulih_list_of(&job->list, r->n));
    r->at = job->bytes.len;
    pulih_frame_encode(PULIH_M_events, &events, &job->bytes);
    r->len = job->bytes.len - r->at;
}

/* Numbers are gapless: a hole in front means that what was asked for is no longer kept. `oldest` is. */
static void tell_too_old(struct feed_job *job, struct feed_request *r, uint64_t oldest)
{
    struct pulih_too_old too_old = {0};

    PULIH_SET(&too_old, too_old, stream, r->stream);
    PULIH_SET(&too_old, too_old, oldest, oldest - 1);
    r->at = job->bytes.len;
    pulih_frame_encode(PULIH_M_too_old, &too_old, &job->bytes);
    r->len = job->bytes.len - r->at;
}

/* Rows come in the order of the requests, and of the numbers within each. */
static void take_ranges(struct pulih_db *db, size_t call, struct feed_job *job)
{
    size_t rows = pulih_db_rows(db, call), row = 0;

    for (size_t i = 0; i < job->n; i++) {
        struct feed_request *r = &job->requests[i];
        uint64_t first = 0;
        pulih_buf_empty(&job->list);
        for (; row < rows && (size_t)pulih_db_int(db, call, row, F_n) == i + 1; row++) {
            r->last = (uint64_t)pulih_db_int(db, call, row, F_seq);
            first = r->n++ ? first : r->last;
            put_item(db, call, row, &job->list);
        }
        if (first != r->after + 1) {
            tell_too_old(job, r, r->n ? first : r->head + 1);
            r->n = 0;
        } else {
            end_range(job, r);
        }
    }
}

/* --- letters -------------------------------------------------------------------------------------------- */

static void put_person(struct pulih_letter *letter, struct pulih_view person)
{
    struct pulih_view name = pulih_map_text(person, "name"), phone = pulih_map_text(person, "phone");
    struct pulih_view email = pulih_map_text(person, "email"), address = pulih_map_text(person, "address");

    if (name.at)
        PULIH_SET(letter, letter, name, name);
    if (phone.at)
        PULIH_SET(letter, letter, phone, phone);
    if (email.at)
        PULIH_SET(letter, letter, email, email);
    if (address.at)
        PULIH_SET(letter, letter, address, address);
}

static void put_letter(struct pulih_db *db, size_t call, struct feed_job *job, const struct letter_request *r)
{
    struct pulih_letter letter = {0};
    struct pulih_view post = pulih_db_view(db, call, 0, L_post),
                      person = pulih_db_view(db, call, 0, L_person);
    int language = (int)pulih_db_int(db, call, 0, L_language);

    pulih_buf_empty(&job->scratch);
    if (post.at)
        person = (struct pulih_view){0}; /* a letter inside the company needs no address of the customer */
    pulih_letter_address(pulih_db_view(db, call, 0, L_body), pulih_map_text(person, "name"), language,
                         &job->scratch);
    PULIH_SET(&letter, letter, complaint, r->complaint);
    PULIH_SET(&letter, letter, number, r->number);
    PULIH_SET(&letter, letter, letter, (uint16_t)pulih_db_int(db, call, 0, L_kind));
    PULIH_SET(&letter, letter, language, (uint16_t)language);
    PULIH_SET(&letter, letter, channel, (uint16_t)pulih_db_int(db, call, 0, L_channel));
    if (post.at)
        PULIH_SET(&letter, letter, post, post);
    PULIH_SET(&letter, letter, subject, pulih_db_view(db, call, 0, L_subject));
    PULIH_SET(&letter, letter, text, pulih_view_of_buf(&job->scratch));
    put_person(&letter, person);
    pulih_frame_encode(PULIH_M_letter, &letter, &job->bytes);
}

static void take_letter(struct pulih_db *db, size_t call, struct feed_job *job, struct letter_request *r)
{
    struct pulih_nack nack = {0};

    r->at = job->bytes.len;
    if (pulih_db_rows(db, call)) {
        put_letter(db, call, job, r);
    } else {
        PULIH_SET(&nack, nack, id, r->complaint);
        PULIH_SET(&nack, nack, refusal, PULIH_refusal_no_such_letter);
        PULIH_SET(&nack, nack, field, PULIH_VIEW("number"));
        PULIH_SET(&nack, nack, rule, PULIH_VIEW("this complaint has no letter of this number"));
        pulih_frame_encode(PULIH_M_nack, &nack, &job->bytes);
    }
    r->len = job->bytes.len - r->at;
}

/* --- the job -------------------------------------------------------------------------------------------- */

/* True: commits wait for a standby here, so a commit of our own proves that what we read is safe there, too.
 */
static bool take_heads(struct pulih_db *db, size_t call, struct feed_job *job)
{
    bool synchronous = false;

    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        uint64_t stream = (uint64_t)pulih_db_int(db, call, i, 0);
        if (stream < FEED_STREAMS)
            job->heads[stream] = (uint64_t)pulih_db_int(db, call, i, 1);
        synchronous = pulih_db_int(db, call, i, 2);
    }
    job->heads_known = true;
    return synchronous;
}

/* In a transaction of its own, as only the answer to a COMMIT tells whether its wait was cut short. */
static enum pulih_db_end prove(struct pulih_worker *w)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p;

    pulih_db_begin(db);
    p = pulih_db_params(db);
    pulih_params_id(p, pulih_worker_id(w));
    pulih_params_int2(p, PULIH_STAGE_followup);
    pulih_params_text(p, PULIH_VIEW("feed"));
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_int8(p, 0);
    pulih_db_call(db, PULIH_SQL_seen);
    pulih_db_commit(db);
    return pulih_db_run(db);
}

static void start_over(struct feed_job *job)
{
    pulih_buf_empty(&job->bytes);
    job->heads_known = false;
    for (size_t i = 0; i < job->n; i++)
        job->requests[i].n = 0, job->requests[i].len = 0;
}

enum pulih_db_end feed_read(struct pulih_worker *w, void *arg, int attempt)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct feed_job *job = arg;
    size_t ranges = 0, letters[FEED_LETTERS_MAX] = {0};

    (void)attempt;
    start_over(job);
    if (job->n)
        ranges = ask_ranges(w, job);
    for (size_t i = 0; i < job->n_letters; i++)
        letters[i] = ask_letter(w, &job->letters[i]);
    pulih_db_params(db);
    size_t heads = pulih_db_call(db, pulih_worker_own(w) + FEED_SQL_heads);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    if (job->n)
        take_ranges(db, ranges, job);
    for (size_t i = 0; i < job->n_letters; i++)
        take_letter(db, letters[i], job, &job->letters[i]);
    PULIH_POINT_IF(job->n, feed_read);
    if (!take_heads(db, heads, job) || !job->bytes.len)
        return PULIH_DB_DONE;
    return prove(w);
}
