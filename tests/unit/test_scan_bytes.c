/* SPDX-License-Identifier: MIT
 *
 * int8 products of the weighted pass against plain sums, to the bit: every kernel set that this CPU can run, and
 * the steps of the matrix unit (math/scan_tiles.h) on tiles emulated here, because few CPUs have one.  Odd shapes, bytes
 * that no table of ours would hold, and rubbish after the columns.
 */
#include "math_tools.h"

#include "math/mat.h"
#include "math/scan.h"
#include "math/tally.h"

/* ---- emulated tiles: rubbish until they are zeroed or loaded ---- */

typedef struct tiles {
    int8_t at[8][16][64];
} tiles;

static void tile_clear(tiles *s, int t)
{
    memset(s->at[t], 0, sizeof s->at[t]);
}

static void tile_fill(tiles *s, int t, const int8_t *p)
{
    memcpy(s->at[t], p, sizeof s->at[t]);
}

static void tile_dot(tiles *s, int c, int a, int b)
{
    for (size_t m = 0; m < 16; m++)
        for (size_t n = 0; n < 16; n++) {
            int32_t sum;
            memcpy(&sum, &s->at[c][m][4 * n], sizeof sum);
            for (size_t k = 0; k < 16; k++)
                for (size_t i = 0; i < 4; i++)
                    sum += s->at[a][m][4 * k + i] * s->at[b][k][4 * n + i];
            memcpy(&s->at[c][m][4 * n], &sum, sizeof sum);
        }
}

#define tile_zero(s, t)           tile_clear(&s, t)
#define tile_load(s, t, p)        tile_fill(&s, t, p)
#define tile_multiply(s, c, a, b) tile_dot(&s, c, a, b)
#define tile_store(s, t, p)       memcpy(p, s.at[t], sizeof s.at[t])
#include "math/scan_tiles.h"

static arena *room, *scratch;

static void setup(void)
{
    compute c; /* asks for the tile registers, where there are some */
    ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
    compute_close(&c);
    room = arena_open(0);
    scratch = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
    arena_close(scratch);
}

typedef struct bytes_case {
    size_t rows, cols, ld, queries;
    int8_t *x, *q; /* [rows x ld], [SCAN_GROUP x ld of queries] */
    float scale[SCAN_ROWS], step[SCAN_GROUP];
    int32_t sum[SCAN_GROUP];
    size_t ld_q;
} bytes_case;

static bytes_case case_of(size_t rows, size_t cols, size_t queries)
{
    bytes_case b = {.rows = rows, .cols = cols, .ld = cols + 5, .queries = queries};
    b.ld_q = (cols + 63) / 64 * 64;
    b.x = arena_alloc(room, rows, b.ld);
    b.q = arena_alloc(room, SCAN_GROUP, b.ld_q);
    for (size_t i = 0; i < rows * b.ld; i++)
        b.x[i] = (int8_t)(i < b.ld ? -128 : (int)rng_below(cols, 1, i, 256) - 128);
    for (size_t i = 0; i < queries; i++)
        for (size_t j = 0; j < cols; j++) {
            int v = i == 0 ? 127 : i == 1 ? -127 : (int)rng_below(cols, 2, i * cols + j, 255) - 127;
            b.q[i * b.ld_q + j] = (int8_t)v;
            b.sum[i] += v;
        }
    for (size_t r = 0; r < rows; r++) b.scale[r] = 0.01f + 0.001f * (float)r;
    for (size_t i = 0; i < SCAN_GROUP; i++) b.step[i] = 0.02f + 0.003f * (float)i;
    return b;
}

static float plain(const bytes_case *b, size_t r, size_t i)
{
    int32_t exact = 0;
    for (size_t j = 0; j < b->cols; j++) exact += b->x[r * b->ld + j] * b->q[i * b->ld_q + j];
    return b->scale[r] * (b->step[i] * (float)exact);
}

