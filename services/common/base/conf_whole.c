#include <libconfig.h>

#include "pulih/base/must.h"
#include "services/common/base/conf_check.h"

void pulih_conf_must_be_whole(const config_setting_t *setting)
{
    int n = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

    if (config_setting_type(setting) == CONFIG_TYPE_STRING && !config_setting_get_string(setting))
        pulih_out_of_memory();
    for (int i = 0; i < n; i++) {
        const config_setting_t *inner = config_setting_get_elem(setting, (unsigned)i);
        if (!inner || (config_setting_is_group(setting) && !config_setting_name(inner)))
            pulih_out_of_memory();
        pulih_conf_must_be_whole(inner);
    }
}
