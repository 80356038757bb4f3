"""Runs the second tier: `--list` shows the tests, `--only NAME` runs one of them or a peer's."""

import argparse
import sys
import time
import traceback

import proxies  # noqa: F401  (each import registers its tests)
import prometheus  # noqa: F401
import recomputed  # noqa: F401
import openapi  # noqa: F401
import oauth  # noqa: F401
import oidc  # noqa: F401
import ofrep  # noqa: F401
import sockets  # noqa: F401
import tokens  # noqa: F401
import webhooks  # noqa: F401
from registry import TESTS


def chosen(only):
    if only is None:
        return TESTS
    return [each for each in TESTS if each[0] == only or each[0].startswith(only + "-")]


def main():
    parser = argparse.ArgumentParser(prog="tests/peers/run")
    parser.add_argument("--list", action="store_true", help="show the tests and end")
    parser.add_argument("--only", metavar="NAME", help="one test, or all tests of a peer")
    options = parser.parse_args()
    tests = chosen(options.only)
    if not tests:
        print(f"peers: there is no test {options.only!r}; --list shows them", file=sys.stderr)
        return 2
    if options.list:
        for name, sentence, _ in tests:
            print(f"{name:24}{sentence}")
        return 0
    from world import World

    failed = []
    started = time.monotonic()
    with World() as world:
        for name, sentence, body in tests:
            try:
                body(world)
            except Exception as error:
                failed.append(name)
                print(f"FAILED  {name}: {sentence}", flush=True)
                shown = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
                print("        " + shown.replace("\n", "\n        "), flush=True)
            else:
                print(f"ok      {name}: {sentence}", flush=True)
        if failed:
            world.show_logs(failed)
    seconds = time.monotonic() - started
    print(f"peers: {len(tests) - len(failed)} passed, {len(failed)} failed in {seconds:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
