#include "services/common/learn/linear.h"

#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"

static const double OFFSET = 1.0, TOLERANCE = 0.1;

static void be_silent(const char *text)
{
    (void)text;
}

struct problem_room {
    struct problem problem;
    struct feature_node *nodes;
    size_t *texts; /* by label */
};

static void add_text(struct problem_room *room, const struct pulih_lesson *lesson, size_t text,
                     size_t *n_nodes)
{
    const struct pulih_vectors *v = lesson->vectors;
    size_t row = (size_t)room->problem.l++;

    room->problem.x[row] = room->nodes + *n_nodes;
    room->problem.y[row] = (double)lesson->labels[text];
    room->texts[lesson->labels[text]]++;
    for (size_t i = v->from[text]; i < v->from[text + 1]; i++)
        room->nodes[(*n_nodes)++] =
            (struct feature_node){(int)v->cells[i].column + 1, (double)v->cells[i].value};
    room->nodes[(*n_nodes)++] = (struct feature_node){(int)v->n_columns + 1, OFFSET};
    room->nodes[(*n_nodes)++] = (struct feature_node){-1, 0};
}

static void make_problem(const struct pulih_lesson *lesson, struct problem_room *room)
{
    const struct pulih_vectors *v = lesson->vectors;
    size_t n_nodes = 0;

    room->problem = (struct problem){.n = (int)v->n_columns + 1, .bias = OFFSET};
    room->problem.x = pulih_zeroed(v->n, sizeof *room->problem.x);
    room->problem.y = pulih_zeroed(v->n, sizeof *room->problem.y);
    room->nodes = pulih_zeroed(v->from[v->n] + 2 * v->n, sizeof *room->nodes);
    room->texts = pulih_zeroed(lesson->n_labels, sizeof *room->texts);
    for (size_t i = 0; i < v->n; i++)
        if (lesson->fold[i] != lesson->without)
            add_text(room, lesson, i, &n_nodes);
}

/* A label that no text of the lesson has is never guessed. */
static void no_weights(struct pulih_linear *linear, size_t n_labels)
{
    for (size_t k = 0; k < linear->n_weights; k++)
        linear->weights[linear->n_columns * linear->n_weights + k] = n_labels > 2 ? -2 : 0;
}

static void take_weights(const struct model *model, struct pulih_linear *ret)
{
    size_t have = model->nr_class == 2 ? 1 : (size_t)model->nr_class;

    for (size_t c = 0; c <= ret->n_columns; c++)
        for (size_t k = 0; k < have; k++) {
            float weight = (float)model->w[c * have + k];
            float *row = ret->weights + c * ret->n_weights;

            if (have > 1)
                row[model->label[k]] = weight;
            else if (ret->n_weights == 1)
                row[0] = model->label[0] == 1 ? weight : -weight;
            else {
                row[model->label[0]] = weight;
                row[model->label[1]] = -weight;
            }
        }
}

/* Fills the labels that the lesson has, each with its weight; returns how many. */
static int weigh_labels(const struct pulih_lesson *lesson, const struct problem_room *room, int *labels,
                        double *weights)
{
    int n = 0;

    for (size_t k = 0; k < lesson->n_labels; k++)
        if (room->texts[k]) {
            labels[n] = (int)k;
            weights[n++] =
                sqrt((double)room->problem.l / ((double)lesson->n_labels * (double)room->texts[k]));
        }
    return n;
}

static void fit(const struct problem_room *room, struct parameter *parameter, struct pulih_linear *ret)
{
    set_print_string_function(be_silent);
    srandom(1); /* the library's draws share this state */
    struct model *model = train(&room->problem, parameter);
    take_weights(model, ret);
    free_and_destroy_model(&model);
}

void pulih_linear_fit(const struct pulih_lesson *lesson, struct pulih_linear *ret)
{
    struct problem_room room;
    size_t n = lesson->n_labels;
    int *labels = pulih_zeroed(n, sizeof *labels);
    double *weights = pulih_zeroed(n, sizeof *weights);

    ret->n_columns = lesson->vectors->n_columns;
    ret->n_weights = n == 2 ? 1 : n;
    ret->weights = pulih_zeroed((ret->n_columns + 1) * ret->n_weights, sizeof *ret->weights);
    no_weights(ret, n);
    make_problem(lesson, &room);
    struct parameter parameter = {.solver_type = L2R_L2LOSS_SVC_DUAL,
                                  .eps = TOLERANCE,
                                  .C = lesson->cost,
                                  .nr_weight = weigh_labels(lesson, &room, labels, weights),
                                  .weight_label = labels,
                                  .weight = weights};
    if (parameter.nr_weight > 1)
        fit(&room, &parameter, ret);
    free(room.problem.x);
    free(room.problem.y);
    free(room.nodes);
    free(room.texts);
    free(labels);
    free(weights);
}

void pulih_linear_score(const struct pulih_linear *linear, const struct pulih_vectors *v, size_t text,
                        size_t n_labels, float *scores)
{
    size_t n = linear->n_weights;

    memcpy(scores, linear->weights + linear->n_columns * n, n * sizeof *scores);
    for (size_t i = v->from[text]; i < v->from[text + 1]; i++) {
        const float *row = linear->weights + v->cells[i].column * n;
        for (size_t k = 0; k < n; k++)
            scores[k] += v->cells[i].value * row[k];
    }
    if (n_labels == 2) {
        scores[1] = scores[0];
        scores[0] = -scores[0];
    }
}

void pulih_linear_free(struct pulih_linear *linear)
{
    free(linear->weights);
    *linear = (struct pulih_linear){0};
}
