/* Files of labelled texts, as several commands read them. */
#include "pulih/learn/corpus.h"
#include "services/ctl/ctl.h"

bool pulih_ctl_read_texts(const struct pulih_ctl *ctl, const char *option, struct pulih_corpus *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf safe = {0};
    size_t at = 0, files = 0;
    bool ok = true;

    for (const char *path; (path = pulih_ctl_next_option(ctl, option, &at)); files++)
        ok = pulih_corpus_read(ret, path, &why) && ok;
    if (!files) {
        pulih_ctl_usage(ctl, "--%s is missing: a file with a label, a tab and a text on each line", option);
        return false;
    }
    if (ok)
        return true;
    pulih_ctl_add_text(&safe, pulih_view_of_buf(&why), 0);
    fputs(pulih_buf_text(&safe), stderr);
    return false;
}
