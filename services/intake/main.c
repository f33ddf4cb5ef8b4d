/* pulih-intake: the only way in. */
#include "services/intake/intake.h"

int main(int argc, char **argv)
{
    return pulih_service_main(argc, argv,
                              &(const struct pulih_service){
                                  .stage = PULIH_STAGE_intake,
                                  .statements = intake_statements,
                                  .n_statements = INTAKE_SQL_N,
                                  .work = intake_accept,
                                  .door = &intake_door,
                              });
}
