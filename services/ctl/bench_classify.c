/* pulihctl bench-classify: how many texts a second one core classifies, on all axes. */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "pulih/learn/corpus.h"
#include "services/ctl/judge.h"

enum { WARM_UP = 1000 };

/* Time that this process had a core: what else runs on the machine does not count. */
static double core_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t classify(const struct pulih_policy *policy, const struct pulih_corpus *texts, size_t n)
{
    struct pulih_classification c;
    size_t decided = 0;

    for (size_t i = 0; i < n; i++) {
        pulih_classify(policy, &(const struct pulih_classify_facts){.story = texts->examples[i].text}, &c);
        decided += c.value[PULIH_AXIS_department] > 0;
    }
    return decided;
}

int pulih_ctl_bench_classify(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus texts = {0};
    struct rusage used;
    size_t bytes = 0;

    if (!pulih_ctl_read_texts(ctl, "tsv", &texts))
        return PULIH_CTL_FAILED;
    struct pulih_policy *policy = pulih_ctl_policy(ctl);
    if (!policy)
        return PULIH_CTL_FAILED;
    for (size_t i = 0; i < texts.n; i++)
        bytes += texts.examples[i].text.len;
    classify(policy, &texts, texts.n < WARM_UP ? texts.n : WARM_UP);
    double start = core_s();
    size_t decided = classify(policy, &texts, texts.n);
    double spent = core_s() - start;
    getrusage(RUSAGE_SELF, &used);
    printf("texts=%zu\nbytes=%zu\nmodels=%zu\naxes=%d\ncore_s=%.3f\ntexts_per_s=%.0f\nus_per_text=%.2f\n"
           "departments_decided=%.3f\npeak_mib=%.1f\n",
           texts.n, bytes, policy->models.n, PULIH_AXIS_N, spent, (double)texts.n / spent,
           spent * 1e6 / (double)texts.n, (double)decided / (double)texts.n, (double)used.ru_maxrss / 1024);
    pulih_policy_free(policy);
    return PULIH_CTL_OK;
}
