/* pulihctl queue: complaints that wait for a person, with the best guess for each axis that is open. */
#include <string.h>

#include "pulih/core/classify.h"
#include "pulih/core/reference.h"
#include "services/ctl/show.h"

enum { Q_id, Q_number, Q_state, Q_received_at, Q_due_at, Q_text, Q_evidence, Q_confidence, Q_first };
enum { PAGE = 500, REASONS_TOLD = 3 };

struct queue {
    const struct pulih_ctl *ctl;
    struct pulih_db *db;
    uint32_t axes; /* bit n: axis n is asked for */
    bool chosen;   /* by --axis */
    bool json, personal;
    int64_t last, left; /* number of the last complaint read; how many may still be told */
    size_t told;
    struct pulih_ctl_table table;
    struct pulih_ctl_message message;
    struct pulih_buf out;
};

/* One complaint of a page. Views are good until the next statement runs. */
struct waiting {
    size_t row;
    struct pulih_view confidence, story;
    struct pulih_list votes; /* struct pulih_vote, of each axis the strongest first */
};

/* Those for whose sake a complaint waits. */
static const uint32_t deciding = 1u << PULIH_AXIS_category | 1u << PULIH_AXIS_department |
                                 1u << PULIH_AXIS_tier | 1u << PULIH_AXIS_gravity;

/* --- what is open -------------------------------------------------------------------------------------- */

static bool is_about(const struct pulih_vote *vote, enum pulih_axis axis)
{
    return pulih_view_is(vote->axis, pulih_axes[axis].name);
}

/* The best guess as it would be stored: a word, or a mask of all that something speaks for. */
static uint16_t guess(const struct waiting *w, enum pulih_axis axis)
{
    struct pulih_vote vote;
    uint16_t mask = 0;

    for (struct pulih_view at = w->votes.raw; pulih_list_next(PULIH_M_vote, &at, &vote);) {
        if (!is_about(&vote, axis))
            continue;
        if (pulih_axes[axis].kind == PULIH_AXIS_IS_one)
            return (uint16_t)vote.value;
        if (vote.value > 0 && vote.value <= 16)
            mask |= (uint16_t)(1u << (vote.value - 1));
    }
    return mask;
}

/* Was the axis left open, and is it asked for? What was decided is stored, so a guess that differs was too
 * weak. */
static bool is_open(const struct queue *q, const struct waiting *w, enum pulih_axis axis)
{
    uint16_t value = (uint16_t)pulih_db_int(q->db, 0, w->row, Q_first + (size_t)axis);
    uint16_t best = guess(w, axis);

    if (!(q->axes >> axis & 1))
        return false;
    switch (pulih_axes[axis].kind) {
    case PULIH_AXIS_IS_one:
        return value == 0 || value != best;
    case PULIH_AXIS_IS_many:
        return best & ~value;
    case PULIH_AXIS_IS_score:
        return false;
    }
    return false;
}

static void add_guess(struct pulih_buf *out, const struct waiting *w, enum pulih_axis axis)
{
    enum pulih_words words = (enum pulih_words)pulih_axes[axis].words;
    uint16_t best = guess(w, axis);

    if (pulih_axes[axis].kind == PULIH_AXIS_IS_many)
        pulih_ctl_add_mask(out, words, best);
    else if (best)
        pulih_buf_addf(out, "%s", pulih_ctl_word(words, best));
}

static int confidence_in(const struct waiting *w, enum pulih_axis axis)
{
    return (size_t)axis < w->confidence.len ? (unsigned char)w->confidence.at[axis] : 0;
}

/* The words of the story that a vote met; empty when it met none or they may not be shown. */
static struct pulih_view words_of(const struct waiting *w, const struct pulih_vote *vote)
{
    if (vote->at > w->story.len || vote->len > w->story.len - vote->at)
        return (struct pulih_view){0};
    return (struct pulih_view){w->story.at + vote->at, vote->len};
}

/* --- for machines -------------------------------------------------------------------------------------- */

