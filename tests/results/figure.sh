#!/bin/sh
# SPDX-License-Identifier: MIT
# One figure of a report as an SVG file of its own: the first wide drawing of SECTION whose title holds TEXT, with the page's
# style in it (light or dark, as the reader's machine is) and its key below, if it has one.
#   tests/results/figure.sh REPORT.html SECTION TEXT > figure.svg
set -eu
report=$1 section=$2 text=$3
awk -v section="<section id=\"$section\">" -v text="$text" '
    function size(at,   v) { match(head, /viewBox="[^"]*"/); split(substr(head, RSTART + 9, RLENGTH - 10), v, " "); return v[at] }
    # the list of the key as a row of small drawings with their words
    function put_key(   n, item, k, drawing_of, words) {
        n = split(key, item, "<li>")
        for (k = 2; k <= n; k++) {
            drawing_of = item[k]; sub(/<\/svg>.*/, "</svg>", drawing_of)
            words = item[k]; sub(/.*<\/svg>/, "", words); sub(/<\/li>.*/, "", words)
            sub(/<svg[^>]*>/, sprintf("<svg x=\"%d\" y=\"%d\" width=\"30\" height=\"14\" viewBox=\"0 0 30 14\">",
                60 + (k - 2) % 4 * 165, height + 8 + int((k - 2) / 4) * 20), drawing_of)
            printf "%s<text x=\"%d\" y=\"%d\" class=\"tick\">%s</text>\n", drawing_of, 95 + (k - 2) % 4 * 165,
                height + 19 + int((k - 2) / 4) * 20, words
        }
        return n
    }
    /<style>/ && !styled { in_style = 1 }
    in_style {
        line = $0
        sub(/.*<style>/, "", line)
        ends = sub(/<\/style>.*/, "", line)
        style = style line "\n"
        if (ends) { in_style = 0; styled = 1 }
    }
    index($0, section) { in_section = 1 }
    in_section && /<\/section>/ { exit }
    in_section && !drawing && !done && /<div class="wide">/ && index($0, text) {
        drawing = 1
        sub(/.*<div class="wide">/, "")
        head = $0
        sub(/>.*/, ">", head)
        body = substr($0, length(head) + 1) "\n"
        next
    }
    drawing { if (sub(/<\/svg>.*/, "")) { drawing = 0; done = 1 } body = body $0 "\n" }
    done && !drawing && /<\/figure>/ { exit }
    done && !drawing && /<ul class="key">/ { key = $0; sub(/.*<ul class="key">/, "", key); sub(/<\/ul>.*/, "", key); exit }
    END {
        if (!done) { print "figure.sh: no drawing with \"" text "\" in " section > "/dev/stderr"; exit 1 }
        width = size(3); height = size(4)
        rows = key == "" ? 0 : int((split(key, unused, "<li>") - 2) / 4) + 1
        sub(/viewBox="[^"]*"/, sprintf("viewBox=\"0 0 %d %d\"", width, height + (rows ? 14 + 20 * rows : 0)), head)
        sub(/<svg /, "<svg xmlns=\"http://www.w3.org/2000/svg\" ", head)
        printf "%s<style>%s</style><rect width=\"100%%\" height=\"100%%\" style=\"fill:var(--bg)\"/>\n%s", head, style, body
        if (rows) put_key()
        print "</svg>"
    }
' "$report"
