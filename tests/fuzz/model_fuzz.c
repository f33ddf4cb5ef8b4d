/* Any bytes as a model file, and as the part of one that its digest covers, so that what lies behind the digest is
 * reached: it is refused with a line, or it judges any text with probabilities that sum to 1. */
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void use(const struct pulih_model *model)
{
    static const char text[] = "kurir belum datang, paket rusak; the parcel is late, late";
    const struct pulih_model_about *about = pulih_model_about(model);
    struct pulih_model_reason reasons[4];
    struct pulih_judgement j;
    float sum = 0;

    pulih_must(about->n_labels >= 2 && about->n_labels <= PULIH_LABELS_MAX && about->name[0]);
    pulih_model_judge(model, pulih_view_of(text), &j);
    pulih_must(j.best < about->n_labels);
    for (size_t i = 0; i < about->n_labels; i++) {
        pulih_must(j.probability[i] >= 0 && j.probability[i] <= j.probability[j.best]);
        sum += j.probability[i];
    }
    pulih_must(fabsf(sum - 1) < 0.001f);
    pulih_must(pulih_model_reasons(model, pulih_view_of(text), reasons, PULIH_COUNT(reasons)) <=
               PULIH_COUNT(reasons));
}

static void load(struct pulih_view bytes)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_model *model = pulih_model_load(bytes, &why);

    if (model)
        use(model);
    else
        pulih_must(why.len > 1 && why.at[why.len - 1] == '\n');
    pulih_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf whole = {0};
    unsigned char digest[PULIH_MODEL_DIGEST];

    load((struct pulih_view){(const char *)bytes, len});
    pulih_buf_add_view(&whole, PULIH_VIEW("PULIHMDL"));
    pulih_buf_add_be32(&whole, PULIH_MODEL_FORMAT);
    crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
    pulih_buf_add(&whole, digest, sizeof digest);
    pulih_buf_add(&whole, bytes, len);
    load(pulih_view_of_buf(&whole));
    return 0;
}
