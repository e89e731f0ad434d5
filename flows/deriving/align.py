"""One participant's extracted parts and zone timeline to canonical tables."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.contract import STORED
from flows.deriving.parts import Parts as Parts
from flows.deriving.samples import VOCABULARY, Samples, reported_of
from flows.reading.manifest import Manifest
from flows.settings import Settings
from transforms import align
from transforms.arrays import DAY, HOUR
from transforms.clocks import questions
from transforms.clocks.findings import Finding, count_future, of_future, waiting
from transforms.clocks.itinerary import Patience
from transforms.clocks.participant import finding_rows, known_clocks, zone_rows
from transforms.clocks.places import Doubt
from transforms.clocks.questions import Question
from transforms.copies.people import CONTRADICTING, OTHER_NAME, contradicting, other_names
from transforms.glucose.apart import KIND as APART
from transforms.sleep.belonging import belonging
from transforms.sleep.parts import sleep_parts
from transforms.sleep.same_night import shifted_sleeps
from warehouse.schema import (
    CLOCK_FINDING,
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
    samples = Samples(parts, clocks, priority["glucose"], made)
    write_pieces(stage, "sample", participant, samples.pieces())
    reported = reported_of(parts, "episode", clocks)
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
        "daily": align.daily(reported_of(parts, "daily", clocks), VOCABULARY),
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


def _of_two_people(parts: Parts) -> list[Finding]:
    """Signs of two people in the files as such."""
    sources = {s: source for s in STORED if s != "reject" and (source := parts.kept(s))}
    with parts.connection() as connection:
        return [*other_names(parts.manifests), *contradicting(connection, sources, parts.manifests)]


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
