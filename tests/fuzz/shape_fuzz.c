/* Any bytes: the shape check must read nothing but them, and agree with skip, head and print. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/shape.h"
#include "pulih/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct pulih_view view = {(const char *)bytes, len};
    struct pulih_buf json = {0};

    if (pulih_shape_check(view))
        return 0;
    pulih_must(pulih_shape_skip(view) == len);
    pulih_must(pulih_shape_head(view).len > 0);
    pulih_raw_print(view, &json);
    pulih_must(json.len > 0);
    pulih_buf_free(&json);
    return 0;
}
