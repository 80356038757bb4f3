"""Runs published JWS and JWK vectors through `crossfade verify-jws`.

    CROSSFADE_BIN=target/release/crossfade python3 tests/peers/vectors.py FOLDER [--markdown]

FOLDER holds what was fetched, in any depth: Wycheproof's `json_web_signature_test.json` and
`json_web_key_test.json` (github C2SP/wycheproof, testvectors_v1), and the cookbook of RFC 7520
with its folders `jws`, `jwk`, `curve25519`, `rfc7797` (github ietf-jose/cookbook). Where the PyPI package
`jwcrypto` is installed, the examples of RFC 7515 appendix A in its tests are run as well. No
vector is part of this repository.

A vector passes when the exit code says what the vector says (0 valid, 1 or 2 invalid), and the
payload is the vector's where it names one. A valid vector that is refused is an exception; each
must have one of the reasons below, or the run fails. An invalid one that is accepted
always fails the run, unless the very same text is a valid vector of its group: the flaw got lost.
"""

import argparse
import base64
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SUPPORTED = {"HS256", "RS256", "PS256", "ES256", "EdDSA"}

OTHER_ALGORITHM = "another algorithm than HS256, RS256, PS256, ES256 and EdDSA"
JSON_SERIALIZATION = "JSON serialization: tokens are compact"
DETACHED = "detached payload: what was signed is not in the token"
B64 = "`b64`: no extension is understood (RFC 7797)"
NOT_BASE64URL = "`?` amid the base64url, called valid by the vector: refused on purpose"
SAME_TEXT = "the text of a valid vector, called invalid: the flaw in its name is not in it"
NO_COMPACT = "the example has no compact form"


def encoded(data):
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


def header_of(token):
    try:
        segment = token.split(".")[0]
        return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, UnicodeDecodeError, AttributeError):
        return {}


class Runner:
    def __init__(self, binary):
        self.binary = binary
        self.table = collections.OrderedDict()
        self.faults = []

    def verify(self, key, token, weak=True):
        with tempfile.NamedTemporaryFile("w", suffix=".jwk") as file:
            json.dump(key, file)
            file.flush()
            command = [self.binary, "verify-jws", "--json", "--jwk", file.name, "-"]
            command += ["--allow-weak-secret"] if weak else []
            ran = subprocess.run(
                command, input=token.encode(), capture_output=True, check=False, timeout=20
            )
        return ran.returncode, ran.stdout, ran.stderr.decode(errors="replace").strip()

    def row(self, source):
        return self.table.setdefault(
            source, {"accepted": 0, "refused": 0, "exceptions": collections.Counter()}
        )

    def case(self, source, name, key, token, valid, payload=None, weak=True):
        row = self.row(source)
        if not isinstance(token, str):
            self.excepted(source, name, valid, JSON_SERIALIZATION, row)
            return
        code, out, complaint = self.verify(key, token, weak)
        if code not in (0, 1, 2):
            self.faults.append(f"{source} {name}: exit {code}: {complaint}")
        elif valid and code == 0:
            got = json.loads(out)["payload"]
            if payload is not None and got != encoded(payload):
                self.faults.append(f"{source} {name}: another payload")
            row["accepted"] += 1
        elif not valid and code != 0:
            row["refused"] += 1
        elif not valid:
            self.faults.append(f"{source} {name}: ACCEPTED, and it is invalid")
        else:
            self.excepted(source, name, valid, reason_of(token, complaint), row)

    def excepted(self, source, name, valid, reason, row):
        if not valid:
            row["refused"] += 1
        elif reason is None:
            self.faults.append(f"{source} {name}: refused, and it is valid")
        else:
            row["exceptions"][reason] += 1


def reason_of(token, complaint):
    """Why a valid vector is refused on purpose; None when that is no known reason."""
    header = header_of(token)
    algorithm = header.get("alg")
    if algorithm is not None and algorithm not in SUPPORTED:
        return OTHER_ALGORITHM
    if "b64" in header:
        return B64
    if token.count(".") == 2 and token.split(".")[1] == "":
        return DETACHED
    if "encoding" in complaint and "?" in token:
        return NOT_BASE64URL
    return None