static void axis_json(struct queue *q, const struct waiting *w, enum pulih_axis axis)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf best = {0};
    struct pulih_vote vote;
    const char *comma = "";

    add_guess(&best, w, axis);
    pulih_ctl_json_start(&q->out, "axis", pulih_axes[axis].name);
    pulih_ctl_json_text(&q->out, "guess", pulih_view_of_buf(&best));
    pulih_ctl_json_int(&q->out, "confidence", confidence_in(w, axis));
    pulih_buf_add_view(&q->out, PULIH_VIEW(",\"evidence\":["));
    for (struct pulih_view at = w->votes.raw; pulih_list_next(PULIH_M_vote, &at, &vote);) {
        if (!is_about(&vote, axis))
            continue;
        pulih_buf_addf(&q->out, "%s{\"rule\":", comma);
        pulih_ctl_add_json(&q->out, vote.rule);
        pulih_ctl_json_int(&q->out, "weight", vote.weight);
        pulih_ctl_json_text(&q->out, "words", words_of(w, &vote));
        pulih_buf_add_byte(&q->out, '}');
        comma = ",";
    }
    pulih_buf_add_view(&q->out, PULIH_VIEW("]}"));
}

static void tell_json(struct queue *q, const struct waiting *w)
{
    struct pulih_id id = pulih_db_id(q->db, 0, w->row, Q_id);
    char uuid[37], reference[PULIH_REFERENCE_BYTES];
    const char *comma = "";

    pulih_id_print(&id, uuid);
    pulih_reference_print(pulih_db_int(q->db, 0, w->row, Q_number), reference);
    pulih_ctl_json_start(&q->out, "reference", reference);
    pulih_ctl_json_word(&q->out, "complaint", uuid);
    pulih_ctl_json_word(&q->out, "state", pulih_ctl_state_name(pulih_db_int(q->db, 0, w->row, Q_state)));
    pulih_ctl_json_time(&q->out, "received_at", pulih_db_time(q->db, 0, w->row, Q_received_at));
    pulih_ctl_json_time(&q->out, "due_at", pulih_db_time(q->db, 0, w->row, Q_due_at));
    pulih_buf_add_view(&q->out, PULIH_VIEW(",\"open\":["));
    for (enum pulih_axis axis = 0; axis < PULIH_AXIS_N; axis++) {
        if (!is_open(q, w, axis))
            continue;
        pulih_buf_addf(&q->out, "%s", comma);
        axis_json(q, w, axis);
        comma = ",";
    }
    pulih_buf_add_view(&q->out, PULIH_VIEW("]}\n"));
    pulih_ctl_write(&q->out);
}

/* --- for people ---------------------------------------------------------------------------------------- */

/* The strongest votes: the words they met, or the rule's name where there are none to show. */
static void add_reasons(struct pulih_buf *out, const struct waiting *w, enum pulih_axis axis)
{
    struct pulih_vote vote;
    int n = 0;

    for (struct pulih_view at = w->votes.raw; pulih_list_next(PULIH_M_vote, &at, &vote);) {
        if (!is_about(&vote, axis) || n == REASONS_TOLD)
            continue;
        struct pulih_view words = words_of(w, &vote);
        pulih_buf_addf(out, "%s", n++ ? ", " : "");
        if (words.len > 0)
            pulih_buf_addf(out, "\"%.*s\" ", PULIH_VIEW_ARG(words));
        pulih_buf_addf(out, "%.*s", PULIH_VIEW_ARG(vote.rule));
    }
}

static void axis_cells(struct queue *q, const struct waiting *w, enum pulih_axis axis)
{
    struct pulih_ctl_table *t = &q->table;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf best = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    add_guess(&best, w, axis);
    add_reasons(&why, w, axis);
    pulih_ctl_cell_reference(t, pulih_db_int(q->db, 0, w->row, Q_number));
    pulih_ctl_cell_time(t, pulih_db_time(q->db, 0, w->row, Q_received_at));
    pulih_ctl_cell_time(t, pulih_db_time(q->db, 0, w->row, Q_due_at));
    pulih_ctl_cell(t, pulih_view_of(pulih_axes[axis].name));
    pulih_ctl_cell(t, pulih_view_of_buf(&best));
    pulih_ctl_cell_int(t, confidence_in(w, axis));
    pulih_ctl_cell(t, pulih_view_of_buf(&why));
}

