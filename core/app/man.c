/* SPDX-License-Identifier: MIT
 *
 * Man page (mdoc) and completions for bash, zsh and fish from the verbs' rows.
 */
#include "app/man.h"

#include <string.h>

/* mdoc: a leading dot or quote would be a request, a backslash an escape. */
static void mdoc_text(const char *text, str *out)
{
    bool line_start = true;
    for (const char *p = text; *p; p++) {
        if (line_start && (*p == '.' || *p == '\'')) str_puts(out, "\\&");
        if (*p == '\\')
            str_puts(out, "\\e");
        else if (*p == '-')
            str_puts(out, "\\-");
        else
            str_put(out, p, 1);
        line_start = *p == '\n';
    }
}

/* Paragraphs: a blank line becomes .Pp. */
static void mdoc_paragraphs(const char *text, str *out)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        str part = STR_INIT;
        str_put(&part, text, len);
        mdoc_text(str_text(&part), out);
        str_puts(out, "\n");
        str_close(&part);
        text += len;
        while (*text == '\n') text++;
        if (*text) str_puts(out, ".Pp\n");
    }
}

static void mdoc_verb(const verb *v, str *out)
{
    str_printf(out, ".Ss %s\n.Nm pointsman %s\n", v->name, v->name);
    if (v->args[0].name) str_puts(out, ".Op Ar OPTION ...\n");
    if (*v->operands) {
        str_puts(out, ".Ar ");
        mdoc_text(v->operands, out);
        str_puts(out, "\n");
    }
    str_puts(out, ".Pp\n");
    mdoc_text(v->summary, out);
    str_puts(out, ".\n");
    if (v->details) {
        str_puts(out, ".Pp\n");
        mdoc_paragraphs(v->details, out);
    }
    if (!v->args[0].name) return;
    str_puts(out, ".Bl -tag -width Ds\n");
    for (const arg_row *r = v->args; r->name; r++) {
        str_puts(out, ".It ");
        if (r->letter) str_printf(out, "Fl %c , ", r->letter);
        str_puts(out, "Fl \\-");
        mdoc_text(r->name, out);
        if (r->metavar) str_printf(out, " Ar %s", r->metavar);
        str_puts(out, "\n");
        mdoc_text(r->doc, out);
        str_puts(out, "\n");
    }
    str_puts(out, ".El\n");
}

void man_page(const verb *const *verbs, str *out)
{
    str_puts(out,
             ".\\\" SPDX-License-Identifier: MIT\n"
             ".\\\" Made by `pointsman help --man`; do not edit.\n"
             ".Dd November 22, 2026\n.Dt POINTSMAN 1\n.Os\n.Sh NAME\n.Nm pointsman\n"
             ".Nd route prompts to language models: experiments, measurement, serving\n"
             ".Sh SYNOPSIS\n.Nm\n.Ar VERB\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n"
             ".Sh DESCRIPTION\n"
             "Runs experiment scripts written in Lua that train routers on recorded outcomes of\n"
             "language models, measures them with intervals beside baselines, and serves the\n"
             "measured router from a bundle.\n");
    for (size_t i = 0; verbs[i]; i++) {
        mdoc_verb(verbs[i], out);
        for (const verb *const *p = verb_parts(verbs[i]); p && *p; p++) mdoc_verb(*p, out);
    }
    str_puts(out,
             ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
             ".It Ev POINTSMAN_PLUGINS\nFolders searched for plugins first, separated by colons.\n"
             ".It Ev POINTSMAN_OUT\nWhere runs are stored instead of the state folder.\n"
             ".It Ev POINTSMAN_LUA\nFolder that holds pointsman.lua.\n"
             ".It Ev POINTSMAN_JOBS\nThreads to use when \\-\\-jobs is not given.\n"
             ".It Ev POINTSMAN_CPU\nscalar, avx2, avx512 or amx: use these kernels.\n"
             ".It Ev POINTSMAN_PROGRESS\n1: show progress even where stderr is no terminal.\n"
             ".It Ev NO_COLOR\nNo colours.\n.El\n"
             ".Sh FILES\n.Bl -tag -width Ds\n"
             ".It Pa $XDG_STATE_HOME/pointsman\nThe run store: store.sqlite, objects/, runs/.\n"
             ".It Pa $XDG_DATA_HOME/pointsman/plugins\nPlugins of the user.\n.El\n"
             ".Sh EXIT STATUS\n0 done, 1 failed, 2 wrong usage.\n");
}

static void bash_words(const verb *v, str *out)
{
    for (const arg_row *r = v->args; r->name; r++) str_printf(out, "--%s ", r->name);
    str_puts(out, "--help");
}

/* The options of a sub-verb go by the second word. */
static void bash_parts(const verb *v, str *out)
{
    str_printf(out, "      %s) case ${COMP_WORDS[2]} in\n", v->name);
    for (const verb *const *p = verb_parts(v); *p; p++) {
        str_printf(out, "        %s) words=\"", verb_part_name(*p));
        bash_words(*p, out);
        str_puts(out, "\" ;;\n");
    }
    str_puts(out, "        *) words=\"--help\" ;;\n      esac ;;\n");
}

