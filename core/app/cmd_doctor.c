/* SPDX-License-Identifier: MIT
 *
 * pointsman doctor: what this machine can do and what pointsman makes of it.
 */
#include <stdio.h>

#include "app/cmds.h"
#include "base/io.h"
#include "math/gemm.h"
#include "math/linear.h"
#include "math/probe.h"
#include "pointsman/pointsman.h"

static const arg_row rows[] = {{"jobs", 'j', ARG_NUMBER, "N", "threads (default: all CPUs)"},
                               {"json", 0, ARG_FLAG, NULL, "print as JSON"},
                               {"quick", 0, ARG_FLAG, NULL, "leave the measurements out"},
                               ARG_END};

static int doctor_main(int argc, char **argv);

const verb verb_doctor = {"doctor",
                          "",
                          0,
                          0,
                          "show CPU features, kernels chosen, threads, speed, plugins",
                          "Measures for about two seconds: register FMA rate, rates of matrix "
                          "products and dense layers, read bandwidth.",
                          rows,
                          doctor_main};

static void features(const cpu_features *f, str *out)
{
    const struct {
        bool has;
        const char *name;
    } all[] = {{f->avx2, "avx2"},
               {f->fma, "fma"},
               {f->f16c, "f16c"},
               {f->avx512, "avx512"},
               {f->avx512_vnni, "avx512_vnni"},
               {f->avx512_bf16, "avx512_bf16"},
               {f->avx_vnni, "avx_vnni"},
               {f->amx_bf16, "amx_bf16"},
               {f->amx_int8, "amx_int8"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].has) str_printf(out, "%s%s", out->len ? " " : "", all[i].name);
}

static const char *const kind_names[] = {"float32", "bf16", "int8"};

/* Which kernels serve the dense layers of each kind, and how fast: int8 and bf16 may pass the float32 peak. */
static void print_layers(const compute *c, const probe_result *p)
{
    for (int k = LINEAR_F32; k <= (int)LINEAR_I8; k++) {
        printf("layers %-9s %-20s", kind_names[k - 1], linear_kernel_name(c, (linear_kind)k));
        if (p)
            printf(" %7.1f GFLOP/s on 1 thread, %7.1f on %d  (%.0f %% of the FMA peak)",
                   p->linear_gflops_1[k - 1], p->linear_gflops_all[k - 1], threads_count(c->pool),
                   100 * p->linear_gflops_all[k - 1] / p->fma_gflops_all);
        printf("\n");
    }
}

static void json_layers(const compute *c, const probe_result *p, str *s)
{
    for (int k = LINEAR_F32; k <= (int)LINEAR_I8; k++) {
        const char *name = kind_names[k - 1];
        str_printf(s, ",\"layers_%s\":\"%s\"", name, linear_kernel_name(c, (linear_kind)k));
        if (p)
            str_printf(s, ",\"layers_%s_gflops_1\":%.1f,\"layers_%s_gflops_all\":%.1f", name,
                       p->linear_gflops_1[k - 1], name, p->linear_gflops_all[k - 1]);
    }
}

static void print_text(const app_env *e, const char *names, const probe_result *p)
{
    const compute *c = &e->compute;
    const registry_refusal *refused;
    size_t n_refused = registry_refusals(e->registry, &refused);
    arena *a = arena_open(0);
    printf("pointsman        %s\nCPU              %s\nfeatures         %s\n", pm_version(),
           c->cpu.brand, names);
    printf("kernels          %s\nmatrix products  BLIS configuration %s\nthreads          %d\n",
           c->k->name, c->blis, threads_count(c->pool));
    print_layers(c, p);
    if (p) {
        printf("FMA peak         %7.1f GFLOP/s on 1 thread, %7.1f on %d\n", p->fma_gflops_1,
               p->fma_gflops_all, threads_count(c->pool));
        printf("gemm 1024^3      %7.1f GFLOP/s on 1 thread, %7.1f on %d  (%.0f %% of peak)\n",
               p->gemm_gflops_1, p->gemm_gflops_all, threads_count(c->pool),
               100 * p->gemm_gflops_all / p->fma_gflops_all);
        printf("memory read      %7.1f GB/s on 1 thread, %7.1f on %d\n", p->read_gbs_1,
               p->read_gbs_all, threads_count(c->pool));
    }
    printf("plugins          %zu found, %zu refused or shadowed\n", registry_count(e->registry),
           n_refused);
    printf("run store        %s\nuser plugins     %s/plugins\n", app_out_dir(a, NULL),
           io_xdg(a, IO_DATA_HOME));
    arena_close(a);
}

static void print_json(const app_env *e, const char *names, const probe_result *p)
{
    const compute *c = &e->compute;
    str s = STR_INIT;
    str_printf(&s, "{\"version\":\"%s\",\"cpu\":", pm_version());
    str_json(&s, c->cpu.brand, strlen(c->cpu.brand));
    str_printf(&s, ",\"features\":\"%s\",\"kernels\":\"%s\",\"blis\":\"%s\",\"threads\":%d", names,
               c->k->name, c->blis, threads_count(c->pool));
    json_layers(c, p, &s);
    if (p)
        str_printf(&s,
                   ",\"fma_gflops_1\":%.1f,\"fma_gflops_all\":%.1f,\"gemm_gflops_1\":%.1f,"
                   "\"gemm_gflops_all\":%.1f,\"read_gbs_1\":%.1f,\"read_gbs_all\":%.1f",
                   p->fma_gflops_1, p->fma_gflops_all, p->gemm_gflops_1, p->gemm_gflops_all,
                   p->read_gbs_1, p->read_gbs_all);
    printf("%s,\"plugins\":%zu}\n", str_text(&s), registry_count(e->registry));
    str_close(&s);
}

static int doctor_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    size_t n;
    int status = args_parse(&verb_doctor, argc, argv, value, NULL, &n);
    if (status != ARGS_GO_ON) return status;
    app_env e;
    status = app_env_open(&e, args_int(&verb_doctor, value, "jobs", 0));
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    probe_result probe;
    bool quick = args_given(&verb_doctor, value, "quick");
    str names = STR_INIT;
    features(&e.compute.cpu, &names);
    status = EXIT_FINE;
    if (!quick && probe_machine(&e.compute, &probe, &err))
        status = app_failed("doctor", &err);
    else if (args_given(&verb_doctor, value, "json"))
        print_json(&e, str_text(&names), quick ? NULL : &probe);
    else
        print_text(&e, str_text(&names), quick ? NULL : &probe);
    str_close(&names);
    app_env_close(&e);
    return status;
}
