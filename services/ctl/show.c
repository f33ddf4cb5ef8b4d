/* pulihctl show: everything that is known of one complaint. */
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/store.h"
#include "services/ctl/ledger.h"
#include "services/ctl/show.h"

enum { D_stage, D_version, D_type, D_attempts, D_reason, D_at };

/* --- the card ---------------------------------------------------------------------------------------- */

void pulih_ctl_add_mask(struct pulih_buf *out, enum pulih_words list, unsigned mask)
{
    const char *blank = "";

    for (unsigned bit = 0; mask >> bit; bit++) {
        if (!(mask >> bit & 1))
            continue;
        pulih_buf_addf(out, "%s%s", blank, pulih_ctl_word(list, bit + 1));
        blank = " ";
    }
}

static void card_json(struct pulih_ctl_showing *s, const char *reference)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf gravity = {0};
    const struct pulih_row_complaint *row = &s->row;
    char id[37];

    pulih_id_print(&row->id, id);
    pulih_ctl_add_mask(&gravity, PULIH_WORDS_gravity, (unsigned)row->gravity);
    pulih_ctl_json_start(&s->out, "what", "complaint");
    pulih_ctl_json_word(&s->out, "reference", reference);
    pulih_ctl_json_word(&s->out, "complaint", id);
    pulih_ctl_json_word(&s->out, "state", pulih_ctl_state_name(row->state));
    pulih_ctl_json_int(&s->out, "version", row->version);
    pulih_ctl_json_time(&s->out, "received_at", row->received_at);
    pulih_ctl_json_time(&s->out, "due_at", row->due_at);
    pulih_ctl_json_word(&s->out, "category", pulih_ctl_word(PULIH_WORDS_category, row->category));
    pulih_ctl_json_word(&s->out, "department", pulih_ctl_word(PULIH_WORDS_department, row->department));
    pulih_ctl_json_word(&s->out, "tier", pulih_ctl_word(PULIH_WORDS_tier, row->tier));
    pulih_ctl_json_word(&s->out, "language", pulih_ctl_word(PULIH_WORDS_language, row->language));
    pulih_ctl_json_word(&s->out, "channel", pulih_ctl_word(PULIH_WORDS_channel, row->channel));
    pulih_ctl_json_text(&s->out, "gravity", pulih_view_of(pulih_buf_text(&gravity)));
    pulih_ctl_json_int(&s->out, "unsure", row->unsure);
    pulih_ctl_json_word(&s->out, "clock", row->clock ? "standing" : "running");
    pulih_ctl_json_int(&s->out, "level", row->level);
    pulih_ctl_json_int(&s->out, "ladder_ended", row->ended);
    pulih_ctl_json_time(&s->out, "ladder_due", row->ladder_due);
    pulih_ctl_json_int(&s->out, "declined", row->declined);
    pulih_ctl_json_int(&s->out, "reopened", row->reopened);
    pulih_ctl_json_word(&s->out, "holder", pulih_ctl_stage_name(row->holder));
    pulih_ctl_json_int(&s->out, "waiting", row->waiting);
    pulih_ctl_json_end(&s->out);
}

static void add_time_line(struct pulih_buf *out, const char *name, int64_t us, const char *after)
{
    if (!us)
        return;
    pulih_buf_addf(out, "%-12s", name);
    pulih_ctl_add_time(out, us);
    pulih_buf_addf(out, "%s\n", after);
}

