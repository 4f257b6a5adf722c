/* SPDX-License-Identifier: MIT
 *
 * Silhouette and leave-one-document-out kNN accuracy of domains, exactly, each point on its own.
 */
#include "eval/latent.h"

#include <math.h>
#include <string.h>

#define BLOCK  32
#define MOST_K 64

typedef struct near {
    double distance;
    uint32_t domain;
} near;

typedef struct measuring {
    const latent_question *q;
    size_t n, k;
    uint32_t *row;      /* [n] points that have a domain */
    size_t *size;       /* [n_domains] */
    double *sum;        /* [n x n_domains] distances of a point to each domain */
    double *silhouette; /* [n] */
    uint8_t *right;     /* [n] */
} measuring;

static double distance(const measuring *m, size_t i, size_t j)
{
    const float *a = pm_crow(m->q->x, m->row[i]), *b = pm_crow(m->q->x, m->row[j]);
    double sum = 0;
    for (size_t k = 0; k < m->q->x.cols; k++) {
        double d = (double)a[k] - (double)b[k];
        sum += d * d;
    }
    return sqrt(sum);
}

static void keep_near(near *best, size_t *n, size_t k, near v)
{
    if (*n == k && !(v.distance < best[k - 1].distance)) return;
    size_t at = *n < k ? (*n)++ : k - 1;
    for (; at > 0 && v.distance < best[at - 1].distance; at--) best[at] = best[at - 1];
    best[at] = v;
}

/* The domain with the most votes; among equals the one whose first vote is nearer. */
static uint32_t vote(const near *best, size_t n)
{
    uint32_t winner = UINT32_MAX;
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t votes = 0;
        for (size_t j = 0; j < n; j++) votes += best[j].domain == best[i].domain;
        if (votes <= most) continue;
        most = votes;
        winner = best[i].domain;
    }
    return winner;
}

static double silhouette(const measuring *m, const double *sum, uint32_t own)
{
    if (m->size[own] < 2) return 0;
    double a = sum[own] / (double)(m->size[own] - 1), b = INFINITY;
    for (size_t k = 0; k < m->q->n_domains; k++)
        if (k != own && m->size[k] && sum[k] / (double)m->size[k] < b)
            b = sum[k] / (double)m->size[k];
    double most = a > b ? a : b;
    return most > 0 ? (b - a) / most : 0;
}

static pm_status measure(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    measuring *m = arg;
    const latent_question *q = m->q;
    for (size_t i = lo; i < hi; i++) {
        near best[MOST_K];
        size_t found = 0;
        double *sum = m->sum + i * q->n_domains;
        for (size_t j = 0; j < m->n; j++) {
            if (j == i) continue;
            near v = {distance(m, i, j), q->domain[m->row[j]]};
            sum[v.domain] += v.distance;
            bool same = q->cluster && q->cluster[m->row[i]] == q->cluster[m->row[j]];
            if (!same) keep_near(best, &found, m->k, v);
        }
        uint32_t own = q->domain[m->row[i]];
        m->silhouette[i] = silhouette(m, sum, own);
        m->right[i] = vote(best, found) == own;
    }
    return PM_OK;
}

static bool take_room(measuring *m, arena *a)
{
    const latent_question *q = m->q;
    m->row = arena_alloc(a, q->x.rows, sizeof *m->row);
    m->size = arena_alloc(a, q->n_domains, sizeof *m->size);
    if (!m->row || !m->size) return false;
    for (size_t i = 0; i < q->x.rows; i++) {
        if (q->domain[i] >= q->n_domains) continue;
        m->row[m->n++] = (uint32_t)i;
        m->size[q->domain[i]]++;
    }
    size_t cells;
    if (!mem_size(m->n, q->n_domains, &cells)) return false;
    m->sum = arena_alloc(a, cells, sizeof *m->sum);
    m->silhouette = arena_alloc(a, m->n, sizeof *m->silhouette);
    m->right = arena_alloc(a, m->n, sizeof *m->right);
    return m->sum && m->silhouette && m->right;
}

pm_status latent_measure(const compute *c, arena *scratch, const latent_question *q,
                         latent_score *out, pm_err *err)
{
    measuring m = {.q = q, .k = q->k < MOST_K ? q->k : MOST_K};
    *out = (latent_score){0};
    if (!q->k || !q->domain)
        return err_set(err, PM_E_ARG, "a latent space without neighbours or domains");
    if (!take_room(&m, scratch)) return err_set(err, PM_E_MEMORY, "%zu latent points", q->x.rows);
    size_t most = 0;
    for (size_t k = 0; k < q->n_domains; k++) {
        out->n_domains += m.size[k] > 0;
        if (m.size[k] > most) most = m.size[k];
    }
    if (out->n_domains < 2)
        return err_set(err, PM_E_ARG, "%zu domains among the points; want two or more",
                       out->n_domains);
    pm_status s = threads_for(c ? c->pool : NULL, m.n, BLOCK, measure, &m);
    if (s) return err_set(err, s, "latent space");
    size_t right = 0;
    for (size_t i = 0; i < m.n; i++) {
        out->silhouette += m.silhouette[i] / (double)m.n;
        right += m.right[i];
    }
    out->n = m.n;
    out->knn_accuracy = (double)right / (double)m.n;
    out->majority = (double)most / (double)m.n;
    return PM_OK;
}
