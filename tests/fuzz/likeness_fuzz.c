/* Any bytes as a text and as a customer's marks: a text is wholly like itself, and as like to another as that one is
 * to it; of marks no more are read than there is room for. */
#include <stdint.h>

#include "pulih/base/must.h"
#include "pulih/core/likeness.h"
#include "pulih/core/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct pulih_view all = {(const char *)bytes, len}, half = {(const char *)bytes, len / 2};
    struct pulih_likeness a, b;
    struct pulih_mark marks[PULIH_MARKS_MAX];

    pulih_likeness_read(all, &a);
    pulih_likeness_read(half, &b);
    pulih_must(b.words <= a.words + 1); /* the cut may leave a word of its own */
    pulih_must(pulih_likeness_percent(&a, &a) == (a.words ? 100 : 0));
    int percent = pulih_likeness_percent(&a, &b);
    pulih_must(percent >= 0 && percent <= 100 && percent == pulih_likeness_percent(&b, &a));
    pulih_must(pulih_marks_unpack(all, marks) <= len / PULIH_MARK_BYTES);
    return 0;
}
