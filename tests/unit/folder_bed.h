/* SPDX-License-Identifier: MIT
 *
 * What the tests of the writer of folders share: a folder to write, prompts in it.
 */
#ifndef PM_TEST_FOLDER_BED_H
#define PM_TEST_FOLDER_BED_H

#include "data_files.h"

#include "data/folder.h"

static files f;
static const char *dir;

static void setup(void)
{
    files_open(&f);
    dir = files_path(&f, "out");
}

static void teardown(void)
{
    files_close(&f);
}

static folder *open_it(folder_options o)
{
    folder *w = NULL;
    pm_status s = folder_open(dir, &o, &w, &f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
    return w;
}

static void must(pm_status s)
{
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
}

static uint32_t add(folder *w, const char *id, const char *text)
{
    folder_prompt p = {.id = pm_str_of(id), .text = pm_str_of(text), .tokens_in = -1};
    uint32_t row = FOLDER_NONE;
    must(folder_add_prompt(w, &p, &row, &f.err));
    return row;
}

#endif
