"""Apple's export.xml as columns, in bounded memory: mended on its way into xml2arrow.

What is wrong with real files, and what is done about it, on the bytes, block by block:

    the DTD of export version 12 is malformed   everything before the root element is taken off;
                                                so there are no entities of the file's own either
    the file ends early                         refused: the last tag must close the root, since
                                                the reader takes the end of data for the end of XML
    attributes twice, metadata as a list        clean.py

Control characters inside of attributes (0x0b was seen) pass the reader unharmed.

Evidence: the prolog and DTD of a real export of version 13, fixtures of version 14 and of iOS 12
with attributes in other orders; the malformed DTD and the doubled attribute as several projects
describe them.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from xml2arrow import Xml2ArrowError, XmlToArrowParser

from connectors.apple.clean import cleaned
from connectors.apple.fragments import fragments
from connectors.contract import BrokenFile

ROWS = 65_536  # rows of a batch: some 10 MB of text
BATCH_BYTES = 1 << 26
MOST_AHEAD = 2  # fragments that are parsed while another is
BLOCK_BYTES = 1 << 16  # small enough for most blocks to have none of the metadata below
TAG_BYTES = 1 << 24  # no tag of an export is longer than a few hundred bytes
PROLOG_BYTES = 1 << 20

# A column is named after the element whose row it fills. Elements: the DTD of version 13.
COLUMNS = {
    "file.locale": "@locale",
    "file.export_date": "ExportDate/@value",
    "record.type": "Record/@type",
    "record.source": "Record/@sourceName",
    "record.unit": "Record/@unit",
    "record.start": "Record/@startDate",
    "record.end": "Record/@endDate",
    "record.value": "Record/@value",
    "record.zone": "Record/HKTimeZone/@value",
    "record.entered": "Record/HKWasUserEntered/@value",
    "workout.type": "Workout/@workoutActivityType",
    "workout.source": "Workout/@sourceName",
    "workout.start": "Workout/@startDate",
    "workout.end": "Workout/@endDate",
    "workout.zone": "Workout/HKTimeZone/@value",
    "workout.old_distance": "Workout/@totalDistance",
    "workout.old_unit": "Workout/@totalDistanceUnit",
    "workout.distance": "Workout/Distance/@sum",
    "workout.unit": "Workout/Distance/@unit",
    "activity_summary.date": "ActivitySummary/@dateComponents",
    "clinical_record.type": "ClinicalRecord/@type",
    "audiogram.type": "Audiogram/@type",
    "vision_prescription.type": "VisionPrescription/@type",
}
KNOWN_ELEMENTS = {
    "ExportDate",
    "Me",
    "Record",
    "Correlation",
    "Workout",
    "ActivitySummary",
    "ClinicalRecord",
    "Audiogram",
    "VisionPrescription",
}

_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(rb"<HealthData[\s/>]")
_ROOT_END = re.compile(rb"</HealthData\s*>[\s\0]*|<HealthData\b[^<]*/>[\s\0]*")
_ROOT_MODEL = re.compile(rb"<!ELEMENT\s+HealthData\s+\(([^>]*)>")


class HealthXml:
    """An export, read once, from front to back.

    Raises: BrokenFile if the prolog has no root element after it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._prolog, self._rest = _split_at_root(stream)

    def unknown_elements(self) -> list[str]:
        """Elements below the root that the file's DTD declares and this module does not know."""
        model = _ROOT_MODEL.search(self._prolog)
        names = re.findall(r"\w+", model.group(1).decode("ascii", "replace")) if model else []
        return [name for name in dict.fromkeys(names) if name not in KNOWN_ELEMENTS]

    def batches(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Batches of `elements` (children of the root) and `correlated` (Records in Correlations).

        In `elements` only the columns of a row's own element are filled; in the row of a
        Correlation none is, since the reader gives its attributes to the inner table.

        Raises: BrokenFile if the file is cut off or damaged; what came before is no export.
        """
        parsing: deque[Iterator[tuple[str, pa.RecordBatch]]] = deque()
        try:
            for fragment in fragments(self._blocks()):
                parsing.append(_parsed(fragment))
                if len(parsing) > MOST_AHEAD:
                    yield from parsing.popleft()
            while parsing:
                yield from parsing.popleft()
        except (Xml2ArrowError, TypeError):  # TypeError: how it reports what is not UTF-8
            raise BrokenFile(
                "damaged XML (a tag, attribute, entity or letter no export has); export it again"
            ) from None

    def _blocks(self) -> Iterator[bytes]:
        """The document from its root element, cleaned, cut only where a tag begins."""
        carry = self._rest
        size = len(self._prolog) + len(carry)
        while data := self._stream.read(BLOCK_BYTES):
            size += len(data)
            data = carry + data
            end = max(data.rfind(b"<"), 0)
            carry = data[end:]
            if len(carry) > TAG_BYTES:
                raise BrokenFile("damaged XML: one tag of over 16 MB; export it again")
            if end:
                yield cleaned(data[:end])
        end = max(carry.rfind(b"<"), 0)
        if not _ROOT_END.fullmatch(carry, end):
            raise BrokenFile(
                f"cut off before </HealthData>, at byte {size}; copy or export it again"
            )
        yield cleaned(carry)


def _parsed(fragment: bytes) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Batches of a fragment. A thread of the reader's own makes them, from now on."""
    batches: Iterator[tuple[str, pa.RecordBatch]] = parser().parse_batches(
        fragment, max_rows_per_batch=ROWS, max_bytes_per_batch=BATCH_BYTES
    )
    return batches


def _split_at_root(stream: BinaryIO) -> tuple[bytes, bytes]:
    """What stands before the root element, and what was read from it on."""
    data = b""
    while len(data) < PROLOG_BYTES and (more := stream.read(BLOCK_BYTES)):
        data += more
        declared = data.find(b"<!DOCTYPE")  # the first alone: each would be looked for an end of
        doctype = _DOCTYPE.match(data, declared) if declared >= 0 else None
        if doctype is None and declared >= 0:
            continue
        if root := _ROOT.search(data, doctype.end() if doctype else 0):
            return data[: root.start()], data[root.start() :]
    raise BrokenFile("cut off before the first record, or no Apple export; export it again")


@cache
def parser() -> XmlToArrowParser:
    """The compiled layout. The reader wants its YAML, of which JSON is a part, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "apple.yaml")
        path.write_text(json.dumps(_layout()), "utf-8")
        return XmlToArrowParser(path)


def _layout() -> dict[str, object]:
    """A row is a child of the table's path that has a column."""
    return {
        "parser_options": {"strip_namespaces": False},
        "tables": [
            _table("elements", "/HealthData", COLUMNS),
            _table("correlated", "/HealthData/Correlation", {"type": "Record/@type"}),
        ],
    }


def _table(name: str, path: str, columns: dict[str, str]) -> dict[str, object]:
    return {
        "name": name,
        "xml_path": path,
        "levels": [],
        "fields": [
            {"name": column, "xml_path": f"{path}/{at}", "data_type": "Utf8", "nullable": True}
            for column, at in columns.items()
        ],
    }
