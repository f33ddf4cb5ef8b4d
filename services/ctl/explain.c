/* pulihctl explain: what in a text speaks for its label; a complaint is explained in explain_clocks.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/ctl/clocks.h"
#include "services/ctl/judge.h"

enum { LABELS_SHOWN = 5, REASONS_MAX = PULIH_EVIDENCE_MAX, TEXT_MAX_BYTES = 1024 * 1024, JSON_DIGITS = 6 };

/* A label with its confidence, and what in the text speaks for it. */
struct explanation {
    struct pulih_view text;
    const char *axis;
    size_t n_labels;
    struct {
        struct pulih_view label;
        double confidence;
    } labels[LABELS_SHOWN]; /* best first */
    bool accepted;          /* the policy's threshold was reached; a model alone has none */
    size_t n_reasons;
    struct {
        const char *source; /* rule or model */
        double weight;
        size_t at, len; /* bytes of the text; len 0: not from it */
    } reasons[REASONS_MAX];
    struct pulih_classification classification; /* what the sources' names live in */
    char score[8];                              /* the label of a score */
};

/* --- finding out ------------------------------------------------------------------------------------- */

static void add_label(struct explanation *e, struct pulih_view label, double confidence)
{
    size_t at = e->n_labels < LABELS_SHOWN ? e->n_labels++ : LABELS_SHOWN;

    for (; at > 0 && e->labels[at - 1].confidence < confidence; at--)
        if (at < LABELS_SHOWN)
            e->labels[at] = e->labels[at - 1];
    if (at < LABELS_SHOWN) {
        e->labels[at].label = label;
        e->labels[at].confidence = confidence;
    }
}

static void ask_model(const struct pulih_judge *judge, struct explanation *e)
{
    const struct pulih_model_about *about = pulih_model_about(judge->model);
    struct pulih_model_reason reasons[REASONS_MAX];
    PULIH_UNSET struct pulih_judgement j;

    pulih_model_judge(judge->model, e->text, &j);
    e->axis = about->axis;
    e->accepted = true;
    for (size_t k = 0; k < about->n_labels; k++)
        add_label(e, about->labels[k], (double)j.probability[k]);
    e->n_reasons = pulih_model_reasons(judge->model, e->text, reasons, REASONS_MAX);
    for (size_t i = 0; i < e->n_reasons; i++) {
        e->reasons[i].source = about->name;
        e->reasons[i].weight = (double)reasons[i].weight;
        e->reasons[i].at = reasons[i].at;
        e->reasons[i].len = reasons[i].len;
    }
}

/* One word, all words of a mask, or a score as a number: what the axis came to, or its best guess. */
static void name_outcome(const struct pulih_axis_row *axis, unsigned best, double confidence,
                         struct explanation *e)
{
    const enum pulih_words words = (enum pulih_words)axis->words;

    switch (axis->kind) {
    case PULIH_AXIS_IS_one:
        add_label(e, pulih_view_of(pulih_ctl_word(words, (int)best)), confidence);
        return;
    case PULIH_AXIS_IS_many:
        for (int word = 1; best >> (word - 1); word++)
            if (best >> (word - 1) & 1)
                add_label(e, pulih_view_of(pulih_ctl_word(words, word)), confidence);
        if (!best)
            add_label(e, PULIH_VIEW("none"), confidence);
        return;
    case PULIH_AXIS_IS_score:
        snprintf(e->score, sizeof e->score, "%u", best);
        add_label(e, pulih_view_of(e->score), confidence);
    }
}

static void ask_policy(const struct pulih_judge *judge, struct explanation *e)
{
    struct pulih_classification *c = &e->classification;
    enum pulih_axis axis = judge->axis;

    pulih_classify_axis(judge->policy, &(const struct pulih_classify_facts){.story = e->text}, axis, c);
    e->axis = pulih_axes[axis].name;
    e->accepted = c->value[axis] == c->best[axis];
    name_outcome(&pulih_axes[axis], c->best[axis], c->confidence[axis] / 100.0, e);
    e->n_reasons = c->n_evidence;
    for (size_t i = 0; i < c->n_evidence; i++) {
        e->reasons[i].source = c->evidence[i].rule;
        e->reasons[i].weight = c->evidence[i].weight;
        e->reasons[i].at = c->evidence[i].at;
        e->reasons[i].len = c->evidence[i].len;
    }
}

/* --- for machines ------------------------------------------------------------------------------------ */

