"""What was published, as relations to ask: the newest publication of a place, or of each of its
sites, for as long as it is open."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import template
from warehouse.macros import free_days_sql
from warehouse.published.files import PROTOCOL, Part, Published
from warehouse.published.place import Place, PlaceError, marked_as, sites_of
from warehouse.published.publication import Publication, listing, newest
from warehouse.published.upload import people_of
from warehouse.schema import RESULTS
from warehouse.store.database import writable
from warehouse.store.lake import PARTITION
from warehouse.table_files import create_tables, sources_by_name
from warehouse.views import create, fingerprint_here, relations_fingerprint

NAME = "warehouse.duckdb"


@dataclass(frozen=True)
class Site:
    """The newest publication of a site, or of a place without sites, and its files."""

    name: str
    place: Place
    publication: Publication
    files: pa.Table

    @property
    def people(self) -> list[str]:
        """Its participants, in order."""
        return people_of(self.files)


@dataclass(frozen=True)
class PublishedLake:
    """Published lakes that are read as one."""

    url: str
    sites: Sequence[Site]
    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="dawnlake-"), repr=False
    )

    @classmethod
    def of(cls, url: str) -> PublishedLake:
        """What is published at a URL.

        Raises: PlaceError if nothing is, if another dawnlake has published it, or if sites do not
        fit together; StorageError.
        """
        place = Place.of(url)
        is_shared = marked_as(place)
        if is_shared is None:
            raise PlaceError(f"nothing is published at {url}; `dawnlake publish` does")
        names = sites_of(place) if is_shared else [""]
        sites = [site for name in names if (site := _site(place, name))]
        if not sites:
            raise PlaceError(f"nothing is published at {url} as yet")
        _check(sites)
        return cls(url, sites)

    @property
    def is_mmol(self) -> bool:
        """Whether people of these lakes read glucose in mmol/L."""
        return all(site.publication.is_mmol for site in self.sites)

    def participants(self) -> list[str]:
        """Everyone in it, in order."""
        return sorted(who for site in self.sites for who in site.people)

    def told(self) -> str:
        """Which publications these are, in words."""
        return "; ".join(
            f"publication {site.publication.number} of {site.publication.made_at}"
            + (f" (site={site.name})" if site.name else "")
            for site in self.sites
        )

    def connected(self) -> duckdb.DuckDBPyConnection:
        """Relations over what is published, to be read.

        Raises: StorageError; duckdb.Error.
        """
        path, files = Path(self.folder.name) / NAME, Published(self._files())
        said = self.sites[0].publication
        general = fingerprint_here(said.rules, said.priority)
        days = {who: day for site in self.sites for who, day in site.publication.free_days.items()}
        with template.made(general, lambda made: create(made, said.rules, said.priority)) as made:
            shutil.copyfile(made, path)
        with writable(path) as connection:
            connection.register_filesystem(files)
            connection.execute("begin")
            connection.execute(free_days_sql(days))
            sources = {name: f"{PROTOCOL}://{name}/*" for name in files.files}
            create_tables(connection, sources_by_name(sources))
            connection.execute("commit")
        opened = duckdb.connect(str(path), read_only=True)
        opened.register_filesystem(files)
        return opened

    def _files(self) -> dict[str, dict[str, Part]]:
        """Files by relation and name. What is computed from everyone together is nobody's, where
        sites are read as one."""
        found: dict[str, dict[str, Part]] = {}
        for site in self.sites:
            for row in site.files.to_pylist():
                relation = row["relation"]
                if len(self.sites) > 1 and relation in _OF_ALL:
                    continue
                name = f"{relation}/{site.name}/{row['part']}".replace("//", "/")
                part = Part(site.place, row["object"], row["size"])
                found.setdefault(relation, {})[name] = part
        return found


_OF_ALL = {name for name, schema in RESULTS.items() if PARTITION not in schema.names}


def _site(place: Place, name: str) -> Site | None:
    own = place.of_site(name)
    found = newest(own)
    return Site(name, own, found, listing(own, found)) if found else None


def _check(sites: Sequence[Site]) -> None:
    """Raises: PlaceError if sites are of other versions or rules, or two have a participant."""
    for site in sites:
        said, where = site.publication, f"site={site.name}" if site.name else "this"
        if said.relations != relations_fingerprint(said.rules, said.priority):
            raise PlaceError(
                f"{where} was published by another dawnlake ({said.version}), whose relations are "
                "others: publish it again by this one, or read it by that"
            )
        if said.relations != sites[0].publication.relations:
            raise PlaceError(
                f"site={sites[0].name} and {where} have other rules or priorities: give their "
                "dawnlake.toml the same and publish again"
            )
    whose: dict[str, str] = {}
    for site in sites:
        for who in site.people:
            if who in whose:
                raise PlaceError(
                    f"participant {who} is in site={whose[who]} and site={site.name}: nobody can "
                    "tell whose nights are whose; ingest one of them under another id"
                )
            whose[who] = site.name
