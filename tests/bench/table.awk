# SPDX-License-Identifier: MIT
#
# Turns the JSON lines of `make bench` into a Markdown table.  Reads the one form that bench.c writes; it
# is not a JSON parser.  Usage: awk -f table.awk bench.jsonl

# The value of a member, without quotes; "" when it is absent or null.
function member(name,    at, rest)
{
    at = index($0, "\"" name "\": ")
    if (!at) return ""
    rest = substr($0, at + length(name) + 4)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        return substr(rest, 1, index(rest, "\"") - 1)
    }
    match(rest, /^[^,}]*/)
    rest = substr(rest, 1, RLENGTH)
    return rest == "null" ? "" : rest
}

function goal(value, limit, unit)
{
    if (limit == "") return ""
    if (unit ~ /\/s$/) return limit (value + 0 >= limit + 0 ? ", reached" : ", missed")
    return limit (value + 0 <= limit + 0 ? ", reached" : ", missed")
}

/^\{"bench"/ {
    if (member("kernels") != "none" && member("threads") + 0 >= threads + 0) {
        threads = member("threads")
        machine = member("cpu") ", kernels " member("kernels") ", " threads " threads"
    }
    load = member("load")
    if (least == "" || load + 0 < least + 0) least = load
    if (most == "" || load + 0 > most + 0) most = load
    what = member("what")
    sub(/^ +/, "- ", what)
    unit = member("unit")
    floor = member("floor")
    row[++rows] = sprintf("| %s | %s | %s %s | %s | %s | %s | %s |", member("bench"), what,
        member("value"), unit, floor == "" ? "" : floor " (" member("floor_is") ")", member("ratio"),
        goal(member("value"), member("goal"), unit), member("n"))
}

END {
    print "# Speeds beside their floors"
    print ""
    print "Made by `make bench`, then `cp bench.md bench.jsonl` from the build folder to here; the JSON lines"
    print "are in [bench.jsonl](bench.jsonl).  Medians of n samples after a warm-up, in rounds that take each"
    print "work and its floor in turn, so that both meet the same disturbances (choice: the least of the rounds'"
    print "medians).  A floor is the best that this machine did in the same run at what the work cannot avoid;"
    print "the ratio is how many times slower we are.  Nothing is asserted on these figures.  How other programs"
    print "do on the same machine: [bench-peers.md](bench-peers.md)."
    print ""
    print "Machine: " machine "; load average " least " to " most " as the benchmarks began (what is above 1 is the"
    print "benchmarks before it or other people's work: read ratios, not times, when it is much above)."
    print ""
    print "| benchmark | what | value | floor | ratio | goal | n |"
    print "|---|---|---:|---:|---:|---:|---:|"
    for (i = 1; i <= rows; i++) print row[i]
}
