"""A publication: what one lake was at one moment, in a small object that names all others."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.macros import FreeDays, Priority, Rules
from warehouse.published.place import Place, PlaceError

FOLDER = "publications"
# a file of a relation: its name there, its bytes, and the hash by which its object is found
LISTING = pa.schema(
    [
        ("relation", pa.string()),
        ("part", pa.string()),
        ("size", pa.int64()),
        ("object", pa.string()),
    ]
)


@dataclass(frozen=True)
class Publication:
    """Counts and settings, and where the list of all files is.

    `relations` is a fingerprint of what is asked of the files: readers of another one may not.
    """

    version: str
    relations: str
    rules: Rules
    priority: Priority
    free_days: FreeDays
    is_mmol: bool
    participant_count: int
    file_count: int
    byte_count: int
    listing: str
    number: int = 0
    made_at: str = ""

    def is_as(self, other: Publication) -> bool:
        """Whether the other one tells the same."""
        mine, its = (replace(each, number=0, made_at="").bytes() for each in (self, other))
        return mine == its

    @classmethod
    def told(cls, data: bytes) -> Publication:
        """Raises: PlaceError for what is none."""
        try:
            return cls(**json.loads(data))
        except (ValueError, TypeError):
            raise PlaceError("a publication is damaged, or of another dawnlake") from None

    def bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()


def object_of(sha256: str) -> str:
    """Where an object of this content lies."""
    return f"objects/{sha256[:2]}/{sha256}"


def numbered(number: int) -> str:
    """Where the publication of a number lies."""
    return f"{FOLDER}/{number:08}.json"


def publications(place: Place) -> list[tuple[int, dt.datetime]]:
    """Number and time of each, the newest last.

    Raises: StorageError.
    """
    found = [
        (int(name.removeprefix(f"{FOLDER}/").removesuffix(".json")), told["last_modified"])
        for name, told in place.objects(f"{FOLDER}/")
        if name.removeprefix(f"{FOLDER}/").removesuffix(".json").isdigit()
    ]
    return sorted(found)


def newest(place: Place) -> Publication | None:
    """The one that readers get; None if there is none yet.

    Raises: PlaceError if it is damaged; StorageError.
    """
    every = publications(place)
    return publication(place, every[-1][0]) if every else None


def publication(place: Place, number: int) -> Publication:
    """Raises: FileNotFoundError; PlaceError if it is damaged; StorageError."""
    return Publication.told(place.read(numbered(number)))


def listing(place: Place, of: Publication) -> pa.Table:
    """Every file of a publication, see `LISTING`.

    Raises: PlaceError if it is damaged or gone; StorageError.
    """
    try:
        data = place.read(object_of(of.listing))
    except FileNotFoundError:
        raise PlaceError(f"publication {of.number} at {place.url} is not whole any more") from None
    if hashlib.sha256(data).hexdigest() != of.listing:
        raise PlaceError(f"publication {of.number} at {place.url} is damaged: publish again")
    return pq.ParquetFile(pa.BufferReader(data)).read()  # pq.read_table loads pandas


def listed(rows: Mapping[str, list[Any]]) -> bytes:
    """A listing as an object: the same bytes for the same files."""
    table = pa.table(dict(rows), schema=LISTING).sort_by(
        [("relation", "ascending"), ("part", "ascending")]
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return bytes(sink.getvalue())
