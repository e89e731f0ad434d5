"""A participant's clocks from the settings and everything that was extracted, as tables too."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from flows.reading.extract import Manifest
from flows.settings import Settings
from transforms.clocks import evidence
from transforms.clocks.claims import Claim, of_phones
from transforms.clocks.findings import (
    Finding,
    of_contradictions,
    of_devices,
    of_doubtful,
    of_unmoved,
)
from transforms.clocks.itinerary import Itinerary, Patience
from transforms.clocks.known import Clocks, Readings, by_time
from transforms.clocks.places import Doubt, doubt, home
from transforms.clocks.questions import Question, of_defaults, of_runs
from transforms.clocks.timeline import DAY, FAR_AHEAD, HOUR, LONG_AGO, Span, spans_of
from transforms.clocks.writers import constant
from transforms.clocks.zone_names import is_place
from warehouse.schema import CLOCK_FINDING, ZONE_TIMELINE

GROUNDS = ("zone_name", "offset", "device_clock")


@dataclass(frozen=True)
class Known:
    """What is known of a participant's clocks; `clocks` is None if no zone is.

    by_evidence   the home zone, if the exports and not the settings tell it
    named         zones that the exports name, for a person who has to choose
    doubt         what speaks against the home of the settings, if it is most
    """

    clocks: Clocks | None
    claims: tuple[Claim, ...] = ()
    by_evidence: str | None = None
    named: tuple[str, ...] = ()
    doubt: Doubt | None = None

    def questions(self) -> list[Question]:
        """What to ask the person, since the exports alone do not tell."""
        if self.clocks is None:
            return []
        return [*of_runs(self.clocks.runs), *of_defaults(self.claims, self.clocks.defaults)]

    def findings(self) -> list[Finding]:
        """What was found out about devices and zones."""
        if self.clocks is None:
            return []
        return [
            *of_devices(self.clocks),
            *of_doubtful(self.clocks),
            *of_unmoved(self.clocks.unmoved),
            *of_contradictions(self.clocks.itinerary.contradictions),
        ]


def known_clocks(
    connection: duckdb.DuckDBPyConnection,
    participant: str,
    settings: Settings,
    manifests: Sequence[Manifest],
    part: Callable[[str], str | None],
) -> Known:
    """All evidence together. `part` gives the FROM clause of a shape's extracted rows.

    Raises: duckdb.Error for a damaged lake.
    """
    stretch = _stretch(manifests)
    if stretch is None:
        return Known(None)
    years = _years(stretch)
    sources = [source for shape in ("sample", "episode") if (source := part(shape))]
    claims = evidence.claims(connection, sources)
    named = _named(manifests)
    spans = spans_of(settings.participant(participant).stays(), *years)
    by_evidence = None
    if not spans:
        never = {source for source, minutes in constant(claims).items() if minutes == 0}
        heard = [claim for claim in claims if claim.source not in never]
        by_evidence = home(heard, named, stretch, years)
        if by_evidence is None:
            zones = {*named, *(c.zone for c in claims if c.zone)}
            return Known(None, tuple(claims), None, tuple(sorted(zones)))
        spans = [Span(LONG_AGO, FAR_AHEAD, by_evidence, "evidence")]
    patience = Patience(settings.rules.stay_min_h * HOUR, settings.rules.stay_join_days * DAY)
    clocks = Clocks.told(spans, claims, _readings(connection, part("sample")), years, patience)
    claims = by_time([*claims, *of_phones(clocks.runs)])
    heard = [claim for claim in claims if claim.source not in clocks.defaults]
    doubted = doubt(heard, spans, named, stretch, years)
    return Known(clocks, tuple(claims), by_evidence, doubt=doubted)


def _readings(connection: duckdb.DuckDBPyConnection, samples: str | None) -> Readings | None:
    if samples is None:
        return None
    return Readings(
        evidence.counted(connection, samples), evidence.bare_readings(connection, samples)
    )


def _stretch(manifests: Iterable[Manifest]) -> tuple[int, int] | None:
    """The first and the last time in any file, as if they were UTC; None if there is none."""
    ends = [m[name] for m in manifests for name in ("first_time", "last_time") if m[name]]
    if not ends:
        return None
    micros = [
        (dt.datetime.fromisoformat(end) - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
        for end in ends
    ]
    return min(micros), max(micros)


def _years(stretch: tuple[int, int]) -> tuple[int, int]:
    """A year more on either side, within what calendars can."""
    first, last = (
        (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=end)).year for end in stretch
    )
    return max(first - 1, 1900), min(last + 1, 2200)


def _named(manifests: Iterable[Manifest]) -> list[str]:
    """Zones that files name of themselves."""
    told = (m["facts"].get("timezone", "") for m in manifests)
    named = [zone for zones in told for zone in zones.split(", ")]
    return [zone for zone in named if is_place(zone) and zone != "UTC"]  # a server's default


def zone_timeline(known: Known) -> pa.Table:
    """The table zone_timeline of one participant."""
    if known.clocks is None:
        return ZONE_TIMELINE.remove(0).empty_table()
    spans = known.clocks.itinerary.spans
    against = known.clocks.itinerary.contradictions
    rows = []
    for span in spans:
        counts = _counts(span, known.claims, known.clocks.itinerary)
        rows.append(
            {
                "from_at": None if span.start <= LONG_AGO else span.start,
                "to_at": None if span.end >= FAR_AHEAD else span.end,
                "zone": span.zone,
                "basis": span.basis,
                **{f"{ground}_count": counts[ground] for ground in GROUNDS},
                "contradiction_count": sum(
                    c.claim.pieces for c in against if span.start <= c.claim.first < span.end
                ),
            }
        )
    return _table(rows, ZONE_TIMELINE.remove(0))


def _counts(span: Span, claims: Iterable[Claim], told: Itinerary) -> Counter[str]:
    """Pieces of evidence that begin in a span and are not contradicted, by ground."""
    against = {id(c.claim) for c in told.contradictions}
    count: Counter[str] = Counter()
    for claim in claims:
        if span.start <= claim.first < span.end and id(claim) not in against:
            count[claim.ground] += claim.pieces
    return count


def clock_findings(findings: Iterable[Finding]) -> pa.Table:
    """The table clock_finding of one participant, in order of time."""
    ordered = sorted(findings, key=lambda f: (f.first, f.stream, f.kind, f.last, f.explanation))
    rows = [
        {
            "stream": f.stream,
            "from_at": f.first,
            "to_at": f.last,
            "kind": f.kind,
            "size_min": f.size_min,
            "explanation": f.explanation,
        }
        for f in ordered
    ]
    return _table(rows, CLOCK_FINDING.remove(0))


def _table(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> pa.Table:
    columns = {
        field.name: (
            pa.array([row[field.name] for row in rows], pa.int64()).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array([row[field.name] for row in rows], field.type)
        )
        for field in schema
    }
    return pa.table(columns, schema=schema)
