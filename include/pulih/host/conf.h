/* pulih.cfg as a struct, for one daemon; rows in include/pulih/tbl/conf.tbl.h. */
#ifndef PULIH_HOST_CONF_H
#define PULIH_HOST_CONF_H

#include "proto/msg.h"
#include "pulih/base/conf.h"

#define PULIH_CONFTYPE_integer int64_t
#define PULIH_CONFTYPE_boolean bool
#define PULIH_CONFTYPE_text    char *
#define PULIH_CONFTYPE_texts   struct pulih_conf_texts
#define PULIH_CONFTYPE_word    char *

/* Fields are named group_name: conf.pulih_database, conf.daemon_http. */
struct pulih_conf {
#define CONF(group, kind, name, ...) PULIH_CONFTYPE_##kind group##_##name;
#include "pulih/tbl/conf.tbl.h"
};

/* Reads the file for the daemon `stage` and checks the groups of all others, too. The paths of policy
 * and keys are made relative to the file. False: faults are in *why. */
bool pulih_host_conf_load(const char *path, enum pulih_stage stage, struct pulih_conf *ret,
                          struct pulih_buf *why);
void pulih_host_conf_free(struct pulih_conf *conf);
/* Prints the commented example file. */
void pulih_host_conf_example(struct pulih_buf *out);

const char *pulih_stage_name(enum pulih_stage stage);
const char *pulih_stage_doc(enum pulih_stage stage);
uint16_t pulih_stage_hint_port(enum pulih_stage stage);
uint16_t pulih_stage_http_port(enum pulih_stage stage);

#endif
