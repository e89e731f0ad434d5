"""A participant's clocks, from what was declared and from everything that was extracted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from transforms.clocks import evidence
from transforms.clocks.claims import Claim, of_phones
from transforms.clocks.findings import (
    Finding,
    of_contradictions,
    of_devices,
    of_doubtful,
    of_unmoved,
)
from transforms.clocks.fold import Folds, Name
from transforms.clocks.itinerary import Itinerary, Patience
from transforms.clocks.known import Clocks, Readings, by_time
from transforms.clocks.places import Doubt, doubt, home
from transforms.clocks.questions import Question, of_defaults, of_runs
from transforms.clocks.timeline import DAY, FAR_AHEAD, LONG_AGO, Span, Stay, Timeline, spans_of
from transforms.clocks.writers import constant
from transforms.clocks.zone_names import is_place

GROUNDS = ("zone_name", "offset", "device_clock")
Manifest = Mapping[str, Any]  # of an extracted file
Row = dict[str, object]


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
    stays: Sequence[Stay],
    patience: Patience,
    manifests: Sequence[Manifest],
    part: Callable[[str], str | None],
) -> Known:
    """All evidence together; `stays` are what was declared. `part` gives the FROM clause of a
    shape's extracted rows.

    Raises: duckdb.Error for a damaged lake.
    """
    stretch = _stretch(manifests)
    if stretch is None:
        return Known(None)
    years = _years(stretch)
    sources = [source for shape in ("sample", "episode") if (source := part(shape))]
    claims = evidence.claims(connection, sources)
    named = _named(manifests)
    spans = spans_of(stays, *years)
    by_evidence = None
    if not spans:
        never = {source for source, minutes in constant(claims).items() if minutes == 0}
        heard = [claim for claim in claims if claim.source not in never]
        by_evidence = home(heard, named, stretch, years)
        if by_evidence is None:
            zones = {*named, *(c.zone for c in claims if c.zone)}
            return Known(None, tuple(claims), None, tuple(sorted(zones)))
        spans = [Span(LONG_AGO, FAR_AHEAD, by_evidence, "evidence")]
    clocks = Clocks.told(spans, claims, _readings(connection, part("sample")), years, patience)
    clocks = replace(clocks, folds=_folds(connection, manifests, part, clocks.zone))
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


def _folds(
    connection: duckdb.DuckDBPyConnection,
    manifests: Sequence[Manifest],
    part: Callable[[str], str | None],
    zone: Timeline,
) -> Folds:
    """What the order of records settles of repeated hours that two files of a connector tell."""
    days = []
    for first, last in zone.repeated():
        ends = [_text(first - DAY), _text(last + DAY)]
        told = Counter(
            m["connector"]
            for m in manifests
            if m["first_time"] and m["first_time"] <= ends[1] and m["last_time"] >= ends[0]
        )
        if any(count > 1 for count in told.values()):
            days.append((ends[0], ends[1]))
    if not days:
        return Folds()
    found: dict[Name, int] = {}
    for shape in ("sample", "episode"):
        if source := part(shape):
            rows = evidence.near_folds(connection, source, shape, days)
            found |= Folds.of(rows, zone).instants
    return Folds(found)


def _text(micros: int) -> str:
    return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)).isoformat()


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


def zone_rows(known: Known) -> list[Row]:
    """Where the participant was, span by span: instants, the zone, and pieces of evidence."""
    if known.clocks is None:
        return []
    against = known.clocks.itinerary.contradictions
    rows: list[Row] = []
    for span in known.clocks.itinerary.spans:
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
    return rows


def _counts(span: Span, claims: Iterable[Claim], told: Itinerary) -> Counter[str]:
    """Pieces of evidence that begin in a span and are not contradicted, by ground."""
    against = {id(c.claim) for c in told.contradictions}
    count: Counter[str] = Counter()
    for claim in claims:
        if span.start <= claim.first < span.end and id(claim) not in against:
            count[claim.ground] += claim.pieces
    return count


def finding_rows(findings: Iterable[Finding]) -> list[Row]:
    """What was found out about clocks, in order of time."""
    ordered = sorted(findings, key=lambda f: (f.first, f.stream, f.kind, f.last, f.explanation))
    return [
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
