# SPDX-License-Identifier: MIT
# Compares two results pages word by word: numbers may differ by `tol` (another instruction set rounds otherwise),
# everything else must be equal.  awk -v tol=0.01 -f compare.awk WANT GOT
function number(w, v) {
    v = w
    gsub(/[][,*()+]/, "", v)
    return v ~ /^-?([0-9]+\.?[0-9]*|\.[0-9]+)$/ ? v : "no"
}
FNR == NR { want[FNR] = $0; lines = FNR; next }
{
    n = split(want[FNR], w, /[ \t]+/)
    m = split($0, g, /[ \t]+/)
    bad = n != m
    for (i = 1; i <= n && !bad; i++) {
        if (w[i] == g[i]) continue
        a = number(w[i]); b = number(g[i])
        if (a == "no" || b == "no" || a - b > tol || b - a > tol) bad = 1
    }
    if (bad) { printf "line %d\n  want %s\n  got  %s\n", FNR, want[FNR], $0; status = 1 }
}
END { if (FNR != lines) { print "want " lines " lines, got " FNR; status = 1 } exit status }
