"""A data set without names: new ids, dates moved by whole weeks, no devices, files or free text.

Every participant gets a random id and a random number of weeks once, kept in the lake, so that two
exports fit together and nobody outside can undo it. Weekdays, times of day and intervals stay.
What is text and not known to be harmless is left out.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from warehouse.dataset import Chosen, dated, described
from warehouse.store.lake import Lake, write_json, written
from warehouse.view_files import View

KEY = "deidentification.json"  # in the lake: who is who; never part of an export
FEWEST_WEEKS, MOST_WEEKS = 8, 520
SMALL = 5  # fewer participants than this can be told apart
# Texts that say nothing about anybody: vocabularies of ours and of formats.
HARMLESS = frozenset(
    (
        *("participant_id", "connector", "sleep_connector", "metric", "bound", "method"),
        *("time_basis", "flag", "stage", "label", "kind", "sleep_basis", "quality_notes", "unit"),
        *("exposure", "outcome", "verdict", "level", "type", "gri_zone"),
        *(
            "part",
            "relation",
            "family",
            "slope_unit",
            "reverse_unit",
            "reverse_verdict",
            "contrast",
        ),
    )
)
LEFT_OUT = frozenset({"record"})  # leads to a line of a file
Key = dict[str, dict[str, Any]]  # participant: id, weeks


@dataclass(frozen=True)
class Disguise:
    """What becomes of each participant: the new id, and by how many weeks dates are moved."""

    ids: dict[str, str]
    weeks: dict[str, int]

    @classmethod
    def of(cls, lake: Lake, participants: Sequence[str]) -> Disguise:
        """The disguise kept in the lake, of those who have one: not of whoever was forgotten."""
        known = _key(lake)
        chosen = {who: known[who] for who in participants if who in known}
        return cls(
            {who: told["id"] for who, told in chosen.items()},
            {who: told["weeks"] for who, told in chosen.items()},
        )

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The temporary table `disguise` of a connection."""
        connection.execute("create temp table disguise (participant_id text, id text, days int)")
        for who, new in self.ids.items():
            connection.execute(
                "insert into disguise values (?, ?, ?)", [who, new, -7 * self.weeks[who]]
            )


def _key(lake: Lake) -> Key:
    path = lake.root / KEY
    known: Key = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return known


def are_known(lake: Lake, participants: Sequence[str]) -> bool:
    """Whether everybody has a disguise: if not, they are to be added."""
    return _key(lake).keys() >= set(participants)


def add_disguises(lake: Lake, participants: Sequence[str]) -> None:
    """A disguise, kept in the lake, for whoever is in it and has none. Only for the writer."""
    known, there = _key(lake), lake.participants()
    new = [who for who in participants if who in there and who not in known]
    for who in new:
        weeks = FEWEST_WEEKS + secrets.randbelow(MOST_WEEKS - FEWEST_WEEKS)
        known[who] = {"id": f"p{secrets.token_hex(4)}", "weeks": weeks}
    if new:
        write_json(known, lake.root / KEY)


def forget_disguise(lake: Lake, participant: str) -> None:
    """Remove a participant from who is who. Only for the writer."""
    known = _key(lake)
    if known.pop(participant, None) is not None:
        write_json(known, lake.root / KEY)


def disguised(
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    since: dt.date | None,
    output: Path,
) -> tuple[list[Chosen], list[str], Path]:
    """Temporary views in the place of the real ones, warnings, and the report of what was done."""
    chosen, left_out, warnings = [], {}, []
    for view in exported:
        columns = described(connection, view)
        kept = kept_columns(columns)
        left = [column[0] for column in columns if column not in kept]
        column = dated(view)
        from_ = (column, since.isoformat()) if since and column else None
        name = disguised_name(view)
        connection.execute(f"create temp view {name} as {disguised_sql(view, kept, from_)}")
        grain = [part for part in view.grain.split(", ") if part]
        is_key = not set(grain) & set(left)
        told = replace(
            view,
            name=name,
            columns={column: meaning for column, _, meaning in kept},
            grain=", ".join(grain) if is_key else "",
        )
        chosen.append(Chosen(told, view.name))
        if left:
            left_out[view.name] = left
        warnings += small_cells(connection, view, kept)
    return chosen, warnings, write_report(output, left_out, warnings)


def disguised_name(view: View) -> str:
    """The relation of a disguised view: beside the real one, on which others are built."""
    return f"disguised_{view.name}"


def kept_columns(described: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of the columns of a view (name, type, meaning) those that an export may have."""
    return [
        (name, kind, meaning)
        for name, kind, meaning in described
        if name not in LEFT_OUT and (kind != "VARCHAR" or name in HARMLESS)
    ]


def disguised_sql(
    view: View, columns: Sequence[tuple[str, str, str]], since: tuple[str, str] | None
) -> str:
    """A SELECT of a view in which nobody is who they are; `since` is a column and a true date."""
    cells = []
    for name, kind, _ in columns:
        if name == "participant_id":
            cells.append("d.id as participant_id")
        elif kind in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
            cells.append(f"(v.{name} + to_days(d.days))::{kind} as {name}")
        else:
            cells.append(f"v.{name}")
    where = f"where v.{since[0]} >= date '{since[1]}'" if since else ""
    return (
        f"select {', '.join(cells)} from {view.name} as v "
        f"join disguise as d using (participant_id) {where}"
    )


def small_cells(
    connection: duckdb.DuckDBPyConnection, view: View, columns: Sequence[tuple[str, str, str]]
) -> list[str]:
    """Warnings about values that few participants have; no value is told."""
    warnings, relation, name_ = [], disguised_name(view), view.name
    ((people,),) = connection.execute(
        f"select count(distinct participant_id) from {relation}"
    ).fetchall()
    if 0 < people < SMALL:
        warnings.append(f"{name_}: {people} participants; fewer than {SMALL} can be told apart")
    texts = [n for n, kind, _ in columns if kind == "VARCHAR" and n != "participant_id"]
    for name in texts:
        ((rare,),) = connection.execute(
            f"""
            select count(*) from (
                select {name} from {relation} where {name} is not null
                group by {name} having count(distinct participant_id) < least({SMALL}, {people})
            )
            """
        ).fetchall()
        if rare:
            warnings.append(f"{name_}: {rare} values of {name} with fewer than {SMALL} people")
    return warnings


def write_report(output: Path, dropped: dict[str, list[str]], warnings: list[str]) -> Path:
    """What was done, for whoever receives the data set."""
    path = output / KEY
    report = {
        "participant_id": "replaced by random ids; the key stays with the sender",
        "dates": "moved by a whole number of weeks, the same for all data of one participant; "
        "weekdays, times of day and intervals are unchanged",
        "left_out": dropped,
        "warnings": warnings,
        "not_done": "times of day, the distance of local time to UTC and the measurements "
        "themselves are as recorded: somebody who has them from elsewhere can find a person",
    }
    with written(path) as partial:
        partial.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
