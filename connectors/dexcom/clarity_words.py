"""Words, units and limits of Dexcom Clarity exports, and the SQL that reads events by them."""

from __future__ import annotations

from connectors.reading.text_sql import integer, number, written

# First header cell and start of the timestamp header, by language of the account.
LANGUAGES = {
    "en": ("Index", "Timestamp ("),
    "it": ("Indice", "Data e ora ("),
    "cs": ("Obsah", "Časové razítko ("),
    "de": ("Index", "Zeitstempel ("),
    "es": ("Índice", "Marca temporal ("),
}
# The columns as they are called in the headers that were seen, without units: they are read by
# position, so another name may mean something else. Of the other languages no real header is known.
HEADERS = {
    "en": (
        *("Index", "Timestamp", "Event Type", "Event Subtype", "Patient Info", "Device Info"),
        *("Source Device ID", "Glucose Value", "Insulin Value", "Carb Value", "Duration"),
        *("Glucose Rate of Change", "Transmitter Time", "Transmitter ID"),
    ),
    "it": (
        *("Indice", "Data e ora", "Tipo di evento", "Sottotipo di evento"),
        *("Informazioni del paziente", "Info dispositivo", "ID dispositivo sorgente"),
        *("Valore glicemico", "Valore insulina", "Valore carboidrati", "Durata"),
        *("Velocità di variazione della glicemia", "Ora trasmettitore", "ID trasmettitore"),
    ),
    "cs": (
        *("Obsah", "Časové razítko", "Typ události", "Podtyp události", "Údaje pacienta"),
        *("Informace o zařízení", "ID zdrojového zařízení", "Hodnota glukózy"),
        *("Hodnota inzulinu", "Hodnota sacharidů", "Trvání", "Rychlost změny glukózy"),
        *("Čas vysílače", "ID vysílače"),
    ),
}
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
# The sensors report 40 to 400 mg/dL (2.2 to 22.2 mmol/L). Source: Dexcom G6 and G7 user guides.
LIMITS = {"mg/dL": (40, 400), "mmol/L": (2.2, 22.2)}
LOW_WORDS = ("low", "nízká", "basso", "niedrig", "bajo", "bas", "laag")
HIGH_WORDS = ("high", "vysoká", "alto", "hoch", "élevé", "hoog")
# Event types. Calibration, insulin and the like: English is verified, Italian and Czech partly.
EVENTS = {
    "glucose": ("EGV", "Odhadovaná hodnota glukózy"),
    "calibration": ("Calibration", "Calibrazione", "Kalibrace", "Kalibrierung", "Calibración"),
    "insulin": ("Insulin", "Insulina", "Inzulin"),
    "carbs": ("Carbs", "Carboidrati", "Sacharidy", "Kohlenhydrate", "Carbohidratos"),
    "exercise": ("Exercise", "Activity", "Esercizio", "Cvičení", "Aktivita", "Ejercicio"),
    "health": ("Health", "Salute", "Zdraví", "Gesundheit", "Salud"),
}
LONG_ACTING = ("long-acting", "ad azione prolungata", "dlouhodobě působící", "langwirkend")


def unknown_columns(header: tuple[str, ...], language: str) -> list[str]:
    """Columns behind the known ones, and those that are called otherwise than in every known file.

    The first is not looked at: a byte order mark that was encoded twice may stand in it.
    """
    known = HEADERS.get(language, ())
    renamed = [
        column
        for column, name in zip(header[1:], known[1:], strict=False)
        if column.partition("(")[0].strip() != name
    ]
    return renamed + list(header[14:])


def words(listed: tuple[str, ...]) -> str:
    """The words in lower case, as SQL lists them."""
    return ", ".join("'" + word.lower() + "'" for word in listed)


def events_sql(unit: str) -> str:
    """Every line with its event, time, number and bound, still as reported."""
    low, high = LIMITS[unit]
    event = " ".join(
        f"when lower(c2) in ({words(listed)}) then '{name}'" for name, listed in EVENTS.items()
    )
    return f"""
    with typed as (
        select record, c1, c2, c3, c7, c8, c9, c10, c6 as device,
            case {event} end as event,
            -- T, a blank and an unpadded hour all occur
            {written("c1", "['%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S']")} as start_wall,
            {number("replace(c7, ',', '.')")} as glucose,
            {number("replace(c8, ',', '.')")} as insulin,
            {number("replace(c9, ',', '.')")} as carbs,
            -- a spreadsheet turns twelve digits into 3.47631E+11: no identity any more
            case when c13 <> '' and not regexp_matches(c13, '^[0-9][.,][0-9]+E') then c13 end
                as clock_id,
            {integer("c12")} as clock_s,
            lower(c7) in ({words(LOW_WORDS)}) or lower(c3) in ({words(LOW_WORDS)}) as is_low,
            lower(c7) in ({words(HIGH_WORDS)}) or lower(c3) in ({words(HIGH_WORDS)}) as is_high
        from rows
    )
    select * replace (nullif(device, '') as device,
        case when clock_s is not null then clock_id end as clock_id,  -- a counter that says nothing
        case when glucose is null and is_low then {low} when glucose is null and is_high then {high}
             else glucose end as glucose),
        case when event = 'glucose' and glucose is null then
            case when is_low then '<' when is_high then '>' end end as bound,
        case when clock_id is not null and clock_s is not null then clock_id || '/' || clock_s end
            as key
    from typed
    """
