/* Words of lists, with the departments of the policy's own. Those are read when the first is met. */
#include <stdlib.h>

#include "services/ctl/judge.h"

static const struct pulih_ctl *asked_for;
static struct pulih_policy *own;
static bool looked;

static void end(void)
{
    pulih_policy_free(own);
}

void pulih_ctl_words_start(const struct pulih_ctl *ctl)
{
    asked_for = ctl;
}

const struct pulih_vocabulary *pulih_ctl_vocabulary(void)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (!looked && pulih_ctl_policy_path(asked_for, &path)) {
        own = pulih_policy_load_words(pulih_buf_text(&path), &why);
        if (own)
            atexit(end);
        else
            pulih_ctl_failed(asked_for,
                             "departments are shown by their numbers, as this policy has faults:\n%s",
                             pulih_buf_text(&why));
    }
    looked = true;
    return own ? &own->vocabulary : NULL;
}

const char *pulih_ctl_word(enum pulih_words list, int64_t number)
{
    const struct pulih_word *word = pulih_word_of(list, (uint16_t)number);

    if (word)
        return word->word;
    return list == PULIH_WORDS_department
               ? pulih_vocabulary_text(pulih_ctl_vocabulary(), list, (uint16_t)number)
               : "?";
}
