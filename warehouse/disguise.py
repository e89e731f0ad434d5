"""A data set without names: new ids, dates moved by whole weeks, no devices, files or free text.

Every participant gets a random id and a random number of weeks once, kept in the lake, so that two
exports fit together and nobody outside can undo it. Weekdays, times of day and intervals stay.
What is text and not known to be harmless is left out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.deriving.completion import settled
from flows.settings import load
from warehouse.store.lake import Lake, write_json, written
from warehouse.store.lock import writing
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
        *("part", "relation", "slope_unit", "reverse_unit", "reverse_verdict"),
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
    def of(cls, lake: Lake, participants: Sequence[str], tell: Callable[[str], None]) -> Disguise:
        """The disguise kept in the lake, extended to whoever has none yet, and kept again.

        Only who has none is waited for: the key changes at once, and under the writer's lock alone.
        Somebody who was forgotten meanwhile is in no disguise.

        Raises: LakeError if there is somebody new and the lake is read-only.
        """
        known = _key(lake)
        if not known.keys() >= set(participants):
            with writing(lake, "dawnlake export", tell) as was_left:
                settled(lake, load(lake.settings), was_left)
                known = _extended(lake, participants)
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


def _extended(lake: Lake, participants: Sequence[str]) -> Key:
    """The key as it is now, with whoever is in the lake and not in it. Only for the writer."""
    known, there = _key(lake), lake.participants()
    new = [who for who in participants if who in there and who not in known]
    for who in new:
        weeks = FEWEST_WEEKS + secrets.randbelow(MOST_WEEKS - FEWEST_WEEKS)
        known[who] = {"id": f"p{secrets.token_hex(4)}", "weeks": weeks}
    if new:
        write_json(known, lake.root / KEY)
    return known


def forget_disguise(lake: Lake, participant: str) -> None:
    """Remove a participant from who is who. Only for the writer."""
    known = _key(lake)
    if known.pop(participant, None) is not None:
        write_json(known, lake.root / KEY)


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
