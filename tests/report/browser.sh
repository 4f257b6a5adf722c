#!/bin/sh
# SPDX-License-Identifier: MIT
# The page in a real browser, where chromium is present: nothing on the console, nothing wider than a phone, figures
# drawn at both widths.  A script that is added for the test alone measures; the page itself has none.
. "${srcdir:-.}/tests/cli/lib.sh"
top=$PWD
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$browser" ] || { echo "no chromium here: apt-get install chromium"; exit 77; }
open() { # WIDTH FILE: the page after its scripts, on stdout; the console on $work/console
    timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
        --enable-logging=stderr --log-level=0 --virtual-time-budget=2000 --window-size="$1",900 --dump-dom "file://$2" 2>"$work/console"
}
echo '<!DOCTYPE html><html><body><p>alive</p></body></html>' >"$work/alive.html"
open 800 "$work/alive.html" | grep -q alive || { echo "$browser does not start here"; head -n 3 "$work/console"; exit 77; }

# Headless windows are not made narrower than 500 px: a frame of 360 px is.
cat >"$work/measure.js" <<'EOF2'
addEventListener("load", () => {
  const f = document.querySelector("iframe"), d = f.contentDocument, w = f.contentWindow, wide = [];
  for (const e of d.querySelectorAll("body *")) {
    if (e.closest(".scroll, pre, svg") || e.closest("details:not([open])")) continue;
    const r = e.getBoundingClientRect();
    if (r.width && r.right > w.innerWidth + 0.5) wide.push(e.tagName + "." + e.className);
  }
  const svgs = [...d.querySelectorAll("figure > div > svg")], shown = svgs.filter(e => e.getBoundingClientRect().width > 0);
  const cut = [];
  for (const s of shown) {
    const box = s.getBoundingClientRect();
    for (const t of s.querySelectorAll("text")) {
      const r = t.getBoundingClientRect();
      if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) cut.push(t.textContent);
    }
  }
  document.title = "measured";
  document.querySelector("pre").textContent = JSON.stringify({ width: w.innerWidth, page: d.documentElement.scrollWidth,
    wide: wide.slice(0, 5), figures: svgs.length, shown: shown.length, cut: cut.slice(0, 9) });
});
EOF2
measure() { # WIDTH PAGE
    { printf '<!DOCTYPE html><html><body style="margin:0"><iframe width="%s" height="800" style="border:0" src="%s"></iframe><pre></pre><script>' "$1" "$(basename "$2")"
      cat "$work/measure.js"; echo '</script></body></html>'; } >"$(dirname "$2")/frame.html"
    timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
        --allow-file-access-from-files --enable-logging=stderr --hide-scrollbars --virtual-time-budget=4000 --window-size=1500,900 \
        --dump-dom "file://$(dirname "$2")/frame.html" 2>"$work/console" | sed -n 's/.*<pre>\(.*\)<\/pre>.*/\1/p'
}
looks_right() { # PAGE
    for width in 360 800 1400; do
        found=$(measure "$width" "$1")
        echo "$width px: $found"
        case $found in *"\"width\":$width,\"page\":$width,\"wide\":[]"*) ;; *) fail "at $width px something is wider than the page: $found" ;; esac
        case $found in *'"cut":[]'*) ;; *) fail "at $width px a figure's text is cut: $found" ;; esac
        if grep -E 'CONSOLE' "$work/console"; then fail "the console is not empty at $width px"; fi
    done
}
expect 0 "$pointsman" run "$src/experiments/recorded.lua"
looks_right "$(sed -n 's/^report  *//p' "$work/out")"
expect 0 "$pointsman" run "$src/experiments/quickstart.lua" --set size=toy
looks_right "$(sed -n 's/^report  *//p' "$work/out")"
for script in routellm battles; do # two models, and guesses of battles
    expect 0 "$pointsman" run "$src/experiments/$script.lua" --set size=toy --set bootstrap.resamples=100
    looks_right "$(sed -n 's/^report  *//p' "$work/out")"
done
"$top/tests/report/mock" "$work/mock" 600 >/dev/null || fail "no mock run"
expect 0 "$pointsman" report mock --out "$work/mock"
looks_right "$(sed -n 's/^report  *//p' "$work/out")"
finish