static void card_text(struct pulih_ctl_showing *s, const char *reference)
{
    const struct pulih_row_complaint *row = &s->row;
    struct pulih_buf *out = &s->out;
    bool open = row->state < PULIH_STATE_verifying || row->state == PULIH_STATE_parked;
    char id[37];

    pulih_id_print(&row->id, id);
    pulih_buf_addf(out, "%s  %s\n%-12s%s", reference, id, "state", pulih_ctl_state_name(row->state));
    if (row->holder)
        pulih_buf_addf(out, ", in the hands of %s", pulih_ctl_stage_name(row->holder));
    if (row->waiting)
        pulih_buf_addf(out, ", %d messages waiting", row->waiting);
    if (row->reopened)
        pulih_buf_addf(out, ", reopened %d times", row->reopened);
    pulih_buf_addf(out, "\n%-12s%s, department %s, tier %s%s\n", "kind",
                   pulih_ctl_word(PULIH_WORDS_category, row->category),
                   pulih_ctl_word(PULIH_WORDS_department, row->department),
                   pulih_ctl_word(PULIH_WORDS_tier, row->tier),
                   row->unsure ? "; unsure: a person should look" : "");
    if (row->gravity) {
        pulih_buf_addf(out, "%-12s", "gravity");
        pulih_ctl_add_mask(out, PULIH_WORDS_gravity, (unsigned)row->gravity);
        pulih_buf_add_byte(out, '\n');
    }
    pulih_buf_addf(out, "%-12s%s, answered by %s\n", "customer",
                   pulih_ctl_word(PULIH_WORDS_language, row->language),
                   pulih_ctl_word(PULIH_WORDS_channel, row->channel));
    add_time_line(out, "received", row->received_at, "");
    add_time_line(out, "due", row->due_at, open && row->due_at < s->now_us ? ", OVERDUE" : "");
    if (row->clock)
        pulih_buf_addf(out, "%-12sstanding\n", "clock");
    if (row->level)
        pulih_buf_addf(out, "%-12slevel %d%s\n", "ladder", row->level, row->ended ? ", at its end" : "");
    add_time_line(out, "next rung", row->ladder_due, "");
}

static void show_card(struct pulih_ctl_showing *s)
{
    char reference[PULIH_REFERENCE_BYTES];

    pulih_reference_print(s->row.number, reference);
    if (s->json)
        card_json(s, reference);
    else
        card_text(s, reference);
}

/* What an agent noted last, until its time is over. */
static void show_consumer(struct pulih_ctl_showing *s)
{
    struct pulih_consumer_noted noted = {0};
    struct pulih_fault fault;

    if (!(s->classes & PULIH_CLASS_TEXT) || pulih_db_rows(s->db, s->consumer) == 0 ||
        !pulih_msg_decode_part(PULIH_M_consumer_noted, pulih_db_view(s->db, s->consumer, 0, 0),
                               PULIH_CLASS_TEXT, &noted, &fault) ||
        noted.consumer == PULIH_consumer_unknown)
        return;
    const char *word = pulih_ctl_word(PULIH_WORDS_consumer, noted.consumer);
    int64_t until_us = pulih_db_time(s->db, s->consumer, 0, 1);
    if (s->json) {
        pulih_ctl_json_start(&s->out, "what", "consumer");
        pulih_ctl_json_word(&s->out, "consumer", word);
        pulih_ctl_json_time(&s->out, "until", until_us);
        pulih_ctl_json_end(&s->out);
        return;
    }
    pulih_buf_addf(&s->out, "%-12s%s, an agent's hint until ", "manner", word);
    pulih_ctl_add_time(&s->out, until_us);
    pulih_buf_add_byte(&s->out, '\n');
}

/* --- promises ---------------------------------------------------------------------------------------- */

/* The chronology as core sees it. */
static const struct pulih_told *tell(const struct pulih_ctl_showing *s, size_t n, struct pulih_arena *arena)
{
    struct pulih_told *told = pulih_arena_get(arena, n * sizeof *told);

    for (size_t i = 0; i < n; i++)
        told[i] = (struct pulih_told){
            .version = (int32_t)pulih_db_int(s->db, s->chronology, i, C_version),
            .m = pulih_message_by_wire((uint64_t)pulih_db_int(s->db, s->chronology, i, C_type)),
            .state = (int)pulih_db_int(s->db, s->chronology, i, C_state),
            .at_us = pulih_db_time(s->db, s->chronology, i, C_recorded_at),
            .body = pulih_db_view(s->db, s->chronology, i, C_body),
        };
    return told;
}

static void show_promises(struct pulih_ctl_showing *s)
{
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    struct pulih_ctl_ledger l = {.db = s->db, .letters = s->letters};
    struct pulih_ledger ledger;
    size_t n = pulih_db_rows(s->db, s->chronology);

    pulih_ledger_read(tell(s, n, &arena), n, pulih_ctl_plan_due(s->db, s->promises), s->now_us, &arena,
                      &ledger);
    if (!s->json && ledger.n > 0)
        printf("\nPROMISES\n");
    pulih_ctl_ledger_start(&l, PULIH_language_unknown, s->json);
    for (size_t i = 0; i < ledger.n; i++)
        pulih_ctl_ledger_row(&l, &ledger.entry[i]);
    pulih_ctl_ledger_end(&l);
}

