"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.contract import STORED
from flows.deriving.parts import Parts as Parts
from flows.reading.manifest import Manifest
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
from transforms.copies.one_copy import as_they_are, one_copy
from transforms.copies.people import CONTRADICTING, OTHER_NAME, contradicting, other_names
from transforms.copies.routes import copies_marked
from transforms.glucose.apart import KIND as APART
from transforms.glucose.apart import sensors_apart
from transforms.pieces import EVERYTHING, Piece, of_few, pieces
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
TWO_PEOPLE = (APART, OTHER_NAME, CONTRADICTING)
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
    names       files that name somebody else than the others of their format
    contradict  pairs of exports, made together, that contradict each other
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
    names: int = 0
    contradict: int = 0
    questions: tuple[Question, ...] = ()


def known(
    lake: Lake, participant: str, settings: Settings, parts: Parts | None = None
) -> Aligned | None:
    """The outcome of before, if nothing that a participant's tables depend on has changed.

    `parts` are theirs, if somebody knows them already.
    """
    parts = parts or Parts.of(lake, participant)
    before = _result(lake.note(participant), _fingerprint(participant, settings, parts))
    return before and replace(before, changed=False)


def aligned(
    lake: Lake, stage: Lake, participant: str, settings: Settings, parts: Parts | None = None
) -> Aligned:
    """Derive a participant's tables to a stage, with the note of what they are made from.

    `parts` are theirs, if somebody knows them already.

    Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
    """
    parts = parts or Parts.of(lake, participant)
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
        # in the order of their age
        [(m["file"], m["connector"], m["connector_version"]) for m in parts.manifests],
        parts.excluded().to_pylist(),
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
        known = known_clocks(connection, stays, patience, parts.manifests, parts.kept)
    clocks, priority = known.clocks, settings.priority.whole()
    made = parts.made()
    samples = _Samples(parts, clocks, priority["glucose"], made)
    write_pieces(stage, "sample", participant, samples.pieces())
    reported = _reported(parts, "episode", clocks)
    episode = align.episode(reported, clocks, made)
    episode, shifted = shifted_sleeps(episode, clocks, priority["sleep"])
    findings = [
        *known.findings(),
        *samples.findings,
        *_of_two_people(parts),
        *shifted,
        *waiting(episode, clocks, "kind", ("sleep", "sleep_stage")),
        *of_future(episode),
    ]
    if settings.participant(participant).one_person:
        findings = [finding for finding in findings if finding.kind not in TWO_PEOPLE]
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
    apart, names, contradicting = (
        sum(finding.kind == kind for finding in findings) for kind in TWO_PEOPLE
    )
    return Aligned(
        participant,
        changed=True,
        unplaced=unplaced,
        zone_needed=needed,
        zones_named=known.named,
        zone_found=known.by_evidence,
        home_doubt=known.doubt,
        apart=apart,
        names=names,
        contradict=contradicting,
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
        rows = self.parts.few("sample")
        if rows is not None:
            planned = [of_few(rows)]
        else:
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
            self.findings += waiting(found, self.clocks, "metric", (GLUCOSE,))
        self.streams.add(found)
        self.unplaced += align.unplaced(found)
        return found


def _of_two_people(parts: Parts) -> list[Finding]:
    """Signs of two people in the files as such."""
    sources = {s: source for s in STORED if s != "reject" and (source := parts.kept(s))}
    with parts.connection() as connection:
        return [*other_names(parts.manifests), *contradicting(connection, sources, parts.manifests)]


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
    excluded = parts.excluded()
    is_shared = shape in parts.shared or excluded.num_rows > 0
    few = parts.few(shape)
    if few is not None and not is_shared:
        return as_they_are(few, parts.files())
    if piece.metrics:
        source = f"(from {source} where {piece.condition()})"
    settled = clocks and clocks.folds.table("metric" if shape == "sample" else "kind")
    with parts.connection() as connection:
        return one_copy(connection, shape, source, parts.files(), settled, excluded, is_shared)


def _rejects(parts: Parts) -> pa.Table:
    source = parts.parts("reject")
    if source is None:
        return TABLES["reject"].empty_table()
    with parts.connection() as connection:
        return connection.execute(
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
