"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.contract import STORED
from flows.reading.manifest import Manifest, Part, is_batch, parts_of
from flows.settings import Settings
from transforms import align
from transforms.align import GLUCOSE, Quantity
from transforms.arrays import DAY, HOUR
from transforms.clocks import questions
from transforms.clocks.findings import Finding, count_future, of_future, waiting
from transforms.clocks.itinerary import Patience
from transforms.clocks.known import Clocks
from transforms.clocks.participant import finding_rows, known_clocks, zone_rows
from transforms.clocks.places import Doubt
from transforms.clocks.questions import Question
from transforms.copies.age import age
from transforms.copies.one_copy import one_copy
from transforms.copies.routes import copies_marked
from transforms.glucose.apart import KIND as APART
from transforms.glucose.apart import sensors_apart
from transforms.pieces import EVERYTHING, Piece, pieces
from transforms.sleep.belonging import belonging
from transforms.sleep.parts import sleep_parts
from transforms.sleep.same_night import shifted_sleeps
from transforms.streams import Streams
from warehouse.schema import (
    CLOCK_FINDING,
    METRICS,
    RESULTS,
    SOURCE_FILE,
    TABLES,
    ZONE_TIMELINE,
    table_of,
)
from warehouse.store.lake import Lake, digest, write_json
from warehouse.store.rows import write_pieces, write_table

# Of whatever derives tables: those of another may not fit the views
VERSION = digest(align.VERSION, {name: str(schema) for name, schema in (TABLES | RESULTS).items()})
EPOCH, MICROSECOND = dt.datetime(1970, 1, 1), dt.timedelta(microseconds=1)
VOCABULARY = {name: Quantity(m.unit, m.low, m.high) for name, m in METRICS.items()}


@dataclass(frozen=True)
class Aligned:
    """What aligning a participant came to.

    changed     whether any table was written anew
    unplaced    rows without an instant or a wall clock
    zone_needed whether they are so because no time zone is known
    zones_named IANA names that the exports themselves mention
    zone_found  the home zone, if the exports and not the settings tell it
    home_doubt  what speaks against the home of the settings, if it is most of the evidence
    apart       how many pairs of sensors at once are too far apart for one person
    questions   what the exports do not tell of clocks
    """

    participant: str
    changed: bool
    unplaced: int
    zone_needed: bool
    zones_named: tuple[str, ...] = ()
    zone_found: str | None = None
    home_doubt: Doubt | None = None
    apart: int = 0
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Parts:
    """The extracted files of a participant, oldest export first."""

    every: list[Part]

    @classmethod
    def of(cls, lake: Lake, participant: str) -> Parts:
        return cls(sorted(parts_of(lake, participant), key=lambda part: age(part.manifest)))

    @cached_property
    def manifests(self) -> list[Manifest]:
        return [part.manifest for part in self.every]

    def files(self) -> pa.Table:
        """connector, file, newness, and the first and the last time in it."""
        return pa.table(
            {
                "connector": pa.array([m["connector"] for m in self.manifests], pa.string()),
                "file": pa.array([m["file"] for m in self.manifests], pa.string()),
                "newness": pa.array(range(len(self.manifests)), pa.int32()),
                "first": pa.array([m["first_time"] for m in self.manifests], pa.string()),
                "last": pa.array([m["last_time"] for m in self.manifests], pa.string()),
            }
        )

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        """In memory; once, since to make one takes as long as to read a small file."""
        return duckdb.connect()

    def made(self) -> dict[str, int]:
        """When each file was made at the latest, microseconds: as it says, or when it was read."""
        ends = {}
        for manifest in self.manifests:
            told = manifest["exported_at"] or manifest.get("read_on")
            if told and str(manifest["first_time"]) <= told:  # else it is the date that is wrong
                moment = dt.datetime.fromisoformat(told).replace(tzinfo=None)
                whole_day = 0 if manifest["exported_at"] else DAY
                ends[str(manifest["file"])] = (moment - EPOCH) // MICROSECOND + whole_day
        return ends

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection with temporary relations of its own."""
        connection = self._database.cursor()
        connection.execute("set timezone = 'UTC'")
        return connection

    def parts(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        """A FROM clause over a shape's parts with connector and file; None if there is none."""
        wanted = (part.folder for part in self.every if piece.may_be_in(part.manifest))
        folders = [f for f in dict.fromkeys(wanted) if (f / f"{shape}.parquet").exists()]
        batches = [folder for folder in folders if is_batch(folder)]
        alone = [folder for folder in folders if not is_batch(folder)]
        sources = [_rows_of(alone, shape, "file")] if alone else []
        if batches:
            rows = f"select * exclude (batch) from {_rows_of(batches, shape, 'batch')}"
            sources.append(f"({rows})")
        if len(sources) < 2:
            return sources[0] if sources else None
        return f"(from {sources[0]} union all by name from {sources[1]})"


