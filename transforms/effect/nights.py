"""The nights of each person, from the rows of `effect_night`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from transforms.effect.bootstrap import Floats, Integers
from transforms.effect.pairs import COLUMNS


@dataclass(frozen=True)
class Nights:
    """One person's nights, by ascending date.

    day     (n,) days since 1970
    free    (n,) 1 on a day without work, else 0
    values  COLUMNS, (n,) each, NaN where not known
    """

    day: Integers
    free: Floats
    values: Mapping[str, Floats]


NOBODY = Nights(np.empty(0, np.int64), np.empty(0), {name: np.empty(0) for name in COLUMNS})


def nights_of(rows: Mapping[str, Any]) -> dict[str, Nights]:
    """The nights of everyone who has any, from whole columns by person and date.

    `rows` are participant_id, sleep_date, is_free_day and COLUMNS; what is masked is not known.
    """
    who = np.asarray(rows["participant_id"]).astype(str)
    day = np.asarray(rows["sleep_date"]).astype("datetime64[D]").astype(np.int64)
    free = _plain(rows["is_free_day"])
    columns = {name: _plain(rows[name]) for name in COLUMNS}
    found = {}
    for name in np.unique(who):
        own = who == name
        values = {column: columns[column][own] for column in COLUMNS}
        found[str(name)] = Nights(day[own], free[own], values)
    return found


def _plain(column: Sequence[Any]) -> Floats:
    """NULL as NaN."""
    return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
