"""Where lakes are published: a prefix of a bucket, or a folder, by its URL.

dawnlake.json                             says that the prefix is ours, and whether sites share it
[site=S/]publications/00000007.json       a publication, put if there is none of that number
[site=S/]objects/3f/3f2a...               what publications name: by the SHA-256 of its bytes

S3 knows no rename. What makes a publication atomic is that a number can be put once
(`If-None-Match`), and that whatever it names is there before. Rights come from the environment, are
asked for by the storage's own client and never seen here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARKER = "dawnlake.json"
FORMAT = 1
SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
SCHEMES = {"s3": "s3://bucket/prefix", "gs": "gs://bucket/prefix"} | {
    "az": "az://account/container/prefix",
    "file": "file:///folder",
}
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
RETRIES = {"max_retries": 5, "retry_timeout": dt.timedelta(minutes=1)}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class PlaceError(Exception):
    """A place that cannot be published to or read as asked. The message says why and what to do."""


class StorageError(Exception):
    """The storage or the way to it is at fault, for now. The message says what it answered."""


@dataclass(frozen=True)
class Place:
    """A prefix that can be read and written; `base` is what all names in it begin with."""

    url: str
    store: Any  # of obstore
    base: str = ""

    @classmethod
    def of(cls, url: str, is_made: bool = False) -> Place:
        """The place of a URL; a folder that is not there is made, if it is to be.

        Raises: PlaceError for a URL that names none; StorageError.
        """
        parts = urlsplit(url)
        named = parts.path if parts.scheme == "file" else parts.netloc
        if parts.scheme not in SCHEMES or not named or "?" in url or "#" in url:
            raise PlaceError(f"{_shown(url)} is no place: {', '.join(SCHEMES.values())}")
        if parts.username or parts.password:
            raise PlaceError("no keys in a URL: the environment has them, as AWS_SECRET_ACCESS_KEY")
        try:
            from obstore.store import LocalStore, from_url
        except ImportError:
            raise PlaceError("object storage needs obstore: install dawnlake[cloud]") from None
        with _told(url):
            try:
                if parts.scheme == "file":
                    return cls(url, LocalStore.from_url(url, mkdir=is_made))
                may = {"client_options": {"allow_http": True}} if _is_loopback() else {}
                return cls(url, from_url(url, retry_config=RETRIES, **may))  # type: ignore[call-overload]
            except (ValueError, OSError) as error:
                raise PlaceError(f"{url} is no place: {str(error).splitlines()[0]}") from None

    def of_site(self, site: str | None) -> Place:
        """The part of a site in it; all of it without one."""
        return replace(self, base=f"site={site}/") if site else self

    def read(self, name: str) -> bytes:
        """An object.

        Raises: FileNotFoundError if there is none; StorageError.
        """
        with _told(self.url):
            return bytes(_obstore().get(self.store, self.base + name).bytes())

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """A part of an object, in bytes.

        Raises: FileNotFoundError if there is none; StorageError.
        """
        with _told(self.url):
            found = _obstore().get_range(self.store, self.base + name, start=start, length=length)
            return bytes(found)

    def put(self, name: str, data: bytes | Path) -> None:
        """Write an object, whatever was there.

        Raises: StorageError.
        """
        with _told(self.url):
            _obstore().put(self.store, self.base + name, data)

    def put_new(self, name: str, data: bytes) -> bool:
        """Write an object, if there is none; whether there was none.

        Raises: StorageError.
        """
        from obstore.exceptions import AlreadyExistsError

        with _told(self.url):
            try:
                _obstore().put(self.store, self.base + name, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def head(self, name: str) -> Any:
        """`size` and `last_modified` of an object; None if there is none.

        Raises: StorageError.
        """
        with _told(self.url), suppress(FileNotFoundError):
            return _obstore().head(self.store, self.base + name)
        return None

    def objects(self, folder: str) -> Iterator[tuple[str, Any]]:
        """Name, and `size` and `last_modified`, of each object below a folder.

        Raises: StorageError.
        """
        with _told(self.url), suppress(FileNotFoundError):
            for some in _obstore().list(self.store, self.base + folder, chunk_size=1000):
                for each in some:
                    yield each["path"].removeprefix(self.base), each

    def folders(self) -> tuple[list[str], list[str]]:
        """Names of folders and of objects right below.

        Raises: StorageError.
        """
        with _told(self.url), suppress(FileNotFoundError):
            found = _obstore().list_with_delimiter(self.store, self.base or None)
            names = [each["path"].removeprefix(self.base) for each in found["objects"]]
            return [each.rstrip("/") for each in found["common_prefixes"]], names
        return [], []

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; some may be gone already.

        Raises: StorageError.
        """
        gone = [self.base + name for name in names]
        with _told(self.url):
            try:
                _obstore().delete(self.store, gone)  # many at once, where the storage can
            except FileNotFoundError:
                for each in gone:
                    with suppress(FileNotFoundError):
                        _obstore().delete(self.store, each)


