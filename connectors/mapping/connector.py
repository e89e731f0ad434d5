"""A connector made of a mapping: it knows a file by its header and reads it by the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Connector, Drift, Fact, FormatDrift, Head, Item, Source, Total
from connectors.mapping.model import LOCAL, Mapping, mapping_of
from connectors.mapping.plan import plan_of
from connectors.reading.blocks import blocks
from connectors.reading.delimited import Delimited, decoded, fields_of, lines_of
from connectors.reading.head_cells import head_rows
from connectors.reading.json_documents import documents
from connectors.reading.json_head import first_objects
from connectors.reading.table import planned
from connectors.reading.workbook import Sheet, sheets_of, sheets_seen

PREFIX = "mapping_"  # of the connector's name: no vendor's begins with it
VERSION_DIGITS = 12


def connector_of(text: str) -> Connector:
    """The connector that a mapping's TOML is; its version is the digest of the text.

    Raises: MappingError.
    """
    mapping = mapping_of(text)
    return Connector(
        name=PREFIX + mapping.name,
        title=mapping.title or f"mapping {mapping.name}",
        version=hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS],
        variants={mapping.format: "unverified"},
        identify=lambda head: mapping.format if _is_its_file(mapping, head) else None,
        extract=lambda source, _: _items(mapping, source),
    )


def _is_its_file(mapping: Mapping, head: Head) -> bool:
    cells = set(_header_seen(mapping, head))
    needed = set(mapping.columns)
    return needed <= cells and (not mapping.exact or cells == needed)


def _header_seen(mapping: Mapping, head: Head) -> tuple[str, ...]:
    """The header cells of a file, none where it has no such row; never raises."""
    if mapping.format == "sheet":
        sheet = _sheet(mapping, sheets_seen(head))
        top = sheet.top(mapping.header) if sheet else []
        return tuple(cell for cell in top[-1] if cell) if len(top) == mapping.header else ()
    if mapping.format == "json_lines":
        return tuple({key: None for each in first_objects(head) for key in each})
    rows = head_rows(head)
    if len(rows) < mapping.header:
        return ()
    if rows[mapping.header - 1].delimiter == mapping.delimiter:
        return tuple(cell for cell in rows[mapping.header - 1].cells if cell)
    line = lines_of(decoded(head.first))[mapping.header - 1]
    return tuple(cell for cell in fields_of(line, mapping.delimiter) if cell)


def _items(mapping: Mapping, source: Source) -> Iterator[Item]:
    """Rows of the file by the plan. Skips: `skipped_by_mapping`, `nothing_measured`.

    Raises: FormatDrift without one of the columns; BrokenFile.
    """
    header = _header_seen(mapping, source)
    if missing := [name for name in mapping.columns if name not in header]:
        raise FormatDrift(f"no column {missing[0]!r}, which the mapping {mapping.name} names")
    units = sorted({each.unit for each in (*mapping.sample, *mapping.daily) if each.unit})
    for unit in units:
        yield Fact("unit", unit)
    if mapping.time.clock not in (LOCAL,):
        yield Fact("timezone", mapping.time.clock)
    for name in header:
        if name not in mapping.columns:
            yield Drift(f"column {name}")
    plan = plan_of(mapping)
    if mapping.format == "json_lines":
        table = documents(source, mapping.columns)
        yield Total(table.num_rows)
        yield from planned(_named(table, mapping.columns), plan)
        return
    for part in _parts(mapping, source):
        rows = _without_units(part, mapping)
        yield Total(rows.records)
        yield from rows.unreadable()
        places = [f"c{rows.header.index(name)}" for name in mapping.columns]
        table = rows.table().select(["record", *places])
        yield from planned(table.rename_columns(["record", *_names(mapping.columns)]), plan)


def _parts(mapping: Mapping, source: Source) -> Iterator[Delimited]:
    if mapping.format == "table":
        yield from blocks(source, mapping.header - 1, mapping.delimiter)
    elif sheet := _sheet(mapping, sheets_of(source)):
        yield sheet.below(mapping.header - 1)


def _sheet(mapping: Mapping, sheets: tuple[Sheet, ...]) -> Sheet | None:
    named = (sheet for sheet in sheets if mapping.sheet in ("", sheet.name))
    return next(named, None)


def _without_units(rows: Delimited, mapping: Mapping) -> Delimited:
    """The rows without the one below the header, if that holds units."""
    if not mapping.units_row:
        return rows
    kept = pc.not_equal(rows.line, mapping.header + 1)
    if pc.all(kept).as_py() is not False:
        return rows
    return replace(
        rows,
        columns=rows.columns.filter(kept),
        line=rows.line.filter(kept),
        width=rows.width.filter(kept),
    )


def _names(columns: tuple[str, ...]) -> list[str]:
    return [f"k{i}" for i in range(len(columns))]


def _named(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    filled = {name: pc.fill_null(table[name], "") for name in columns}
    return pa.table(
        {"record": table["record"], **dict(zip(_names(columns), filled.values(), strict=True))}
    )
