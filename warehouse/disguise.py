"""Who is who in data sets without names: a random id and a number of weeks for everybody.

Both are chosen once and kept in the lake, so that two exports fit together and nobody outside can
undo it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.store.lake import Lake, write_json

KEY = "deidentification.json"  # in the lake: who is who; never part of an export
FEWEST_WEEKS, MOST_WEEKS = 8, 520
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

    def of_one(self, participant: str) -> Disguise:
        """That of one participant."""
        return Disguise(
            {participant: self.ids[participant]}, {participant: self.weeks[participant]}
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
