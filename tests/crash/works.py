"""What the crash harness runs: small lakes, real files; a work that is run twice ends alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.commands import forget as forgotten
from flows.commands.export import run_export
from flows.commands.ingest_folders import run_folders
from flows.commands.rebuild import run_rebuild
from flows.deriving import remove
from flows.deriving.completion import settled
from flows.deriving.pipeline import ingest
from flows.reading.manifest import parts_of
from flows.settings import load
from tests.lake import BERLIN, clarity, golden, pulse, put
from warehouse.schema import TABLES
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

VIEWS = ("night_to_day", "glucose", "sleep_nightly", "data_coverage")


def _nothing(lake: Path, after: Path) -> list[str]:
    return []


@dataclass(frozen=True)
class Work:
    """`prepare` makes the lake of before; `faults` looks for what only this work can do wrong."""

    name: str
    prepare: Callable[[Path, Path], None]
    run: Callable[[Path, Path], None]
    faults: Callable[[Path, Path], list[str]] = _nothing
    is_writer: bool = True


def answers(lake: Path) -> None:
    """Every table and some views give their rows.

    Raises: duckdb.Error.
    """
    with duckdb.connect(str(lake / "warehouse.duckdb"), read_only=True) as connection:
        for name in (*TABLES, *VIEWS):
            connection.execute(f"select * from {name}").fetchall()


def readings(first_day: int, days: int) -> str:
    """A Clarity export of a reading every hour in July."""
    return clarity(
        [
            (f"2025-07-{day:02}T{hour:02}:05:00", 90 + hour, 86_400 * day + 3600 * hour, "8AB")
            for day in range(first_day, first_day + days)
            for hour in range(24)
        ]
    )


def exported(folder: Path) -> list[Path]:
    """Four exports, two of which overlap, and small files that are read together."""
    files: dict[str, bytes | str] = {
        "july.csv": readings(1, 3),
        "july again.csv": readings(2, 4),
        "sleep.json": golden("fitbit_takeout", "sleep_fall_back_night").data(),
        "profile.json": golden("nightscout", "entries_array_codes_and_offsets").data(),
        **{f"pulse-{day}.json": pulse(day) for day in range(1, 10)},
    }
    if not folder.exists():
        put(folder, files)
    return [folder / name for name in files]


def first(lake: Path, exports: Path) -> None:
    ingest(Lake(lake), exported(exports)[:1], "ada", BERLIN)
    ingest(Lake(lake), exported(exports)[1:2], "ben", BERLIN)


def by_workers(lake: Path, exports: Path) -> None:
    """Both, each by a process of its own."""
    people, files = exports.with_name("people"), exported(exports)
    for who, given in (("ada", files), ("ben", files[1:2])):
        put(people / who, {path.name: path.read_bytes() for path in given})
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # the receipts
        run_folders(lake, people, BERLIN, workers=2)


def more(lake: Path, exports: Path) -> None:
    ingest(Lake(lake), exported(exports)[1:], "ada")


def with_inbox(lake: Path, exports: Path) -> None:
    first(lake, exports)
    more(lake, exports)
    for path in exported(exports):
        put(lake / "inbox" / "ada", {path.name: path.read_bytes()})
    put(lake / "inbox" / "ada", {"pulse-10.json": pulse(10)})  # small ones, in another company


def rebuild(lake: Path, exports: Path) -> None:
    run_rebuild(lake, "files")


def rebuilt(lake: Path) -> None:
    """The tables derived again from what was extracted."""
    run_rebuild(lake, "extracted")


def withdraw(lake: Path, exports: Path) -> None:
    """ada's glucose and a day of her pulse; given again it finds nothing more to take out."""
    there = Lake(lake)
    with writing(there, "dawnlake withdraw") as was_left:
        settled(there, load(there.settings), was_left)
        gone = ("july.csv", "july again.csv", "pulse-3.json")
        parts = [part for part in parts_of(there, "ada") if part.manifest["name"] in gone]
        remove.withdraw(there, parts)


def forget(lake: Path, exports: Path) -> None:
    with writing(Lake(lake), "dawnlake forget"):
        forgotten.forget(Lake(lake), "ada")


def export(lake: Path, exports: Path) -> None:
    run_export(lake, ["night_to_day", "glucose"], lake / "out", "csv", None, None)


def export_faults(lake: Path, after: Path) -> list[str]:
    names = {path.name for path in (after / "out").iterdir()}
    return [
        f"{name} of the export differs"
        for name in names | {path.name for path in (lake / "out").iterdir()}
        if not (lake / "out" / name).exists()
        or (lake / "out" / name).read_bytes() != (after / "out" / name).read_bytes()
    ]


WORKS = (
    Work("the first ingest", lambda lake, exports: None, first),
    Work("an ingest", first, more),
    Work("an ingest by two workers", first, by_workers),
    Work("a rebuild", with_inbox, rebuild),
    Work("a withdrawal", with_inbox, withdraw),
    Work("forgetting", with_inbox, forget),
    Work("an export", with_inbox, export, export_faults, is_writer=False),
)
