"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import SHAPES
from flows.deriving.clocks import clock_findings, known_clocks, zone_timeline
from flows.deriving.mage_table import mage_table
from flows.deriving.pieces import EVERYTHING, Piece, pieces
from flows.reading.extract import Manifest, read_manifest
from flows.settings import Settings
from transforms import align
from transforms.align import GLUCOSE, Quantity
from transforms.clocks import questions
from transforms.clocks.findings import Finding, count_future, of_future, waiting
from transforms.clocks.known import Clocks
from transforms.clocks.places import Doubt
from transforms.clocks.questions import Question
from transforms.clocks.timeline import DAY
from transforms.copies.one_copy import one_copy
from transforms.copies.routes import marked, routes, shifted_copies
from transforms.glucose import mage
from transforms.sleep.parts import sleep_parts
from transforms.sleep.same_night import shifted_sleeps
from transforms.streams import Streams
from warehouse.schema import MAGE, METRICS, SOURCE_FILE, TABLES
from warehouse.store.exchange import staged_tables
from warehouse.store.lake import Lake, digest, write_json, write_pieces, write_table

# Of whatever derives tables: those of another may not fit the views
VERSION = digest(
    align.VERSION, mage.VERSION, {name: str(schema) for name, schema in TABLES.items()}
)
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
    questions   what the exports do not tell of clocks
    """

    participant: str
    changed: bool
    unplaced: int
    zone_needed: bool
    zones_named: tuple[str, ...] = ()
    zone_found: str | None = None
    home_doubt: Doubt | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Parts:
    """The extracted files of a participant, oldest export first."""

    folders: list[Path]
    manifests: list[Manifest]

    @classmethod
    def of(cls, lake: Lake, participant: str) -> Parts:
        found = [(folder, read_manifest(folder)) for folder in lake.part_folders(participant)]
        found.sort(key=lambda pair: _age(pair[1]))
        return cls([folder for folder, _ in found], [manifest for _, manifest in found])

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
        paths = [
            str(folder / f"{shape}.parquet")
            for folder, manifest in zip(self.folders, self.manifests, strict=True)
            if piece.may_be_in(manifest)
        ]
        paths = [path for path in paths if Path(path).exists()]
        if not paths:
            return None
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        return (
            f"read_parquet([{listed}], hive_partitioning = true, hive_types = "
            "{participant_id: varchar, connector: varchar, file: varchar})"
        )


def _age(manifest: Manifest) -> tuple[str, str]:
    """Sorts exports from old to new: by when they were made, else by the last time in them."""
    stated = manifest["exported_at"] or manifest["last_time"] or ""
    return str(stated)[:19], str(manifest["file"])


def aligned(lake: Lake, participant: str, settings: Settings, force: bool = False) -> Aligned:
    """Derive a participant's tables anew, unless nothing they depend on has changed.

    Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
    """
    parts = Parts.of(lake, participant)
    note = lake.note(participant)
    print_ = _fingerprint(participant, settings, parts)
    before = _result(note, print_)
    if before is not None and not force:
        return replace(before, changed=False)
    outcome = _derive(lake, participant, settings, parts)
    noted = {"fingerprint": print_, "version": VERSION, "result": asdict(outcome)}
    write_json(noted, note)
    return outcome


def is_outdated(lake: Lake) -> bool:
    """Whether another version of dawnlake derived anyone's tables."""
    return any(_noted(note).get("version") != VERSION for note in lake.notes())


def is_stale(lake: Lake, participant: str, settings: Settings) -> bool:
    """Whether a participant's tables have to be derived anew."""
    parts = Parts.of(lake, participant)
    return _result(lake.note(participant), _fingerprint(participant, settings, parts)) is None


def _fingerprint(participant: str, settings: Settings, parts: Parts) -> str:
    return digest(
        VERSION,
        settings.participant(participant).model_dump(mode="json"),
        settings.priority.model_dump(),
        (settings.rules.stay_min_h, settings.rules.stay_join_days),
        settings.rules.grid_gap_max_min,
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


def _derive(lake: Lake, participant: str, settings: Settings, parts: Parts) -> Aligned:
    with staged_tables(lake, participant) as stage:
        return _derived(stage, participant, settings, parts)


def _derived(stage: Lake, participant: str, settings: Settings, parts: Parts) -> Aligned:
    """The tables, written to a lake that nobody reads."""
    with parts.connection() as connection:
        known = known_clocks(connection, participant, settings, parts.manifests, parts.parts)
    clocks = known.clocks
    made = parts.made()
    samples = _Samples(parts, clocks, settings.priority.glucose, made)
    write_pieces(stage, "sample", participant, samples.pieces())
    reported = _reported(parts, "episode")
    episode = align.episode(reported, clocks, made)
    findings = [
        *known.findings(),
        *samples.findings,
        *shifted_sleeps(episode, settings.priority.sleep),
        *waiting(episode, clocks, "kind", ("sleep", "sleep_stage")),
        *of_future(episode),
    ]
    tables = {
        "episode": episode,
        "sleep_part": sleep_parts(episode),
        "daily": align.daily(_reported(parts, "daily"), VOCABULARY),
        "stream": samples.streams.table(),
        "zone_timeline": zone_timeline(known),
        "clock_finding": clock_findings(findings),
        "reject": _rejects(parts),
        "source_file": _source_files(parts.manifests),
    }
    for name, table in tables.items():
        write_table(stage, name, participant, table)
    has_glucose = GLUCOSE in tables["stream"]["metric"].to_pylist()
    mage_rows = mage_table(stage, participant, settings) if has_glucose else MAGE.empty_table()
    write_table(stage, "mage", participant, mage_rows)
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
            reading = [beside.submit(_reported, self.parts, "sample", planned[0])]
            for number, piece in enumerate(planned):
                rows = reading.pop().result()
                for following in planned[number + 1 : number + 2]:
                    reading.append(beside.submit(_reported, self.parts, "sample", following))
                yield self._aligned(rows, piece)

    def _aligned(self, rows: pa.Table, piece: Piece) -> pa.Table:
        if self.clocks is None:
            self.needs_zone |= align.needs_zone(rows)
        found = piece.own(align.sample(rows, self.clocks, VOCABULARY, self.made))
        self.findings += of_future(found)
        self.future += count_future(found)
        if GLUCOSE in piece.metrics:
            found = self._without_copies(found)
        self.streams.add(found)
        self.unplaced += align.unplaced(found)
        return found

    def _without_copies(self, piece: pa.Table) -> pa.Table:
        """The piece with glucose marked that came by a second route at another time."""
        place = np.flatnonzero(np.asarray(pc.equal(piece["metric"], GLUCOSE)))
        found_routes = routes(piece.take(pa.array(place)))
        found, rows = shifted_copies(found_routes, self.priority)
        self.findings += [*found, *waiting(piece, self.clocks, "metric", (GLUCOSE,))]
        return marked(piece, place[rows], "shifted_copy")


def _reported(parts: Parts, shape: str, piece: Piece = EVERYTHING) -> pa.Table:
    """One copy of every reported fact of a shape, or of a piece of the samples."""
    source = parts.parts(shape, piece)
    if source is None:
        schema = SHAPES[shape]
        for name in ("connector", "file"):
            schema = schema.append(pa.field(name, pa.string()))
        return schema.append(pa.field("newness", pa.int32())).empty_table()
    if piece.metrics:
        source = f"(from {source} where {piece.condition()})"
    with parts.connection() as connection:
        return one_copy(connection, shape, source, parts.files())


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