def is_url(lake: object) -> bool:
    """Whether a lake is named by the URL where it was published; a Path has lost a slash of it."""
    return re.match(r"[a-z0-9]{2,}:/", str(lake)) is not None


def claim(place: Place, site: str | None) -> None:
    """Have a prefix marked as ours, as one lake's or as one that sites share, if it is empty.

    Raises: PlaceError if it holds something else or is used the other way, or its storage does not
    keep two writers apart; StorageError.
    """
    if site is not None and not SITE.fullmatch(site):
        raise PlaceError("a site is 1 to 64 letters, digits, dots, dashes or underscores")
    marked = marked_as(place)
    if marked is None:
        if any(place.folders()):
            raise PlaceError(f"{place.url} holds something else: name an empty prefix")
        text = json.dumps({"dawnlake": FORMAT, "sites": site is not None}).encode()
        place.put_new(MARKER, text)
        if place.put_new(MARKER, text):
            place.remove([MARKER])
            raise PlaceError(
                "this storage puts an object that is there already (it ignores If-None-Match), so "
                "two publications could be mixed: use another"
            )
        marked = marked_as(place)
    if marked != (site is not None):
        raise PlaceError(
            f"several sites publish to {place.url}: --site NAME says which this is"
            if marked
            else f"one lake is published at {place.url}: name another prefix for several sites"
        )


def marked_as(place: Place) -> bool | None:
    """Whether sites share a prefix; None if nothing is published there.

    Raises: PlaceError if what is there is of a newer dawnlake; StorageError.
    """
    try:
        marked = json.loads(place.read(MARKER))
        if marked["dawnlake"] > FORMAT:
            raise PlaceError(f"what is at {place.url} is of a newer dawnlake: install that")
        return bool(marked["sites"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise PlaceError(f"{MARKER} at {place.url} is not ours: name another prefix") from None


def sites_of(place: Place) -> list[str]:
    """The sites that share a prefix, in order.

    Raises: StorageError.
    """
    folders, _ = place.folders()
    return sorted(each.removeprefix("site=") for each in folders if each.startswith("site="))


def _obstore() -> Any:
    import obstore  # here: who asks a folder does not wait for it

    return obstore


def _is_loopback() -> bool:
    """Whether the storage is on this machine, where nobody listens to HTTP without TLS."""
    told = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")
    return urlsplit(told).hostname in LOOPBACK


def _shown(url: str) -> str:
    """A URL without what may be a key in it."""
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What a storage answers in words of ours: its own may repeat parts of a key.

    Raises: FileNotFoundError for an object that is not there; StorageError for all else.
    """
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageError(
            f"{url} may not be read or written with the keys of this environment{_code(error)}"
        ) from None
    except BaseError as error:
        raise StorageError(f"{url} cannot be reached{_code(error)}") from None
    except PermissionError as error:
        raise StorageError(f"{url}: {error.strerror or 'no right to do that'}") from None


def _code(error: Exception) -> str:
    """The number and the name of an answer, in brackets; '' if there was none."""
    status = re.search(r"status code: (\d{3})", str(error))
    named = re.search(r"<Code>(\w+)</Code>", str(error))
    found = [match[1] for match in (status, named) if match]
    return f" (it answers {' '.join(found)})" if found else ""
