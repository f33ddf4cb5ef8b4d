#include "services/classification/statements.h"

const struct pulih_statement classification_statements[CLASSIFICATION_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/classification.sql.h"
#undef SQL
};
