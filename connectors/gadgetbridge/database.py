"""Gadgetbridge database (SQLite): a table per device family and kind, a row per sample.

One record is one row of a `*_SAMPLE` table. The clock is epoch seconds in tables of activity, epoch
milliseconds in the others; no offset, no zone. Which band it was stands in DEVICE. Nothing is -1,
0 or 255, by table. Sleep is told in three ways: blobs of Zepp OS (huami.py), minutes of older Huami
bands, and stages that each last until the next (Xiaomi, Garmin). Tables that are not read are
counted.

Evidence: the app's public source and readers of other people; no real database was at hand.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from connectors.contract import Connector, FormatDrift, Head, Item, Skip, Source, Total, shaped
from connectors.gadgetbridge import huami
from connectors.gadgetbridge.rows import Row, columns_of, table_of, timed_rows
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.sqlite_file import MAGIC, database_of
from connectors.reading.text_sql import epoch
from connectors.reading.verdict import Told, carried, parted

PULSE = ("heart_rate", "/min")
STEPS = ("step_count", "{count}")
OXYGEN = ("oxygen_saturation", "%")
RMSSD = ("heart_rate_variability_rmssd", "ms")


@dataclass(frozen=True)
class Samples:
    """A table of samples: its number, the factor from its clock to microseconds, its columns."""

    band: int
    table: str
    us: int
    told: Told
    off: tuple[int, ...] = ()  # RAW_KIND of minutes in which nobody wore it
    lasts_s: int = 0


# Source: the entities of the app. Seconds where the table is of activity.
SAMPLES = (
    Samples(11, "HUAMI_EXTENDED_ACTIVITY_SAMPLE", 1_000_000,
            {"HEART_RATE": PULSE, "STEPS": STEPS}, off=(115, 118), lasts_s=60),
    Samples(12, "MI_BAND_ACTIVITY_SAMPLE", 1_000_000, {"HEART_RATE": PULSE, "STEPS": STEPS},
            off=(3, 115, 118), lasts_s=60),
    Samples(13, "XIAOMI_ACTIVITY_SAMPLE", 1_000_000,
            {"HEART_RATE": PULSE, "STEPS": STEPS, "SPO2": OXYGEN}, lasts_s=60),
    Samples(14, "GARMIN_ACTIVITY_SAMPLE", 1_000_000, {"HEART_RATE": PULSE, "STEPS": STEPS},
            lasts_s=60),
    Samples(15, "HUAMI_SPO2_SAMPLE", 1000, {"SPO2": OXYGEN}),
    Samples(16, "GARMIN_SPO2_SAMPLE", 1000, {"SPO2": OXYGEN}),
    Samples(17, "GENERIC_HRV_VALUE_SAMPLE", 1000, {"VALUE": RMSSD}),
    Samples(18, "GARMIN_HRV_VALUE_SAMPLE", 1000, {"VALUE": RMSSD}),
    Samples(19, "HUAMI_SLEEP_RESPIRATORY_RATE_SAMPLE", 1000,
            {"RATE": ("respiratory_rate", "/min")}),
    Samples(20, "HUAMI_HEART_RATE_RESTING_SAMPLE", 1000,
            {"HEART_RATE": ("resting_heart_rate", "/min")}),
)  # fmt: skip
# Stages that last until the next row. Codes: Xiaomi's of the app, Garmin's of FIT sleep_level.
XIAOMI = {0: "", 1: "", 2: "deep", 3: "light", 4: "rem", 5: "awake"}
GARMIN = {0: "unknown", 1: "awake", 2: "light", 3: "deep", 4: "rem"}
LASTING = {"XIAOMI_SLEEP_STAGE_SAMPLE": (2, XIAOMI), "GARMIN_SLEEP_STAGE_SAMPLE": (3, GARMIN)}
LONGEST_STAGE_H = 3  # a longer one has no end: the next row is of another night
SESSIONS = "XIAOMI_SLEEP_TIME_SAMPLE"
XIAOMI_TOTALS = {
    "TOTAL_DURATION": ("total_sleep_time", "min"),
    "DEEP_SLEEP_DURATION": ("deep_sleep_time", "min"),
    "LIGHT_SLEEP_DURATION": ("light_sleep_time", "min"),
    "REM_SLEEP_DURATION": ("rem_sleep_time", "min"),
    "AWAKE_DURATION": ("wake_after_sleep_onset", "min"),
}
WINDOW = pa.schema([*Row, ("end_utc", pa.timestamp("us", tz="UTC")), ("session", pa.string())])
READ = {*(s.table for s in SAMPLES), *LASTING, SESSIONS, huami.TABLE}
_NAMES = (b"_ACTIVITY_SAMPLE", b"HUAMI_SLEEP_SESSION_SAMPLE", b"XIAOMI_SLEEP_TIME_SAMPLE",
          b"GARMIN_SLEEP_STAGE_SAMPLE", b"ACTIVITY_SUMMARY")  # fmt: skip


def identify(head: Head) -> str | None:
    """`sqlite` where the first pages define tables of the app, with a device in each."""
    first = head.first
    if not first.startswith(MAGIC):
        return None
    is_mine = any(name in first for name in _NAMES) and b'"DEVICE_ID"' in first
    return "sqlite" if is_mine else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages and totals, heart rate, rMSSD, oxygen, breaths, steps.

    Skips: `empty_session`, `older_revision`, `not_awake_yet` (a sleep without an end),
    `no_stage`, `no_end` (the last stage of a night), `no_value`, `table <name>`.

    Raises: FormatDrift for a column that is not there, BrokenFile if the database is damaged.
    """
    with database_of(source) as database:
        names = [name for (name,) in database.execute(
            "select name from sqlite_master where type = 'table' order by name")]  # fmt: skip
        mine = [name for name in names if name.endswith("_SAMPLE")]
        if not mine:
            raise FormatDrift("no table of samples in this database: export it again")
        left: Counter[str] = Counter()
        for name in mine:
            (rows,) = database.execute(f"select count(*) from {table_of(name)}").fetchone()
            yield Total(rows)
            if name not in READ and rows:
                left[f"table {name}"] += rows
        for item in _items(database, set(mine)):
            if isinstance(item, Skip):
                left[item.reason] += item.count
            else:
                yield item
        yield from (Skip(reason, count) for reason, count in sorted(left.items()))


