"""Publishing a lake: what is not there yet is uploaded, then named by a publication, and what only
old ones name is removed.

Only for the lake's writer: nobody may exchange files in between. Who is killed has published
nothing, and finds by their names what was uploaded when it tries again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.macros import FreeDays, Priority, Rules
from warehouse.published.hashes import Hashes
from warehouse.published.place import Place, PlaceError, sites_of
from warehouse.published.publication import (
    LISTING,
    Publication,
    listed,
    listing,
    newest,
    numbered,
    object_of,
    publication,
    publications,
)
from warehouse.store.buckets import MadeFrom
from warehouse.store.lake import PARTITION, Lake
from warehouse.table_files import lake_files
from warehouse.views import relations_fingerprint

THREADS = 16  # that wait for the storage
EACH = 500  # files between two words on how far it is
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A publication, whether it is a new one, and what it took."""

    publication: Publication
    is_new: bool
    uploaded_count: int
    uploaded_bytes: int
    removed_count: int


@dataclass(frozen=True)
class Told:
    """What readers need to know of a lake's settings."""

    version: str
    rules: Rules
    priority: Priority
    free_days: FreeDays
    is_mmol: bool


@dataclass(frozen=True)
class _Lake:
    """A lake as it would be published: a listing, as rows and as an object, and files by hash."""

    rows: pa.Table
    data: bytes
    files: dict[str, Path]
    publication: Publication


def publish(
    lake: Lake, place: Place, told: Told, grace: dt.timedelta, is_other: bool, tell: Tell
) -> Made:
    """Publish all tables and marts of a lake at a place that was claimed, or a site's part of it.

    `is_other` allows it to follow publications of other people. Old ones that readers may no longer
    have open are removed: those that another has followed for longer than `grace`.

    Raises: PlaceError if the place is another lake's or somebody publishes to it at the same time;
    StorageError; OSError.
    """
    now = _as_it_is(lake, told)
    before = newest(place)
    old = listing(place, before) if before else LISTING.empty_table()
    if before and not is_other:
        _check_same(place, old, now.rows)
    if before and now.publication.is_as(before):
        return Made(before, False, 0, 0, sweep(place, grace))
    there = set(old["object"].to_pylist())
    missing = {name: file for name, file in now.files.items() if name not in there}
    uploaded = [*_uploaded(place, missing, grace, tell)]
    place.put(object_of(now.publication.listing), now.data)
    number = before.number + 1 if before else 1
    made_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    made = replace(now.publication, number=number, made_at=made_at)
    if not place.put_new(numbered(number), made.bytes()):
        raise PlaceError(
            f"somebody else published to {place.url} at the same time: run the same again"
        )
    sizes = [size for size in uploaded if size]
    return Made(made, True, len(sizes), sum(sizes), sweep(place, grace))


def clashes(place: Place, site: str, people: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Participants of these whom another site has published too, and the site.

    Raises: PlaceError; StorageError.
    """
    for other in sites_of(place):
        theirs = place.of_site(other)
        if other != site and (last := newest(theirs)):
            for who in sorted(set(people_of(listing(theirs, last))) & set(people)):
                yield who, other


def people_of(rows: pa.Table) -> list[str]:
    """Every participant of a listing, in order."""
    own = pc.drop_null(pc.extract_regex(rows["part"], f"^{PARTITION}=(?P<who>[^/]+)/"))
    return sorted(pc.unique(pc.struct_field(own, "who")).to_pylist())


def sweep(place: Place, grace: dt.timedelta) -> int:
    """Remove publications that another has followed for longer than `grace`, and objects as old
    that no publication names; how many objects that were.

    Publications go first: who is killed in between leaves nothing that names what is gone, and the
    next sweep finds the rest.

    Raises: PlaceError; StorageError.
    """
    every = publications(place)
    until = dt.datetime.now(dt.UTC) - grace
    old = [number for (number, _), (_, followed_at) in pairwise(every) if followed_at < until]
    if not old:
        return 0
    place.remove(numbered(number) for number in old)
    named: set[str] = set()
    for number, _ in every:
        if number not in old:
            kept = publication(place, number)
            named |= {kept.listing, *listing(place, kept)["object"].to_pylist()}
    gone = [
        name
        for name, told in place.objects("objects/")
        if told["last_modified"] < until and name.rpartition("/")[2] not in named
    ]
    place.remove(gone)
    return len(gone)


def _as_it_is(lake: Lake, told: Told) -> _Lake:
    hashes, files = Hashes(lake), {}
    columns: dict[str, list[object]] = {name: [] for name in LISTING.names}
    for relation, part, file in lake_files(lake, MadeFrom.of(lake).count):
        sha256, size = hashes.of(file)
        files[sha256] = file
        for name, value in zip(LISTING.names, (relation, part, size, sha256), strict=True):
            columns[name].append(value)
    hashes.keep()
    data = listed(columns)
    rows = pa.table(columns, schema=LISTING)
    made = Publication(
        version=told.version,
        relations=relations_fingerprint(told.rules, told.priority),
        rules=told.rules,
        priority=told.priority,
        free_days=told.free_days,
        is_mmol=told.is_mmol,
        participant_count=len(people_of(rows)),
        file_count=rows.num_rows,
        byte_count=pc.sum(rows["size"]).as_py() or 0,
        listing=hashlib.sha256(data).hexdigest(),
    )
    return _Lake(rows, data, files, made)


def _check_same(place: Place, before: pa.Table, now: pa.Table) -> None:
    """Raises: PlaceError if a lake has none of the people whom its publication would replace."""
    if before.num_rows and not set(people_of(before)) & set(people_of(now)):
        raise PlaceError(
            f"what is published at {place.url}{place.base} is of other people: name another prefix "
            "or --site, or --replace it"
        )


def _uploaded(
    place: Place, files: dict[str, Path], grace: dt.timedelta, tell: Tell
) -> Iterator[int]:
    """The bytes of each file that was uploaded; 0 of one that an earlier try has left.

    One that was left so long ago that another's sweep might remove it is written again.
    """
    until = dt.datetime.now(dt.UTC) - grace / 2

    def upload(sha256: str) -> int:
        left, file = place.head(object_of(sha256)), files[sha256]
        size = file.stat().st_size
        if left and left["size"] == size and left["last_modified"] > until:
            return 0
        place.put(object_of(sha256), file)
        return size

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for number, size in enumerate(pool.map(upload, files), 1):
                yield size
                if number % EACH == 0:
                    tell(f"{number} of {len(files)} files")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
