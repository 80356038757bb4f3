"""How long each page takes, and how much of it is sent, at 100 components with a month behind them.

The month is made once, by
`cargo test --release --lib what_a_month -- --ignored --nocapture`, which leaves it in target/a-month;
this serves a copy. Each page is asked for from a service that has just started, then again. A page is one answer, so that its whole time is an upper bound of its first paint. With each
page the stylesheets and scripts count that it names, all as a browser takes them: compressed.

Usage: python3 benches/load/pages.py [ROUNDS]
(after `cargo build --release`; CROSSFADE_BIN names another binary)
"""

import gzip
import http.client
import os
import re
import shutil
import statistics
import sys
import tempfile
import time

from stand import CONTROL, Service

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
MONTH = "target/a-month"
COMPONENTS = [f"component-{number:03}" for number in range(100)]
ONE = f"/components/{COMPONENTS[0]}"
PAGES = ["/", "/?show=due", ONE, *(f"{ONE}?span={span}" for span in ("24h", "7d", "30d")),
         "/mismatches", "/golden-path", "/checks", "/explain", "/sockets", "/authority",
         "/history", "/reports", "/reports/now?scope=all&period=24h",
         "/reports/now?scope=all&period=30d", "/approvals", "/operators", "/tokens", "/settings",
         "/account"]
BUDGET_MS, BUDGET_KIB = 200, 150


def ask(cookie, path):
    """Milliseconds, bytes sent and the text of an answer."""
    control = http.client.HTTPConnection("127.0.0.1", CONTROL, timeout=60)
    control.connect()
    began = time.perf_counter()
    control.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    answer = control.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1e3
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status}")
    head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
    text = gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body
    return took, head + len(body), text.decode()


def ask_to_the_end(cookie, path):
    """The same; what is sent while a report is still being put together counts for the time alone. With
    the seconds until it was there."""
    began = time.monotonic()
    took, size, text = ask(cookie, path)
    while "data-again" in text:
        time.sleep(0.2)
        late, size, text = ask(cookie, path)
        took = max(took, late)
    return took, size, text, time.monotonic() - began


def weight(cookie, text, known):
    """Bytes of what a page names."""
    for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text)):
        if path not in known:
            known[path] = ask(cookie, path)[1]
        yield known[path]


def main():
    if not os.path.isdir(MONTH):
        sys.exit(f"there is no {MONTH}: make it with "
                 "`cargo test --release --lib what_a_month -- --ignored --nocapture`")
    first, again, sizes, whole, ready, known = {}, {}, {}, {}, {}, {}
    for number in range(ROUNDS):
        folder = tempfile.mkdtemp(prefix="crossfade-pages-")
        try:
            shutil.copytree(MONTH, f"{folder}/data")
            with Service(folder, COMPONENTS) as service:
                # Another page is the first one in each round.
                turned = PAGES[7 * number % len(PAGES):] + PAGES[:7 * number % len(PAGES)]
                for told in (first, again):
                    for page in turned:
                        took, size, text, whole_after = ask_to_the_end(service.cookie, page)
                        told.setdefault(page, []).append(took)
                        ready[page] = max(ready.get(page, 0), whole_after)
                        sizes[page] = size + sum(weight(service.cookie, text, known))
                        whole[page] = len(text)
        finally:
            shutil.rmtree(folder)
    print(f"\n{'page':34} {'first ms':>9} {'again ms':>9} {'sent KiB':>9} {'page KB':>9} {'there after s':>13}")
    missed = False
    for page in PAGES:
        before, after = statistics.median(first[page]), statistics.median(again[page])
        sent = sizes[page] / 1024
        missed |= max(before, after) > BUDGET_MS or sent > BUDGET_KIB
        print(f"{page:34} {before:9.1f} {after:9.1f} {sent:9.1f} {whole[page] / 1e3:9.1f} {ready[page]:13.1f}")
    print(f"budget: {BUDGET_MS} ms, {BUDGET_KIB} KiB: {'missed' if missed else 'held'}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
