#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The recipe of the default corpus on small packages made here, without a network: what it takes and leaves out, what
# corpus.json says, --exact, a package that is missing, broken or not there, and that nothing finished is redone.
set -eu
src=${srcdir:-.}/datasets
for tool in dpkg-deb sha256sum awk; do
    command -v "$tool" >/dev/null 2>&1 || { echo "debian_text.sh: skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# thirteen packages of a domain each, 1.1 MB; the last has its version in its name
mkdir "$work/recipe" "$work/cache"
cp "$src/debian-text.sh" "$work/recipe/"
head -c 1100000 /dev/zero | tr '\0' 'a' | fold -w 60 >"$work/text"
n=1
while [ $n -le 13 ]; do
    name=pack$n
    [ $n != 13 ] || name=pack-2.$n-docs
    tree=$work/tree/$name
    mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name/deep" "$tree/usr/share/doc/$name"
    printf 'Package: %s\nVersion: 1:%s.0-1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: text\n' \
        "$name" "$n" >"$tree/DEBIAN/control"
    cp "$work/text" "$tree/usr/share/$name/deep/one.txt"
    echo skipped >"$tree/usr/share/$name/deep/table.txt"
    echo other >"$tree/usr/share/$name/two.bin"
    ln -s deep/one.txt "$tree/usr/share/$name/link.txt"
    echo "licence of $name" >"$tree/usr/share/doc/$name/copyright"
    dpkg-deb --root-owner-group -Znone -b "$tree" "$work/cache" >/dev/null
    n=$((n + 1))
done
{
    n=1
    while [ $n -le 12 ]; do echo "take d$n pack$n usr/share/*.txt !*table*"; n=$((n + 1)); done
    echo 'take d13 pack-[0-9]*-docs usr/share/*.txt !*table*'
    echo 'take legal * usr/share/doc/*/copyright'
} >"$work/recipe/debian-text.list"
echo '{"legal": {"clean": "copyright"}}' >"$work/recipe/debian-text.domains.json"
recipe() { "$work/recipe/debian-text.sh" --offline --cache "$work/cache" --out "$work/out" "$@" >"$work/said" 2>&1; }
said() { grep -qF "$1" "$work/said" || { fail "$2: nothing about '$1' in:"; cat "$work/said"; }; }

recipe || { fail "the whole corpus"; cat "$work/said"; }
[ -f "$work/out/d7/pack7/usr/share/pack7/deep/one.txt" ] || fail "d7 is not there"
[ -f "$work/out/d13/pack-2.13-docs/usr/share/pack-2.13-docs/deep/one.txt" ] || fail "a name with a version"
[ -f "$work/out/legal/pack3/usr/share/doc/pack3/copyright" ] || fail "what every package gives"
[ "$(find "$work/out" -name '*.bin' -o -name 'table*' -o -type l | wc -l)" = 0 ] || fail "took what it should leave"
hash=$(sha256sum "$work/cache"/pack7_*.deb | cut -d' ' -f1)
grep -q "\"package\": \"pack7\", \"version\": \"1:7.0-1\", \"sha256\": \"$hash\".*\"domains\": \[\"d7\",\"legal\"\]" \
    "$work/out/corpus.json" || fail "corpus.json does not say where d7 comes from"

before=$(ls -id "$work/out")
recipe && said 'of the same packages' again
[ "$before" = "$(ls -id "$work/out")" ] || fail "a finished corpus was made again"

recipe --pins && grep '^pin' "$work/said" >>"$work/recipe/debian-text.list"
[ "$(grep -c '^pin' "$work/recipe/debian-text.list")" = 13 ] || fail "--pins"
recipe --exact || { fail "--exact of what was pinned"; cat "$work/said"; }
sed -i 's/^pin pack5 1:5.0-1/pin pack5 1:5.0-2/' "$work/recipe/debian-text.list"
recipe --exact && fail "--exact took another version"
said 'pinned pack5 1:5.0-2; on offer: pack5 1:5.0-1' drift

mv "$work/cache"/pack4_*.deb "$work/pack4.deb"
recipe || { fail "one package less"; cat "$work/said"; }
said 'missing: pack4' 'a missing package'
[ ! -e "$work/out/d4" ] || fail "a domain without its package"
mv "$work/cache"/pack6_*.deb "$work/pack6.deb"
recipe && fail "eleven domains were enough"
said '11 domains of 1 MB or more, 12 are wanted; missing packages: pack4 pack6' 'too few'
[ -f "$work/out/d6/pack6/usr/share/pack6/deep/one.txt" ] || fail "a failure touched what was there"
[ ! -e "$work/out.partial" ] || fail "a failure left its beginning"
mv "$work/pack4.deb" "$work/cache/"
head -c 100 "$work/pack6.deb" >"$work/cache/pack6_6.deb"
recipe || { fail "a broken package beside twelve good ones"; cat "$work/said"; }
said 'missing: pack6' 'a broken package'
head -c 50000 "$work/pack6.deb" >"$work/cache/pack6_6.deb"
recipe && fail "a package that breaks off"
said 'pack6_6.deb (if it is damaged, remove it)' 'a package that breaks off'
rm "$work/cache/pack6_6.deb"

mkdir "$work/foreign" && echo mine >"$work/foreign/file"
recipe --out "$work/foreign" && fail "replaced a folder of somebody"
[ "$(cat "$work/foreign/file")" = mine ] || fail "touched a folder of somebody"
recipe --nonsense && fail "an unknown option"
[ $failed = 0 ] && echo "debian_text.sh: passed"
exit $failed
