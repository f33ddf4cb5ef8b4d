/* Runs a fuzzer over files, without libFuzzer: what broke it once must not break it again, in any build. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* In memory of exactly its size, so that a sanitizer sees what is read behind it. */
static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    static uint8_t room[1 << 20];

    if (!f) {
        perror(path);
        return 1;
    }
    size_t len = fread(room, 1, sizeof room, f);
    fclose(f);
    uint8_t *bytes = malloc(len ? len : 1);
    if (!bytes)
        return 1;
    for (size_t i = 0; i < len; i++)
        bytes[i] = room[i];
    fprintf(stderr, "%s\n", path); /* the last one named is the one that broke it */
    LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}
