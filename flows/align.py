"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import SHAPES
from flows.extract import Manifest, read_manifest
from flows.settings import Participant
from transforms import align
from transforms.align import Quantity
from transforms.copies import one_copy
from transforms.timeline import Timeline, timeline
from warehouse.schema import METRICS, SOURCE_FILE, TABLES
from warehouse.store import Lake, digest, write_json, write_pieces, write_table

PIECE_ROWS = 120_000  # of samples, about 100 MB while they are aligned
VOCABULARY = {name: Quantity(m.unit, m.low, m.high) for name, m in METRICS.items()}


@dataclass(frozen=True)
class Aligned:
    """What aligning a participant came to.

    changed     whether any table was written anew
    unplaced    rows without an instant or a wall clock
    zone_needed whether they are so because no time zone is known
    zones_named IANA names that the exports themselves mention
    """

    participant: str
    changed: bool
    unplaced: int
    zone_needed: bool
    zones_named: tuple[str, ...] = ()


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
        """connector, file, newness."""
        return pa.table(
            {
                "connector": pa.array([m["connector"] for m in self.manifests], pa.string()),
                "file": pa.array([m["file"] for m in self.manifests], pa.string()),
                "newness": pa.array(range(len(self.manifests)), pa.int32()),
            }
        )

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        """In memory; once, since to make one takes as long as to read a small file."""
        return duckdb.connect()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection with temporary relations of its own."""
        connection = self._database.cursor()
        connection.execute("set timezone = 'UTC'")
        return connection

    def parts(self, shape: str) -> str | None:
        """A FROM clause over a shape's parts with connector and file; None if there is none."""
        paths = [str(f / f"{shape}.parquet") for f in self.folders]
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


def aligned(lake: Lake, participant: str, known: Participant, force: bool = False) -> Aligned:
    """Derive a participant's tables anew, unless nothing they depend on has changed.

    Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
    """
    parts = Parts.of(lake, participant)
    note = _note(lake, participant)
    print_ = _fingerprint(known, parts)
    before = _result(note, print_)
    if before is not None and not force:
        return replace(before, changed=False)
    note.unlink(missing_ok=True)
    outcome = _derive(lake, participant, known, parts)
    write_json({"fingerprint": print_, "result": asdict(outcome)}, note)
    return outcome


def is_stale(lake: Lake, participant: str, known: Participant) -> bool:
    """Whether a participant's tables have to be derived anew."""
    parts = Parts.of(lake, participant)
    return _result(_note(lake, participant), _fingerprint(known, parts)) is None


def _note(lake: Lake, participant: str) -> Path:
    return lake.tables / "fingerprint" / f"{participant}.json"


def _fingerprint(known: Participant, parts: Parts) -> str:
    return digest(
        align.VERSION,
        known.model_dump(mode="json"),
        [(m["file"], m["connector"], m["connector_version"]) for m in parts.manifests],
        {name: (q.unit, q.low, q.high) for name, q in VOCABULARY.items()},
        {name: str(schema) for name, schema in TABLES.items()},
    )


def _result(note: Path, fingerprint: str) -> Aligned | None:
    """The outcome noted for the same inputs; None if they are others."""
    if not note.exists():
        return None
    before = json.loads(note.read_text())
    if before["fingerprint"] != fingerprint:
        return None
    result = before["result"]
    return Aligned(**{**result, "zones_named": tuple(result["zones_named"])})


def _derive(lake: Lake, participant: str, known: Participant, parts: Parts) -> Aligned:
    clock = _clock(known, parts.manifests)
    samples = _Samples(parts, clock)
    write_pieces(lake, "sample", participant, samples.pieces())
    reported = _reported(parts, "episode")
    episode = align.episode(reported, clock)
    tables = {
        "episode": episode,
        "daily": align.daily(_reported(parts, "daily"), VOCABULARY),
        "stream": pa.concat_tables(samples.streams),
        "reject": _rejects(parts),
        "source_file": _source_files(parts.manifests),
    }
    for name, table in tables.items():
        write_table(lake, name, participant, table)
    needed = clock is None and (samples.needs_zone or align.needs_zone(reported))
    named = _zones_named(parts) if needed else ()
    unplaced = samples.unplaced + align.unplaced(episode)
    return Aligned(participant, True, unplaced, needed, named)


@dataclass
class _Samples:
    """Canonical samples, some metrics at a time, and what is to be known of them all."""

    parts: Parts
    clock: Timeline | None
    streams: list[pa.Table] = field(default_factory=list)
    unplaced: int = 0
    needs_zone: bool = False

    def pieces(self) -> Iterator[pa.Table]:
        """Tables in the order of metrics: as many at a time as PIECE_ROWS allow, at least one."""
        for metrics in _pieces(self.parts):
            rows = _reported(self.parts, "sample", metrics)
            if self.clock is None:
                self.needs_zone |= align.needs_zone(rows)
            piece = align.sample(rows, self.clock, VOCABULARY)
            stream = align.stream(piece)
            plain = [f for f in TABLES["stream"] if f.name in stream.column_names]
            self.streams.append(stream.select([f.name for f in plain]).cast(pa.schema(plain)))
            self.unplaced += align.unplaced(piece)
            yield piece


def _pieces(parts: Parts) -> list[list[str]]:
    """Metrics in order, in groups of few enough rows."""
    source = parts.parts("sample")
    if source is None:
        return [[]]
    with parts.connection() as connection:
        counts = connection.execute(
            f"select metric, count(*) from {source} group by metric order by metric"
        ).fetchall()
    groups: list[list[str]] = [[]]
    size = 0
    for metric, count in counts:
        if groups[-1] and size + count > PIECE_ROWS:
            groups.append([])
            size = 0
        groups[-1].append(metric)
        size += count
    return groups


def _reported(parts: Parts, shape: str, metrics: list[str] | None = None) -> pa.Table:
    """One copy of every reported fact of a shape, or of some metrics."""
    source = parts.parts(shape)
    if source is None:
        schema = SHAPES[shape]
        for name in ("connector", "file"):
            schema = schema.append(pa.field(name, pa.string()))
        return schema.append(pa.field("newness", pa.int32())).empty_table()
    if metrics is not None:
        listed = ", ".join(f"'{metric}'" for metric in metrics)
        source = f"(from {source} where metric in ({listed}))"
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


def _clock(known: Participant, manifests: list[Manifest]) -> Timeline | None:
    """The timeline over the years that occur in any file; None without a zone or a time."""
    stays = known.stays()
    ends = [m[name] for m in manifests for name in ("first_time", "last_time") if m[name]]
    years = [dt.datetime.fromisoformat(end).year for end in ends]
    if not stays or not years:
        return None
    return timeline(stays, max(min(years) - 1, 1900), min(max(years) + 1, 2200))


def _zones_named(parts: Parts) -> tuple[str, ...]:
    """IANA names that the files mention, of themselves or beside a record."""
    named = {m["facts"]["timezone"] for m in parts.manifests if "timezone" in m["facts"]}
    for source in (parts.parts("sample"), parts.parts("episode")):
        if source is not None:
            with parts.connection() as connection:
                rows = connection.execute(f"select distinct zone from {source}").fetchall()
            named |= {zone for (zone,) in rows if zone}
    return tuple(sorted(named))


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