static void print_json(const struct explanation *e)
{
    json_t *labels = json_array(), *reasons = json_array();

    for (size_t i = 0; i < e->n_labels; i++)
        json_array_append_new(labels, json_pack("{so sf}", "label",
                                                json_stringn(e->labels[i].label.at, e->labels[i].label.len),
                                                "confidence", e->labels[i].confidence));
    for (size_t i = 0; i < e->n_reasons; i++)
        json_array_append_new(reasons, json_pack("{ss sf sI sI}", "source", e->reasons[i].source, "weight",
                                                 e->reasons[i].weight, "at", (json_int_t)e->reasons[i].at,
                                                 "len", (json_int_t)e->reasons[i].len));
    json_t *all = json_pack("{ss sb so so}", "axis", e->axis, "accepted", (int)e->accepted, "labels", labels,
                            "reasons", reasons);
    json_dumpf(all, stdout, JSON_REAL_PRECISION(JSON_DIGITS));
    putchar('\n');
    json_decref(all);
}

/* --- for people -------------------------------------------------------------------------------------- */

static bool speaks(const struct explanation *e, size_t at)
{
    for (size_t i = 0; i < e->n_reasons; i++)
        if (at >= e->reasons[i].at && at < e->reasons[i].at + e->reasons[i].len)
            return true;
    return false;
}

/* What speaks for the label stands in brackets, or in bold on a terminal. */
static void print_marked(const struct explanation *e)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    bool terminal = isatty(STDOUT_FILENO);
    const char *open = terminal ? "\033[1m" : "[", *close = terminal ? "\033[0m" : "]";

    for (size_t at = 0, end; at < e->text.len; at = end) {
        bool marked = speaks(e, at);

        for (end = at + 1; end < e->text.len && speaks(e, end) == marked; end++)
            ;
        pulih_buf_addf(&out, "%s", marked ? open : "");
        pulih_ctl_add_text(&out, (struct pulih_view){e->text.at + at, end - at}, 0);
        pulih_buf_addf(&out, "%s", marked ? close : "");
    }
    pulih_buf_add_byte(&out, '\n');
    pulih_ctl_write(&out);
}

static void print_reasons(const struct explanation *e)
{
    static const char *const columns[] = {"weight", "from", "bytes", "words"};
    struct pulih_ctl_table t = {.columns = columns, .n_columns = PULIH_COUNT(columns)};
    char text[48];

    for (size_t i = 0; i < e->n_reasons; i++) {
        snprintf(text, sizeof text, "%.2f", e->reasons[i].weight);
        pulih_ctl_cell(&t, pulih_view_of(text));
        pulih_ctl_cell(&t, pulih_view_of(e->reasons[i].source));
        snprintf(text, sizeof text, "%zu-%zu", e->reasons[i].at, e->reasons[i].at + e->reasons[i].len);
        pulih_ctl_cell(&t, pulih_view_of(e->reasons[i].len ? text : ""));
        pulih_ctl_cell(&t, (struct pulih_view){e->text.at + e->reasons[i].at, e->reasons[i].len});
    }
    pulih_ctl_table_end(&t);
}

static void print_report(const struct explanation *e)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf line = {0};

    pulih_buf_addf(&line, "%s:", e->axis);
    for (size_t i = 0; i < e->n_labels; i++) {
        pulih_buf_addf(&line, "%s ", i ? "," : "");
        pulih_ctl_add_text(&line, e->labels[i].label, -1);
        pulih_buf_addf(&line, " %.2f", e->labels[i].confidence);
    }
    pulih_buf_addf(&line, "%s\n\n", e->accepted ? "" : " (below the policy's threshold: a guess)");
    pulih_ctl_write(&line);
    print_marked(e);
    putchar('\n');
    print_reasons(e);
}

static bool read_text(const struct pulih_ctl *ctl, struct pulih_buf *room)
{
    if (ctl->n_args)
        pulih_buf_add_view(room, pulih_view_of(ctl->args[0]));
    else
        room->len = fread(pulih_buf_grow(room, TEXT_MAX_BYTES), 1, TEXT_MAX_BYTES, stdin);
    while (room->len && room->at[room->len - 1] == '\n')
        room->len--;
    return room->len;
}

int pulih_ctl_explain(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_ctl_judge_close) struct pulih_judge judge = {.any_axis = true};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf room = {0};
    struct explanation e = {0};

    if (ctl->n_args && !pulih_ctl_option(ctl, "axis") && !pulih_ctl_option(ctl, "model"))
        return pulih_ctl_explain_clocks(ctl);
    int code = pulih_ctl_judge_open(ctl, &judge);

    if (code != PULIH_CTL_OK)
        return code;
    if (!read_text(ctl, &room))
        return pulih_ctl_usage(ctl, "there is no text; give it as TEXT, in quotes, or on standard input");
    e.text = pulih_view_of_buf(&room);
    if (judge.model)
        ask_model(&judge, &e);
    else
        ask_policy(&judge, &e);
    if (pulih_ctl_option(ctl, "json"))
        print_json(&e);
    else
        print_report(&e);
    return PULIH_CTL_OK;
}
