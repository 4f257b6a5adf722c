/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over its corpora with any compiler: every file of tests/fuzz/corpus/T and tests/fuzz/found/T,
 * and of each some hundred variants, cut, flipped and spliced by a fixed generator.  No search: that is `make fuzz`.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define LONGEST ((size_t)1 << 20)

/* In a block of exactly its size, so that sanitizers see the end. */
static void run(const uint8_t *at, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);
    if (!exact) abort();
    if (len) memcpy(exact, at, len);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

static size_t damage(uint8_t *at, size_t len, uint64_t seed)
{
    static const uint8_t favourite[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '0'};
    size_t edits = 1 + (size_t)rng_below(seed, 0, 0, 4);
    for (uint64_t i = 1; i <= edits && len > 0; i++) {
        size_t place = (size_t)rng_below(seed, 1, i, len);
        switch (rng_below(seed, 2, i, 4)) {
        case 0:
            at[place] = (uint8_t)(at[place] ^ 1 << rng_below(seed, 3, i, 8));
            break;
        case 1:
            at[place] = favourite[rng_below(seed, 3, i, sizeof favourite)];
            break;
        case 2:
            len = place;
            break;
        default: {
            size_t from = (size_t)rng_below(seed, 3, i, len);
            size_t longest = len - (from > place ? from : place);
            memmove(at + place, at + from, (size_t)rng_below(seed, 4, i, longest + 1));
        }
        }
    }
    return len;
}

static size_t run_file(const char *path, size_t variants)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(LONGEST), *copy = malloc(LONGEST);
    if (!f || !bytes || !copy) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(99);
    }
    size_t len = fread(bytes, 1, LONGEST, f);
    fclose(f);
    run(bytes, len);
    for (size_t i = 0; i < variants; i++) {
        memcpy(copy, bytes, len);
        run(copy, damage(copy, len, 1 + i));
    }
    free(bytes);
    free(copy);
    return 1;
}

static int is_input(const struct dirent *d)
{
    return d->d_name[0] != '.' && strcmp(d->d_name, "README") != 0;
}

static size_t run_folder(const char *folder, size_t variants)
{
    struct dirent **list = NULL;
    size_t files = 0;
    int n = scandir(folder, &list, is_input, alphasort);
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%.700s/%.300s", folder, list[i]->d_name);
        files += run_file(path, variants);
        free(list[i]);
    }
    free(list);
    return files;
}

int main(int argc, char **argv)
{
    const char *root = getenv("srcdir"), *quick = getenv("PM_TEST_QUICK");
    size_t variants = quick && *quick ? 8 : 300, files = 0;
    char folder[900];
    for (int i = 1; i < argc; i++)
        run_file(argv[i], 0); /* named files alone, as a debugger wants */
    if (argc > 1) return 0;
    for (int found = 0; found < 2; found++) {
        snprintf(folder, sizeof folder, "%.500s/tests/fuzz/%s/" FUZZ_TARGET,
                 root && *root ? root : ".", found ? "found" : "corpus");
        files += run_folder(folder, variants);
    }
    printf(FUZZ_TARGET ": %zu files, each with %zu variants\n", files, variants);
    return files > 0 ? 0 : 1;
}
