/* Keys for doors that speak CURVE: from the caller or the environment. */
#include <stdlib.h>
#include <string.h>

#include "services/client/link.h"

static const char *text_of(const char *text)
{
    return text ? text : "";
}

bool pulih_keys_take(const struct pulih_keys *keys, struct pulih_curve_caller *ret, struct pulih_error *error)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    const char *file = text_of(keys ? keys->file : secure_getenv("PULIH_KEY_FILE"));
    const char *server = text_of(keys ? keys->server : secure_getenv("PULIH_SERVER_KEY"));

    *ret = (struct pulih_curve_caller){0};
    if (!*file && !*server)
        return true;
    if (!*file || !*server)
        pulih_error_set(error, PULIH_E_INVALID,
                        "a key file and the server's public key belong together; %s is missing (%s)",
                        *file ? "the key" : "the file", *file ? "PULIH_SERVER_KEY" : "PULIH_KEY_FILE");
    else if (!pulih_key_read(pulih_view_of(server), &ret->router))
        pulih_error_set(error, PULIH_E_INVALID,
                        "the server's public key must be 40 signs of Z85, got %zu bytes; pulihctl key show "
                        "prints it there",
                        strlen(server));
    else if (pulih_key_pair_load(file, &ret->own, &why))
        return true;
    else
        pulih_error_set(error, PULIH_E_INVALID, "%.*s", (int)strcspn(pulih_buf_text(&why), "\n"),
                        pulih_buf_text(&why));
    return false;
}
