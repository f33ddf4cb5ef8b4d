/* What a policy no longer has, and complaints still do. */
#include "pulih/base/log.h"
#include "services/common/host/service_impl.h"

void pulih_host_tell_dropped(const struct pulih_policy *before, const struct pulih_policy *now)
{
    for (size_t i = 0; i < before->vocabulary.n; i++) {
        const struct pulih_word *own = &before->vocabulary.departments[i];
        if (!pulih_vocabulary_word(&now->vocabulary, PULIH_WORDS_department, own->number))
            pulih_log(PULIH_LOG_warning, "the policy dropped a department, complaints keep its number",
                      "department", "%s", own->word, "number", "%d", (int)own->number, "answered_by", "%s",
                      now->answerable[own->number].at, NULL);
    }
}
