/* The statements of classification.sql. */
#ifndef PULIH_CLASSIFICATION_STATEMENTS_H
#define PULIH_CLASSIFICATION_STATEMENTS_H

#include "pulih/host/service.h"

enum classification_statement {
#define SQL(name, n, params, text) CLASSIFICATION_SQL_##name,
#include "gen/classification.sql.h"
#undef SQL
    CLASSIFICATION_SQL_N
};

extern const struct pulih_statement classification_statements[CLASSIFICATION_SQL_N];

#endif
