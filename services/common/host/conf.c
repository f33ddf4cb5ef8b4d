#include "pulih/host/conf.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"

static const struct {
    const char *name;
    enum pulih_stage stage;
    uint16_t hint_port;
    uint16_t http_port;
    const char *doc;
} services[] = {
#define SERVICE(name, number, hint, http, doc) {#name, PULIH_STAGE_##name, hint, http, doc},
#include "pulih/tbl/services.tbl.h"
};

/* Rows as in the table; rows of group `daemon` stand for a group of each daemon. */
static const struct pulih_conf_row table[] = {
#define CONF(group, kind, name, min, max, standard, unit, doc)                                               \
    {#group, #name, PULIH_CONF_##kind,                                                                       \
     min,    max,   standard,                                                                                \
     unit,   doc,   offsetof(struct pulih_conf, group##_##name)},
#include "pulih/tbl/conf.tbl.h"
};

enum { ROWS_MAX = PULIH_COUNT(table) * PULIH_COUNT(services) };

static const char *stage_text(enum pulih_stage stage, size_t offset)
{
    for (size_t i = 0; i < PULIH_COUNT(services); i++)
        if (services[i].stage == stage)
            return offset ? services[i].doc : services[i].name;
    pulih_must(!"a stage of services.tbl.h");
    return NULL;
}

const char *pulih_stage_name(enum pulih_stage stage)
{
    return stage_text(stage, 0);
}

const char *pulih_stage_doc(enum pulih_stage stage)
{
    return stage_text(stage, 1);
}

uint16_t pulih_stage_hint_port(enum pulih_stage stage)
{
    for (size_t i = 0; i < PULIH_COUNT(services); i++)
        if (services[i].stage == stage)
            return services[i].hint_port;
    return 0;
}

uint16_t pulih_stage_http_port(enum pulih_stage stage)
{
    for (size_t i = 0; i < PULIH_COUNT(services); i++)
        if (services[i].stage == stage)
            return services[i].http_port;
    return 0;
}

static bool is_daemon(const char *group)
{
    for (size_t i = 0; i < PULIH_COUNT(services); i++)
        if (strcmp(services[i].name, group) == 0)
            return true;
    return false;
}

/* Rows of one daemon's own group are read into the struct; those of other daemons are only checked. */
static struct pulih_conf_row row_for(const struct pulih_conf_row *row, const char *group, const char *mine)
{
    struct pulih_conf_row out = *row;

    out.group = strcmp(group, "pulih") == 0 ? NULL : group;
    if (is_daemon(group) && (!mine || strcmp(group, mine) != 0))
        out.offset = PULIH_CONF_ELSEWHERE;
    return out;
}

static struct pulih_conf_file rows_for(enum pulih_stage stage, struct pulih_conf_row rows[ROWS_MAX])
{
    const char *mine = stage == PULIH_STAGE_none ? NULL : pulih_stage_name(stage);
    size_t n = 0;

    for (size_t i = 0; i < PULIH_COUNT(table); i++)
        if (!is_daemon(table[i].group) && strcmp(table[i].group, "daemon") != 0)
            rows[n++] = row_for(&table[i], table[i].group, mine);
    for (size_t s = 0; s < PULIH_COUNT(services); s++)
        for (size_t i = 0; i < PULIH_COUNT(table); i++)
            if (strcmp(table[i].group, "daemon") == 0 || strcmp(table[i].group, services[s].name) == 0)
                rows[n++] = row_for(&table[i], services[s].name, mine);
    return (struct pulih_conf_file){rows, n};
}

/* A relative path starts at the folder of the configuration. */
static char *beside(const char *conf_path, char *path)
{
    const char *slash = strrchr(conf_path, '/');
    struct pulih_buf joined = {0};

    if (!*path || *path == '/' || !slash)
        return path;
    pulih_buf_add(&joined, conf_path, (size_t)(slash - conf_path) + 1);
    pulih_buf_addf(&joined, "%s", path);
    pulih_buf_text(&joined);
    free(path);
    return joined.at;
}

bool pulih_host_conf_load(const char *path, enum pulih_stage stage, struct pulih_conf *ret,
                          struct pulih_buf *why)
{
    struct pulih_conf_row rows[ROWS_MAX];
    struct pulih_conf_file file = rows_for(stage, rows);

    *ret = (struct pulih_conf){0};
    if (!pulih_conf_load(path, &file, ret, why))
        return false;
    ret->pulih_policy = beside(path, ret->pulih_policy);
    ret->curve_secret_key = beside(path, ret->curve_secret_key);
    ret->curve_clients = beside(path, ret->curve_clients);
    return true;
}

void pulih_host_conf_free(struct pulih_conf *conf)
{
    struct pulih_conf_file file = {table, PULIH_COUNT(table)};

    pulih_conf_free(&file, conf);
}

void pulih_host_conf_example(struct pulih_buf *out)
{
    struct pulih_conf_row rows[ROWS_MAX];
    struct pulih_conf_file file = rows_for(PULIH_STAGE_none, rows);

    pulih_conf_print_example(&file, out);
}