def wycheproof(runner, folder):
    for name in ("json_web_signature_test.json", "json_web_key_test.json"):
        for path in sorted(folder.rglob(name)):
            groups = json.loads(path.read_text())["testGroups"]
            for group in groups:
                key = group.get("public") or group.get("private")
                good = [test["jws"] for test in group["tests"] if test["result"] == "valid"]
                for test in group["tests"]:
                    if test["result"] != "valid" and test["jws"] in good:
                        row = runner.row(f"Wycheproof {name}")
                        row["exceptions"][SAME_TEXT] += 1
                        continue
                    runner.case(
                        f"Wycheproof {name}",
                        f"{test['tcId']} {group['comment']}/{test['comment']}",
                        key,
                        test["jws"],
                        test["result"] == "valid",
                        # The vectors of keys are about their lengths, too.
                        weak=name != "json_web_key_test.json",
                    )


def cookbook(runner, folder):
    paths = [*folder.rglob("jws/*.json"), *folder.rglob("curve25519/jws.json")]
    paths += folder.rglob("rfc7797/*.json")
    for path in sorted(paths):
        example = json.loads(path.read_text())
        source = "RFC 7520 and RFC 8037 cookbook"
        if path.parent.name == "rfc7797":
            source = "RFC 7797 cookbook"
        row, name = runner.row(source), f"{path.parent.name}/{path.name}"
        compact = example["output"].get("compact")
        if compact is None:
            runner.excepted(source, name, True, NO_COMPACT, row)
            continue
        payload = example["input"]["payload"].encode()
        runner.case(source, name, example["input"]["key"], compact, True, payload)
    source = "RFC 7520 cookbook keys"
    for path in sorted(folder.rglob("jwk/*.json")):
        key = json.loads(path.read_text())
        # Read, and then refused for the token alone: that is what exit code 1 says.
        code, _, complaint = runner.verify(key, "e30.e30.AA")
        row = runner.row(source)
        supported = key.get("crv") in (None, "P-256", "Ed25519") and key.get("use") != "enc"
        supported = supported and key.get("alg", "HS256") in SUPPORTED
        if code == 1 and supported:
            row["accepted"] += 1
        elif code == 2 and not supported:
            row["exceptions"][OTHER_ALGORITHM] += 1
        else:
            runner.faults.append(f"{source} {path.name}: exit {code}: {complaint}")


def rfc7515(runner):
    try:
        from jwcrypto import tests as published
    except ImportError:
        return
    for number in range(1, 6):
        example = getattr(published, f"A{number}_example")
        key = json.loads(json.dumps(example["key"]))
        parts = [example["protected"], example["payload"], example["signature"]]
        header = parts[0].encode() if isinstance(parts[0], str) else bytes(parts[0])
        if not header.startswith(b"{"):
            header = base64.urlsafe_b64decode(header + b"=" * (-len(header) % 4))
        token = ".".join([encoded(header), encoded(parts[1]), encoded(parts[2])])
        # A.5 is the unsecured JWS: valid by the letter, and never let in.
        valid = number != 5
        key = {name: value for name, value in key.items() if value is not None}
        runner.case("RFC 7515 appendix A", f"A.{number}", key or {"kty": "oct", "k": "AA"},
                    token, valid, parts[1])


def main():
    parser = argparse.ArgumentParser(description="published JWS and JWK vectors")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--markdown", action="store_true", help="a table for the documents")
    options = parser.parse_args()
    runner = Runner(os.environ.get("CROSSFADE_BIN", "target/release/crossfade"))
    wycheproof(runner, options.folder)
    cookbook(runner, options.folder)
    rfc7515(runner)
    if not runner.table:
        print(f"vectors: there are none in {options.folder}", file=sys.stderr)
        return 2
    line = "| {} | {} | {} | {} |" if options.markdown else "{:40} {:>9} {:>9} {:>11}"
    print(line.format("vectors", "accepted", "refused", "exceptions"))
    if options.markdown:
        print("|---|---:|---:|---:|")
    for source, row in runner.table.items():
        exceptions = sum(row["exceptions"].values())
        print(line.format(source, row["accepted"], row["refused"], exceptions))
    print()
    for source, row in runner.table.items():
        for reason, count in sorted(row["exceptions"].items()):
            print(f"- {source}: {count} with {reason}")
    for fault in runner.faults:
        print(f"FAILED  {fault}", file=sys.stderr)
    return 1 if runner.faults else 0


if __name__ == "__main__":
    sys.exit(main())