static void bash_part_names(const verb *const *verbs, str *out)
{
    for (size_t i = 0; verbs[i]; i++) {
        if (!verb_parts(verbs[i])) continue;
        str_printf(out,
                   "  elif [ \"${COMP_WORDS[1]}\" = %s ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                   "    words=\"",
                   verbs[i]->name);
        for (const verb *const *p = verb_parts(verbs[i]); *p; p++)
            str_printf(out, "%s%s", p == verb_parts(verbs[i]) ? "" : " ", verb_part_name(*p));
        str_puts(out, "\"\n");
    }
}

void man_bash(const verb *const *verbs, str *out)
{
    str_puts(out, "# bash completion for pointsman; made by `pointsman completion bash`\n"
                  "_pointsman() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
                  "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\"help");
    for (size_t i = 0; verbs[i]; i++) str_printf(out, " %s", verbs[i]->name);
    str_puts(out, "\"\n  elif [ \"${cur#-}\" != \"$cur\" ]; then\n    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; verbs[i]; i++) {
        if (verb_parts(verbs[i])) {
            bash_parts(verbs[i], out);
            continue;
        }
        str_printf(out, "      %s) words=\"", verbs[i]->name);
        bash_words(verbs[i], out);
        str_puts(out, "\" ;;\n");
    }
    str_puts(out, "    esac\n  elif [ \"${COMP_WORDS[1]}\" = plugins ]; then\n"
                  "    words=$(pointsman plugins --names 2>/dev/null)\n"
                  "  elif [ \"${COMP_WORDS[1]}\" = runs ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                  "    words=\"list show compare export\"\n");
    bash_part_names(verbs, out);
    str_puts(out, "  fi\n"
                  "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "  else COMPREPLY=($(compgen -f -- \"$cur\")); fi\n}\n"
                  "complete -o filenames -F _pointsman pointsman\n");
}

static void zsh_arguments(const verb *v, str *out)
{
    str_puts(out, " _arguments");
    for (const arg_row *r = v->args; r->name; r++)
        str_printf(out, " '--%s%s'", r->name, r->metavar ? "=:value:_files" : "");
    str_puts(out, " '--help' '*:file:_files' ;;\n");
}

static void zsh_parts(const verb *v, str *out)
{
    str_printf(out, "    %s) if (( CURRENT == 3 )); then\n        local -a parts=(\n", v->name);
    for (const verb *const *p = verb_parts(v); *p; p++)
        str_printf(out, "          '%s:%s'\n", verb_part_name(*p), (*p)->summary);
    str_puts(out, "        )\n        _describe sub-verb parts\n        return\n      fi\n"
                  "      case $words[3] in\n");
    for (const verb *const *p = verb_parts(v); *p; p++) {
        str_printf(out, "        %s)", verb_part_name(*p));
        zsh_arguments(*p, out);
    }
    str_puts(out, "      esac ;;\n");
}

void man_zsh(const verb *const *verbs, str *out)
{
    str_puts(out, "#compdef pointsman\n# made by `pointsman completion zsh`\n_pointsman() {\n"
                  "  if (( CURRENT == 2 )); then\n    local -a verbs=(\n");
    for (size_t i = 0; verbs[i]; i++)
        str_printf(out, "      '%s:%s'\n", verbs[i]->name, verbs[i]->summary);
    str_puts(out, "    )\n    _describe verb verbs\n    return\n  fi\n  case $words[2] in\n");
    for (size_t i = 0; verbs[i]; i++) {
        if (verb_parts(verbs[i])) {
            zsh_parts(verbs[i], out);
            continue;
        }
        str_printf(out, "    %s)", verbs[i]->name);
        zsh_arguments(verbs[i], out);
    }
    str_puts(out, "  esac\n}\n_pointsman \"$@\"\n");
}

static void fish_part(const verb *v, const verb *part, str *out)
{
    const char *name = verb_part_name(part);
    str_printf(out, "complete -c pointsman -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n",
               v->name, name, part->summary);
    for (const arg_row *r = part->args; r->name; r++)
        str_printf(out,
                   "complete -c pointsman -n '__fish_seen_subcommand_from %s; and "
                   "__fish_seen_subcommand_from %s' -l %s%s\n",
                   v->name, name, r->name, r->metavar ? " -r" : "");
}

void man_fish(const verb *const *verbs, str *out)
{
    str_puts(out, "# fish completion for pointsman; made by `pointsman completion fish`\n");
    for (size_t i = 0; verbs[i]; i++) {
        const verb *v = verbs[i];
        str_printf(out, "complete -c pointsman -n __fish_use_subcommand -a %s -d '%s'\n", v->name,
                   v->summary);
        for (const arg_row *r = v->args; r->name; r++)
            str_printf(out, "complete -c pointsman -n '__fish_seen_subcommand_from %s' -l %s%s\n",
                       v->name, r->name, r->metavar ? " -r" : "");
        for (const verb *const *p = verb_parts(v); p && *p; p++) fish_part(v, *p, out);
    }
}
