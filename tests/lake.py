"""Small lakes for tests: from vendor files, and from facts as connectors would report them."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.contract import STORED
from flows.demo.month import DemoPerson, write_demo
from flows.deriving.align import VOCABULARY
from flows.deriving.mage_table import mage_table
from flows.deriving.pipeline import Receipt, align_participant, ingest, prepared, read_all
from flows.settings import Settings
from tests.golden_case import Case, cases
from transforms import align
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import Stay, Timeline, timeline
from transforms.sleep.parts import sleep_parts
from transforms.streams import Streams
from warehouse.schema import TABLES
from warehouse.store.lake import Lake, write_table
from warehouse.view_files import checks
from warehouse.views import build

Row = dict[str, Any]
BERLIN = "Europe/Berlin"
PERSON = "p1"


def at(moment: str) -> dt.datetime:
    """A moment, naive or with an offset as written."""
    return dt.datetime.fromisoformat(moment)


@functools.cache
def temporary(name: str) -> Path:
    """A folder for as long as the tests run, for what is made once and only read."""
    folder = Path(tempfile.mkdtemp(prefix=f"dawnlake-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def demo_people() -> dict[str, DemoPerson]:
    """The demo's files, written once."""
    return {p.participant: p for p in write_demo(temporary("demo") / "files")}


@functools.cache
def demo_lake() -> Lake:
    """The demo, ingested once. Only to be read."""
    lake = Lake(temporary("demo") / "lake")
    for person in demo_people().values():
        ingest(lake, person.paths, person.participant, person.timezone)
    return lake


def golden(connector: str, name: str) -> Case:
    """A golden case by its place."""
    (found,) = (c for c in cases() if (c.connector, c.folder.name) == (connector, name))
    return found


def put(folder: Path, files: Mapping[str, bytes | str]) -> list[Path]:
    """Files in a folder, and their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [folder / name for name in files]


def tolerant(lake: Lake, budget: int = 100) -> Lake:
    """The same lake, made to take files in which most records are faulty: golden inputs."""
    lake.create()
    lake.settings.write_text(f"[rules]\nreject_max_pct = {budget}\n")
    return lake


def kept(
    lake: Lake, paths: Iterable[Path], participant: str = PERSON, zone: str | None = BERLIN
) -> Receipt:
    """What `ingest` does up to the tables, without the views: a fifth of the time."""
    settings = prepared(lake, participant, zone)
    receipt = Receipt(participant, read_all(lake, participant, paths, settings))
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
    """The warehouse, to be read."""
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[Row]:
    """The rows of a query as dictionaries."""
    answer = connection.execute(sql, values)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def asked(lake: Lake, sql: str, *values: object) -> list[Row]:
    """The rows of one query to a lake."""
    with opened(lake) as connection:
        return rows(connection, sql, *values)


def assert_checked(lake: Lake) -> None:
    """Every check of warehouse/sql/checks finds nothing."""
    with opened(lake) as connection:
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


def lake_of(
    folder: Path,
    people: Mapping[str, Person],
    settings: Settings | None = None,
    has_mage: bool = False,
) -> Lake:
    """A lake with the canonical tables of made-up people, and its views."""
    lake, settings = Lake(folder).create(), settings or Settings()
    for name, person in people.items():
        for each, part in person.tables().items():
            write_table(lake, each, name, part)
        if has_mage:
            write_table(lake, "mage", name, mage_table(lake, name, settings))
    rules, priority = settings.rules.model_dump(), settings.priority.model_dump()
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