static void agrees(const bytes_case *b, const scan_kind *kind, const char *name)
{
    scan_rows rows = {b->x, b->scale, b->rows, b->ld, b->cols, true}, ready = rows;
    scan_query group = {NULL, b->q, b->step, b->sum, b->queries, 0, b->ld_q};
    int8_t *packed = arena_alloc(room, SCAN_GROUP, b->ld_q);
    void *block = arena_alloc_uncleared(room, scan_room_bytes(b->cols), 1);
    float out[SCAN_ROWS * SCAN_GROUP], alone[SCAN_ROWS];
    memset(block, 77, scan_room_bytes(b->cols));
    if (kind->prepare) kind->prepare(&ready, block);
    if (kind->pack) {
        kind->pack(b->q, b->ld_q, packed);
        group.bytes = packed;
    }
    kind->many(&ready, &group, out);
    if (kind->release) kind->release();
    for (size_t i = 0; i < b->queries; i++) {
        scan_query one = {NULL, b->q + i * b->ld_q, b->step + i, b->sum + i, 1, 0, b->ld_q};
        if (kind->one) kind->one(&rows, &one, alone);
        for (size_t r = 0; r < b->rows; r++) {
            float want = plain(b, r, i);
            ck_assert_msg(tools_same_bits(&out[r * SCAN_GROUP + i], &want, sizeof want),
                          "%s: row %zu of %zu, column count %zu, query %zu of %zu", name, r,
                          b->rows, b->cols, i, b->queries);
            if (kind->one) ck_assert(tools_same_bits(&alone[r], &want, sizeof want));
        }
    }
}

START_TEST(integer_sums_are_exact)
{
    static const scan_kind emulated = {NULL, tiles_many, tiles_prepare, tiles_pack, NULL};
    static const size_t rows[] = {1, 3, 15, 16, 17, 31, 63, 64};
    static const size_t cols[] = {1, 15, 16, 63, 64, 65, 127, 130, 201, 256};
    const kernels *set[4];
    size_t n_sets = tools_kernels(set);
    for (size_t a = 0; a < sizeof rows / sizeof *rows; a++)
        for (size_t b = 0; b < sizeof cols / sizeof *cols; b++) {
            bytes_case it = case_of(rows[a], cols[b], 1 + (a * 7 + b * 5) % SCAN_GROUP);
            for (size_t s = 0; s < n_sets; s++) agrees(&it, &set[s]->scan->i8, set[s]->name);
            agrees(&it, &emulated, "emulated tiles");
        }
    if (strcmp(set[n_sets - 1]->name, "amx") != 0)
        printf("real tiles: skipped, this CPU has none (or the assembler does not know them)\n");
}
END_TEST

/* A whole pass on emulated tiles. */
START_TEST(a_pass_on_tiles_is_the_same)
{
    enum { ROWS = 333, COLS = 130, QUERIES = 37, CLASSES = 9 };
    cpu_features none = {0};
    compute plain_c = {.k = kernels_choose(&none, NULL)}, tiled_c = plain_c;
    scan_kernels scan = *plain_c.k->scan;
    kernels k = *plain_c.k;
    scan.i8 = (scan_kind){plain_c.k->scan->i8.one, tiles_many, tiles_prepare, tiles_pack, NULL};
    k.scan = &scan;
    tiled_c.k = &k;
    pm_cmat rows = {tools_floats(room, ROWS * COLS, 1), ROWS, COLS, COLS};
    pm_cmat q = {tools_floats(room, QUERIES * COLS, 2), QUERIES, COLS, COLS};
    uint32_t cls[ROWS];
    for (size_t r = 0; r < ROWS; r++) cls[r] = (uint32_t)(r % CLASSES);
    pm_tally how = {sizeof how, 10, NULL, cls, NULL, CLASSES, NULL};
    double want[QUERIES * CLASSES], out[QUERIES * CLASSES];
    table t;
    ck_assert_int_eq(table_build(&plain_c, room, rows, PM_I8, &t, NULL), PM_OK);
    ck_assert_int_eq(table_tally(&plain_c, NULL, scratch, &t, q, &how, want, NULL, NULL), PM_OK);
    ck_assert_int_eq(table_tally(&tiled_c, NULL, scratch, &t, q, &how, out, NULL, NULL), PM_OK);
    ck_assert(tools_same_bits(want, out, sizeof out));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("scan_bytes");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, integer_sums_are_exact);
    tcase_add_test(tc, a_pass_on_tiles_is_the_same);
    return tools_run(tc, "scan_bytes");
}
