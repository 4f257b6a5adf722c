/* SPDX-License-Identifier: MIT
 *
 * Fetching through libcurl: the only file that includes curl.h.  One file after another; models are a few large ones.
 */
#include "config.h"

#include "app/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { TRIES = 3, CONNECT_SECONDS = 20, STALL_SECONDS = 30, STALL_BYTES = 1024, REDIRECTS = 10 };

typedef struct fetching {
    const fetch_want *want;
    FILE *file;
    uint64_t had;  /* when this try began */
    uint64_t have; /* now */
    bool too_long, unwritable;
    double began;
    char why[CURL_ERROR_SIZE];
} fetching;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
    fetching *f = arg;
    const size_t len = size * n;
    if (f->want->bytes && len > f->want->bytes - f->have) {
        f->too_long = true;
        return 0;
    }
    if (fwrite(bytes, 1, len, f->file) != len) {
        f->unwritable = true;
        return 0;
    }
    f->have += len;
    return len;
}

static int show(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    fetching *f = arg;
    char line[200];
    (void)now;
    (void)up_total;
    (void)up_now;
    if (f->want->canceled && f->want->canceled()) return 1;
    const double spent = now_s() - f->began, got = (double)(f->have - f->had);
    const double all = f->want->bytes ? (double)f->want->bytes
                       : total > 0    ? (double)f->had + (double)total
                                      : 0;
    const double rate = spent > 0.2 ? got / spent : 0;
    int n = snprintf(line, sizeof line, "%.80s: %.1f of %.1f MB, %.1f MB/s", f->want->shown,
                     (double)f->have / 1e6, all / 1e6, rate / 1e6);
    if (rate > 0 && all > (double)f->have && n > 0)
        snprintf(line + n, sizeof line - (size_t)n, ", left %.0f s",
                 (all - (double)f->have) / rate);
    if (f->have > f->had) progress_line(line);
    return 0;
}

static void set_protocols(CURL *c)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http,file");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
#else
    curl_easy_setopt(c, CURLOPT_PROTOCOLS,
                     (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP | CURLPROTO_FILE));
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
}

static void set_up(CURL *c, fetching *f)
{
    set_protocols(c);
    curl_easy_setopt(c, CURLOPT_URL, f->want->url);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "pointsman/" PACKAGE_VERSION);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->why);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, show);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, f);
    curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)f->had);
}

/* Worth another try: a broken line, a server that is busy. */
static bool is_passing(CURLcode code, long said)
{
    switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    case CURLE_HTTP_RETURNED_ERROR:
        return said == 429 || said >= 500;
    default:
        return false;
    }
}

/* The server cannot continue where we are: what is there is of no use. */
static bool is_stale(CURLcode code, long said)
{
    return code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME || said == 416;
}

static pm_status say_why(const fetching *f, CURLcode code, long said, pm_err *err)
{
    const fetch_want *w = f->want;
    if (f->too_long)
        return err_set(err, PM_E_FORMAT, "%s: sends more than the %llu bytes that it should have",
                       w->url, (unsigned long long)w->bytes);
    if (f->unwritable)
        return err_set(err, PM_E_IO, "%s: cannot write: %s", w->path, strerror(errno));
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(err, PM_E_CANCELED,
                       "%s: interrupted; what came so far is kept for the next try", w->url);
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return err_set(err, PM_E_IO, "%s: the server answers %ld", w->url, said);
    return err_set(err, PM_E_IO, "%s: %s", w->url, f->why[0] ? f->why : curl_easy_strerror(code));
}

static pm_status try_once(fetching *f, CURLcode *code, long *said, pm_err *err)
{
    f->file = fopen(f->want->path, "ab");
    if (!f->file)
        return err_set(err, PM_E_IO, "%s: cannot write: %s", f->want->path, strerror(errno));
    fseek(f->file, 0, SEEK_END);
    const long at = ftell(f->file);
    f->had = f->have = at > 0 ? (uint64_t)at : 0;
    if (f->want->bytes && f->had > f->want->bytes && ftruncate(fileno(f->file), 0) == 0)
        f->had = f->have = 0;
    f->began = now_s();
    f->why[0] = '\0';
    CURL *c = f->want->bytes && f->had == f->want->bytes ? NULL : curl_easy_init();
    *code = CURLE_OK;
    *said = 0;
    if (c) {
        set_up(c, f);
        *code = curl_easy_perform(c);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, said);
        curl_easy_cleanup(c);
    } else if (f->had != f->want->bytes) {
        *code = CURLE_FAILED_INIT;
    }
    const bool closed = fclose(f->file) == 0;
    if (!closed && *code == CURLE_OK) f->unwritable = true;
    return PM_OK;
}

static pm_status fetch(fetching *f, pm_err *err)
{
    bool restarted = false;
    for (int t = 1;; t++) {
        CURLcode code = CURLE_OK;
        long said = 0;
        pm_status s = try_once(f, &code, &said, err);
        if (s != PM_OK) return s;
        const bool short_of = f->want->bytes && f->have < f->want->bytes;
        if (code == CURLE_OK && !f->unwritable && !short_of) return PM_OK;
        if (code == CURLE_OK && !f->unwritable)
            return err_set(err, PM_E_IO, "%s: ends after %llu bytes of %llu", f->want->url,
                           (unsigned long long)f->have, (unsigned long long)f->want->bytes);
        if (is_stale(code, said) && f->had && !restarted) {
            restarted = truncate(f->want->path, 0) == 0;
            if (restarted) continue;
        }
        const bool went_on = f->have > f->had && code == CURLE_OPERATION_TIMEDOUT;
        if (t >= TRIES || f->too_long || f->unwritable || !(went_on || is_passing(code, said)))
            return say_why(f, code, said, err);
        log_line(LOG_WARN, "%s: %s; trying again", f->want->url, curl_easy_strerror(code));
        sleep((unsigned)t);
    }
}

pm_status fetch_url(const fetch_want *w, pm_err *err)
{
    fetching f = {.want = w};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, PM_E_UNSUPPORTED, "libcurl does not start");
    pm_status s = fetch(&f, err);
    progress_end();
    curl_global_cleanup();
    return s;
}