static void tell_text(struct queue *q, const struct waiting *w)
{
    for (enum pulih_axis axis = 0; axis < PULIH_AXIS_N; axis++)
        if (is_open(q, w, axis))
            axis_cells(q, w, axis);
}

/* --- the queue ----------------------------------------------------------------------------------------- */

static struct pulih_view story_of(struct queue *q, size_t row)
{
    pulih_ctl_message_read(&q->message, pulih_message(PULIH_M_complaint)->wire, (struct pulih_view){0},
                           pulih_db_view(q->db, 0, row, Q_text));
    if (!q->personal || q->message.m != PULIH_M_complaint)
        return (struct pulih_view){0};
    return ((const struct pulih_complaint *)(const void *)q->message.room.at)->story;
}

static void tell(struct queue *q, size_t row)
{
    struct waiting w = {.row = row, .confidence = pulih_db_view(q->db, 0, row, Q_confidence)};
    struct pulih_reasons reasons = {0};
    struct pulih_fault fault;
    bool any = !q->chosen;

    if (pulih_msg_decode_part(PULIH_M_reasons, pulih_db_view(q->db, 0, row, Q_evidence), PULIH_CLASS_ALL,
                              &reasons, &fault))
        w.votes = reasons.items;
    for (enum pulih_axis axis = 0; axis < PULIH_AXIS_N && !any; axis++)
        any = is_open(q, &w, axis);
    if (!any)
        return;
    w.story = story_of(q, row);
    if (q->json)
        tell_json(q, &w);
    else
        tell_text(q, &w);
    q->told++;
    q->left--;
}

/* False: it was told why not. *ret_more: there may be a next page. */
static bool tell_page(struct queue *q, bool *ret_more)
{
    struct pulih_params *p = pulih_db_params(q->db);

    pulih_params_int8(p, q->last);
    pulih_ctl_add_open_states(p);
    pulih_params_int8(p, PAGE);
    pulih_db_call(q->db, PULIH_CTL_SQL_queue);
    if (!pulih_ctl_run(q->ctl, q->db))
        return false;
    size_t n = pulih_db_rows(q->db, 0);
    for (size_t row = 0; row < n && q->left > 0; row++) {
        q->last = pulih_db_int(q->db, 0, row, Q_number);
        tell(q, row);
    }
    *ret_more = n == PAGE && q->left > 0;
    return true;
}

static bool read_options(struct queue *q)
{
    const char *name = pulih_ctl_option(q->ctl, "axis");
    int axis = name ? pulih_axis_named(pulih_view_of(name)) : -1;

    q->axes = deciding;
    if (!pulih_ctl_number(q->ctl, "limit", 1, INT32_MAX, 50, &q->left))
        return false;
    if (!name)
        return true;
    if (axis < 0 || pulih_axes[axis].kind == PULIH_AXIS_IS_score) {
        pulih_ctl_usage(q->ctl, "--axis wants an axis with words, such as department; got %s", name);
        return false;
    }
    q->axes = 1u << axis;
    q->chosen = true;
    return true;
}

int pulih_ctl_queue(const struct pulih_ctl *ctl)
{
    static const char *const columns[] = {"reference", "received_at", "due_at", "axis",
                                          "guess",     "confidence",  "because"};
    struct queue q = {.ctl = ctl,
                      .json = pulih_ctl_option(ctl, "json"),
                      .personal = !pulih_ctl_option(ctl, "no-personal"),
                      .table = {.columns = columns, .n_columns = PULIH_COUNT(columns)}};
    bool more = true;

    if (!read_options(&q))
        return PULIH_CTL_USAGE;
    q.db = pulih_ctl_connect(ctl);
    while (q.db && more && tell_page(&q, &more))
        ;
    pulih_ctl_table_end(&q.table);
    pulih_db_free(q.db);
    pulih_ctl_message_free(&q.message);
    pulih_buf_free(&q.out);
    return q.told > 0 && !more ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}
