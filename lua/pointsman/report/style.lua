-- SPDX-License-Identifier: MIT
-- The style sheet: system fonts, light and dark by the reader's setting, phone and A4.  Colours of series are Okabe and
-- Ito's (darker on white, lighter on black, so that lines keep a contrast of 3 to 1); shapes and dashes say the same.
return [[
:root{color-scheme:light dark;--bg:#fff;--ink:#1a1d21;--soft:#565c64;--line:#d8dce1;--grid:#e8ebee;--panel:#f5f7f9;
--accent:#0072b2;--good:#00694d;--bad:#a84300;--c1:#0072b2;--c2:#c44e00;--c3:#00805c;--c4:#a8487f;--c5:#9a6b00;--c6:#2a84b8;--c7:#33383e;
--heat:0,114,178;--on:#fff;--mid:#1a1d21}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e7eaed;--soft:#a3abb4;--line:#3a4047;--grid:#262b30;--panel:#1d2125;
--accent:#56b4e9;--good:#3ecfa3;--bad:#ff9a57;--c1:#56b4e9;--c2:#ff8a3d;--c3:#1fbf90;--c4:#e08fbd;--c5:#e6b422;--c6:#8ecdf2;--c7:#d5dae0;
--heat:86,180,233;--on:#0c1014;--mid:#0c1014}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.2rem 1rem 4rem;max-width:70rem;background:var(--bg);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.2;margin:.4rem 0 .2rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.6rem 0 .5rem;padding-top:.7rem;border-top:1px solid var(--line)}
h3{font-size:1.02rem;line-height:1.35;margin:0}
h4{font-size:.95rem;margin:1.3rem 0 .3rem}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--accent)}
code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
pre{background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:.6rem .8rem;overflow-x:auto;font-size:.86rem}
.eyebrow{color:var(--soft);font-size:.86rem;margin:0}
.question{font-size:1.12rem;color:var(--soft);max-width:46rem}
nav{font-size:.88rem;line-height:1.9;margin:1rem 0}
nav a{margin-right:.9rem;white-space:nowrap}
.answers{list-style:none;padding:0;margin:1rem 0;display:grid;gap:.7rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr))}
.answers li{background:var(--panel);border-left:4px solid var(--soft);border-radius:3px;padding:.65rem .8rem}
.answers .yes{border-left-color:var(--good)}.answers .no{border-left-color:var(--bad)}.answers .open{border-left-style:dashed}
.answers b{display:block}.answers .verdict{font-weight:600}.answers .yes .verdict{color:var(--good)}.answers .no .verdict{color:var(--bad)}
.answers p{margin:.25rem 0 0;font-size:.93rem}
figure{margin:1.4rem 0 1.8rem}
figcaption{margin-bottom:.5rem}
.takeaway{margin:.15rem 0 0;color:var(--ink)}
.note{font-size:.84rem;color:var(--soft);margin:.4rem 0}
.missing{border:1px dashed var(--line);background:var(--panel);border-radius:3px;padding:.5rem .8rem;font-size:.93rem}
.wide{display:block}.narrow{display:none}
.wide svg{max-width:720px}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--ink);font-family:inherit}
svg .tick,svg .small{font-size:11px;fill:var(--soft)}svg .label{font-size:12px;fill:var(--soft)}
svg .tiny{font-size:9.5px;fill:var(--soft)}svg .panel{font-size:12px;font-weight:600}
svg .halo{paint-order:stroke;stroke:var(--bg);stroke-width:3.5px;stroke-linejoin:round}
svg .strong{font-weight:600}
.grid{stroke:var(--grid);stroke-width:1;fill:none}.axis{stroke:var(--soft);stroke-width:1;fill:none}
.lead{stroke:var(--soft);stroke-width:.6;fill:none;opacity:.7}
.ref{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2;fill:none}.refline{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:5 3;fill:none}
.hull{stroke:var(--soft);stroke-width:1.4;stroke-dasharray:2 3;fill:none}
.l{fill:none;stroke-width:2;stroke-linejoin:round}.thin{stroke-width:1.3}.m{stroke:var(--bg);stroke-width:.8}
.err{stroke-width:1.1;fill:none;opacity:.75;stroke-dasharray:none}
.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}
.d2{stroke-dasharray:7 3}.d3{stroke-dasharray:2 2.5}.d4{stroke-dasharray:9 3 2 3}.d5{stroke-dasharray:12 3}
.pt{stroke:none;opacity:.62}
.open{fill:var(--bg);stroke:var(--soft);stroke-width:1.4}.solid{fill:var(--soft);stroke:var(--bg);stroke-width:.8}
.heat{fill:rgb(var(--heat))}.cellbox{fill:none;stroke:var(--grid);stroke-width:1}.best{fill:none;stroke:var(--ink);stroke-width:1.6}
svg .on{fill:var(--on)}svg .mid{fill:var(--mid)}
.calib{fill:none;stroke:var(--ink);stroke-width:2}.spread{fill:none;stroke:var(--ink);stroke-width:1;opacity:.8}
.barfill{fill:var(--accent)}.barback{fill:var(--grid)}
.mini{width:7.5rem;min-width:7.5rem;height:1rem}
.whisker{stroke:var(--ink);stroke-width:1.6}.dot{fill:var(--soft)}.dot.router{fill:var(--accent)}
.scroll{overflow-x:auto;max-width:100%;margin:.6rem 0;border:1px solid var(--line);border-radius:3px}
.scroll:focus{outline:2px solid var(--accent);outline-offset:1px}
table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums;line-height:1.35}
caption{text-align:left;padding:.45rem .6rem;color:var(--soft);font-size:.84rem}
th,td{padding:.32rem .6rem;text-align:left;vertical-align:top;border-top:1px solid var(--grid)}
thead th{border-top:0;border-bottom:1px solid var(--line);color:var(--soft);font-weight:600;vertical-align:bottom;background:var(--panel)}
tbody th{font-weight:500}td.r,th.r{text-align:right;white-space:nowrap}th.r{white-space:normal}td.bar{padding:.3rem .3rem}
tr.router th{font-weight:700}tr.group td,tr.group th{background:var(--panel);color:var(--soft);font-weight:600}
td.set{min-width:15rem;color:var(--soft)}td.text{min-width:17rem;overflow-wrap:anywhere}.soft{color:var(--soft);font-size:.92em}tbody th{min-width:7.5rem}td .soft,th .soft{overflow-wrap:anywhere}
details{margin:.4rem 0;font-size:.92rem}summary{cursor:pointer;color:var(--soft);font-size:.86rem}
.key{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.84rem}
.key li{display:flex;align-items:center;gap:.35rem}.key svg{width:1.9rem;height:.9rem;flex:none}.key svg.dotkey{width:.9rem}
dl{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:.2rem .9rem;font-size:.92rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:3rem;color:var(--soft);font-size:.84rem;border-top:1px solid var(--line);padding-top:.6rem}
@media (max-width:600px){body{padding:.8rem .8rem 3rem}h1{font-size:1.4rem}.wide{display:none}.narrow{display:block}
dl{grid-template-columns:1fr}dt{margin-top:.4rem}th,td{padding:.3rem .45rem}.iv{display:block}tbody th{min-width:5.6rem;max-width:7.2rem;overflow-wrap:anywhere}table{font-size:.8rem}.mini{width:4rem;min-width:4rem}}
@media print{@page{size:A4;margin:14mm 13mm}:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--grid:#e3e3e3;--panel:#f4f4f4;
--accent:#0072b2;--good:#00694d;--bad:#a84300;--c1:#0072b2;--c2:#c44e00;--c3:#00805c;--c4:#a8487f;--c5:#9a6b00;--c6:#2a84b8;--c7:#33383e;--heat:0,114,178;--on:#fff;--mid:#000}
body{font-size:10.5pt;max-width:none;padding:0}nav,summary,details:not([open]){display:none}.wide{display:block}.narrow{display:none}
figure,.answers li,tr,pre{break-inside:avoid}h2,h3,h4,figcaption{break-after:avoid}figure .wide svg{max-height:235mm}
.scroll{overflow:visible;border:0}table{font-size:7.6pt}th,td{padding:.18rem .3rem}.iv{display:block}td.set{min-width:0}thead{display:table-header-group}
.mini{width:4.5rem;min-width:4.5rem}td.text{min-width:0}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
]]
