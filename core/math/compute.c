/* SPDX-License-Identifier: MIT
 *
 * What the CPU can do, by CPUID and by what the operating system saves (XCR0); hypervisors mask brand
 * strings, so those are only for show.  And the one decision that follows: which kernels, which BLIS.
 */
#include "math/compute.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "math/gemm.h"
#include "math/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t read_xcr0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static void brand(char out[64])
{
    unsigned r[12] = {0}, top = (unsigned)__get_cpuid_max(0x80000000u, NULL);
    if (top < 0x80000004u) return;
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]);
    memcpy(out, r, sizeof r);
    out[sizeof r] = '\0';
    size_t n = strlen(out);
    while (n > 0 && out[n - 1] == ' ') out[--n] = '\0';
}

/* The only question that CPUID does not answer by a feature. */
static bool made_by_amd(void)
{
    unsigned a, word[3];
    return __get_cpuid(0, &a, &word[0], &word[2], &word[1]) &&
           memcmp(word, "AuthenticAMD", sizeof word) == 0;
}

/* Linux gives a process the tile registers when it asks (arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA); systems that
 * do not know the request save them for all. */
static bool has_tiles(uint64_t saved)
{
    if ((saved & 0x60000) != 0x60000) return false;
#if defined(__linux__) && defined(SYS_arch_prctl)
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return true;
#endif
}

/* Bits: Intel SDM volume 2, CPUID leaves 1 and 7; volume 1, 13.3 and 14.3 for XCR0. */
cpu_features cpu_detect(void)
{
    cpu_features cpu = {0};
    unsigned a, b, c, d;
    brand(cpu.brand);
    cpu.is_amd = made_by_amd();
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return cpu; /* OSXSAVE */
    uint64_t saved = read_xcr0();
    bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    if (!ymm || !(c >> 28 & 1)) return cpu; /* AVX */
    cpu.fma = c >> 12 & 1;
    cpu.f16c = c >> 29 & 1;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return cpu;
    cpu.avx2 = b >> 5 & 1;
    cpu.avx512 = zmm && (b >> 16 & 1) && (b >> 17 & 1) && (b >> 30 & 1) && (b >> 31 & 1);
    cpu.avx512_vnni = cpu.avx512 && (c >> 11 & 1);
    bool tiles = (d >> 24 & 1) && has_tiles(saved);
    cpu.amx_bf16 = tiles && (d >> 22 & 1);
    cpu.amx_int8 = tiles && (d >> 25 & 1);
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
        cpu.avx512_bf16 = cpu.avx512 && (a >> 5 & 1);
        cpu.avx_vnni = cpu.avx2 && (a >> 4 & 1);
    }
    return cpu;
}
#else
cpu_features cpu_detect(void)
{
    cpu_features cpu = {0};
    return cpu;
}
#endif

const kernels *kernels_choose(const cpu_features *cpu, const char *forced)
{
    if (forced && strcmp(forced, "scalar") == 0) return &kernels_scalar;
#if defined(__x86_64__)
    bool can_avx2 = cpu->avx2 && cpu->fma && cpu->f16c, can_avx512 = can_avx2 && cpu->avx512;
    const kernels *widest = cpu->avx512_vnni ? &kernels_avx512_vnni : &kernels_avx512;
#if defined(PM_HAVE_AMX)
    bool can_amx = can_avx512 && cpu->avx512_vnni && cpu->amx_int8;
    if (can_amx && (!forced || strcmp(forced, "amx") == 0)) return &kernels_amx;
#endif
    if (!forced) return can_avx512 ? widest : can_avx2 ? &kernels_avx2 : &kernels_scalar;
    if (can_avx2 && strcmp(forced, "avx2") == 0) return &kernels_avx2;
    if (can_avx512 && strcmp(forced, "avx512") == 0) return widest;
    return NULL;
#else
    (void)cpu;
    return forced ? NULL : &kernels_scalar;
#endif
}

pm_status compute_open(int n_threads, compute *out, pm_err *err)
{
    memset(out, 0, sizeof *out);
    out->cpu = cpu_detect();
    const char *forced = getenv("POINTSMAN_CPU");
    if (forced && !*forced) forced = NULL;
    out->k = kernels_choose(&out->cpu, forced);
    if (!out->k)
        return err_set(
            err, PM_E_ARG,
            "POINTSMAN_CPU=%s: wanted scalar, avx2, avx512 or amx, and a CPU that has it "
            "(this one: %s)",
            forced, kernels_choose(&out->cpu, NULL)->name);
    if (n_threads < 0)
        return err_set(err, PM_E_ARG, "threads: found %d, wanted 0 (all) or more", n_threads);
    gemm_blis_start(&out->cpu);
    out->blis = gemm_blis_config();
    out->pool = threads_open(n_threads);
    if (!out->pool) return err_set(err, PM_E_MEMORY, "cannot start %d threads", n_threads);
    return PM_OK;
}

void compute_close(compute *c)
{
    threads_close(c->pool);
    memset(c, 0, sizeof *c);
}
