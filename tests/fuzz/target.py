"""What must hold whatever the bytes are: a file is read to the last record, or told in a sentence.

    survives(data)   every identify, and extract of the connector that claims the bytes
    walked(data)     the walker over the bytes as a file, and every reader over what it finds

Both return the outcome in a word and raise whatever else happened, which is a finding.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import traceback
from pathlib import Path

import pyarrow.compute as pc

from connectors import connectors
from connectors.contract import SHAPES, Batch, Connector, Drift, Fact, IngestError, Item
from flows.reading.hashed import Hashed
from flows.reading.password import Passwords
from flows.reading.walk import Found, Unreadable, sha256, walk
from flows.settings import Limits
from tests.connectors.test_contract import check_row
from tests.golden_case import source_of
from transforms.account import account

NAME = "Jane Roe 1970.csv"  # what a message must not repeat
ROWS_CHECKED = 2000  # of a batch, one by one
LIMITS = Limits(
    archive_files_max=40,
    archive_gb_max=0.02,
    archive_ratio_max=50,
    archive_depth_max=3,
    whole_mb_max=8,
)
READ_BYTES = 1 << 16


class Wrong(Exception):
    """A promise of the contract that was not kept."""


def survives(data: bytes, name: str | None = None) -> str:
    """The connector that read the bytes to their end, or the kind of the error that was told.

    Raises: Wrong, ConservationError, or whatever else is not documented.
    """
    name = name or NAME
    found = Found(name, len(data), source_of(data, name))
    return _told(found, hashlib.sha256(data).hexdigest())


def walked(data: bytes) -> str:
    """How many files were found in the bytes and how many were set aside: `2 found, 1 aside`.

    Raises: Wrong, or whatever else is not documented.
    """
    found = aside = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, NAME)
        path.write_bytes(data)
        for item in walk([path], LIMITS, Passwords([b"owl", "grüße".encode()])):
            if not item.name.isprintable():
                raise Wrong("a name that cannot be printed")
            if isinstance(item, Unreadable):
                _check_sentence(item.error, NAME)
                aside += 1
            else:
                _read_through(item)
                found += 1
    return f"{found} found, {aside} aside"


def _read_through(found: Found) -> None:
    """A file as the walker gives it: by pieces, whole, and by its connector."""
    try:
        size = 0
        with found.source.stream() as stream:
            while chunk := stream.read(READ_BYTES):
                size += len(chunk)
                if size > found.size:
                    raise Wrong("more bytes than the archive's directory says")
        found.source.read()
        digest = sha256(found)
    except IngestError as error:
        _check_sentence(error, NAME)
        digest = ""  # damaged: no reader may get to its end without saying so
    outcome = _told(found, digest)
    if not digest and outcome in connectors():
        raise Wrong("a reader that took a damaged member")


def _told(found: Found, digest: str) -> str:
    claims = _claims(found)
    if len(claims) != 1:
        return "AmbiguousFormat" if claims else "UnknownFormat"
    ((connector, variant),) = claims
    try:
        hashed = Hashed(found)
        items = (_checked(item) for item in connector.extract(hashed.source, variant))
        book = account(items, reject_max_pct=100)
        json.dumps(book.manifest(), ensure_ascii=False).encode()
        if hashed.sha256 != digest:
            raise Wrong("the digest is not that of the bytes")
    except IngestError as error:
        _check_sentence(error, found.name)
        return type(error).__name__
    return connector.name


def _claims(found: Found) -> list[tuple[Connector, str]]:
    claims = []
    for connector in connectors().values():
        try:
            variant = connector.identify(found.source)
        except IngestError:
            raise Wrong(f"{connector.name}: identify raises") from None
        if variant is not None and variant not in connector.variants:
            raise Wrong(f"{connector.name}: a variant that is not declared")
        claims += [] if variant is None else [(connector, variant)]
    return claims


def _checked(item: Item) -> Item:
    """The item, if it is what the contract says."""
    if isinstance(item, Batch):
        _check_batch(item)
    elif isinstance(item, Drift | Fact):
        words = item.what if isinstance(item, Drift) else item.value
        if not words.strip():
            raise Wrong(f"an empty {type(item).__name__}")
    return item


def _check_batch(item: Batch) -> None:
    rows = item.data
    if not rows.schema.equals(SHAPES[item.shape]):
        raise Wrong(f"{item.shape}: another schema")
    rows.validate(full=True)  # also that text is UTF-8
    if rows["record"].null_count or (rows.num_rows and pc.min(rows["record"]).as_py() < 1):
        raise Wrong(f"{item.shape}: a row without a record number")
    if "value" in rows.schema.names and pc.all(pc.is_finite(rows["value"])).as_py() is False:
        raise Wrong(f"{item.shape}: a value that is no number")
    for row in rows.slice(0, ROWS_CHECKED).to_pylist():
        try:
            check_row(item.shape, row)
        except AssertionError as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            raise Wrong(f"{item.shape}: not {line}") from error


def _check_sentence(error: IngestError, name: str) -> None:
    """A message that a person can use, on one line, without the file's name.

    That memory is at its end is no excuse here: no input is large.
    """
    text = str(error)
    if "too large for the memory" in text:
        raise Wrong("more memory than there is") from error
    if len(text) < 16 or not text.isprintable() or name in text:
        raise Wrong(f"not a sentence: {type(error).__name__}") from error
