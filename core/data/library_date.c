/* SPDX-License-Identifier: MIT
 *
 * ISO dates as days since 1970-01-01, both ways, in the proleptic Gregorian calendar.
 * Source  Hinnant 2013, "chrono-compatible low-level date algorithms", days_from_civil and
 *         civil_from_days.
 */
#include <math.h>
#include <stdio.h>

#include "data/library.h"

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static long days_from_civil(int year, int month, int day)
{
    long y = year - (month <= 2);
    long era = (y >= 0 ? y : y - 399) / 400;
    long yoe = y - era * 400;
    long doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* `digits` decimal digits at *p, stepping over them; -1 if there are fewer. */
static int take(const char **p, int digits)
{
    int v = 0;
    for (int i = 0; i < digits; i++, ++*p) {
        if (**p < '0' || **p > '9') return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

bool library_parse_date(const char *iso, double *days)
{
    const char *p = iso;
    int year = take(&p, 4), month = 1, day = 1;
    if (year < 1) return false;
    if (*p == '-') {
        p++;
        month = take(&p, 2);
        if (month < 1 || month > 12) return false;
        if (*p == '-') {
            p++;
            day = take(&p, 2);
            if (day < 1 || day > days_of_month(year, month)) return false;
        }
    }
    if (*p) return false;
    *days = (double)days_from_civil(year, month, day);
    return true;
}

void library_format_date(double days, char out[16])
{
    double low = (double)days_from_civil(1, 1, 1), high = (double)days_from_civil(9999, 12, 31);
    if (!(days >= low && days <= high)) {
        snprintf(out, 16, "no date");
        return;
    }
    long z = (long)floor(days) + 719468;
    long era = (z >= 0 ? z : z - 146096) / 146097;
    long doe = z - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    long mp = (5 * doy + 2) / 153;
    long day = doy - (153 * mp + 2) / 5 + 1;
    long month = mp < 10 ? mp + 3 : mp - 9;
    long year = yoe + era * 400 + (month <= 2);
    snprintf(out, 16, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
             (unsigned)day % 100u);
}
