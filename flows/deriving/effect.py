"""Nights of the views to what was found about them, and that to the lake."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from transforms.effect.meta import MODEL
from transforms.effect.nights import Nights, nights_of
from transforms.effect.pairs import COLUMNS, Asked
from transforms.effect.together import Together, together
from transforms.effect.within import Effect
from warehouse.schema import EFFECT, EFFECT_GROUP
from warehouse.steady import steadily
from warehouse.store.lake import Lake
from warehouse.store.rows import write_parquet, write_table

EPOCH = dt.date(1970, 1, 1)


def people(connection: duckdb.DuckDBPyConnection, participants: Sequence[str]) -> dict[str, Nights]:
    """The nights of each participant who has a valid one, from one pass over the view."""
    query = f"""
        select participant_id, sleep_date, is_free_day, {", ".join(COLUMNS)}
        from effect_night where list_contains(?, participant_id) order by participant_id, sleep_date
    """
    return nights_of(steadily(lambda: connection.execute(query, [list(participants)]).fetchnumpy()))


def fingerprints(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Of the nights of everyone who has a valid one."""
    asked = "select participant_id, fingerprint from effect_fingerprint"
    return dict(steadily(lambda: connection.execute(asked).fetchall()))


def of_everyone(prints: Mapping[str, str]) -> str:
    """What the view sleep_effect_group compares with."""
    told = ";".join(f"{who} {prints[who]}" for who in sorted(prints, key=str.encode))
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest() if prints else ""


def keep_effects(lake: Lake, participant: str, found: Sequence[Effect], fingerprint: str) -> None:
    """Store everything that was computed of one person."""
    rows = [_effect_row(effect, fingerprint) for effect in found]
    write_table(lake, "effect", participant, pa.Table.from_pylist(rows, EFFECT))


def keep_together(
    lake: Lake, everyone: Sequence[tuple[Nights, Sequence[Effect]]], fingerprint: str
) -> list[Together]:
    """Compute everything of all people together, from nights and effects of each, and store it."""
    found = together(everyone)
    rows = [_group_row(each, fingerprint) for each in found]
    place = lake.part_of_all("effect_group")
    write_parquet([pa.Table.from_pylist(rows, EFFECT_GROUP)], place)
    return found


def _effect_row(effect: Effect, fingerprint: str) -> dict[str, object]:
    found, apart = effect.estimate, effect.thirds
    return {
        **_pair(effect.asked),
        "night_count": effect.night_count,
        "first_date": _date(effect.first_day),
        "last_date": _date(effect.last_day),
        "slope": found and found.slope,
        "slope_low": found and found.low,
        "slope_high": found and found.high,
        "detectable_slope": _number(effect.detectable),
        "p_value": found and found.p,
        "shift_p_value": _number(found.shift_p) if found else None,
        "adjusted_p_value": _number(effect.adjusted_p),
        "verdict": effect.verdict,
        "lowest_third_median": apart and apart.median_lowest,
        "highest_third_median": apart and apart.median_highest,
        "third_difference": apart and apart.difference,
        "third_difference_low": apart and apart.low,
        "third_difference_high": apart and apart.high,
        "contrast": apart and apart.words(effect.asked),
        "fingerprint": fingerprint,
    }


def _group_row(found: Together, fingerprint: str) -> dict[str, object]:
    r, of = found.correlation, found.meta
    return {
        **_pair(found.asked),
        "person_count": found.person_count,
        "night_count": found.night_count,
        "slope": of and _number(of.slope),
        "slope_low": of and _number(of.low),
        "slope_high": of and _number(of.high),
        "slope_p_value": of and _number(of.p),
        "slope_adjusted_p_value": _number(found.adjusted_p),
        "spread_of_slopes": of and _number(of.spread),
        "i2_pct": of and _number(of.i2_pct),
        "prediction_low": of and _number(of.prediction_low),
        "prediction_high": of and _number(of.prediction_high),
        "correlation": r and r.r,
        "correlation_low": r and _number(r.low),
        "correlation_high": r and _number(r.high),
        "correlation_p_value": r and r.p,
        "model": of and MODEL,
        "note": found.note or None,
        "fingerprint": fingerprint,
    }


def _pair(asked: Asked) -> dict[str, object]:
    return {
        "exposure": asked.exposure.name,
        "outcome": asked.outcome.name,
        "relation": asked.relation,
        "family": asked.family,
        "slope_unit": asked.slope_unit,
    }


def _number(value: float) -> float | None:
    """NaN as None."""
    return value if value == value else None


def _date(day: int | None) -> dt.date | None:
    return None if day is None else EPOCH + dt.timedelta(days=day)
