"""Runs both scanners in turn in the current folder and says how long they took and who found what.

Called by `run`: ROUNDS RULES CROSSFADE SEMGREP WORK.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time

CATEGORIES = (
    "jwt-import",
    "verified-decode",
    "unverified-decode",
    "encode",
    "key-read",
    "storage-token-read",
)


def timed(command, output):
    """Wall time, and processor time of the process and of those it waited for, in seconds."""
    with open(output, "w") as file:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        done = subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=False)
        wall = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {done.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used


def of_crossfade(path):
    with open(path) as file:
        told = json.load(file)
    places = {(at["category"], at["path"], at["line"]) for at in told["findings"]}
    return {place for place in places if place[0] in CATEGORIES}, told


def of_semgrep(path):
    with open(path) as file:
        told = json.load(file)
    places = set()
    for at in told["results"]:
        places.add((at["extra"]["message"], os.path.normpath(at["path"]), at["start"]["line"]))
    return places, told


def main():
    rounds, rules, crossfade, semgrep, work = sys.argv[1:]
    ours, theirs = os.path.join(work, "ours.json"), os.path.join(work, "theirs.json")
    commands = {
        "crossfade": ([crossfade, "scan", ".", "--json"], ours),
        "semgrep": (
            [semgrep, "scan", "--config", rules, "--metrics", "off", "--disable-version-check"]
            + ["--no-git-ignore", "--json", "--quiet", "--jobs", str(os.cpu_count()), "."],
            theirs,
        ),
    }
    taken = {name: [] for name in commands}
    for name, (command, output) in commands.items():
        timed(command, output)  # files into the cache of the system
    for _ in range(int(rounds)):
        for name, (command, output) in commands.items():
            wall, used = timed(command, output)
            taken[name].append((wall, used))
            load = os.getloadavg()[0]
            print(f"{name:<10} {wall:8.2f} s  processor {used:8.2f} s  load {load:.1f}", flush=True)
    for at, kind in enumerate(("wall", "processor")):
        middle = {name: statistics.median(time[at] for time in taken[name]) for name in taken}
        ratio = middle["semgrep"] / middle["crossfade"]
        print(
            f"median {kind:<9}: crossfade {middle['crossfade']:.2f} s, "
            f"semgrep {middle['semgrep']:.2f} s, ratio {ratio:.1f}"
        )

    mine, told = of_crossfade(ours)
    other, semgrep_told = of_semgrep(theirs)
    print(f"files: crossfade {told['files']}, semgrep {len(semgrep_told['paths']['scanned'])}")
    print(f"{'category':<22}{'both':>6}{'crossfade alone':>17}{'semgrep alone':>15}")
    for category in CATEGORIES:
        here = {place[1:] for place in mine if place[0] == category}
        there = {place[1:] for place in other if place[0] == category}
        print(f"{category:<22}{len(here & there):>6}{len(here - there):>17}{len(there - here):>15}")
        for path, line in sorted(here - there):
            print(f"  crossfade alone  {path}:{line}")
        for path, line in sorted(there - here):
            print(f"  semgrep alone    {path}:{line}")


main()