/* --- dead messages ----------------------------------------------------------------------------------- */

static void show_dead(struct pulih_ctl_showing *s)
{
    static const char *const columns[] = {"stage", "version", "type", "attempts", "at", "reason"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "dead", .json = s->json};

    if (!s->json && pulih_db_rows(s->db, s->dead) > 0)
        printf("\nDEAD: a stage gave up; pulihctl dead retry tries again\n");
    for (size_t i = 0; i < pulih_db_rows(s->db, s->dead); i++) {
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_stage_name(pulih_db_int(s->db, s->dead, i, D_stage))));
        pulih_ctl_cell_int(&t, pulih_db_int(s->db, s->dead, i, D_version));
        pulih_ctl_cell(&t, pulih_view_of(pulih_ctl_type_name(pulih_db_int(s->db, s->dead, i, D_type))));
        pulih_ctl_cell_int(&t, pulih_db_int(s->db, s->dead, i, D_attempts));
        pulih_ctl_cell_time(&t, pulih_db_time(s->db, s->dead, i, D_at));
        pulih_ctl_cell(&t, pulih_db_view(s->db, s->dead, i, D_reason));
    }
    pulih_ctl_table_end(&t);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static bool load(struct pulih_ctl_showing *s)
{
    const struct {
        size_t *call;
        enum pulih_ctl_statement statement;
    } calls[] = {
        {&s->card, PULIH_CTL_SQL_card},         {&s->chronology, PULIH_CTL_SQL_chronology},
        {&s->people, PULIH_CTL_SQL_people},     {&s->classifications, PULIH_CTL_SQL_classifications},
        {&s->promises, PULIH_CTL_SQL_promises}, {&s->letters, PULIH_CTL_SQL_letters},
        {&s->links, PULIH_CTL_SQL_links},       {&s->dead, PULIH_CTL_SQL_dead_of},
    };

    for (size_t i = 0; i < PULIH_COUNT(calls); i++) {
        pulih_ctl_key_of(s->db, &s->id);
        *calls[i].call = pulih_db_call(s->db, calls[i].statement);
    }
    struct pulih_params *p = pulih_ctl_key_of(s->db, &s->id);
    pulih_params_int2(p, (int16_t)pulih_message(PULIH_M_consumer_noted)->wire);
    pulih_params_int2(p, PULIH_deadline_consumer);
    s->consumer = pulih_db_call(s->db, PULIH_CTL_SQL_consumer);
    if (!pulih_ctl_run(s->ctl, s->db))
        return false;
    if (pulih_db_rows(s->db, s->card) > 0)
        return true;
    pulih_ctl_failed(s->ctl, "there is no complaint %s", s->ctl->args[0]);
    return false;
}

/* False: the chronology was tampered with. */
static bool show_all(struct pulih_ctl_showing *s)
{
    pulih_store_read_complaint(s->db, s->card, 0, &s->row);
    show_card(s);
    show_consumer(s);
    pulih_ctl_show_people(s);
    pulih_ctl_show_classification(s);
    pulih_ctl_show_chronology(s);
    bool intact = pulih_ctl_show_chain(s);
    pulih_ctl_write(&s->out);
    show_promises(s);
    pulih_ctl_show_links(s);
    show_dead(s);
    pulih_ctl_show_letters(s);
    pulih_ctl_write(&s->out);
    return intact;
}

int pulih_ctl_show(const struct pulih_ctl *ctl)
{
    struct pulih_ctl_showing s = {.ctl = ctl,
                                  .json = pulih_ctl_option(ctl, "json"),
                                  .classes = pulih_ctl_option(ctl, "no-personal") ? PULIH_CLASS_OPEN
                                                                                  : PULIH_CLASS_ALL,
                                  .now_us = pulih_wall_us()};
    int code = PULIH_CTL_FAILED;

    if (pulih_ctl_find(ctl, &s.db, ctl->args[0], &s.id) && (s.db || (s.db = pulih_ctl_connect(ctl))) &&
        load(&s) && show_all(&s))
        code = PULIH_CTL_OK;
    pulih_db_free(s.db);
    pulih_ctl_message_free(&s.message);
    pulih_buf_free(&s.out);
    return code;
}
