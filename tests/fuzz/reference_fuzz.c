/* Any text as a reference: what is read prints as a reference that is read alike, and any number comes back. */
#include <stdint.h>
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_round_trip(int64_t number)
{
    char text[PULIH_REFERENCE_BYTES];
    int64_t back = -1;

    pulih_reference_print(number, text);
    pulih_must(strlen(text) == sizeof text - 1);
    pulih_must(pulih_reference_parse(pulih_view_of(text), &back) == NULL);
    pulih_must(back == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    int64_t number = -1;

    if (pulih_reference_parse((struct pulih_view){(const char *)bytes, len}, &number) == NULL)
        check_round_trip(number);
    else
        pulih_must(number == -1);
    if (len >= 8)
        check_round_trip((int64_t)(pulih_be64(bytes) & 0xffffffffff));
    return 0;
}
