/* SPDX-License-Identifier: MIT
 *
 * Asks whoever owns malloc: the sanitizer when there is one, else the GNU C library.
 */
#include "app/conform_heap.h"

#include <malloc.h>

#include "base/mem.h"

#if defined(__GNUC__)
/* Only there in a program built with a sanitizer. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
#endif

size_t heap_in_use(void)
{
#if defined(__GNUC__)
    if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
#endif
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

bool heap_is_counted(void)
{
    size_t before = heap_in_use();
    void *p = mem_alloc(1, 1 << 16);
    size_t during = heap_in_use();
    mem_free(p);
    return p && during >= before + (1 << 16);
}
