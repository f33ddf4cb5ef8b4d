/* pulihctl model shadow, retire, promote and rollback: which version judges, and which only looks on. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pulih/base/clock.h"
#include "pulih/base/point.h"
#include "services/ctl/model.h"

enum {
    LEAD_MS = 5000,     /* from the decision to the switch: replicas look every second, and must load it */
    CONFIRM_MS = 10000, /* after that, how long we wait for them to say so */
    LOOK_EVERY_MS = 200,
};

/* One switch to be made. */
struct switching {
    const char *kind;
    const char *axis;
    int32_t switches; /* the axis as we saw it; anything else by now is somebody else's switch */
    int32_t to;
    bool forced;
    struct pulih_ctl_comparison compared;
};

static const char *reason_of(const struct pulih_ctl *ctl)
{
    const char *reason = pulih_ctl_option(ctl, "reason");

    return reason && *reason ? reason : NULL;
}

static void bind_reason(const struct pulih_ctl *ctl, struct pulih_params *p)
{
    const char *reason = reason_of(ctl);

    pulih_params_text(p, reason ? pulih_view_of(reason) : (struct pulih_view){0});
}

static int overtaken(const struct pulih_ctl *ctl, const char *axis)
{
    return pulih_ctl_failed(
        ctl, "somebody else switched models of axis %s meanwhile; see pulihctl model list", axis);
}

/* --- waiting for the replicas --------------------------------------------------------------------------- */

/* How many running replicas of classification say that they judge the axis with the version. */
struct replicas {
    size_t n, agree;
};

/* A replica says what it judges with as department=7 category=0. */
static bool judges_with(struct pulih_view models, const char *axis, int32_t version)
{
    char wanted[PULIH_AXIS_MAX_BYTES + 16];
    int len = snprintf(wanted, sizeof wanted, "%s=%d", axis, (int)version);

    for (size_t at = 0, end; at < models.len; at = end + 1) {
        for (end = at; end < models.len && models.at[end] != ' ';)
            end++;
        if (end - at == (size_t)len && memcmp(models.at + at, wanted, (size_t)len) == 0)
            return true;
    }
    return false;
}

static bool count_replicas(const struct pulih_ctl *ctl, struct pulih_db *db, const char *axis,
                           int32_t version, struct replicas *ret)
{
    pulih_db_params(db);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_model_replicas);

    if (!pulih_ctl_run(ctl, db))
        return false;
    *ret = (struct replicas){.n = pulih_db_rows(db, call)};
    for (size_t i = 0; i < ret->n; i++)
        ret->agree += judges_with(pulih_db_view(db, call, i, 1), axis, version);
    return true;
}

static void nap(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&left, NULL);
}

/* False: the database failed, which was told. */
static bool await_replicas(const struct pulih_ctl *ctl, struct pulih_db *db, const struct switching *s,
                           struct replicas *ret)
{
    int64_t until_us = pulih_mono_us() + (LEAD_MS + CONFIRM_MS) * INT64_C(1000);

    for (;;) {
        if (!count_replicas(ctl, db, s->axis, s->to, ret))
            return false;
        if (ret->agree == ret->n || pulih_mono_us() > until_us)
            return true;
        nap(LOOK_EVERY_MS);
    }
}

/* --- switching ------------------------------------------------------------------------------------------ */

static void tell_switch(const struct pulih_ctl *ctl, const struct switching *s, int32_t from, int64_t at_us,
                        const struct replicas *replicas)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    if (pulih_ctl_option(ctl, "json")) {
        pulih_ctl_json_start(&out, "what", s->kind);
        pulih_ctl_json_word(&out, "axis", s->axis);
        pulih_ctl_json_int(&out, "from", from);
        pulih_ctl_json_int(&out, "to", s->to);
        pulih_ctl_json_time(&out, "at", at_us);
        pulih_ctl_json_int(&out, "looked_on", s->compared.looked_on);
        pulih_ctl_json_int(&out, "held_out", s->compared.held_out);
        pulih_ctl_json_int(&out, "right_from", s->compared.live_right);
        pulih_ctl_json_int(&out, "right_to", s->compared.right);
        pulih_ctl_json_int(&out, "replicas", (int64_t)replicas->n);
        pulih_ctl_json_int(&out, "switched", (int64_t)replicas->agree);
        pulih_ctl_json_end(&out);
    } else {
        pulih_buf_addf(&out, "%s: from version %d to version %d at ", s->axis, (int)from, (int)s->to);
        pulih_ctl_add_time(&out, at_us);
        pulih_buf_addf(&out, "; %zu of %zu replicas have switched\n", replicas->agree, replicas->n);
    }
    pulih_ctl_write(&out);
}

