/* pulih-classification: what kind of complaint is it? */
#include "pulih/host/service.h"
#include "services/classification/handlers.h"
#include "services/classification/learning.h"
#include "services/classification/similar.h"

static const struct pulih_handler classification_handlers[] = {
    {PULIH_M_complaint, classification_on_complaint, PULIH_BY_HINT},
    {PULIH_M_reclassified, classification_on_reclassified, 0},
};

int main(int argc, char **argv)
{
    return pulih_service_main(argc, argv,
                              &(const struct pulih_service){
                                  .stage = PULIH_STAGE_classification,
                                  .handlers = classification_handlers,
                                  .n_handlers = PULIH_COUNT(classification_handlers),
                                  .statements = classification_statements,
                                  .n_statements = CLASSIFICATION_SQL_N,
                                  .beat = classification_compare,
                                  .learning = &classification_learning,
                              });
}
