/* Entries of the ledger as rows of a table: what was told to whom by which letter, and what became of it. */
#include "services/ctl/ledger.h"

enum { P_n, P_kind, P_told_at, P_due_at };
enum { L_n, L_version, L_kind };

static void add_label(struct pulih_ctl_ledger *l, enum pulih_words list, int64_t word)
{
    bool plain = l->table.json || l->language == PULIH_language_unknown;

    pulih_buf_addf(&l->cell, "%s",
                   plain ? pulih_ctl_word(list, word) : pulih_word_label(list, (uint16_t)word, l->language));
}

static void end_cell(struct pulih_ctl_ledger *l)
{
    pulih_ctl_cell(&l->table, pulih_view_of_buf(&l->cell));
    pulih_buf_empty(&l->cell);
}

static void cell_word(struct pulih_ctl_ledger *l, enum pulih_words list, uint16_t word)
{
    add_label(l, list, word);
    end_cell(l);
}

static void cell_word_or_null(struct pulih_ctl_ledger *l, enum pulih_words list, uint16_t word)
{
    pulih_ctl_cell(&l->table, word ? pulih_view_of(pulih_ctl_word(list, word)) : (struct pulih_view){0});
}

/* "Kepala Divisi (K401)", "customer". */
static void cell_told_to(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e)
{
    if (!e->post.at) {
        cell_word(l, PULIH_WORDS_party, e->to);
        return;
    }
    pulih_buf_add_view(&l->cell, e->post);
    if (e->person.at)
        pulih_buf_addf(&l->cell, " (%.*s)", PULIH_VIEW_ARG(e->person));
    end_cell(l);
}

/* "1 acknowledgement"; "receipt"; nothing for what the customer told us. */
static void cell_letter(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e)
{
    bool indonesian = l->language == PULIH_language_id && !l->table.json;

    if (e->receipt && e->to == PULIH_party_customer)
        pulih_buf_addf(&l->cell, "%s", indonesian ? "tanda terima" : "receipt");
    for (size_t i = 0; e->letter && i < pulih_db_rows(l->db, l->letters); i++)
        if (pulih_db_int(l->db, l->letters, i, L_n) == e->letter) {
            pulih_buf_addf(&l->cell, "%d ", (int)e->letter);
            add_label(l, PULIH_WORDS_letter, pulih_db_int(l->db, l->letters, i, L_kind));
        }
    end_cell(l);
}

/* Why another date took its place: the cause, the reason that was given, the message with the consent. */
static void cell_because(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e)
{
    if (e->cause)
        add_label(l, PULIH_WORDS_plan_cause, e->cause);
    if (e->extension) {
        pulih_buf_addf(&l->cell, ": ");
        add_label(l, PULIH_WORDS_extension, e->extension);
    }
    if (e->consent)
        pulih_buf_addf(&l->cell, l->language == PULIH_language_id ? " (pesan %d)" : " (message %d)",
                       (int)e->consent);
    end_cell(l);
}

void pulih_ctl_ledger_start(struct pulih_ctl_ledger *l, int language, bool json)
{
    static const char *const english[] = {"due",    "told to", "letter",  "told_at",
                                          "due_at", "state",   "done_at", "because"};
    static const char *const indonesian[] = {"perihal",     "kepada", "surat",   "disampaikan",
                                             "jatuh tempo", "status", "selesai", "sebab"};
    static const char *const members[] = {"deadline", "to",    "by",      "post",    "letter", "told_at",
                                          "due_at",   "state", "done_at", "because", "reason", "consent"};

    l->language = language;
    l->table.columns = json ? members : language == PULIH_language_id ? indonesian : english;
    l->table.n_columns = json ? PULIH_COUNT(members) : PULIH_COUNT(english);
    l->table.what = "promise";
    l->table.json = json;
}

static void add_json(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e)
{
    struct pulih_ctl_table *t = &l->table;

    cell_word(l, PULIH_WORDS_deadline, e->deadline);
    cell_word(l, PULIH_WORDS_party, e->to);
    cell_word(l, PULIH_WORDS_party, e->by);
    pulih_ctl_cell(t, e->post);
    pulih_ctl_cell_int(t, e->letter);
    pulih_ctl_cell_time(t, e->told_us);
    pulih_ctl_cell_time(t, e->due_us);
    cell_word(l, PULIH_WORDS_standing, e->state);
    pulih_ctl_cell_time(t, e->done_us);
    cell_word_or_null(l, PULIH_WORDS_plan_cause, e->cause);
    cell_word_or_null(l, PULIH_WORDS_extension, e->extension);
    pulih_ctl_cell_int(t, e->consent);
}

void pulih_ctl_ledger_row(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e)
{
    if (l->table.json) {
        add_json(l, e);
        return;
    }
    cell_word(l, PULIH_WORDS_deadline, e->deadline);
    cell_told_to(l, e);
    cell_letter(l, e);
    pulih_ctl_cell_time(&l->table, e->told_us);
    pulih_ctl_cell_time(&l->table, e->due_us);
    cell_word(l, PULIH_WORDS_standing, e->state);
    pulih_ctl_cell_time(&l->table, e->done_us);
    cell_because(l, e);
}

void pulih_ctl_ledger_end(struct pulih_ctl_ledger *l)
{
    pulih_ctl_table_end(&l->table);
    pulih_buf_free(&l->cell);
}

int64_t pulih_ctl_plan_due(struct pulih_db *db, size_t promises)
{
    for (size_t i = 0; i < pulih_db_rows(db, promises); i++)
        if (pulih_db_int(db, promises, i, P_kind) == PULIH_promise_plan)
            return pulih_db_time(db, promises, i, P_due_at);
    return 0;
}
