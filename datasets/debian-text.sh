#!/bin/sh
# SPDX-License-Identifier: MIT
# Assembles the corpus "debian-text": text of 23 domains out of Debian packages, which are downloaded and unpacked but
# never installed.  What is taken from where: debian-text.list; how each domain is cleaned: debian-text.domains.json.
# It only gathers raw files and says where they come from (corpus.json); cleaning and splitting are the program's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
list=$here/debian-text.list
rules=$here/debian-text.domains.json
least_domains=12
least_bytes=1000000

usage() {
    cat <<'TEXT'
Usage: datasets/debian-text.sh [--out DIR] [--cache DIR] [--exact] [--offline] [--list] [--pins] [--where]

Makes DIR: a folder per domain with raw files, and corpus.json with package, version and SHA-256 of every source.
About 63 MB of packages are fetched with apt, without installing anything and without being root.
  --out DIR     default: ${POINTSMAN_CORPORA:-${XDG_DATA_HOME:-~/.local/share}/pointsman/corpora}/debian-text
  --cache DIR   where packages are kept: default ${XDG_CACHE_HOME:-~/.cache}/pointsman/debian-text
  --exact       refuse any package that is not the version and SHA-256 pinned in debian-text.list
  --offline     only packages that are in the cache
  --list        say what would be fetched, with sizes; fetch nothing
  --where       say what DIR is, and end
  --pins        print "pin" lines for the packages that would be taken; fetch nothing
A finished DIR of the same packages is left as it is; interrupted downloads are resumed.
Exit status: 0 done, 1 not done (said why), 2 wrong usage.
TEXT
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "debian-text: $*"; exit 1; }

