"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
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
from warehouse.store import Lake, digest, write_json, write_table

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
    rows = {shape: _reported(parts, shape) for shape in ("sample", "episode", "daily")}
    clock = _clock(known, [rows["sample"], rows["episode"]])
    sample = align.sample(rows["sample"], clock, VOCABULARY)
    episode = align.episode(rows["episode"], clock)
    needed = clock is None and any(align.needs_zone(rows[s]) for s in ("sample", "episode"))
    tables = {
        "sample": sample,
        "episode": episode,
        "daily": align.daily(rows["daily"], VOCABULARY),
        "stream": align.stream(sample),
        "reject": _rejects(parts),
        "source_file": _source_files(parts.manifests),
    }
    for name, table in tables.items():
        write_table(lake, name, participant, table)
    unplaced = align.unplaced(sample) + align.unplaced(episode)
    named = _zones_named(parts.manifests, rows.values())
    return Aligned(participant, True, unplaced, needed, named)


def _reported(parts: Parts, shape: str) -> pa.Table:
    """One copy of every reported fact of a shape."""
    source = parts.parts(shape)
    if source is None:
        schema = SHAPES[shape]
        for name in ("connector", "file"):
            schema = schema.append(pa.field(name, pa.string()))
        return schema.append(pa.field("newness", pa.int32())).empty_table()
    with _connection() as connection:
        return one_copy(connection, shape, source, parts.files())


def _rejects(parts: Parts) -> pa.Table:
    source = parts.parts("reject")
    if source is None:
        return TABLES["reject"].empty_table()
    with _connection() as connection:
        return connection.sql(
            f"select connector, file, record, code, field, raw from {source} "
            "order by connector, file, record, code, field, raw"
        ).to_arrow_table()


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    return connection


def _clock(known: Participant, tables: Iterable[pa.Table]) -> Timeline | None:
    stays = known.stays()
    spans = [span for table in tables if (span := align.years(table))]
    if not stays or not spans:
        return None
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    return timeline(stays, max(first, 1900), min(last, 2200))


def _zones_named(manifests: list[Manifest], tables: Iterable[pa.Table]) -> tuple[str, ...]:
    named = {m["facts"]["timezone"] for m in manifests if "timezone" in m["facts"]}
    for table in tables:
        if "zone" in table.column_names:
            named |= set(table["zone"].unique().drop_null().to_pylist())
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
