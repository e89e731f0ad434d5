"""The long run.

    python -m tests.fuzz [--minutes N] [--inputs N] [--connector NAME|walker] [--seed S]
    python -m tests.fuzz --again FILE [--connector walker]    one saved input, with its traceback
    python -m tests.fuzz --guided [--minutes N]               by coverage, if atheris is installed

1 if there was a finding. Inputs are golden cases, mutated; findings go to a private folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.guided import guided

if TYPE_CHECKING:
    from tests.fuzz.runner import Outcome, Plan

WALKER = "walker"
CONNECTORS = sorted(path.name for path in Path(__file__).parents[1].glob("golden/*"))


def main(words: list[str]) -> int:
    """1 if there was a finding."""
    options = _options(words)
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-fuzz-"))
    if options.guided:  # before anything is imported that it watches
        return guided(folder, options.minutes, options.connector, options.seed)
    from tests.fuzz.runner import Plan, run
    from tests.fuzz.target import survives, walked

    if options.again:
        folder.rmdir()
        data = options.again.read_bytes()
        print((walked if options.connector == WALKER else survives)(data))  # noqa: T201
        return 0
    plan = Plan(folder, options.seed, options.connector)
    begun = time.monotonic()
    outcome = run(plan, options.inputs, begun + options.minutes * 60)
    _tell(plan, outcome, time.monotonic() - begun)
    return 1 if outcome.findings else 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--inputs", type=int, default=sys.maxsize)
    parser.add_argument("--connector", choices=[*CONNECTORS, WALKER])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--again", type=Path)
    parser.add_argument("--guided", action="store_true")
    return parser.parse_args(words)


def _tell(plan: Plan, outcome: Outcome, seconds: float) -> None:
    walk = f" --connector {WALKER}" if plan.target == WALKER else ""
    for place, count in outcome.findings.most_common():
        print(f"{count} x {place}")  # noqa: T201
        print(f"    python -m tests.fuzz{walk} --again {outcome.saved[place]}")  # noqa: T201
    ends = ", ".join(f"{end} {count}" for end, count in outcome.ends.most_common(20))
    print(  # noqa: T201
        f"seed {plan.seed}: {outcome.inputs} inputs in {seconds / 60:.1f} minutes, "
        f"{len(outcome.findings)} findings; slowest {outcome.slowest_s:.1f} s "
        f"({plan.folder / 'slowest.input'}), "
        f"peak {outcome.peak_mb} MB\n{ends}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