def _rows_of(folders: Iterable[Path], shape: str, kind: str) -> str:
    """A FROM clause over the rows in folders that are named `kind`=..."""
    paths = (str(folder / f"{shape}.parquet").replace("'", "''") for folder in folders)
    listed = ", ".join(f"'{path}'" for path in paths)
    return (
        f"read_parquet([{listed}], hive_partitioning = true, hive_types = "
        f"{{participant_id: varchar, connector: varchar, {kind}: varchar}})"
    )


def known(lake: Lake, participant: str, settings: Settings) -> Aligned | None:
    """The outcome of before, if nothing that a participant's tables depend on has changed."""
    parts = Parts.of(lake, participant)
    before = _result(lake.note(participant), _fingerprint(participant, settings, parts))
    return before and replace(before, changed=False)


def aligned(lake: Lake, stage: Lake, participant: str, settings: Settings) -> Aligned:
    """Derive a participant's tables to a stage, with the note of what they are made from.

    Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
    """
    parts = Parts.of(lake, participant)
    outcome = _derived(stage, participant, settings, parts)
    print_ = _fingerprint(participant, settings, parts)
    noted = {"fingerprint": print_, "version": VERSION, "result": asdict(outcome)}
    write_json(noted, stage.note(participant))
    return outcome


def is_stale(lake: Lake, participant: str, settings: Settings) -> bool:
    """Whether a participant's tables have to be derived anew."""
    return known(lake, participant, settings) is None


def _fingerprint(participant: str, settings: Settings, parts: Parts) -> str:
    return digest(
        VERSION,
        settings.participant(participant).model_dump(mode="json"),
        settings.priority.among({m["connector"] for m in parts.manifests}),
        (settings.rules.stay_min_h, settings.rules.stay_join_days),
        [(m["file"], m["connector"], m["connector_version"]) for m in parts.manifests],
        {name: (q.unit, q.low, q.high) for name, q in VOCABULARY.items()},
    )


def _result(note: Path, fingerprint: str) -> Aligned | None:
    """The outcome noted for the same inputs; None if they are others."""
    before = _noted(note)
    if before.get("fingerprint") != fingerprint:
        return None
    result = before["result"]
    doubt = result["home_doubt"] and Doubt(**result["home_doubt"])
    named = tuple(result["zones_named"])
    asked = tuple(Question(**each) for each in result["questions"])
    told = {"zones_named": named, "home_doubt": doubt, "questions": asked}
    return Aligned(**{**result, **told})


