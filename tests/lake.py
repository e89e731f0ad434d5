"""Small lakes for tests: from vendor files, and from facts as connectors would report them."""

from __future__ import annotations

import atexit
import datetime as dt
import fcntl
import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from connectors.contract import STORED
from flows.demo.month import DemoPerson, write_demo
from flows.deriving.align import VOCABULARY, Aligned, aligned, known
from flows.deriving.derivation import derivation, remember
from flows.deriving.mage_rows import mage_rows
from flows.deriving.pipeline import Receipt, ingest, prepared, read_all
from flows.pull.replaced import drop_replaced
from flows.settings import Settings
from tests.golden_case import Case, cases
from transforms import align
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import Stay, Timeline, timeline
from transforms.sleep.parts import sleep_parts
from transforms.streams import Streams
from warehouse.marts import mart_names
from warehouse.schema import TABLES
from warehouse.steps import computed, over_tables
from warehouse.store.exchange import exchange, staged
from warehouse.store.lake import Lake, private_folder
from warehouse.store.rows import write_table
from warehouse.view_files import COMPUTED, Kept, checks, relations, views
from warehouse.views import build

Row = dict[str, Any]
BERLIN = "Europe/Berlin"
PERSON = "p1"
MADE_UP: dict[Path, tuple[list[str], Settings]] = {}  # lakes that have no marts as yet


def at(moment: str) -> dt.datetime:
    """A moment, naive or with an offset as written."""
    return dt.datetime.fromisoformat(moment)


def align_participant(
    lake: Lake, participant: str, settings: Settings, force: bool = False
) -> Aligned:
    """One participant's tables, derived anew if they have to be, and marts if the lake has views.

    Without views a test asks few relations, and marts take three times as long as tables.
    """
    if lake.warehouse.exists():
        with derivation(lake, settings) as derive:
            outcome = derive.align(participant, force)
            derive.finish()
        return outcome
    MADE_UP[lake.root] = ([*lake.participants()], settings)
    before = None if force else known(lake, participant, settings)
    if before is not None:
        return before
    with staged(lake) as stage:
        outcome = aligned(lake, stage, participant, settings)
        exchange(lake, stage, [participant], {})
        stage.note(participant).replace(
            private_folder(lake.note(participant).parent) / lake.note(participant).name
        )
    return outcome


