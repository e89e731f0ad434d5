"""What it costs to ask every connector about a file, and to import them all.

    python -m tests.bench.bench_identify

Prints milliseconds of CPU per file over the heads of all golden inputs, as they are and drawn out
to a full head of 64 KiB by more of the same, beside the floor: the head decoded, split into lines
and read as JSON, once. Then the connectors that take longest, and the seconds of CPU of a process
that imports all of them, beside one that imports what they stand on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from connectors import connectors
from connectors.contract import PEEK_BYTES, Head
from tests.bench.measured import cost
from tests.golden_case import cases

REPEATS = 3
SLOWEST = 5
ENGINES = "import duckdb, numpy, pyarrow, pyarrow.compute, pyarrow.csv"


def head_of(data: bytes) -> Head:
    """A head as the walk gives it: the same bytes for whoever asks."""
    return Head("file", ("file",), lambda _: data)


def drawn_out(data: bytes) -> bytes:
    """A full head: more lines, or more elements of the first list of a JSON file."""
    try:
        told = json.loads(data)
    except ValueError:
        start, end, rest = data.partition(b"\n")
        times = PEEK_BYTES // max(len(rest), 1) + 1
        return (start + end + rest * times)[:PEEK_BYTES]
    listed = told if isinstance(told, list) else _first_list(told)
    if listed:
        listed *= PEEK_BYTES // len(data) + 1
    return json.dumps(told).encode()[:PEEK_BYTES]


def _first_list(told: object) -> list[object] | None:
    values = told.values() if isinstance(told, dict) else ()
    return next((value for value in values if isinstance(value, list)), None)


def floor(data: bytes) -> None:
    """What one reader has to do that wants to know what a file is."""
    text = data.decode("utf-8", errors="replace")
    text.split("\n")
    if text.lstrip()[:1] in ("[", "{"):
        try:
            json.loads(text)
        except ValueError:
            return


def per_file(work: Callable[[bytes], object], heads: list[bytes]) -> float:
    """Milliseconds of CPU for one file, the best of some repeats. Each head is a new one."""
    best = float("inf")
    for _ in range(REPEATS):
        given = [bytes(bytearray(head)) for head in heads]
        begun = time.process_time()
        for head in given:
            work(head)
        best = min(best, time.process_time() - begun)
    return best * 1000 / len(heads)


def ask(data: bytes) -> None:
    """Every connector, in turn."""
    head = head_of(data)
    for connector in connectors().values():
        connector.identify(head)


def slowest(heads: list[bytes]) -> list[tuple[str, float]]:
    """Connectors and their milliseconds for one file after what is shared was worked out."""
    spent: Counter[str] = Counter()
    for data in heads:
        ask(data)
        head = head_of(data)
        for name, connector in connectors().items():
            begun = time.process_time()
            connector.identify(head)
            spent[name] += time.process_time() - begun  # type: ignore[assignment]
    return [(name, took * 1000 / len(heads)) for name, took in spent.most_common(SLOWEST)]


def process(code: str) -> float:
    """Seconds of CPU of a process, the best of some."""

    def run() -> int:
        return subprocess.run([sys.executable, "-c", code], check=True).returncode

    return min(cost(run).cpu_s for _ in range(REPEATS))


def main() -> None:
    """Print all of it."""
    found = [path for case in cases() for path in Path(case.folder).glob("input*")]
    short = [path.read_bytes()[:PEEK_BYTES] for path in found if path.is_file()]
    out = sys.stdout.write
    for name, heads in (("as they are", short), ("64 KiB", [drawn_out(data) for data in short])):
        took, least = per_file(ask, heads), per_file(floor, heads)
        out(f"identify, {len(heads)} heads {name}, {len(connectors())} connectors: ")
        out(f"{took:.2f} ms a file ({took / least:.1f} x one reader's)\n")
        for connector, each in slowest(heads):
            out(f"    {connector:<24} {each:.3f} ms\n")
    took, least = process("from connectors import connectors; connectors()"), process(ENGINES)
    out(f"import of all connectors: {took:.2f} s of CPU ({took / least:.1f} x their engines')\n")


if __name__ == "__main__":
    main()