home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
under() { # XDG-VALUE STANDARD: a relative XDG folder is to be ignored, as the program does
    case $1 in /*) printf '%s/pointsman' "$1" ;; *) printf '%s/%s/pointsman' "$home" "$2" ;; esac
}
out=${POINTSMAN_CORPORA:-$(under "${XDG_DATA_HOME:-}" .local/share)/corpora}/debian-text
cache=$(under "${XDG_CACHE_HOME:-}" .cache)/debian-text
exact=no offline=no mode=make
while [ $# -gt 0 ]; do
    case $1 in
    --out) out=${2:?--out wants a folder}; shift ;;
    --cache) cache=${2:?--cache wants a folder}; shift ;;
    --exact) exact=yes ;;
    --offline) offline=yes ;;
    --list) mode=list ;;
    --pins) mode=pins ;;
    --where) mode=where ;;
    -h | --help) usage; exit 0 ;;
    *) say "debian-text: unknown argument '$1'"; usage >&2; exit 2 ;;
    esac
    shift
done
case $out in /*) ;; *) out=$PWD/$out ;; esac
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
out=${out%/}
[ $mode != where ] || { printf '%s\n' "$out"; exit 0; }

for tool in dpkg-deb sha256sum tar gzip awk find sort; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing (this recipe needs Debian or a relative; any folder of your own \
text is a corpus too: docs/corpora.md)"
done
[ "$offline" = yes ] || command -v apt-get >/dev/null 2>&1 ||
    fail "apt-get is missing: with the packages in $cache, --offline does without it"
mkdir -p "$cache/partial" 2>/dev/null || fail "cannot write the cache $cache (--cache DIR names another)"
work=$(mktemp -d "$cache/work.XXXXXX") || fail "cannot write in $cache"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

free_kb() { df -Pk "$1" | awk 'NR == 2 { print $4 }'; }
need_room() { # DIR KB WHAT
    [ "$(free_kb "$1")" -ge "$2" ] ||
        fail "$3 needs $(($2 / 1024)) MB in $1, which has $(($(free_kb "$1") / 1024)) MB free"
}
broken() { # WHAT DIR: why writing failed
    if [ "$(free_kb "$2")" -lt 4096 ]; then fail "$1: the disk of $2 is full"; fi
    fail "$1: $(tail -n 1 "$work/errors" 2>/dev/null)"
}

# ---- which packages: $work/offers has NAME VERSION ARCH SHA256 BYTES FILE, $work/chosen one line a pattern ----

patterns() { awk '$1 == "take" && $3 != "*" && !seen[$3]++ { print $3 }' "$list"; }

matches() { # NAME PATTERN (a glob)
    # shellcheck disable=SC2254
    case $1 in $2) return 0 ;; esac
    return 1
}

apt_private='' # set: lists of our own, so that neither root nor the machine's lists are needed
apt() { # PROGRAM ARGUMENT...
    program=$1
    shift
    if [ "$(id -u)" = 0 ]; then set -- -o APT::Sandbox::User=root "$@"; fi
    if [ -n "$apt_private" ]; then
        set -- -o "Dir::State=$cache/apt/state" -o "Dir::State::status=/var/lib/dpkg/status" -o "Dir::Cache=$cache/apt/cache" "$@"
    fi
    LC_ALL=C "$program" -q -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@"
}

private_lists() {
    say "fetching the lists of packages"
    apt_private=yes
    mkdir -p "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
    apt apt-get update >"$work/update" 2>"$work/errors" || true
}

stanzas() { # control stanzas on stdin -> offers
    awk -F': ' '
        function flush() { if (f["SHA256"] != "") print f["Package"], f["Version"], f["Architecture"], f["SHA256"], f["Size"], f["Filename"]; split("", f) }
        /^$/ { flush(); next }
        /^(Package|Version|Architecture|SHA256|Size|Filename): / { f[$1] = $2 }
        END { flush() }'
}

offers_of_apt() {
    patterns | while read -r p; do
        case $p in
        *[*[]*) apt apt-cache pkgnames "${p%%[*[]*}" 2>/dev/null | while read -r n; do if matches "$n" "$p"; then echo "$n"; fi; done ;;
        *) echo "$p" ;;
        esac
    done >"$work/wanted"
    all=--no-all-versions
    [ "$exact" = no ] || all=--all-versions
    # shellcheck disable=SC2046
    apt apt-cache show $all $(cat "$work/wanted") 2>/dev/null | stanzas >"$work/offers" || true
}

offers_of_cache() {
    for f in "$cache"/*.deb; do
        [ -f "$f" ] || continue
        if dpkg-deb -f "$f" Package Version Architecture >"$work/control" 2>/dev/null; then
            { cat "$work/control"; echo "SHA256: $(sha256sum "$f" | cut -d' ' -f1)"; echo "Size: $(wc -c <"$f")"
              echo "Filename: $f"; echo; } | stanzas
        fi
    done | sort -V >"$work/offers"
}

choose() { # one offer for every pattern; what is missing or has drifted is said
    : >"$work/chosen"; : >"$work/missing"; : >"$work/drift"
    patterns | while read -r p; do
        best=''
        while read -r o; do # sorted: the highest version of the highest name comes last
            if matches "${o%% *}" "$p"; then
                if [ "$exact" = no ] || is_pinned "$o"; then best=$o; fi
            fi
        done <"$work/sorted"
        if [ -n "$best" ]; then echo "$best" >>"$work/chosen"; else
            echo "$p" >>"$work/missing"
            pin=$(awk '$1 == "pin" { print $2, $3 }' "$list" | while read -r n v; do if matches "$n" "$p"; then echo "$n $v"; fi; done)
            has=$(while read -r o; do if matches "${o%% *}" "$p"; then echo "$o"; fi; done <"$work/sorted" | cut -d' ' -f1,2 | tail -n 1)
            echo "  pinned ${pin:-nothing for $p}; on offer: ${has:-nothing}" >>"$work/drift"
        fi
    done
}
is_pinned() { # OFFER
    # shellcheck disable=SC2086
    set -- $1
    awk -v n="$1" -v v="$2" -v h="$4" '$1 == "pin" && $2 == n && $3 == v && $5 == h { found = 1 } END { exit !found }' "$list"
}
resolve() {
    if [ "$offline" = yes ]; then offers_of_cache; else offers_of_apt; fi
    sort -V "$work/offers" >"$work/sorted"
    choose
}

resolve
if [ "$offline" = no ] && [ "$(wc -l <"$work/chosen")" -lt "$(patterns | wc -l)" ]; then
    private_lists # the machine's lists are empty, old, or lack something
    resolve
fi
if [ "$exact" = yes ] && [ -s "$work/drift" ]; then
    say "debian-text: --exact, but these packages are not as pinned in $list:"
    cat "$work/drift" >&2
    exit 1
fi
if [ "$offline" = yes ]; then why="not in the cache $cache"; else why='apt does not offer it'; fi
[ -s "$work/chosen" ] || fail "no package at all: $([ "$offline" = yes ] && echo "the cache $cache is empty" ||
    echo "apt knows none and its lists could not be fetched; is there a network?")"
while read -r p; do say "missing: $p ($why); left out"; done <"$work/missing"

cached() { # NAME VERSION ARCH: its place in the cache
    printf '%s/%s_%s_%s.deb' "$cache" "$1" "$(printf '%s' "$2" | sed 's/:/%3a/')" "$3"
}
domains_of() { # NAME
    awk '$1 == "take" && $3 != "*" { print $2, $3 }' "$list" | while read -r d p; do
        if [ "$d" != + ] && matches "$1" "$p"; then echo "$d"; fi
    done | sort -u | tr '\n' ' '
}
case $mode in
pins) while read -r n v a h b _; do echo "pin $n $v $a $h $b"; done <"$work/chosen"; exit 0 ;;
list)
    while read -r n v a h b _; do
        have=''
        [ ! -f "$(cached "$n" "$v" "$a")" ] || have='  in the cache'
        printf '%7.2f MB  %-22s %-36s %s%s\n' "$(echo "$b" | awk '{ print $1 / 1e6 }')" "$n" "$v" "$(domains_of "$n")" "$have"
    done <"$work/chosen"
    awk '{ s += $5 } END { printf "%7.2f MB  in %d packages\n", s / 1e6, NR }' "$work/chosen"
    exit 0
    ;;
esac

# ---- is it there already? ----

key_of() { # FILE of packages: what DIR depends on
    (grep '^take' "$list"; cat "$rules"; cut -d' ' -f1-4 "$1" | LC_ALL=C sort) | sha256sum | cut -d' ' -f1
}
key=$(key_of "$work/chosen")
if [ -f "$out/corpus.json" ] && [ "$(cat "$out/.recipe" 2>/dev/null)" = "$key" ]; then
    say "$out is there, of the same packages"
    printf '%s\n' "$out"
    exit 0
fi
if [ -e "$out" ] && ! grep -q '"name": "debian-text"' "$out/corpus.json" 2>/dev/null; then
    fail "$out exists and was not made by this recipe; it is left alone (--out DIR names another place)"
fi
mkdir -p "$(dirname "$out")" 2>"$work/errors" || fail "cannot make $(dirname "$out"): $(cat "$work/errors")"
if command -v flock >/dev/null 2>&1; then
    exec 9>"$cache/lock"
    flock -n 9 || fail "another run is at work on $cache"
fi

# ---- download ----

is_whole() { # FILE SHA256
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}
: >"$work/fetch"; : >"$work/have"
while read -r n v a h b f; do
    c=$(cached "$n" "$v" "$a")
    [ "$offline" = no ] || c=$f
    if is_whole "$c" "$h"; then echo "$n $v $a $h $b $c" >>"$work/have"; else echo "$n $v $a $h $b" >>"$work/fetch"; fi
done <"$work/chosen"

fetch() { # what is in $work/fetch; what arrived whole moves to the cache, the rest stays in $work/fetch
    # apt resumes what it finds begun in partial/
    : >"$work/left"
    # shellcheck disable=SC2046
    (cd "$cache/partial" && apt apt-get download $(awk '{ print $1 "=" $2 }' "$work/fetch")) >/dev/null 2>"$work/errors" 9>&- || true
    while read -r n v a h b; do
        c=$(cached "$n" "$v" "$a")
        got=''
        for p in "$cache/partial/${n}"_*.deb; do
            if is_whole "$p" "$h"; then got=$p; break; fi
        done
        if [ -n "$got" ] && mv "$got" "$c"; then
            echo "$n $v $a $h $b $c" >>"$work/have"
        else
            echo "$n $v $a $h $b" >>"$work/left"
        fi
    done <"$work/fetch"
    mv "$work/left" "$work/fetch"
}
if [ -s "$work/fetch" ]; then
    kb=$(awk '{ s += $5 } END { printf "%d", s / 1024 + 4096 }' "$work/fetch")
    need_room "$cache" "$kb" "the download"
    say "fetching $(wc -l <"$work/fetch") packages, $((kb / 1024)) MB"
    fetch
    if [ -s "$work/fetch" ] && [ -z "$apt_private" ]; then # the lists may be older than what the archive still has
        mv "$work/errors" "$work/first"
        private_lists
        fetch
        mv "$work/first" "$work/errors"
    fi
    apt_says=$(grep -E '^(E|Err):? ' "$work/errors" | head -n 1)
    [ -s "$work/have" ] || broken "nothing could be downloaded; is there a network?" "$cache"
    while read -r n _; do say "missing: $n could not be downloaded"; done <"$work/fetch"
    if [ -s "$work/fetch" ]; then
        say "apt says: $apt_says"
        [ ! -e "$out" ] || fail "$out is kept as it was"
    fi
fi
LC_ALL=C sort "$work/have" >"$work/sources"
key=$(key_of "$work/sources") # with less than was chosen, the next run tries again

# ---- unpack, and sort the files into domains ----

new=$out.partial
rm -rf "$new"
mkdir "$new" 2>"$work/errors" || broken "cannot make $new" "$(dirname "$out")"
trap 'rm -rf "$work" "$new"' EXIT
need_room "$new" 300000 "unpacking"

unpack() { # DEB DIR
    mkdir -p "$2"
    rm -f "$work/bad"
    { dpkg-deb --fsys-tarfile "$1" || echo bad >"$work/bad"; } 2>"$work/errors" 9>&- |
        tar -x --no-same-owner --no-same-permissions -C "$2" 2>>"$work/errors" || echo bad >"$work/bad"
    [ ! -f "$work/bad" ] || broken "cannot unpack $1 (if it is damaged, remove it)" "$new"
}

put() { # FROM DOMAIN PACKAGE PATH...: links the files that match a PATH and no !PATH
    from=$1 into=$new/$2/$3
    shift 3
    (
        cd "$from"
        for p in "$@"; do
            case $p in !* | @*) ;; *)
                set +e
                base=${p%%[*[]*}
                base=${base%/*}
                [ -d "$base" ] && find "./$base" -type f -path "./$p" -size +0
                set -e
                ;;
            esac
        done | sort -u | {
            for p in "$@"; do
                case $p in !*) printf '%s\n' "${p#!}" ;; esac
            done >"$work/without"
            while IFS= read -r f; do
                keep=yes
                while IFS= read -r g; do if matches "$f" "$g"; then keep=no; fi; done <"$work/without"
                [ $keep = no ] || printf '%s\0' "$f"
            done
        } >"$work/files"
        [ -s "$work/files" ] || exit 0
        mkdir -p "$into"
        xargs -0 cp -l --parents -t "$into" <"$work/files" 2>/dev/null ||
            xargs -0 cp -f --parents -t "$into" <"$work/files" 2>"$work/errors"
    ) || broken "cannot write $into" "$new"
}

decode_kjv() { # UNPACKED-TEXT: the reader prints its compressed text
    reader=$(while read -r n _ _ _ _ c; do if [ "$n" = bible-kjv ]; then echo "$c"; fi; done <"$work/sources")
    [ -n "$reader" ] || { say "missing: bible-kjv, which reads bible-kjv-text; no domain bible"; return; }
    unpack "$reader" "$work/reader"
    mkdir -p "$new/bible/bible-kjv-text"
    if ! (cd "$1/usr/lib" && "$work/reader/usr/bin/bible" -l79 Gen1:1-Rev22:21) </dev/null \
        >"$new/bible/bible-kjv-text/kjv.txt" 2>"$work/errors" || ! [ -s "$new/bible/bible-kjv-text/kjv.txt" ]; then
        rm -rf "$new/bible"
        say "missing: the reader of bible-kjv-text does not run here ($(head -n 1 "$work/errors")); no domain bible"
    fi
}

say "unpacking into $new"
while read -r n v a h b c; do
    u=$work/unpacked
    rm -rf "$u"
    unpack "$c" "$u"
    grep '^take' "$list" | while read -r _ d p paths; do
        if [ "$d" = + ] || { [ "$p" != '*' ] && ! matches "$n" "$p"; }; then continue; fi
        case $paths in
        @kjv) decode_kjv "$u" ;;
        *)
            set -f
            # shellcheck disable=SC2086
            put "$u" "$d" "$n" $paths
            set +f
            case $paths in *@no-index*) # pages that only list names
                find "$new/$d/$n" -name '*.html' -exec grep -lE '<title>[^<]*Index' {} + >"$work/index" || true
                xargs -r rm -f <"$work/index"
                ;;
            esac
            ;;
        esac
    done
done <"$work/sources"
rm -rf "$work/unpacked" "$work/reader"
find "$new" -name '*.dz' -exec sh -c 'for f; do mv "$f" "${f%.dz}.gz"; done' sh {} + # dictzip is gzip
find "$new" -type d -empty -delete
[ -d "$new" ] || fail "the packages held none of the files that the recipe takes"

# ---- corpus.json, and the least that makes a corpus ----

raw_bytes() { # DOMAIN, inflated
    plain=$(find "$new/$1" -type f ! -name '*.gz' -printf '%s\n' | awk '{ s += $1 } END { printf "%d", s }')
    packed=$(find "$new/$1" -type f -name '*.gz' -exec cat {} + | gzip -dc 2>/dev/null | wc -c)
    echo $((plain + packed))
}
(cd "$new" && find . -mindepth 1 -maxdepth 1 -type d | sed 's,^\./,,' | sort) >"$work/domains"
while read -r d; do echo "$d $(raw_bytes "$d")"; done <"$work/domains" >"$work/sizes"
large=$(awk -v least=$least_bytes '$2 >= least' "$work/sizes" | wc -l)
if [ "$large" -lt $least_domains ]; then
    lost=$( (cat "$work/missing"; cut -d' ' -f1 "$work/fetch") | sort -u | tr '\n' ' ')
    fail "$large domains of 1 MB or more, $least_domains are wanted; missing packages: ${lost:-none}"
fi
{
    printf '{\n  "name": "debian-text",\n  "sources": ['
    comma=''
    while read -r n v _ h b c; do
        printf '%s\n    {"package": "%s", "version": "%s", "sha256": "%s", "bytes": %s, "file": "%s", "domains": [' \
            "$comma" "$n" "$v" "$h" "$b" "${c##*/}"
        (cd "$new" && for d in *; do if [ -d "$d/$n" ]; then echo "$d"; fi; done) | sed 's/.*/"&"/' | paste -sd, - | tr -d '\n'
        printf ']}'
        comma=,
    done <"$work/sources"
    printf '\n  ],\n  "domains": '
    sed 's/^/  /; 1s/^  //' "$rules"
    printf '}\n'
} >"$new/corpus.json" 2>"$work/errors" || broken "cannot write $new/corpus.json" "$new"
echo "$key" >"$new/.recipe" || broken "cannot write $new/.recipe" "$new"
chmod -R u+w "$new"
if [ -e "$out" ]; then
    rm -rf "$out.old"
    mv "$out" "$out.old"
fi
mv "$new" "$out"
rm -rf "$out.old"
awk '{ printf "  %-11s %6.2f MB%s\n", $1, $2 / 1e6, ($2 < 1e6 ? "  (small)" : "") }' "$work/sizes" >&2
say "$(wc -l <"$work/sizes") domains, $(awk '{ s += $2 } END { printf "%.1f", s / 1e6 }' "$work/sizes") MB of raw text, $(wc -l <"$work/sources") packages"
printf '%s\n' "$out"
