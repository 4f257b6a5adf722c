# SPDX-License-Identifier: MIT
# Writes tests/fuzz/corpus/zip: archives as Python's zipfile makes them (stored, deflated, zip64, folders, a comment).
import sys, zipfile
to = sys.argv[1]
def made(name, items, **how):
    with zipfile.ZipFile(f"{to}/{name}", "w", **how) as z:
        for path, data, kind in items:
            info = zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0))
            info.compress_type = kind
            with z.open(info, "w", force_zip64=name == "zip64") as f:
                f.write(data)
        if name == "comment": z.comment = b"a comment"
S, D = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
made("empty", [])
made("stored", [("a", b"hello", S), ("b/c", b"", S), ("b/", b"", S)])
made("deflated", [("pkg/model/config.json", b'{"model_type": "bert"}' * 20, D), ("x", bytes(range(256)) * 3, D)])
made("zip64", [("a", b"hello" * 9, D), ("b", b"hello", S)])
made("comment", [("a", b"x", S)])
