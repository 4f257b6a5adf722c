/* SPDX-License-Identifier: MIT
 *
 * Special characters of roff by name (groff_char(7)): punctuation, signs, Latin letters with marks, Greek.  Sorted by
 * byte, found by halving.
 */
#include <string.h>

#include "text/roff.h"

static const struct {
    const char *name;
    uint32_t point;
} chars[] = {{"!=", 0x2260}, {"%0", 0x2030}, {"'A", 0xc1},   {"'C", 0x106},       {"'E", 0xc9},
             {"'I", 0xcd},   {"'L", 0x139},  {"'N", 0x143},  {"'O", 0xd3},        {"'R", 0x154},
             {"'S", 0x15a},  {"'U", 0xda},   {"'Y", 0xdd},   {"'Z", 0x179},       {"'a", 0xe1},
             {"'c", 0x107},  {"'e", 0xe9},   {"'i", 0xed},   {"'l", 0x13a},       {"'n", 0x144},
             {"'o", 0xf3},   {"'r", 0x155},  {"'s", 0x15b},  {"'u", 0xfa},        {"'y", 0xfd},
             {"'z", 0x17a},  {"**", 0x2217}, {"*A", 0x391},  {"*B", 0x392},       {"*C", 0x39e},
             {"*D", 0x394},  {"*E", 0x395},  {"*F", 0x3a6},  {"*G", 0x393},       {"*H", 0x398},
             {"*I", 0x399},  {"*K", 0x39a},  {"*L", 0x39b},  {"*M", 0x39c},       {"*N", 0x39d},
             {"*O", 0x39f},  {"*P", 0x3a0},  {"*Q", 0x3a8},  {"*R", 0x3a1},       {"*S", 0x3a3},
             {"*T", 0x3a4},  {"*U", 0x3a5},  {"*W", 0x3a9},  {"*X", 0x3a7},       {"*Y", 0x397},
             {"*Z", 0x396},  {"*a", 0x3b1},  {"*b", 0x3b2},  {"*c", 0x3be},       {"*d", 0x3b4},
             {"*e", 0x3b5},  {"*f", 0x3d5},  {"*g", 0x3b3},  {"*h", 0x3b8},       {"*i", 0x3b9},
             {"*k", 0x3ba},  {"*l", 0x3bb},  {"*m", 0x3bc},  {"*n", 0x3bd},       {"*o", 0x3bf},
             {"*p", 0x3c0},  {"*q", 0x3c8},  {"*r", 0x3c1},  {"*s", 0x3c3},       {"*t", 0x3c4},
             {"*u", 0x3c5},  {"*w", 0x3c9},  {"*x", 0x3c7},  {"*y", 0x3b7},       {"*z", 0x3b6},
             {"+-", 0xb1},   {",C", 0xc7},   {",G", 0x122},  {",L", 0x13b},       {",N", 0x145},
             {",R", 0x156},  {",S", 0x15e},  {",T", 0x162},  {",c", 0xe7},        {",g", 0x123},
             {",l", 0x13c},  {",n", 0x146},  {",r", 0x157},  {",s", 0x15f},       {",t", 0x163},
             {"-", 0x2d},    {"->", 0x2192}, {"-D", 0xd0},   {".i", 0x131},       {".j", 0x237},
             {"/L", 0x141},  {"/O", 0xd8},   {"/_", 0x2220}, {"/l", 0x142},       {"/o", 0xf8},
             {"12", 0xbd},   {"14", 0xbc},   {"34", 0xbe},   {":A", 0xc4},        {":E", 0xcb},
             {":I", 0xcf},   {":O", 0xd6},   {":U", 0xdc},   {":Y", 0x178},       {":a", 0xe4},
             {":e", 0xeb},   {":i", 0xef},   {":o", 0xf6},   {":u", 0xfc},        {":y", 0xff},
             {"<-", 0x2190}, {"<=", 0x2264}, {"<>", 0x2194}, {"==", 0x2261},      {"=~", 0x2245},
             {">=", 0x2265}, {"AE", 0xc6},   {"AN", 0x2227}, {"Ah", 0x2135},      {"Bq", 0x201e},
             {"CL", 0x2663}, {"Cs", 0xa4},   {"DI", 0x2666}, {"Do", 0x24},        {"Eu", 0x20ac},
             {"Fc", 0xbb},   {"Fi", 0xfb03}, {"Fl", 0xfb04}, {"Fo", 0xab},        {"HE", 0x2665},
             {"IJ", 0x132},  {"Im", 0x2111}, {"O/", 0xd8},   {"OE", 0x152},       {"OK", 0x2713},
             {"OR", 0x2228}, {"Po", 0xa3},   {"Re", 0x211c}, {"S1", 0xb9},        {"S2", 0xb2},
             {"S3", 0xb3},   {"SP", 0x2660}, {"Sd", 0xf0},   {"TP", 0xde},        {"Tp", 0xfe},
             {"Ye", 0xa5},   {"^A", 0xc2},   {"^C", 0x108},  {"^E", 0xca},        {"^G", 0x11c},
             {"^H", 0x124},  {"^I", 0xce},   {"^J", 0x134},  {"^O", 0xd4},        {"^S", 0x15c},
             {"^U", 0xdb},   {"^W", 0x174},  {"^Y", 0x176},  {"^a", 0xe2},        {"^c", 0x109},
             {"^e", 0xea},   {"^g", 0x11d},  {"^h", 0x125},  {"^i", 0xee},        {"^j", 0x135},
             {"^o", 0xf4},   {"^s", 0x15d},  {"^u", 0xfb},   {"^w", 0x175},       {"^y", 0x177},
             {"`A", 0xc0},   {"`E", 0xc8},   {"`I", 0xcc},   {"`O", 0xd2},        {"`U", 0xd9},
             {"`a", 0xe0},   {"`e", 0xe8},   {"`i", 0xec},   {"`o", 0xf2},        {"`u", 0xf9},
             {"a-", 0xaf},   {"a.", 0x2d9},  {"a^", 0x5e},   {"aa", 0xb4},        {"ab", 0x2d8},
             {"ac", 0xb8},   {"ad", 0xa8},   {"ae", 0xe6},   {"ah", 0x2c7},       {"ao", 0x2da},
             {"ap", 0x223c}, {"aq", 0x27},   {"at", 0x40},   {"a~", 0x7e},        {"ba", 0x7c},
             {"bb", 0xa6},   {"bq", 0x201a}, {"br", 0x2502}, {"bu", 0x2022},      {"bv", 0x7c},
             {"bx", 0x25a0}, {"c*", 0x2297}, {"c+", 0x2295}, {"ca", 0x2229},      {"ci", 0x25cb},
             {"co", 0xa9},   {"cq", 0x2019}, {"ct", 0xa2},   {"cu", 0x222a},      {"da", 0x2193},
             {"dd", 0x2021}, {"de", 0xb0},   {"dg", 0x2020}, {"di", 0xf7},        {"dq", 0x22},
             {"em", 0x2014}, {"en", 0x2013}, {"eq", 0x3d},   {"es", 0x2205},      {"fa", 0x2200},
             {"fc", 0x203a}, {"ff", 0xfb00}, {"fi", 0xfb01}, {"fl", 0xfb02},      {"fm", 0x2032},
             {"fo", 0x2039}, {"ga", 0x60},   {"gr", 0x2207}, {"hA", 0x21d4},      {"ha", 0x5e},
             {"ho", 0x2db},  {"hy", 0x2d},   {"ib", 0x2286}, {"if", 0x221e},      {"ij", 0x133},
             {"ip", 0x2287}, {"is", 0x222b}, {"lA", 0x21d0}, {"lB", 0x5b},        {"lC", 0x7b},
             {"la", 0x27e8}, {"lc", 0x2308}, {"lf", 0x230a}, {"lh", 0x261c},      {"lq", 0x201c},
             {"mc", 0xb5},   {"md", 0x22c5}, {"mi", 0x2212}, {"mo", 0x2208},      {"mu", 0xd7},
             {"nm", 0x2209}, {"no", 0xac},   {"o/", 0xf8},   {"oA", 0xc5},        {"oU", 0x16e},
             {"oa", 0xe5},   {"oe", 0x153},  {"oq", 0x2018}, {"or", 0x7c},        {"ou", 0x16f},
             {"pc", 0xb7},   {"pd", 0x2202}, {"pl", 0x2b},   {"product", 0x220f}, {"ps", 0xb6},
             {"pt", 0x221d}, {"r!", 0xa1},   {"r?", 0xbf},   {"rA", 0x21d2},      {"rB", 0x5d},
             {"rC", 0x7d},   {"ra", 0x27e9}, {"rc", 0x2309}, {"rf", 0x230b},      {"rg", 0xae},
             {"rh", 0x261e}, {"rq", 0x201d}, {"rs", 0x5c},   {"ru", 0x5f},        {"sb", 0x2282},
             {"sc", 0xa7},   {"sd", 0x2033}, {"sh", 0x23},   {"sl", 0x2f},        {"sp", 0x2283},
             {"sq", 0x25a1}, {"sr", 0x221a}, {"ss", 0xdf},   {"sum", 0x2211},     {"te", 0x2203},
             {"tf", 0x2234}, {"ti", 0x7e},   {"tm", 0x2122}, {"tno", 0xac},       {"ts", 0x3c2},
             {"ua", 0x2191}, {"ul", 0x5f},   {"vC", 0x10c},  {"vD", 0x10e},       {"vE", 0x11a},
             {"vL", 0x13d},  {"vN", 0x147},  {"vR", 0x158},  {"vS", 0x160},       {"vT", 0x164},
             {"vZ", 0x17d},  {"vc", 0x161},  {"vd", 0x10f},  {"ve", 0x11b},       {"vl", 0x13e},
             {"vn", 0x148},  {"vr", 0x159},  {"vs", 0x161},  {"vt", 0x165},       {"vz", 0x17e},
             {"~=", 0x2245}, {"~A", 0xc3},   {"~I", 0x128},  {"~N", 0xd1},        {"~O", 0xd5},
             {"~U", 0x168},  {"~a", 0xe3},   {"~i", 0x129},  {"~n", 0xf1},        {"~o", 0xf5},
             {"~u", 0x169},  {"~~", 0x2248}};

uint32_t roff_char(pm_str name)
{
    size_t lo = 0, hi = sizeof chars / sizeof *chars;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2, n = strlen(chars[mid].name);
        int order = memcmp(name.ptr, chars[mid].name, name.len < n ? name.len : n);
        if (order == 0 && name.len == n) return chars[mid].point;
        if (order < 0 || (order == 0 && name.len < n))
            hi = mid;
        else
            lo = mid + 1;
    }
    return 0;
}