def _items(database: sqlite3.Connection, names: set[str]) -> Iterator[Item]:
    first_session: dict[str | None, int] = {}
    if huami.TABLE in names:
        yield from huami.sessions(database, first_session)
    for each in (each for each in SAMPLES if each.table in names):
        yield from _samples(database, each, first_session)
    windows = [WINDOW.empty_table()]
    if SESSIONS in names:
        yield from _sessions(database, windows)
    for name in sorted(LASTING.keys() & names):
        yield from _lasting(database, name, pa.concat_tables(windows))


def _samples(
    database: sqlite3.Connection, kind: Samples, first_session: dict[str | None, int]
) -> Iterator[Item]:
    """Samples of a table; of older Huami bands the stages of its minutes too."""
    has = columns_of(database, kind.table)
    told = {column: metric for column, metric in kind.told.items() if column in has}
    extra = [name for name in ("RAW_KIND", *huami.MINUTE) if name in has]
    is_huami = set(huami.MINUTE) <= has
    for block, bad in timed_rows(database, kind.band, kind.table, kind.us, [*told, *extra]):
        yield from bad
        worn = f"RAW_KIND not in {kind.off}" if kind.off and "RAW_KIND" in has else "true"
        pulse = "if(HEART_RATE between 1 and 254, HEART_RATE, null) as HEART_RATE"
        steps = f"if({worn}, STEPS, null) as STEPS"
        replaced = [
            each for each, name in ((pulse, "HEART_RATE"), (steps, "STEPS")) if name in told
        ]
        replace = f"replace ({', '.join(replaced)})" if replaced else ""
        ends = (
            f"start_utc + interval {kind.lasts_s} second" if kind.lasts_s else "null::timestamptz"
        )
        rows = query(f"select * {replace}, {ends} as end_utc from block", block=block)
        items = carried(rows, told)
        stages = huami.stages(rows, first_session) if is_huami else None
        if stages is None or not stages.num_rows:
            yield from items
            continue
        # a minute that has nothing but a stage is carried by it
        yield from (item for item in items if not isinstance(item, Skip))
        yield shaped("episode", stages)
        if empty := _empty(rows, told, stages):
            yield Skip("no_value", empty)


