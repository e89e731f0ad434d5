"""T1DEXI and T1DEXIP data sets (SAS transport files): many people in one table.

One record is one row: a reading of LB, or a dose of FACM. The clock is naive and local, seconds
since 1960, and may have been moved by the authors. Glucose is mg/dL or mmol/L by a column. Of FACM
boluses are read; basal deliveries are told there twice, as units and as rates, and are not.

Evidence: an analysis of the set (nudgebg/egvinsulin) and a reader of it; no file was seen.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    BrokenFile,
    Connector,
    FormatDrift,
    Head,
    Item,
    Source,
    Total,
)
from connectors.reading.query import query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import later

MAGIC = b"HEADER RECORD*******LIB"
BLOCK_ROWS = 200_000
COLUMNS = {
    "glucose": ("USUBJID", "LBCAT", "LBTESTCD", "LBORRES", "LBORRESU", "LBDTC"),
    "insulin": ("USUBJID", "FATEST", "FAORRES", "FADTC"),
}
EPOCH = "timestamp '1960-01-01 00:00:00'"
UNIT = """case lower("LBORRESU") when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end"""


def _at(column: str) -> dict[str, str]:
    return {"start_wall": later(EPOCH, f'try_cast("{column}" as double)')}


PLANS = {
    "glucose": Plan(
        stamp='"LBDTC"',
        stamp_column="LBDTC",
        times=_at("LBDTC"),
        numbers=(
            Number(
                '"LBORRES"',
                "interstitial_glucose",
                unit_sql=UNIT,
                column="LBORRES",
                unit_column="LBORRESU",
                low=(("low",), 40),
                high=(("high",), 400),
            ),
        ),
        subject='"USUBJID"',
        skip="""case when not (upper("LBCAT") = 'CGM' or upper("LBTESTCD") = 'GLUC')
            then 'laboratory' end""",
        nothing="no_reading",
        raw=('"USUBJID"', '"LBDTC"', '"LBORRES"', '"LBORRESU"'),
    ),
    "insulin": Plan(
        stamp='"FADTC"',
        stamp_column="FADTC",
        times=_at("FADTC"),
        numbers=(
            Number('"FAORRES"', "insulin_bolus", "U", "FAORRES", is_zero_nothing=True),
        ),
        subject='"USUBJID"',
        skip="""case when upper("FATEST") <> 'BOLUS INSULIN' then 'basal_insulin' end""",
        nothing="nothing_given",
        raw=('"USUBJID"', '"FADTC"', '"FAORRES"'),
    ),
}  # fmt: skip


def identify(head: Head) -> str | None:
    """`glucose` or `insulin` by the columns of a transport file, or None."""
    if not head.first.startswith(MAGIC):
        return None
    names = {v: [c.encode() for c in columns] for v, columns in COLUMNS.items()}
    return next((v for v, each in names.items() if all(n in head.first for n in each)), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose or boluses, each with its person.

    Skips: `laboratory` (HbA1c and the like), `basal_insulin`, `no_reading`, `nothing_given`.

    Raises: BrokenFile if it is cut; FormatDrift without one of its columns.
    """
    records = 0
    for table in _tables(source, COLUMNS[variant]):
        numbered = pa.array(range(records + 1, records + 1 + table.num_rows), pa.int64())
        records += table.num_rows
        yield Total(table.num_rows)
        yield from planned(table.add_column(0, "record", numbered), PLANS[variant])


def _tables(source: Source, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    """The columns as text, in blocks. The reader works on files: a private one for as long."""
    import pyreadstat  # here, because it takes a tenth of a second that few files need

    with tempfile.NamedTemporaryFile(suffix=".xpt") as spool:
        with source.stream() as stream:
            shutil.copyfileobj(stream, spool, 1 << 20)
        spool.flush()
        offset = 0
        while True:
            try:
                data, about = pyreadstat.read_xport(
                    spool.name,
                    row_offset=offset,
                    row_limit=BLOCK_ROWS,
                    output_format="dict",
                    disable_datetime_conversion=True,
                )
            except Exception:  # the reader raises what it likes
                raise BrokenFile(
                    "not readable as a SAS transport file to its end: get it again"
                ) from None
            if missing := set(columns) - set(about.column_names):
                raise FormatDrift(f"no column {sorted(missing)[0]} in this table: get it again")
            rows = pa.table({name: pa.array(list(data[name])) for name in columns})
            if rows.num_rows == 0 and offset:
                return
            yield query(f"select {', '.join(map(_text, columns))} from rows", rows=rows)
            offset += BLOCK_ROWS
            if rows.num_rows < BLOCK_ROWS:
                return


def _text(column: str) -> str:
    """A column as text, '' for nothing, which the format writes as a number that is none."""
    told = f"""regexp_replace(trim(cast("{column}" as varchar)), '\\.0$', '')"""
    return f"""case when {told} is null or {told} = 'nan' then '' else {told} end as "{column}" """


CONNECTOR = Connector(
    name="research_t1dexi",
    title="T1DEXI data set",
    version="1",
    variants={"glucose": "unverified", "insulin": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
