/* SPDX-License-Identifier: MIT
 *
 * Loops compiled for wider vectors too, chosen when the plugin is loaded.  Lanes are added each on its own
 * and never fused, so the bits are the same.  Shared by the routers that are fitted by gradients.
 */
#ifndef FIT_WIDE_H
#define FIT_WIDE_H

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FIT_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FIT_WIDE
#endif

/* Asks for a cache line before it is needed: rows of weights lie far apart. */
#if defined(__GNUC__)
#define FIT_FETCH(at) __builtin_prefetch(at)
#else
#define FIT_FETCH(at) ((void)(at))
#endif

#endif
