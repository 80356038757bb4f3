#!/usr/bin/env python3
"""Recomputes a report's figures from the record of single comparisons, and compares.

    tests/peers/recompute.py report.json comparisons.jsonl...
    tests/peers/recompute.py --component http-auth [--from T] [--to T] comparisons.jsonl...

The first form takes the JSON of a report (`GET /v1/report`, or a report of a period) and the files
that `[ledger] comparisons` names, rotated ones included, and says of every figure whether it
agrees. The second prints the figures of one component, of a span of RFC 3339 moments.

Shares no code with Crossfade. Standard library only. Exit code 0 when every figure agrees, 1 when
one differs, 2 when a file cannot be used.

How figures come about:

- A comparison belongs to the minute in which its question was asked; a span holds `from <= at < to`.
- Conclusive are matches, mismatches and accepted differences. The match rate is matches and accepted
  differences in conclusive ones. Its interval is Wilson's at 95 %: with share p of n and z =
  1.959963984540054, (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
- A side's error rate is its failures in all that it was to answer: the lines in which it stands. A
  line without `took_us` is of a side that was taken to fail without being asked.
- Latencies are counted in the places of an HDR histogram of two significant digits: up to 255 µs a
  place is one microsecond; from 256 µs on each doubling is divided into 128 places, so that a place
  is 2 µs wide up to 511 µs, 4 µs up to 1,023 µs, and so on. Times are whole microseconds, at least 1
  and at most 60,000,000. A latency is shown as the longest of its place. The quantile of q percent
  is by nearest rank: the shortest time that q percent of the answers, rounded up to whole answers,
  did not exceed.

Counts and quantiles agree exactly or differ; rates and their bounds agree to 12 digits.
"""

import argparse
import collections
import datetime
import json
import math
import sys

SIDES = ("legacy", "ssot")
Z = 1.959963984540054
LONGEST_US = 60_000_000

# What a report counts and no line tells.
UNTOLD = {"late", "sample_dropped"}


def edge(micros):
    """The longest time that is counted in the same place."""
    micros = min(max(micros, 1), LONGEST_US)
    width = 1 << max(micros.bit_length() - 8, 0)
    return micros - micros % width + width - 1


class Figures:
    """What the lines of one component come to."""

    def __init__(self):
        self.counts = collections.Counter()
        self.times = {side: collections.Counter() for side in SIDES}
        self.stood = collections.Counter()

    def add(self, line):
        counts = self.counts
        if "outcome" in line:
            counts[line["outcome"]] += 1
        if line.get("served_by") and line.get("outcome") != "undecided":
            counts[f"served:{line['served_by']}"] += 1
        if "rescued" in line:
            counts[f"rescued:{line['rescued']}"] += 1
        for flag in ("rescue_refused", "owned", "asked_again"):
            counts[flag] += bool(line.get(flag))
        if "enforcement" in line:
            counts["enforced" if line["enforcement"] == "denied" else "enforce_undecided"] += 1
        for side in SIDES:
            if side in line:
                self.add_answer(side, line[side])
        verdict = line["verdict"]
        if verdict == "match":
            counts["matched"] += 1
        elif verdict == "mismatch":
            counts[f"mismatched:{line['class']}"] += 1
        elif verdict == "accepted":
            counts[f"accepted:{line['class']}"] += 1
        elif verdict == "inconclusive":
            counts[f"inconclusive:{line['why']}"] += 1
        elif verdict == "not_compared":
            counts[line["why"]] += line["why"] != "by_stage"
        else:
            raise ValueError(f"unknown verdict {verdict!r}")

    def add_answer(self, side, answer):
        self.stood[side] += 1
        if answer["answer"] == "failed":
            self.counts[f"failed:{side}:{answer['reason']}"] += 1
        if "took_us" in answer:
            self.times[side][edge(answer["took_us"])] += 1
        else:
            self.counts[f"unasked:{side}"] += 1

    def under(self, prefix):
        """Counts whose codes begin so, without that beginning and without zeros."""
        start = len(prefix)
        named = self.counts.items()
        return {code[start:]: n for code, n in named if code.startswith(prefix) and n}

    def requests(self):
        return sum(self.counts[code] for code in ("allowed", "denied", "undecided"))

    def good(self):
        return self.counts["matched"] + sum(self.under("accepted:").values())

    def conclusive(self):
        return self.good() + sum(self.under("mismatched:").values())

    def compared(self):
        return self.conclusive() + sum(self.under("inconclusive:").values())

    def failed(self, side):
        return sum(self.under(f"failed:{side}:").values())

    def latency(self, side):
        times = self.times[side]
        count = sum(times.values())
        found = {"count": count}
        for percent in (50, 90, 95, 99):
            found[f"p{percent}_us"] = quantile(times, count, percent)
        found["max_us"] = max(times, default=None)
        return found