@functools.cache
def temporary(name: str) -> Path:
    """A folder for as long as the tests run, for what is made once and only read."""
    folder = Path(tempfile.mkdtemp(prefix=f"dawnlake-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def once(name: str) -> Iterator[tuple[Path, bool]]:
    """A folder for all processes of the run (see conftest.py); whether this one is to fill it."""
    folder = Path(os.environ["DAWNLAKE_TESTS"]) / name
    done = folder.with_name(f"{name}.done")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder, not done.exists()
        done.touch()


@functools.cache
def demo_people() -> dict[str, DemoPerson]:
    """The demo's files, written once."""
    return {p.participant: p for p in write_demo(temporary("demo") / "files")}


@functools.cache
def demo_lake() -> Lake:
    """The demo, ingested once. Only to be read."""
    with once("demo") as (folder, is_first):
        if is_first:
            for person in demo_people().values():
                ingest(Lake(folder), person.paths, person.participant, person.timezone)
        return Lake(folder)


def same_again(name: str, make: Callable[[Path], object]) -> Lake:
    """A lake as it was made, for every test that asks, to be changed.

    It lies in one place, because views hold full paths. What lay beside it is gone.
    """
    place, kept = temporary(name) / "now", temporary(name) / "kept"
    shutil.rmtree(place, ignore_errors=True)
    if not kept.exists():
        make(place / "lake")
        shutil.copytree(place, kept)
    else:
        shutil.copytree(kept, place)
    return Lake(place / "lake")


def with_records(lake: Lake) -> Lake:
    """The lake with Prefect's records as they stand before a night, made once for all.

    To make them is three quarters of a first night; `test_nightly.py` has one that does.
    """
    from flows.nightly.prefect_of import prefect_of

    with once("prefect") as (folder, is_first):
        if is_first:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("PREFECT_API_URL", raising=False)
                with prefect_of(Lake(folder).create(), schedules=False):
                    pass
    shutil.copytree(folder / "prefect", lake.root / "prefect")
    return lake


def each_or_some(steps: Sequence[int], every: int) -> list[Any]:
    """Parameters of a test: some of them in `make test` and `make long`, all in `make slow`."""
    return [
        step if number % every == 0 else pytest.param(step, marks=pytest.mark.slow)
        for number, step in enumerate(steps)
    ]


def golden(connector: str, name: str) -> Case:
    """A golden case by its place."""
    (found,) = (c for c in cases() if (c.connector, c.folder.name) == (connector, name))
    return found


def pulse(day: int, *bpm: int) -> str:
    """A small file of heart rate of a day in November 2023, as a Takeout has one for each."""
    given = bpm or (60 + day, 0 if day == 4 else 70, 80)
    return json.dumps(
        [
            {
                "dateTime": f"11/{day:02}/23 08:{minute:02}:00",
                "value": {"bpm": each, "confidence": 2},
            }
            for minute, each in enumerate(given)
        ]
    )


def put(folder: Path, files: Mapping[str, bytes | str]) -> list[Path]:
    """Files in a folder, and their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [folder / name for name in files]


def aged(paths: Sequence[Path], first: str = "2027-01-01") -> list[Path]:
    """The same files, made a day after each other and after all that is in them."""
    for number, path in enumerate(paths):
        when = (at(f"{first}T12:00+00:00") + dt.timedelta(days=number)).timestamp()
        os.utime(path, (when, when))
    return list(paths)


def tolerant(lake: Lake, budget: int = 100) -> Lake:
    """The same lake, made to take files in which most records are faulty: golden inputs."""
    lake.create()
    lake.settings.write_text(f"[rules]\nreject_max_pct = {budget}\n")
    return lake


def kept(
    lake: Lake, paths: Iterable[Path], participant: str = PERSON, zone: str | None = BERLIN
) -> Receipt:
    """What `ingest` does up to the tables, without marts and views: a sixth of the time."""
    settings = prepared(lake, participant, zone)
    receipt = Receipt(participant, read_all(lake, participant, paths, settings))
    drop_replaced(lake, participant)
    align_participant(lake, participant, settings)
    return receipt


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def opened(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, to be read; a view that is not kept is found in `live`."""
    if (made := MADE_UP.pop(lake.root, None)) and not lake.warehouse.exists():
        with_marts(lake, *made)
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'; set search_path = 'main,live'")
        yield connection


@contextmanager
def derived(
    lake: Lake, people: Iterable[str], settings: Settings, names: Iterable[str]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Some relations over the tables of a lake, each made once as a run makes them, not kept."""
    rules, priority = settings.numbers(), settings.priority.whole()
    with over_tables(lake, people, rules, priority, settings.free_days()) as connection:
        computed(connection, names, {"mage": mage_rows})
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[Row]:
    """The rows of a query as dictionaries."""
    answer = connection.execute(sql, values)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@dataclass
class _Last:
    """What was derived for the last question to a lake without marts: tests ask several."""

    of: object = None
    names: set[str] = field(default_factory=set)
    open: ExitStack = field(default_factory=ExitStack)

    def connection(self, lake: Lake, names: set[str]) -> duckdb.DuckDBPyConnection:
        parts = sorted(lake.tables.glob("*/*/part.parquet"))
        now = lake.root, MADE_UP[lake.root], [(part, part.stat().st_mtime_ns) for part in parts]
        if now != self.of or not names <= self.names:
            self.open.close()
            self.names = names | (self.names if now == self.of else set())
            self.of = now
            self.derived = self.open.enter_context(derived(lake, *MADE_UP[lake.root], self.names))
        return self.derived


_LAST = _Last()


def asked(lake: Lake, sql: str, *values: object) -> list[Row]:
    """The rows of one query to a lake."""
    if lake.root in MADE_UP and not lake.warehouse.exists():
        words = set(re.findall(r"\w+", sql)) & (relations().keys() | COMPUTED.keys())
        return rows(_LAST.connection(lake, words), sql, *values)
    with opened(lake) as connection:
        return rows(connection, sql, *values)


@contextmanager
def settled(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the warehouse in which every view is a table of its rows, each made once: marts as
    they are kept, and the others from them.

    Whoever asks a few dozen questions of views inside views gets the same answers for a tenth of
    the time: nearly all of it is planning.
    """
    if (made := MADE_UP.get(lake.root)) and not lake.warehouse.exists():
        with derived(lake, *made, views()) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copyfile(lake.warehouse, Path(folder) / "settled.duckdb")
        with duckdb.connect(str(copy)) as connection:
            connection.execute("set timezone = 'UTC'; begin")
            for name, view in views().items():
                if view.kept is not Kept.NO:
                    rows = f"from {name}" if view.is_kept else view.sql
                    connection.execute(f"create table settled as {rows}; drop view {name}")
                    connection.execute(f"alter table settled rename to {name}")
                else:
                    connection.execute(f"drop view if exists {name}")
                    connection.execute(f"create table {name} as {view.sql}")
            connection.execute("commit")
            yield connection


def assert_checked(lake: Lake) -> None:
    """Every check of warehouse/sql/checks finds nothing."""
    with settled(lake) as connection:
        found = {name: rows(connection, sql) for name, sql in checks().items()}
    assert {name: faults for name, faults in found.items() if faults} == {}


def table(lake: Lake, name: str, participant: str = PERSON) -> list[Row]:
    """The rows of a canonical table, straight from its file."""
    path = lake.table_part(name, participant)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return rows(connection, f"from read_parquet('{path}', hive_partitioning = false)")


def reported(shape: str, facts: Sequence[Row]) -> pa.Table:
    """Facts in the columns of a shape, with connector, file, newness; what is not told is NULL."""
    extra = [("connector", pa.string()), ("file", pa.string()), ("newness", pa.int32())]
    schema = pa.schema([*STORED[shape], *(pa.field(*each) for each in extra)])
    plain = {"connector": "dexcom_clarity", "file": "f" * 16, "newness": 0}
    numbered = [{"record": n, **plain, **fact} for n, fact in enumerate(facts, 1)]
    return pa.Table.from_pylist(numbered, schema=schema)


@dataclass
class Person:
    """Facts about one person; times are wall clocks of `zone`, unless they state an offset."""

    zone: str = BERLIN
    stays: list[Stay] = field(default_factory=list)
    facts: dict[str, list[Row]] = field(
        default_factory=lambda: {"sample": [], "episode": [], "daily": []}
    )

    def sample(self, metric: str, start: str, value: float, unit: str, **more: Any) -> Person:
        self.facts["sample"].append(
            {"metric": metric, **_time("start", start), "value": value, "unit": unit, **more}
        )
        return self

    def cgm(
        self, start: str, values: Iterable[float | str], every: float = 5, **more: Any
    ) -> Person:
        """Readings from `start` on; "<40" and ">400" are the sensor's limits."""
        more = {"unit": "mg/dL", "metric": "interstitial_glucose", **more}
        for n, value in enumerate(values):
            text = str(value)
            moment = at(start) + dt.timedelta(minutes=every * n)
            bound = text[0] if text[0] in "<>" else None
            number = float(text.lstrip("<>"))
            self.sample(start=moment.isoformat(), value=number, **{"bound": bound, **more})
        return self

    def episode(self, kind: str, label: str, start: str, end: str | None, **more: Any) -> Person:
        ends = _time("end", end) if end else {}
        fact = {"kind": kind, "label": label, **_time("start", start), **ends, **more}
        self.facts["episode"].append(fact)
        return self

    def sleep(
        self,
        start: str,
        stages: Sequence[tuple[str, float]] = (),
        end: str | None = None,
        label: str = "sleep",
        bed: tuple[str, str] | None = None,
        **more: Any,
    ) -> Person:
        """A session of `stages` (label, minutes) one after the other, or a bare one until `end`."""
        more = {"connector": "fitbit_takeout", "session": start, **more}
        moment = at(start)
        for stage, minutes in stages:
            after = moment + dt.timedelta(minutes=minutes)
            self.episode("sleep_stage", stage, moment.isoformat(), after.isoformat(), **more)
            moment = after
        ends = end or moment.isoformat()
        self.episode("sleep", label, start, ends, **{**more, "key": more["session"]})
        if bed:
            self.episode("sleep_stage", "in_bed", *bed, **more)
        return self

    def daily(self, metric: str, date: str, value: float, unit: str, **more: Any) -> Person:
        day = dt.date.fromisoformat(date)
        fact = {"metric": metric, "date": day, "value": value, "unit": unit, **more}
        self.facts["daily"].append(fact)
        return self

    def tables(self) -> dict[str, pa.Table]:
        """The canonical tables."""
        told = {shape: reported(shape, facts) for shape, facts in self.facts.items()}
        clock = Clocks.of(self.clock(told))
        sample = align.sample(told["sample"], clock, VOCABULARY)
        episode = align.episode(told["episode"], clock)
        return {
            "sample": sample,
            "episode": episode,
            "sleep_part": sleep_parts(episode),
            "daily": align.daily(told["daily"], VOCABULARY),
            "stream": stream_of(sample),
            "source_file": self._files(told.values()),
        }

    def clock(self, told: Mapping[str, pa.Table]) -> Timeline:
        years = [
            moment.year
            for name in ("sample", "episode")
            for column in ("start_utc", "start_wall", "end_utc", "end_wall", "anchor_wall")
            for moment in told[name][column].to_pylist()
            if moment is not None
        ]
        return timeline([Stay(None, self.zone), *self.stays], min(years), max(years))

    def _files(self, told: Iterable[pa.Table]) -> pa.Table:
        found = {
            (row["connector"], row["file"])
            for part in told
            for row in part.select(["connector", "file"]).to_pylist()
        }
        files = [{"connector": connector, "file": file} for connector, file in sorted(found)]
        return pa.Table.from_pylist(files, TABLES["source_file"])


def stream_of(sample: pa.Table) -> pa.Table:
    """The table `stream` of canonical samples."""
    streams = Streams()
    streams.add(sample)
    return streams.table()


def lake_of(folder: Path, people: Mapping[str, Person], settings: Settings | None = None) -> Lake:
    """A lake with the canonical tables of made-up people. What is asked of it is derived then;
    marts and a warehouse are made for whoever opens it."""
    lake = Lake(folder).create()
    for name, person in people.items():
        for each, part in person.tables().items():
            write_table(lake, each, name, part)
    MADE_UP[lake.root] = [*people], settings or Settings()
    return lake


def with_marts(lake: Lake, people: Iterable[str], settings: Settings) -> Lake:
    """The lake with the marts of people whose tables were written to it, and its views."""
    remember(lake, settings, people, mart_names())
    rules, priority = settings.numbers(), settings.priority.whole()
    build(lake, rules, priority, free_days=settings.free_days())
    return lake


def _time(name: str, moment: str) -> Row:
    """The columns of a moment: an instant if it has an offset, else a wall clock."""
    told = at(moment)
    return {f"{name}_utc": told} if told.tzinfo else {f"{name}_wall": told}


CLARITY = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,"
    "Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),"
    "Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),"
    "Transmitter ID"
)


def clarity(
    readings: Iterable[tuple[str, object, object, object]],
    preamble: Iterable[str] = (),
    device: str = "iPhone G6",
) -> str:
    """A Clarity export of wall clock, mg/dL, counter, transmitter."""
    lines = [CLARITY, *preamble]
    for wall, value, counter, owner in readings:
        lines.append(f"{len(lines)},{wall},EGV,,,,{device},{value},,,,,{counter},{owner}")
    return "\n".join(lines) + "\n"


LIBREVIEW = (
    "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL,Scan Glucose mg/dL,"
    "Non-numeric Rapid-Acting Insulin,Rapid-Acting Insulin (units),Non-numeric Food,"
    "Carbohydrates (grams),Carbohydrates (servings),Non-numeric Long-Acting Insulin,"
    "Long-Acting Insulin (units),Notes,Strip Glucose mg/dL,Ketone mmol/L,Meal Insulin (units),"
    "Correction Insulin (units),User Change Insulin (units)"
)


def libreview(readings: Iterable[tuple[str, object]], made: str = "30-11-2025 08:00 UTC") -> str:
    """A LibreView export of wall clock (day-month-year) and mg/dL, made at `made`."""
    lines = [f"Glucose Data,Generated on,{made},Generated by,Somebody", LIBREVIEW]
    lines += [f"FreeStyle LibreLink,SERIAL,{wall},0,{value}" + "," * 14 for wall, value in readings]
    return "\n".join(lines) + "\n"
