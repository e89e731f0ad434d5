"""Guided by coverage: atheris (libFuzzer) over the same targets, seeds and mutations.

atheris is no dependency of dawnlake: `pip install atheris` puts it there where it has a wheel.
libFuzzer keeps what reaches new lines of our readers as a seed of its own, and ends at a finding.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from random import Random

SECONDS_EACH = 30
LARGEST = 20_000  # bytes, or the largest seed: what size does is for the other runner to find


def guided(folder: Path, minutes: float, target: str | None, seed: int) -> int:
    """2 if atheris is not there; otherwise libFuzzer ends the process, with 77 at a finding."""
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(
            "atheris is not installed here: pip install atheris, or without --guided\n"
        )
        return 2
    import atheris

    with atheris.instrument_imports(include=["connectors", "flows"]):
        _imported()
    from tests.fuzz.mutations import mutated
    from tests.fuzz.mutations_zip import zip_changed, zip_made
    from tests.fuzz.runner import WALKER, corpus
    from tests.fuzz.target import survives, walked

    is_walk = target == WALKER
    seeds = corpus(None if is_walk else target)

    def once(data: bytes) -> None:
        (walked if is_walk else survives)(data)

    def changed(data: bytes, most: int, number: int) -> bytes:
        chance = Random(number)
        way = zip_changed(data, chance) if is_walk else mutated(data, chance, seeds)
        return way[:most]

    kept = folder / "seeds"
    kept.mkdir()
    for n, data in enumerate(seeds):
        packed = zip_made([data], Random(n)) if is_walk else data
        (kept / f"{n}").write_bytes(packed)
    options = {
        "max_total_time": int(minutes * 60),
        "timeout": SECONDS_EACH,
        "rss_limit_mb": 2048,
        "max_len": max(LARGEST, *(path.stat().st_size for path in kept.iterdir())),
        "seed": seed % 2**31 or 1,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    words = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *words, str(kept)], once, custom_mutator=changed)
    atheris.Fuzz()
    return 0


def _imported() -> None:
    """Every module of the readers and of the walker, to be watched from its first line on."""
    package = importlib.import_module("connectors")
    for module in pkgutil.walk_packages(package.__path__, "connectors."):
        importlib.import_module(module.name)
    for name in ("archive", "extract", "hashed", "walk"):
        importlib.import_module(f"flows.reading.{name}")
