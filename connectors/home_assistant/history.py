"""Home Assistant history CSV: a row per change of a sensor, sensors mixed, no units.

A state holds until the next row of its sensor, so it is a sample over that time; the last one has
no end. Instants are UTC. `unavailable` and `unknown` are nothing, and end what was before. The name
of a sensor says the quantity and the room: temperature, humidity or light (illuminance) of a
bedroom is read, the rest is counted. A temperature is what a room can have in one unit only: below
45 Celsius, above 45 Fahrenheit; a sensor with both sides has no unit that can be told.

Evidence: a public example and the product's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.query import query
from connectors.reading.text_sql import instant, raw
from connectors.reading.verdict import carried, case_of, parted, time_faults

LAYOUT = Layout(
    {"entity_id": "entity", "state": "state", "last_changed": "time"}, ("entity", "state", "time")
)
BEDROOM = "bedroom|schlafzimmer|chambre|dormitorio|slaapkamer|camera_da_letto|sovrum|soveværelse"
KINDS = {"temperature|temperatur": "temperature", "humidity|feuchte": "humidity",
         "illuminance|light_level|helligkeit": "light"}  # fmt: skip
SPLIT_CEL = 45  # no bedroom is warmer in degrees Celsius, or colder in degrees Fahrenheit
TOLD = {
    "cel": ("room_temperature", "Cel"),
    "degf": ("room_temperature", "[degF]"),
    "humidity": ("room_humidity", "%"),
    "light": ("room_light", "lx"),
}
NOTHING = ("unavailable", "unknown", "none", "")


def identify(head: Head) -> str | None:
    """`csv` where the header is that of a history."""
    return "csv" if header_of(head) == ["entity_id", "state", "last_changed"] else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Temperature, humidity and light of the bedroom, each until the next change.

    Skips: `other_sensor`, `no_value`, `no_sure_unit`.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    kinds = " ".join(
        f"when regexp_matches(lower(entity), '{words}') then '{kind}'"
        for words, kind in KINDS.items()
    )
    judged = query(
        f"""with timed as (
            select *, {instant("time")} as start_utc, entity as device,
                case when regexp_matches(lower(entity), '{BEDROOM}') then case {kinds} end end
                    as kind,
                case when lower(state) not in {NOTHING} then state end as told
            from rows
        ), placed as (
            select *, try_cast(told as double) as number,
                lead(start_utc) over (partition by entity order by start_utc, record) as end_utc
            from timed
        ), known as (
            select *, min(number) over (partition by entity) as low,
                max(number) over (partition by entity) as high
            from placed
        )
        select record, device, start_utc, end_utc,
            if(kind = 'temperature' and high <= {SPLIT_CEL}, told, null) as cel,
            if(kind = 'temperature' and low > {SPLIT_CEL}, told, null) as degf,
            if(kind = 'humidity', told, null) as humidity, if(kind = 'light', told, null) as light,
            case when kind is null then 'other_sensor' when told is null then 'no_value'
                when kind = 'temperature' and low <= {SPLIT_CEL} and high > {SPLIT_CEL}
                    then 'no_sure_unit' end as skip,
            case when kind is not null then {case_of(time_faults("time", "start_utc"))} end
                as fault, {raw("entity", "state", "time")} as raw
        from known""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    for unit in ("cel", "degf"):
        if sound[unit].null_count < sound.num_rows:
            yield Fact("unit", f"{TOLD[unit][1]}, by the size of the numbers")
    yield from carried(sound, TOLD)


CONNECTOR = Connector(
    name="home_assistant",
    title="Home Assistant history CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="room",
)
