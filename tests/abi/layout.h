/* SPDX-License-Identifier: MIT
 *
 * How structs are printed.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <pointsman/plugin.h>
#include <stdio.h>

#define SIZE(T)     printf("%-24s %4zu bytes\n", #T, sizeof(T))
#define FIELD(T, f) printf("  %-22s %4zu\n", #f, offsetof(T, f))

void layout_nn(void); /* layout_nn.c */

#endif