/* Stamps the switch some seconds ahead by the database's clock, and waits until the replicas have made it. */
static int make_switch(const struct pulih_ctl *ctl, struct pulih_db *db, const struct switching *s)
{
    struct pulih_params *p = pulih_db_params(db);
    struct replicas replicas;

    pulih_params_text(p, pulih_view_of(s->axis));
    pulih_params_int4(p, s->switches);
    pulih_params_text(p, pulih_view_of(s->kind));
    pulih_params_int4(p, s->to);
    pulih_params_int8(p, LEAD_MS);
    pulih_params_text(p, pulih_ctl_who());
    pulih_params_int2(p, s->forced);
    bind_reason(ctl, p);
    pulih_params_array(p, PULIH_OID_INT4, 4);
    pulih_params_int4(p, s->compared.looked_on);
    pulih_params_int4(p, s->compared.held_out);
    pulih_params_int4(p, s->compared.live_right);
    pulih_params_int4(p, s->compared.right);
    pulih_params_end(p);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_switch_model);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    if (pulih_db_rows(db, call) == 0)
        return overtaken(ctl, s->axis);
    int32_t from = (int32_t)pulih_db_int(db, call, 0, 0);
    int64_t at_us = pulih_db_time(db, call, 0, 1);
    PULIH_POINT(model_switched);
    if (!await_replicas(ctl, db, s, &replicas))
        return PULIH_CTL_FAILED;
    tell_switch(ctl, s, from, at_us, &replicas);
    if (replicas.agree < replicas.n)
        return pulih_ctl_failed(
            ctl,
            "%zu of %zu replicas of classification still judge as before: see their logs, and "
            "pulih_model_late in their metrics",
            replicas.n - replicas.agree, replicas.n);
    return PULIH_CTL_OK;
}

static int shade(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                 const char *kind, int32_t to)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_text(p, pulih_view_of(v->axis));
    pulih_params_int4(p, v->axis_switches);
    pulih_params_text(p, pulih_view_of(kind));
    pulih_params_int4(p, to);
    pulih_params_text(p, pulih_ctl_who());
    bind_reason(ctl, p);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_shade_model);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    if (pulih_db_rows(db, call) == 0)
        return overtaken(ctl, v->axis);
    if (pulih_ctl_option(ctl, "json")) {
        pulih_ctl_json_start(&out, "what", kind);
        pulih_ctl_json_word(&out, "axis", v->axis);
        pulih_ctl_json_int(&out, "from", pulih_db_int(db, call, 0, 0));
        pulih_ctl_json_int(&out, "to", to);
        pulih_ctl_json_end(&out);
    } else {
        pulih_buf_addf(&out, to ? "%s: version %d looks on\n" : "%s: version %d looks on no more\n", v->axis,
                       (int)v->version);
    }
    pulih_ctl_write(&out);
    return PULIH_CTL_OK;
}

int pulih_ctl_model_shadow(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    struct pulih_ctl_version v;

    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &v))
        return PULIH_CTL_FAILED;
    if (v.axis_live == v.version)
        return pulih_ctl_failed(ctl, "version %d is live", (int)v.version);
    if (v.axis_shadow == v.version)
        return pulih_ctl_failed(ctl, "version %d is the shadow already", (int)v.version);
    return shade(ctl, db, &v, "shadow", v.version);
}

int pulih_ctl_model_retire(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    struct pulih_ctl_version v;

    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &v))
        return PULIH_CTL_FAILED;
    if (v.axis_live == v.version)
        return pulih_ctl_failed(ctl, "version %d is live; promote another one, or pulihctl model rollback %s",
                                (int)v.version, v.axis);
    if (v.axis_shadow != v.version)
        return pulih_ctl_failed(ctl, "version %d is no shadow", (int)v.version);
    return shade(ctl, db, &v, "retire", 0);
}

/* --- promote and rollback ------------------------------------------------------------------------------- */

static int promote(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                   const struct pulih_voting_model *candidate)
{
    struct switching s = {.kind = "promote",
                          .axis = v->axis,
                          .switches = v->axis_switches,
                          .to = v->version,
                          .forced = pulih_ctl_option(ctl, "force")};

    /* What is live may be broken: then it cannot be compared, and force is the way out. */
    bool compared = pulih_ctl_compare(ctl, db, v, candidate, &s.compared);
    if (!s.forced && (!compared || !pulih_ctl_is_better(ctl, v, &s.compared)))
        return PULIH_CTL_FAILED;
    PULIH_POINT(promotion_weighed);
    return make_switch(ctl, db, &s);
}

int pulih_ctl_model_promote(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    PULIH_AUTO(pulih_models_free) struct pulih_models candidate = {0};
    struct pulih_ctl_version v;

    if (pulih_ctl_option(ctl, "force") && !reason_of(ctl))
        return pulih_ctl_usage(ctl, "--force wants --reason TEXT: it is recorded");
    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &v))
        return PULIH_CTL_FAILED;
    if (v.axis_live == v.version)
        return pulih_ctl_failed(ctl, "version %d is live already", (int)v.version);
    if (!pulih_ctl_version_load(ctl, db, &v, &candidate))
        return PULIH_CTL_FAILED;
    return promote(ctl, db, &v, &candidate.at[0]);
}

int pulih_ctl_model_rollback(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    const char *axis = ctl->args[1];
    struct switching s = {.kind = "rollback", .axis = axis};

    pulih_params_text(pulih_db_params(db), pulih_view_of(axis));
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_model_axis);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    if (pulih_db_rows(db, call) == 0 || pulih_db_int(db, call, 0, 0) == 0)
        return pulih_ctl_failed(ctl, "no version is live for axis %s; see pulihctl model list", axis);
    int32_t live = (int32_t)pulih_db_int(db, call, 0, 0);
    s.switches = (int32_t)pulih_db_int(db, call, 0, 2);
    struct pulih_params *p = pulih_db_params(db);
    pulih_params_text(p, pulih_view_of(axis));
    pulih_params_int4(p, live);
    call = pulih_db_call(db, PULIH_CTL_SQL_promoted_from);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    if (pulih_db_rows(db, call))
        s.to = (int32_t)pulih_db_int(db, call, 0, 0);
    return make_switch(ctl, db, &s);
}
