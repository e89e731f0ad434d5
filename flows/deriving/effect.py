"""Nights of the views to what was found about them, and that to the lake."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from flows.usage import fetched
from transforms.effect.pairs import COVERAGE, EXPOSURES, OUTCOMES
from transforms.effect.together import Together, together
from transforms.effect.within import Effect, Nights, effects
from warehouse.schema import EFFECT, EFFECT_GROUP
from warehouse.steady import steadily
from warehouse.store.lake import Lake, write_parquet, write_table

COLUMNS = (*(measure.name for measure in (*EXPOSURES, *OUTCOMES)), COVERAGE)
EPOCH = dt.date(1970, 1, 1)


def people(connection: duckdb.DuckDBPyConnection, participants: Sequence[str]) -> dict[str, Nights]:
    """The nights of each participant who has a valid one, from one pass over the view."""
    columns_sql = ", ".join(f"{name}::double as {name}" for name in COLUMNS)
    query = f"""
        select participant_id, (sleep_date - date '1970-01-01')::bigint as day,
            is_free_day::double as free, {columns_sql}
        from effect_night where list_contains(?, participant_id) order by participant_id, sleep_date
    """
    rows = steadily(lambda: connection.execute(query, [list(participants)]).fetchnumpy())
    who = np.asarray(rows["participant_id"]).astype(str)
    columns = {name: _plain(rows[name]) for name in ("free", *COLUMNS)}
    found = {}
    for name in np.unique(who):
        own = who == name
        values = {column: columns[column][own] for column in COLUMNS}
        day = np.asarray(rows["day"])[own].astype(np.int64)
        found[str(name)] = Nights(day, columns["free"][own], values)
    return found


def _plain(column: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """NULL as NaN."""
    return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)


def fingerprints(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Of the nights of everyone who has a valid one."""
    rows = fetched(connection, "select participant_id, fingerprint from effect_fingerprint")
    return dict(rows)


def of_everyone(prints: Mapping[str, str]) -> str:
    """What the view sleep_effect_group compares with."""
    told = ";".join(f"{who} {prints[who]}" for who in sorted(prints, key=str.encode))
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest() if prints else ""


NOBODY = Nights(np.empty(0, np.int64), np.empty(0), {name: np.empty(0) for name in COLUMNS})


def keep_effects(lake: Lake, participant: str, nights: Nights, fingerprint: str) -> list[Effect]:
    """Compute everything of one person and store it."""
    found = effects(nights)
    rows = [_effect_row(effect, fingerprint) for effect in found]
    write_table(lake, "effect", participant, pa.Table.from_pylist(rows, EFFECT))
    return found


def keep_together(lake: Lake, everyone: Sequence[Nights], fingerprint: str) -> list[Together]:
    """Compute everything of all people together and store it."""
    found = together(everyone)
    rows = [_group_row(each, fingerprint) for each in found]
    place = lake.part_of_all("effect_group")
    write_parquet([pa.Table.from_pylist(rows, EFFECT_GROUP)], place)
    return found


def _effect_row(effect: Effect, fingerprint: str) -> dict[str, object]:
    found = effect.estimate
    return {
        "exposure": effect.exposure,
        "outcome": effect.outcome,
        "relation": effect.relation,
        "night_count": effect.night_count,
        "first_date": _date(effect.first_day),
        "last_date": _date(effect.last_day),
        "slope": found and found.slope,
        "slope_low": found and found.low,
        "slope_high": found and found.high,
        "slope_unit": effect.slope_unit,
        "detectable_slope": found and found.detectable,
        "p_value": found and found.p,
        "shift_p_value": _number(found.shift_p) if found else None,
        "adjusted_p_value": _number(effect.adjusted_p),
        "verdict": effect.verdict,
        "fingerprint": fingerprint,
    }


def _group_row(found: Together, fingerprint: str) -> dict[str, object]:
    r, mixed = found.correlation, found.mixed
    return {
        "exposure": found.exposure,
        "outcome": found.outcome,
        "person_count": found.person_count,
        "night_count": found.night_count,
        "correlation": r and r.r,
        "correlation_low": r and r.low,
        "correlation_high": r and r.high,
        "correlation_p_value": r and r.p,
        "slope": mixed and mixed.slope,
        "slope_low": mixed and mixed.low,
        "slope_high": mixed and mixed.high,
        "slope_p_value": mixed and mixed.p,
        "slope_unit": found.slope_unit,
        "model": mixed and mixed.model,
        "fingerprint": fingerprint,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _date(day: int | None) -> dt.date | None:
    return None if day is None else EPOCH + dt.timedelta(days=day)
