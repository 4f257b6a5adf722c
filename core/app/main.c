/* SPDX-License-Identifier: MIT
 *
 * The program: finds the verb and hands over.  Every verb is one file, cmd_VERB.c.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "app/man.h"
#include "base/log.h"
#include "pointsman/pointsman.h"

static const verb *const verbs[] = {&verb_run,    &verb_check,      &verb_route,   &verb_calibrate,
                                    &verb_runs,   &verb_report,     &verb_plugins, &verb_data,
                                    &verb_corpus, &verb_model,      &verb_conform, &verb_doctor,
                                    &verb_new,    &verb_completion, NULL};

const verb *const *verbs_all(void)
{
    return verbs;
}

static void print_overview(FILE *to)
{
    fputs("pointsman - routes prompts to language models: experiments, measurement, serving\n\n"
          "Usage: pointsman VERB [OPTION ...] [ARGUMENT ...]\n\nVerbs:\n",
          to);
    for (size_t i = 0; verbs[i]; i++)
        fprintf(to, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n`pointsman VERB --help` explains one; `pointsman --version` prints the version.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          to);
}

static int print_man(void)
{
    str page = STR_INIT;
    man_page(verbs, &page);
    fputs(str_text(&page), stdout);
    str_close(&page);
    return EXIT_FINE;
}

static int help(int argc, char **argv)
{
    if (argc < 3) {
        print_overview(stdout);
        return EXIT_FINE;
    }
    if (!strcmp(argv[2], "--man")) return print_man();
    for (size_t i = 0; verbs[i]; i++) {
        if (strcmp(verbs[i]->name, argv[2]) != 0) continue;
        str text = STR_INIT;
        args_help(verbs[i], &text);
        fputs(str_text(&text), stdout);
        str_close(&text);
        return EXIT_FINE;
    }
    fprintf(stderr, "pointsman help: no verb '%s'\n", argv[2]);
    return EXIT_USAGE;
}

static int unknown_verb(const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (; verbs[n] && n < 32; n++) names[n] = verbs[n]->name;
    const char *near = str_suggest(name, names, n);
    fprintf(stderr, "pointsman: unknown verb '%s'", name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fputs("\n`pointsman help` lists the verbs\n", stderr);
    return EXIT_USAGE;
}

/* A full disk or a closed pipe behind stdout must not look like success. */
static int flushed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fputs("pointsman: cannot write to standard output\n", stderr);
    return status == EXIT_FINE ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    log_open(LOG_WARN, false);
    signal(SIGXFSZ,
           SIG_IGN); /* a file at its allowed size is a write that failed, and told as one */
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
        printf("pointsman %s\n", pm_version());
        return flushed(EXIT_FINE);
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return flushed(help(argc, argv));
    for (size_t i = 0; verbs[i]; i++)
        if (!strcmp(verbs[i]->name, argv[1])) return flushed(verbs[i]->run(argc - 1, argv + 1));
    return unknown_verb(argv[1]);
}
