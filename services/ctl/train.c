/* pulihctl train: from labelled texts to a model. */
#include "pulih/learn/train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/judge.h"
#include "services/ctl/model.h"

enum { SURE = 60, WEAK_PER_LABEL = 4000, FAVOUR_MAX = 1000 };

int pulih_ctl_save(const struct pulih_ctl *ctl, const char *path, const struct pulih_buf *bytes)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf new = {0};

    pulih_buf_addf(&new, "%s.new", path);
    FILE *f = fopen(pulih_buf_text(&new), "wbe");
    bool ok = f && fwrite(bytes->at, 1, bytes->len, f) == bytes->len;
    if (f)
        ok = fclose(f) == 0 && ok;
    if (ok && rename(pulih_buf_text(&new), path) == 0)
        return PULIH_CTL_OK;
    return pulih_ctl_failed(ctl, "%s: %s", path, strerror(errno));
}

/* --- labels by rules ---------------------------------------------------------------------------------- */

static uint16_t label_by_rules(const struct pulih_policy *policy, enum pulih_axis axis,
                               struct pulih_view text)
{
    struct pulih_classification c;

    pulih_classify(policy, &(const struct pulih_classify_facts){.story = text}, &c);
    return c.confidence[axis] >= SURE ? c.value[axis] : 0;
}

static void add_sure(const struct pulih_policy *policy, enum pulih_axis axis, const struct pulih_corpus *from,
                     struct pulih_corpus *to)
{
    const enum pulih_words words = (enum pulih_words)pulih_axes[axis].words;
    size_t given[PULIH_MODEL_WORDS_MAX] = {0};

    for (size_t i = 0; i < from->n; i++) {
        uint16_t value = label_by_rules(policy, axis, from->examples[i].text);

        if (!value || given[value]++ >= WEAK_PER_LABEL)
            continue;
        pulih_corpus_add(to, pulih_view_of(pulih_vocabulary_text(&policy->vocabulary, words, value)),
                         from->examples[i].text);
    }
}

/* `unlabelled` keeps the bytes. Not PULIH_CTL_OK: it was told what is wrong. */
static int add_by_rules(const struct pulih_ctl *ctl, struct pulih_corpus *unlabelled, struct pulih_corpus *to)
{
    enum pulih_axis axis;

    if (!pulih_ctl_option(ctl, "unlabelled"))
        return PULIH_CTL_OK;
    if (!pulih_ctl_find_axis(ctl, pulih_ctl_option(ctl, "axis"), false, &axis))
        return PULIH_CTL_USAGE;
    if (!pulih_ctl_read_texts(ctl, "unlabelled", unlabelled))
        return PULIH_CTL_FAILED;
    struct pulih_policy *policy = pulih_ctl_policy(ctl);
    if (!policy)
        return PULIH_CTL_FAILED;
    pulih_models_free(&policy->models); /* models that learn from their own guesses only grow surer of them */
    add_sure(policy, axis, unlabelled, to);
    pulih_policy_free(policy);
    return PULIH_CTL_OK;
}

static double share(uint32_t millionths)
{
    return (double)millionths / 1e6;
}

static void tell(const char *path, const struct pulih_model_about *about)
{
    printf("%s: %s, %zu labels, %u texts, %zu features, %zu KiB\n", path, about->name, about->n_labels,
           about->texts, about->n_rows, (about->bytes + 1023) / 1024);
    printf("held out in turn: accuracy %.3f, macro-F1 %.3f (C = %.2f)\n", share(about->accuracy),
           share(about->macro_f1), about->cost_millis / 1000.0);
    if (about->dev_texts)
        printf("held out, %u texts: accuracy %.3f, macro-F1 %.3f\n", about->dev_texts,
               share(about->dev_accuracy), share(about->dev_macro_f1));
}

/* --favour LABEL=N; the label may hold a = itself. */
static bool read_favour(const struct pulih_ctl *ctl, struct pulih_training *training)
{
    const char *text = pulih_ctl_option(ctl, "favour"), *last = text ? strrchr(text, '=') : NULL;
    char *end = NULL;

    if (!text)
        return true;
    long times = last ? strtol(last + 1, &end, 10) : 0;
    if (!last || last == text || *end || times < 1 || times > FAVOUR_MAX) {
        pulih_ctl_usage(ctl, "--favour wants a label, = and a whole number from 1 to %d, got %s", FAVOUR_MAX,
                        text);
        return false;
    }
    training->favoured = (struct pulih_view){text, (size_t)(last - text)};
    training->favour = (uint32_t)times;
    return true;
}

int pulih_ctl_train(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus texts = {0};
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus dev = {0};
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus unlabelled = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    const char *axis = pulih_ctl_option(ctl, "axis"), *out = pulih_ctl_option(ctl, "out");
    struct pulih_training training = {.axis = axis, .texts = &texts};
    int64_t rows;

    if (!axis || !out)
        return pulih_ctl_usage(ctl, "--%s is missing", axis ? "out" : "axis");
    if (!pulih_ctl_number(ctl, "rows", 1, PULIH_MODEL_ROWS_MAX, PULIH_MODEL_ROWS_MAX, &rows))
        return PULIH_CTL_USAGE;
    if (!read_favour(ctl, &training))
        return PULIH_CTL_USAGE;
    bool corrections = pulih_ctl_option(ctl, "corrections");
    if (corrections && pulih_ctl_option(ctl, "dev"))
        return pulih_ctl_usage(ctl, "--corrections holds out texts itself; leave --dev out");
    if ((!corrections || pulih_ctl_option(ctl, "tsv")) && !pulih_ctl_read_texts(ctl, "tsv", &texts))
        return PULIH_CTL_FAILED;
    int code = add_by_rules(ctl, &unlabelled, &texts);
    if (code != PULIH_CTL_OK)
        return code;
    if (corrections && !pulih_ctl_read_corrections(ctl, axis, &texts, &dev))
        return PULIH_CTL_FAILED;
    if (corrections)
        training.dev = &dev;
    if (pulih_ctl_option(ctl, "dev")) {
        if (!pulih_ctl_read_texts(ctl, "dev", &dev))
            return PULIH_CTL_FAILED;
        training.dev = &dev;
    }
    training.rows_max = (uint32_t)rows;
    if (!pulih_train(&training, &bytes, &why))
        return pulih_ctl_failed(ctl, "%.*s", (int)strcspn(pulih_buf_text(&why), "\n"), pulih_buf_text(&why));
    struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
    if (!model)
        return pulih_ctl_failed(ctl, "the model cannot be read again: %s", pulih_buf_text(&why));
    code = pulih_ctl_save(ctl, out, &bytes);
    if (code == PULIH_CTL_OK)
        tell(out, pulih_model_about(model));
    pulih_model_free(model);
    return code;
}
