"""Words, units and limits of Dexcom Clarity exports, and the SQL that reads events by them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.insulin_words import insulin_metric
from connectors.reading.text_sql import integer, number, written

FORMATS = "['%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f']"
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
# The sensors report 40 to 400 mg/dL (2.2 to 22.2 mmol/L). Source: Dexcom G6 and G7 user guides.
LIMITS = {"mg/dL": (40, 400), "mmol/L": (2.2, 22.2)}
LOW_WORDS = (
    *("low", "nízká", "basso", "niedrig", "bajo", "baja", "bas", "basse", "laag", "baixo", "baixa"),
    *("låg", "lågt", "lav", "lavt", "niski", "niskie", "matala", "alacsony"),
)
HIGH_WORDS = (
    *("high", "vysoká", "alto", "alta", "hoch", "élevé", "élevée", "haut", "hoog", "elevado"),
    *("hög", "högt", "høj", "højt", "høy", "høyt", "wysoki", "wysokie", "korkea", "magas"),
)
# Event types. English is verified, Italian, Czech, German and Spanish partly; others translated.
EVENTS = {
    "glucose": (
        *("EGV", "Odhadovaná hodnota glukózy", "Niveles estimados de glucosa"),
        *("Nivel estimado de glucosa", "Geschätzter Glukosewert", "Valore glicemico stimato"),
    ),
    "calibration": (
        *("Calibration", "Calibrazione", "Kalibrace", "Kalibrierung", "Calibración", "Étalonnage"),
        *("Kalibratie", "Calibração", "Kalibrering"),
    ),
    "insulin": ("Insulin", "Insulina", "Inzulin", "Inzulín", "Insuline"),
    "carbs": (
        *("Carbs", "Carbohydrates", "Carboidrati", "Sacharidy", "Kohlenhydrate", "Kohlenh."),
        *("Carbohidratos", "Hidratos de carbono", "Glucides", "Koolhydraten", "Carboidratos"),
    ),
    "exercise": (
        *("Exercise", "Activity", "Esercizio", "Attività", "Cvičení", "Aktivita", "Ejercicio"),
        *("Actividad", "Training", "Bewegung", "Aktivität", "Sport", "Exercice", "Activité"),
    ),
    "health": ("Health", "Salute", "Zdraví", "Gesundheit", "Salud", "Santé", "Gezondheid"),
    "patient": (
        *("FirstName", "LastName", "PatientIdentifier", "DateOfBirth", "Nome", "Cognome"),
        *("Data di nascita", "Jméno", "Příjmení", "Datum narození", "Vorname", "Nachname"),
        *("Geburtsdatum", "Nombre", "Apellido", "Apellidos", "Fecha de nacimiento", "Prénom"),
        *("Nom", "Date de naissance", "Voornaam", "Achternaam", "Geboortedatum"),
    ),
    "alert": (
        "Alert",
        "Avviso",
        "Výstraha",
        "Alarm",
        "Alerta",
        "Warnung",
        "Alerte",
        "Waarschuwing",
    ),
    "device": (
        *("Device", "Sensor", "Dispositivo", "Sensore", "Zařízení", "Senzor", "Gerät"),
        *("Appareil", "Capteur", "Apparaat"),
    ),
    "note": ("Note", "Notes", "Nota", "Notas", "Notiz", "Notizen", "Poznámka"),
}


_EVENT = {word.lower(): event for event, listed in EVENTS.items() for word in listed}
_LIMIT = {
    **dict.fromkeys((word.lower() for word in LOW_WORDS), "low"),
    **dict.fromkeys((word.lower() for word in HIGH_WORDS), "high"),
}


def worded(lines: pa.Table) -> pa.Table:
    """Lines with what their words mean: `named` (the event of c2), `is_low` and `is_high` (of c7
    or c3). A word is looked up once, however many lines have it."""
    limits = [_meant(lines[name], _LIMIT) for name in ("c7", "c3")]
    lines = lines.append_column("named", _meant(lines["c2"], _EVENT))
    for word in ("low", "high"):
        is_it = pc.or_(*(pc.fill_null(pc.equal(limit, word), False) for limit in limits))
        lines = lines.append_column(f"is_{word}", is_it)
    return lines


def _meant(column: pa.ChunkedArray, meaning: Mapping[str, str]) -> pa.Array:
    coded = column.combine_chunks().dictionary_encode()
    told = [meaning.get((word or "").lower()) for word in coded.dictionary.to_pylist()]
    return pa.array(told, pa.string()).take(coded.indices)


def events_sql(unit: str) -> str:
    """Every line of `worded` with its event, time, number, bound and verdict, still as reported.

    Beside `event`, `is_unnamed` tells of a reading whose event has no known word: a transmitter's
    counter stands beside a sensor's readings alone.
    """
    return f"with typed as ({_typed_sql()}), {_verdicts_sql(*LIMITS[unit])}"


def _typed_sql() -> str:
    """Every line with its texts as a wall clock and numbers."""
    return f"""
        select record, is_cut, c1, c2, c3, c7, c8, c9, c10, c6 as device,
            -- T, a blank and an unpadded hour all occur
            {written("c1", FORMATS)} as start_wall,
            {number("replace(c7, ',', '.')")} as glucose,
            {number("replace(c8, ',', '.')")} as insulin,
            {number("replace(c9, ',', '.')")} as carbs,
            -- a spreadsheet turns twelve digits into 3.47631E+11: no identity any more
            case when c13 <> '' and not regexp_matches(c13, '^[0-9][.,][0-9]+E') then c13 end
                as clock_id,
            {integer("c12")} as clock_s,
            named, is_low, is_high,
            named is null and c2 <> '' and c7 <> '' and c8 = '' and c9 = '' as may_be_unnamed
        from rows
    """


def _verdicts_sql(low: float, high: float) -> str:
    """Bounds and kinds of what `typed` has, and what is wrong with it; NULL for nothing."""
    return f"""told as (
        select * exclude (may_be_unnamed, named),
            may_be_unnamed and clock_s is not null as is_unnamed,
            if(may_be_unnamed and clock_s is not null, 'glucose', named) as event
        from typed
    ), read as (
        select * replace (nullif(device, '') as device,
            -- a counter that says nothing has no owner
            case when clock_s is not null then clock_id end as clock_id,
            case when glucose is null and is_low then {low}
                 when glucose is null and is_high then {high} else glucose end as glucose),
            case when event = 'glucose' and glucose is null then
                case when is_low then '<' when is_high then '>' end end as bound,
            case when clock_id is not null and clock_s is not null
                then clock_id || '/' || clock_s end as key,
            if(c3 = '', 'insulin_bolus', {insulin_metric("c3")}) as insulin_metric
        from told
    )
    select *,
        case when event = 'patient' then 'patient_row' when event = 'alert' then 'alert_setting'
             when event = 'device' then 'device_row' when c1 = '' then 'preamble_row'
             when event = 'note' then 'note'
             when start_wall is null then 'unreadable_time' when event is null then 'unknown_code'
             when event in ('glucose', 'calibration') and glucose is null
             then case when c7 <> '' then 'unreadable_number'
                 when is_cut then 'missing_value' else 'no_value' end
             when event = 'insulin' and insulin is null
             then if(c8 = '', 'missing_value', 'unreadable_number')
             when event = 'insulin' and insulin_metric is null then 'insulin_of_unknown_kind'
             when event = 'carbs' and carbs is null
             then if(c9 = '', 'missing_value', 'unreadable_number') end as verdict,
        case when start_wall is null then 'Timestamp' when event is null then 'Event Type'
             when event in ('glucose', 'calibration') then 'Glucose Value'
             when event = 'insulin' then 'Insulin Value' else 'Carb Value' end as field,
        concat_ws('|', c1, c2, c3, c7, c8, c9, c10) as raw
    from read order by record
    """