def _noted(note: Path) -> dict[str, Any]:
    """What was noted beside tables; nothing by a note that is damaged, so they are derived anew."""
    try:
        noted = json.loads(note.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _derived(stage: Lake, participant: str, settings: Settings, parts: Parts) -> Aligned:
    """The tables, written to a lake that nobody reads."""
    stays, rules = settings.participant(participant).stays(), settings.rules
    patience = Patience(rules.stay_min_h * HOUR, rules.stay_join_days * DAY)
    with parts.connection() as connection:
        known = known_clocks(connection, stays, patience, parts.manifests, parts.parts)
    clocks = known.clocks
    made = parts.made()
    samples = _Samples(parts, clocks, settings.priority.glucose, made)
    write_pieces(stage, "sample", participant, samples.pieces())
    reported = _reported(parts, "episode", clocks)
    episode = align.episode(reported, clocks, made)
    episode, shifted = shifted_sleeps(episode, clocks, settings.priority.sleep)
    findings = [
        *known.findings(),
        *samples.findings,
        *shifted,
        *waiting(episode, clocks, "kind", ("sleep", "sleep_stage")),
        *of_future(episode),
    ]
    tables = {
        "episode": episode,
        "sleep_part": sleep_parts(belonging(episode)),
        "daily": align.daily(_reported(parts, "daily", clocks), VOCABULARY),
        "stream": samples.streams.table(),
        "zone_timeline": table_of(zone_rows(known), ZONE_TIMELINE.remove(0)),
        "clock_finding": table_of(finding_rows(findings), CLOCK_FINDING.remove(0)),
        "reject": _rejects(parts),
        "source_file": _source_files(parts.manifests),
    }
    for name, table in tables.items():
        write_table(stage, name, participant, table)
    needed = clocks is None and (samples.needs_zone or align.needs_zone(reported))
    unplaced = samples.unplaced + align.unplaced(episode)
    return Aligned(
        participant,
        changed=True,
        unplaced=unplaced,
        zone_needed=needed,
        zones_named=known.named,
        zone_found=known.by_evidence,
        home_doubt=known.doubt,
        apart=sum(finding.kind == APART for finding in findings),
        questions=(
            *known.questions(),
            *questions.of_future(samples.future + count_future(episode)),
        ),
    )


@dataclass
class _Samples:
    """Canonical samples, some metrics at a time, and what is to be known of them all."""

    parts: Parts
    clocks: Clocks | None
    priority: Sequence[str]
    made: align.Made
    findings: list[Finding] = field(default_factory=list)
    streams: Streams = field(default_factory=Streams)
    future: Counter[str] = field(default_factory=Counter)
    unplaced: int = 0
    needs_zone: bool = False

    def pieces(self) -> Iterator[pa.Table]:
        """Tables in the order of metrics and instants; the next is read while one is aligned."""
        with self.parts.connection() as connection:
            planned = pieces(connection, self.parts.parts("sample"))
        with ThreadPoolExecutor(1) as beside:
            reading = [beside.submit(_reported, self.parts, "sample", self.clocks, planned[0])]
            for number, piece in enumerate(planned):
                rows = reading.pop().result()
                for following in planned[number + 1 : number + 2]:
                    more = (self.parts, "sample", self.clocks, following)
                    reading.append(beside.submit(_reported, *more))
                yield self._aligned(rows, piece)

    def _aligned(self, rows: pa.Table, piece: Piece) -> pa.Table:
        if self.clocks is None:
            self.needs_zone |= align.needs_zone(rows)
        found = piece.own(align.sample(rows, self.clocks, VOCABULARY, self.made))
        self.findings += of_future(found)
        self.future += count_future(found)
        if GLUCOSE in piece.metrics:
            found, copies = copies_marked(found, GLUCOSE, self.priority)
            self.findings += [*copies, *sensors_apart(found, GLUCOSE)]
            self.findings += [*waiting(found, self.clocks, "metric", (GLUCOSE,))]
        self.streams.add(found)
        self.unplaced += align.unplaced(found)
        return found


def _reported(
    parts: Parts, shape: str, clocks: Clocks | None, piece: Piece = EVERYTHING
) -> pa.Table:
    """One copy of every reported fact of a shape, or of a piece of the samples."""
    source = parts.parts(shape, piece)
    if source is None:
        schema = STORED[shape]
        for name in ("connector", "file"):
            schema = schema.append(pa.field(name, pa.string()))
        return schema.append(pa.field("newness", pa.int32())).empty_table()
    if piece.metrics:
        source = f"(from {source} where {piece.condition()})"
    settled = clocks and clocks.folds.table("metric" if shape == "sample" else "kind")
    with parts.connection() as connection:
        return one_copy(connection, shape, source, parts.files(), settled)


def _rejects(parts: Parts) -> pa.Table:
    source = parts.parts("reject")
    if source is None:
        return TABLES["reject"].empty_table()
    with parts.connection() as connection:
        return connection.sql(
            f"select connector, file, record, code, field, raw from {source} "
            "order by connector, file, record, code, field, raw"
        ).to_arrow_table()


def _source_files(manifests: list[Manifest]) -> pa.Table:
    """The manifest as a table, in the order of file."""
    rows = []
    for manifest in sorted(manifests, key=lambda m: (m["file"], m["connector"])):
        row = {field.name: manifest.get(field.name) for field in SOURCE_FILE}
        for name in ("skipped", "rejected", "facts", "drift"):
            row[name] = json.dumps(manifest[name], ensure_ascii=False)
        for name in ("first_time", "last_time", "exported_at"):
            row[name] = dt.datetime.fromisoformat(manifest[name]) if manifest[name] else None
        if row["exported_at"] is not None and row["exported_at"].tzinfo is None:
            row["exported_at"] = row["exported_at"].replace(tzinfo=dt.UTC)
        rows.append(row)
    return pa.Table.from_pylist(rows, SOURCE_FILE)
