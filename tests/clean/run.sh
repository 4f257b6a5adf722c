#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's two commands from a clean clone in an equally clean Debian root (git and root, nothing else).  Needs
# root, mmdebstrap and a Debian mirror; writes the time of each step as Markdown to standard output.
#   sh tests/clean/run.sh [SUITE] > docs/results/clean-root.md
# The root is made with the packages of --variant=minbase plus git and ca-certificates.
set -eu
suite=${1:-bookworm}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
root=$work/root
cleanup() {
    umount "$root/proc" "$root/dev" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

if [ -f /etc/apt/sources.list.d/debian.sources ]; then set -- /etc/apt/sources.list.d/debian.sources; else set -- /etc/apt/sources.list; fi
mmdebstrap --quiet --variant=minbase --include=git,ca-certificates "$suite" "$root" "$@" >&2
mkdir -p "$root/etc/apt/apt.conf.d"
cp /etc/apt/apt.conf.d/*registry* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
git clone -q --no-hardlinks "$top" "$root/pointsman"
commit=$(git -C "$top" rev-parse --short HEAD)

inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb sh -c "cd /pointsman && $1"; }
section() { # TITLE COMMAND
    printf '\n## `%s`\n\n```\n' "$2"
    inside "$2" >"$work/out" 2>"$work/err" || { status=$?; echo "exit $status"; tail -n 30 "$work/err"; cat "$work/out"; exit "$status"; }
    awk '/^(packages|bootstrap and configure|build|text|tests|experiment) .* s$/' "$root/pointsman/build/quickstart-times.txt"
    tail -n 1 "$work/out" | grep -E '^[0-9]+ passed' || true
    printf '```\n'
}

cat <<TEXT
# Both commands in a clean Debian root

Commit $commit, Debian $suite ($(grep -c '^Package:' "$root/var/lib/dpkg/status") packages before), $(nproc) CPUs: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1).
Made by \`sh tests/clean/run.sh\`: a minbase root with git, a fresh clone, the two commands of the README, then each again
(a second run does no work twice).
TEXT
section first './quickstart check'
section second './quickstart'
section again './quickstart check'
section again './quickstart'
printf '\nThe table that `./quickstart` printed:\n\n```\n'
inside './quickstart' 2>/dev/null | sed '/^results /d; /^run  /d; /^report  /d; /^bundles  /d; /^route  /d; /^open this page/d' | sed '/ s$/d'
printf '```\n'
