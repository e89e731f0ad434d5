"""The columns of WHOOP's CSVs by our names, in whatever language the account is.

The columns stand in one order in all languages, so of a language nobody has shown us they are
known by their place. Then the numbers have to agree: light, deep and REM sleep are as long as all
of it, in every row of every real file.
"""

from __future__ import annotations

import re

import pyarrow as pa

from connectors.contract import FormatDrift
from connectors.reading.delimited import Delimited
from connectors.reading.query import query

CYCLE = ("cycle_start", "cycle_end", "zone")
_SLEEP = (
    *("onset", "wake", "performance", "breaths", "asleep", "in_bed", "light", "deep", "rem"),
    *("awake", "need", "debt", "efficiency", "consistency"),
)
# Source: real English and Spanish exports.
COLUMNS: dict[str, tuple[str, ...]] = {
    "sleeps": (*CYCLE, *_SLEEP, "nap"),
    "cycles": (
        *(*CYCLE, "recovery", "resting_pulse", "hrv", "skin_temperature", "oxygen", "strain"),
        *("energy", "pulse_max", "pulse", *_SLEEP),
    ),
    "workouts": (
        *(*CYCLE, "start", "end", "duration", "activity", "strain", "energy", "pulse_max"),
        *("pulse", *(f"zone_{n}" for n in range(1, 6)), "gps", "distance", "gain", "change"),
    ),
    "journal": (*CYCLE, "question", "answer", "notes"),
}
NEEDED = {
    "sleeps": (*CYCLE, "onset", "wake", "asleep", "nap"),
    "cycles": (*CYCLE, "recovery", "resting_pulse", "hrv", "onset", "wake"),
    "workouts": (*CYCLE, "start", "end", "activity"),
    "journal": (*CYCLE, "question", "answer"),
}
_ENGLISH = """
Cycle start time|Cycle end time|Cycle timezone|Sleep onset|Wake onset|Sleep performance %
|Respiratory rate (rpm)|Asleep duration (min)|In bed duration (min)|Light sleep duration (min)
|Deep (SWS) duration (min)|REM duration (min)|Awake duration (min)|Sleep need (min)|Sleep debt (min)
|Sleep efficiency %|Sleep consistency %|Nap|Recovery score %|Resting heart rate (bpm)
|Heart rate variability (ms)|Skin temp (celsius)|Blood oxygen %|Day Strain|Energy burned (cal)
|Max HR (bpm)|Average HR (bpm)|Workout start time|Workout end time|Duration (min)|Activity name
|Activity Strain|HR Zone 1 %|HR Zone 2 %|HR Zone 3 %|HR Zone 4 %|HR Zone 5 %|GPS enabled
|Distance (meters)|Altitude gain (meters)|Altitude change (meters)|Question text|Answered yes
|Notes"""
_SPANISH = """
Hora de inicio del ciclo|Hora de finalización del ciclo|Zona horaria del ciclo|Inicio del sueño
|Inicio de la vigilia|Calificación del sueño (%)|Frecuencia respiratoria (rpm)
|Duración del sueño (min)|Tiempo en la cama (min)|Duración de sueño ligero (min)
|Duración de sueño profundo (SWS) (min)|Duración de sueño REM (min)|Tempo despierto/a (min)
|Sueño necesario (min)|Deuda de sueño (min)|Eficiencia del sueño %|Regularidad del sueño %|Siesta
|Puntuación de recuperación (%)|Frecuencia cardíaca en reposo (lpm)
|Variabilidad de la frecuencia cardíaca (ms)|Temp. cutánea (grados centígrados)
|Oxígeno en sangre %|Esfuerzo del día|Energía quemada (cal)|FC máx. (lpm)|FC promedio (lpm)
|Hora de inicio del entrenamiento|Hora de finalización del entrenamiento|Duración (min)
|Nombre de la actividad|Esfuerzo de actividad|Zona FC 1%|Zona FC 2%|Zona FC 3%|Zona FC 4%
|Zona FC 5%|GPS habilitado|Distancia (metros)|Aumento de altitud (metros)
|Cambio de altitud (metros)|Texto de la pregunta|Respondió "Sí"|Notas"""
_OURS = (
    *(*CYCLE, *_SLEEP, "nap", "recovery", "resting_pulse", "hrv", "skin_temperature", "oxygen"),
    *("strain", "energy", "pulse_max", "pulse", "start", "end", "duration", "activity", "strain"),
    *(*(f"zone_{n}" for n in range(1, 6)), "gps", "distance", "gain", "change", "question"),
    *("answer", "notes"),
)
NAMES = {
    cell.strip(): ours
    for language in (_ENGLISH, _SPANISH)
    for cell, ours in zip(language.split("|"), _OURS, strict=True)
}
ZONE = re.compile(r"(?:UTC|GMT)(?:Z|[+-]\d{1,2}(?::?\d\d)?)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_WIDTHS = {18: "sleeps", 26: "cycles", 17: "workouts", 20: "workouts", 6: "journal"}


def kind_of(header: list[str], row: list[str]) -> str | None:
    """`sleeps`, `cycles`, `workouts` or `journal`, with `_by_position` if no name is known."""
    names = {NAMES[cell] for cell in header if cell in NAMES}
    for each, needed in NEEDED.items():
        if names.issuperset(needed):
            return each
    if names & set(CYCLE) or len(row) < len(header) or len(row) < 6:
        return None
    is_cycle = _MOMENT.fullmatch(row[0]) and ZONE.fullmatch(row[2])
    kind = _WIDTHS.get(len(header))
    place = {"sleeps": 17, "workouts": 16, "journal": 4}.get(kind or "")
    has_flag = place is None or row[place] in ("true", "false")
    return f"{kind}_by_position" if kind and is_cycle and has_flag else None


def named(rows: Delimited, variant: str) -> tuple[pa.Table, list[str]]:
    """Text columns of a kind by our names, nothing as NULL, with `record`; and columns not known.

    Raises: FormatDrift if a column is missing, or what stands at their places are not its numbers.
    """
    kind = variant.split("_")[0]
    if variant.endswith("by_position"):
        found = dict(zip(COLUMNS[kind], range(len(rows.header)), strict=False))
    else:
        found = {NAMES[cell]: i for i, cell in enumerate(rows.header) if cell in NAMES}
    if missing := [name for name in NEEDED[kind] if name not in found]:
        raise FormatDrift(f"the column for {missing[0]} is missing; export it again or report it")
    cells = ", ".join(
        f"nullif(c{found[name]}, '') as {name}" if name in found else f"null::varchar as {name}"
        for name in COLUMNS[kind]
    )
    table = query(f"select record, {cells} from rows", rows=rows.table())
    if variant.endswith("by_position") and "asleep" in COLUMNS[kind]:
        _check(table)
    known = set(found.values())
    return table, [cell for i, cell in enumerate(rows.header) if i not in known]


def _check(table: pa.Table) -> None:
    share = query(
        """select coalesce(avg((abs(light::double + deep::double + rem::double
               - asleep::double) <= 1)::int), 0) as share
           from (select try_cast(light as double) as light, try_cast(deep as double) as deep,
               try_cast(rem as double) as rem, try_cast(asleep as double) as asleep from t)
           where asleep is not null""",
        t=table,
    )["share"][0].as_py()
    if share < 0.9:
        raise FormatDrift(
            "WHOOP in a language not known yet, and its columns stand in another order: report "
            "the header line"
        )
