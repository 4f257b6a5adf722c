# SPDX-License-Identifier: MIT
#
# Turns template files into C arrays of lines: router.c.tmpl becomes template_router_c[].  Lines rather than one
# string, because C promises only 4095 characters in a literal.
function array_of(path, name) {
    name = path
    sub(/.*\//, "", name)
    sub(/[.]tmpl$/, "", name)
    name = tolower(name)
    gsub(/[^a-z]/, "_", name)
    return "template_" name
}
BEGIN {
    print "/* Made by embed.awk from core/app/templates; not to be edited. */"
    print "#include \"app/templates.h\"\n"
}
FNR == 1 {
    if (NR > 1) print "    NULL};\n"
    printf "const char *const %s[] = {\n", array_of(FILENAME)
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\\&")
    printf "    \"%s\\n\",\n", $0
}
END { print "    NULL};" }
