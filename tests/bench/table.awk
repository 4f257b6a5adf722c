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
    if (!rows++) {
        print "Machine: " member("cpu") ", kernels " member("kernels") ", " member("threads") " threads."
        print ""
        print "| benchmark | what | value | floor | ratio | goal | n |"
        print "|---|---|---:|---:|---:|---:|---:|"
    }
    what = member("what")
    sub(/^ +/, "- ", what)
    unit = member("unit")
    floor = member("floor")
    printf "| %s | %s | %s %s | %s | %s | %s | %s |\n", member("bench"), what, member("value"), unit,
        floor == "" ? "" : floor " (" member("floor_is") ")", member("ratio"),
        goal(member("value"), member("goal"), unit), member("n")
}
