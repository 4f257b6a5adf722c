/* SPDX-License-Identifier: MIT
 *
 * pointsman plugins [KIND/NAME]: what was found, or the page of one plugin made from its rows.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "plug/params.h"

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "print as JSON lines"},
    {"names", 0, ARG_FLAG, NULL, "print KIND/NAME only (for completion)"},
    ARG_END};

static int plugins_main(int argc, char **argv);

const verb verb_plugins = {"plugins",
                           "[KIND[/NAME]]",
                           0,
                           1,
                           "list plugins, or document one",
                           "Plugins are searched in POINTSMAN_PLUGINS, the build tree of a program "
                           "that runs from one, the\n"
                           "user's plugin folder and the installed folder.  Objects that were "
                           "refused are listed with the reason.",
                           rows,
                           plugins_main};

static void first_sentence(const char *doc, char *out, size_t size)
{
    const char *dot = strstr(doc, ". ");
    size_t len = dot ? (size_t)(dot - doc) + 1 : strlen(doc);
    if (len >= size) len = size - 1;
    memcpy(out, doc, len);
    out[len] = '\0';
    for (char *p = out; *p; p++)
        if (*p == '\n') *p = ' ';
}

static void print_json(const plugin_entry *e)
{
    str s = STR_INIT;
    str_printf(&s, "{\"kind\":\"%s\",\"name\":\"%s\",\"version\":", plugin_kind_name(e->kind),
               e->name);
    str_json(&s, e->version, strlen(e->version));
    str_puts(&s, ",\"license\":");
    str_json(&s, e->license, strlen(e->license));
    str_puts(&s, ",\"doc\":");
    str_json(&s, e->doc, strlen(e->doc));
    str_puts(&s, ",\"file\":");
    str_json(&s, e->file, strlen(e->file));
    printf("%s}\n", str_text(&s));
    str_close(&s);
}

/* Of one kind, or of all (PLUGIN_KINDS). */
static void list(const registry *r, plugin_kind kind, bool as_json, bool names)
{
    bool first = true;
    for (size_t i = 0; i < registry_count(r); i++) {
        const plugin_entry *e = registry_at(r, i);
        char doc[100];
        if (kind != PLUGIN_KINDS && e->kind != kind) continue;
        if (as_json) {
            print_json(e);
        } else if (names) {
            printf("%s/%s\n", plugin_kind_folder(e->kind), e->name);
        } else {
            if (first || registry_at(r, i - 1)->kind != e->kind)
                printf("%s%s\n", first ? "" : "\n", plugin_kind_folder(e->kind));
            first_sentence(e->doc, doc, sizeof doc);
            printf("  %-20s %-8s %s\n", e->name, e->version, doc);
            first = false;
        }
    }
    const registry_refusal *refused;
    size_t n = registry_refusals(r, &refused);
    if (!as_json && !names)
        for (size_t i = 0; i < n; i++)
            fprintf(stderr, "%s%s: %s\n", i ? "" : "\nrefused\n", refused[i].file, refused[i].why);
    if (registry_count(r) == 0)
        fputs("no plugins found: set POINTSMAN_PLUGINS to the folder that holds them\n", stderr);
}

static int page(const registry *r, const char *which)
{
    const char *slash = strchr(which, '/');
    char kind_text[32] = "";
    plugin_kind kind;
    pm_err err = PM_ERR_INIT;
    if (slash && (size_t)(slash - which) < sizeof kind_text)
        memcpy(kind_text, which, (size_t)(slash - which));
    if (!slash || !plugin_kind_parse(kind_text, &kind)) {
        fprintf(stderr,
                "pointsman plugins: '%s' - want KIND/NAME or KIND, one of routers, objectives, "
                "constraints, embedders, backends\n",
                which);
        return EXIT_USAGE;
    }
    const plugin_entry *e = registry_find(r, kind, slash + 1);
    if (!e) {
        registry_unknown(r, kind, slash + 1, &err);
        return app_failed("plugins", &err);
    }
    str text = STR_INIT;
    params_help(e, &text);
    fputs(str_text(&text), stdout);
    str_close(&text);
    return EXIT_FINE;
}

static int plugins_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_plugins, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    app_env e;
    status = app_env_open(&e, 1);
    if (status != ARGS_GO_ON) return status;
    status = EXIT_FINE;
    plugin_kind kind = PLUGIN_KINDS;
    if (n && !plugin_kind_parse(operand[0], &kind))
        status = page(e.registry, operand[0]);
    else
        list(e.registry, kind, args_given(&verb_plugins, value, "json"),
             args_given(&verb_plugins, value, "names"));
    app_env_close(&e);
    return status;
}