def _empty(rows: pa.Table, told: Told, stages: pa.Table) -> int:
    """Minutes with neither a number nor a stage."""
    values = " and ".join(
        f"coalesce({c}, -1) {'<=' if metric != 'step_count' else '<'} 0"
        for c, (metric, _) in told.items()
    )
    counted = query(
        f"select count(*) as n from rows anti join stages using (record) where {values}",
        rows=rows,
        stages=stages,
    )
    return int(counted["n"][0].as_py())


def _sessions(database: sqlite3.Connection, windows: list[pa.Table]) -> Iterator[Item]:
    """Sleeps of Xiaomi bands: begin, waking, minutes. `windows` learns when they are."""
    columns = ["WAKEUP_TIME", *XIAOMI_TOTALS]
    for block, bad in timed_rows(database, 1, SESSIONS, 1000, columns):
        yield from bad
        judged = query(
            f"""with timed as (
                select *, epoch_ms(start_utc)::varchar as session, 'sleep' as label,
                    case when WAKEUP_TIME > 0 then {epoch("WAKEUP_TIME", 1000)} end as end_utc
                from block
            )
            select *, case when coalesce(WAKEUP_TIME, 0) = 0 then 'not_awake_yet' end as skip,
                case when end_utc <= start_utc then 'end_before_start:WAKEUP_TIME' end as fault,
                WAKEUP_TIME::varchar as raw
            from timed""",
            block=block,
        )
        sound, items = parted(judged)
        yield from items
        yield from sleeps(sound, XIAOMI_TOTALS)
        windows.append(sound.select(WINDOW.names).cast(WINDOW))


def _lasting(database: sqlite3.Connection, name: str, windows: pa.Table) -> Iterator[Item]:
    """Stages of a table, each until the next row of its device, in the sleep they lie in."""
    band, codes = LASTING[name]
    words = " ".join(f"when {code} then '{stage}'" for code, stage in codes.items())
    found = []
    for block, bad in timed_rows(database, band, name, 1000, ["STAGE"]):
        yield from bad
        found.append(block)
    if not found:
        return
    judged = query(
        f"""with placed as (
            select r.record, r.device, r.start_utc, r.STAGE as code,
                lead(r.start_utc) over (partition by r.device order by r.start_utc) as until_utc,
                case r.STAGE {words} end as label, w.session, w.end_utc as woke_utc
            from rows r left join windows w on w.device is not distinct from r.device
                and r.start_utc >= w.start_utc and r.start_utc < w.end_utc
        ), ended as (
            select *, least(until_utc, coalesce(woke_utc, until_utc)) as end_utc from placed
        )
        select *, case when label = '' then 'no_stage'
                when label <> '' and coalesce(end_utc - start_utc >
                    interval {LONGEST_STAGE_H} hour, true) then 'no_end' end as skip,
            case when code is null then 'missing_value:STAGE'
                when label is null then 'unknown_code:STAGE' end as fault, code::varchar as raw
        from ended""",
        rows=pa.concat_tables(found),
        windows=windows,
    )
    sound, items = parted(judged)
    yield from items
    stages = query(
        """select record, 'sleep_stage' as kind, label, session, start_utc, end_utc, device,
               session as key
           from sound order by record""",
        sound=sound,
    )
    yield shaped("episode", stages)


CONNECTOR = Connector(
    name="gadgetbridge",
    title="Gadgetbridge database",
    version="1",
    variants={"sqlite": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