def quantile(times, count, percent):
    rank, below = -(-count * percent // 100), 0
    for micros in sorted(times):
        below += times[micros]
        if below >= rank:
            return micros
    return None


def rate(hits, of):
    return hits / of if of else None


def wilson(hits, of):
    """Both ends of the interval; None of none."""
    if not of:
        return None, None
    share = hits / of
    middle = share + Z * Z / (2 * of)
    reach = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    low = 0.0 if hits == 0 else min(max((middle - reach) / scale, 0.0), share)
    high = 1.0 if hits == of else max(min((middle + reach) / scale, 1.0), share)
    return low, high


def micros_of(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1)


def read(paths, since=None, until=None):
    """The figures of every component, of a span in microseconds since the epoch."""
    found = collections.defaultdict(Figures)
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                at = line["at"]
                if (since is None or since <= at) and (until is None or at < until):
                    found[line["component"]].add(line)
    return found


def without_zeros(counts):
    return {code: count for code, count in counts.items() if count}


class Comparing:
    """Tells of each figure whether it agrees."""

    def __init__(self):
        self.compared = self.differing = 0

    def same(self, about, recomputed, reported):
        both = isinstance(recomputed, float) and isinstance(reported, (int, float))
        agree = math.isclose(recomputed, reported, rel_tol=1e-12) if both else recomputed == reported
        self.compared += 1
        if not agree:
            self.differing += 1
            print(f"DIFFERS  {about}: recomputed {recomputed!r}, reported {reported!r}")


def compare_total(comparing, name, part, figures):
    """A component of `GET /v1/report`: everything since the ledger was begun."""
    total = part["total"]
    counts = {code: n for code, n in total["counts"].items() if code not in UNTOLD}
    comparing.same(f"{name} counts", without_zeros(figures.counts), counts)
    comparing.same(f"{name} requests", figures.requests(), total["requests"])
    comparing.same(f"{name} compared", figures.compared(), total["compared"])
    share = rate(figures.good(), figures.conclusive())
    comparing.same(f"{name} match rate", share, total["match_rate"])
    mismatches = without_zeros(total["mismatches"])
    comparing.same(f"{name} mismatches", figures.under("mismatched:"), mismatches)
    comparing.same(f"{name} accepted", figures.under("accepted:"), total["accepted"])
    for side in SIDES:
        told = part[f"{side}_latency"]
        for figure, value in figures.latency(side).items():
            comparing.same(f"{name} latency of {side} {figure}", value, told[figure])


def compare_period(comparing, name, part, figures):
    """A component of a report of a period."""
    counts, same = figures.counts, comparing.same
    same(f"{name} requests", figures.requests(), part["requests"])
    for decision in ("allowed", "denied", "undecided"):
        same(f"{name} {decision}", counts[decision], part["decisions"][decision])
    same(f"{name} compared", figures.compared(), part["compared"])
    same(f"{name} conclusive", figures.conclusive(), part["conclusive"])
    same(f"{name} matched", counts["matched"], part["matched"])
    for member, prefix in [
        ("mismatches", "mismatched:"),
        ("accepted", "accepted:"),
        ("inconclusive", "inconclusive:"),
    ]:
        same(f"{name} {member}", figures.under(prefix), without_zeros(part[member]))
    low, high = wilson(figures.good(), figures.conclusive())
    same(f"{name} match rate", rate(figures.good(), figures.conclusive()), part["match_rate"])
    same(f"{name} match rate, low", low, part["match_rate_low"])
    same(f"{name} match rate, high", high, part["match_rate_high"])
    for side in SIDES:
        compare_side(comparing, f"{name} {side}", side, part, figures)


def compare_side(comparing, about, side, part, figures):
    same, failed, stood = comparing.same, figures.failed(side), figures.stood[side]
    same(f"{about} served", figures.counts[f"served:{side}"], part["served_by"][side])
    same(f"{about} rescued", figures.counts[f"rescued:{side}"], part["rescued"][side])
    how = without_zeros(part["failures"][side])
    same(f"{about} failures", figures.under(f"failed:{side}:"), how)
    same(f"{about} asked", stood, part["asked"][side])
    told, (low, high) = part["error_rate"][side], wilson(failed, stood)
    for figure, value in [
        ("failed", failed), ("rate", rate(failed, stood)), ("low", low), ("high", high)
    ]:
        same(f"{about} errors, {figure}", value, told[figure])
    latency = figures.latency(side)
    for figure in ("count", "p50_us", "p95_us", "p99_us", "max_us"):
        same(f"{about} latency {figure}", latency[figure], part["latency"][side][figure])


def compare(report, paths):
    with open(report, encoding="utf-8") as file:
        report = json.load(file)
    is_period = "period" in report
    span = ("from", "to") if is_period else ()
    found = read(paths, *(micros_of(report["period"][end]) for end in span))
    comparing = Comparing()
    told = {part["component"]: part for part in report["components"]}
    is_all = not is_period or report["scope"] == "all"
    for name in sorted(found.keys() - told.keys() if is_all else ()):
        comparing.same(f"{name} is in the report", True, False)
    for name, part in told.items():
        one = compare_period if is_period else compare_total
        one(comparing, name, part, found[name])
    agreeing = comparing.compared - comparing.differing
    print(f"{agreeing} figures of {len(told)} components agree, {comparing.differing} differ")
    return 1 if comparing.differing else 0


def show(paths, component, since, until):
    ends = [None if end is None else micros_of(end) for end in (since, until)]
    figures = read(paths, *ends)[component]
    low, high = wilson(figures.good(), figures.conclusive())
    sides = {
        side: {
            "asked": figures.stood[side],
            "failed": figures.failed(side),
            "error_rate": rate(figures.failed(side), figures.stood[side]),
            "latency": figures.latency(side),
        }
        for side in SIDES
    }
    told = {
        "component": component,
        "requests": figures.requests(),
        "counts": dict(sorted(without_zeros(figures.counts).items())),
        "compared": figures.compared(),
        "conclusive": figures.conclusive(),
        "match_rate": rate(figures.good(), figures.conclusive()),
        "match_rate_low": low,
        "match_rate_high": high,
        **sides,
    }
    print(json.dumps(told, indent=2))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--component", help="print the figures of this one")
    parser.add_argument("--from", dest="since", help="from this moment on")
    parser.add_argument("--to", dest="until", help="before this moment")
    parser.add_argument("files", nargs="+", help="a report, then files of comparisons")
    options = parser.parse_args()
    try:
        if options.component:
            return show(options.files, options.component, options.since, options.until)
        if len(options.files) < 2:
            parser.error("a report and at least one file of comparisons are needed")
        return compare(options.files[0], options.files[1:])
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot be used: {error!r}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
