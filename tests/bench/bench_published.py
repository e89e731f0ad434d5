"""What a person-year takes on the disk, and what publishing and opening cost for many people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flows.demo.body import Body, Traits, body
from flows.demo.fitbit import takeout
from flows.demo.glucose import clarity_csv, dexcom
from flows.demo.month import ADA, BEN, _ben, _zipped
from flows.deriving.pipeline import ingest
from flows.settings import Settings
from tests.bench.measured import Cost, cost
from tests.published.test_publish import DAY, give, told
from warehouse.published.place import Place, claim
from warehouse.published.reading import PublishedLake
from warehouse.published.upload import publish
from warehouse.store.lake import Lake

PEOPLE = (100, 1000, 4000)
YEAR = 365


def main() -> None:
    with TemporaryDirectory() as folder:
        _year(Path(folder), "Clarity and Fitbit", ADA, _clarity_and_fitbit)
        _year(Path(folder), "LibreView and Apple", BEN, _ben)
        for count in PEOPLE:
            _many(Path(folder) / str(count), count)


def _clarity_and_fitbit(ada: Body, rng: np.random.Generator) -> dict[str, bytes]:
    seen, at = dexcom(ada, rng), ada.clock.at
    whole = clarity_csv(ada, seen, at(0, 0), at(YEAR - 1, 20))
    return {"clarity.csv": whole, "takeout.zip": _zipped(takeout(ada, rng), ada)}


def _year(
    folder: Path,
    what: str,
    traits: Traits,
    files: Callable[[Body, np.random.Generator], dict[str, bytes]],
) -> None:
    """A year of a demo person, from exports to marts."""
    home, rng = folder / what, np.random.default_rng(7)
    home.mkdir(parents=True)
    for name, data in files(body(replace(traits, days=YEAR), rng), rng).items():
        (home / name).write_bytes(data)
    lake = Lake(folder / "lake" / what)
    used = cost(lambda: len(ingest(lake, [*home.iterdir()], "p", traits.timezone).files))
    told = ", ".join(
        f"{name} {size / 1e6:.1f} MB in {count} files"
        for name, (count, size) in {
            "exports": _size(home),
            "extracted": _size(lake.extracted),
            "tables": _size(lake.tables),
            "marts": _size(lake.marts),
        }.items()
    )
    _say(f"{what}, a person-year: {told}; ingest {used.cpu_s:.1f} s of CPU, {used.peak_mb} MB")


def _size(folder: Path) -> tuple[int, int]:
    files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(files)


def _many(folder: Path, count: int) -> None:
    """As many participants as that, all with the files of one; their marts are not theirs."""
    lake = Lake(folder / "lake")
    give(lake.root, "ada", 1)
    for link, part in _others(lake, count):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.hardlink_to(part)
    url = f"file://{folder}/published"
    place = Place.of(url, is_made=True)
    claim(place, None)

    def published() -> int:
        return publish(lake, place, told(Settings()), DAY, False, print).publication.file_count

    first, again = cost(published), cost(published)
    size = max(each["size"] for name, each in place.objects("objects/"))
    opened = cost(lambda: _asked(url))
    _say(
        f"{count} people, {first.result} files: listed and published in {_shown(first)}, found "
        f"unchanged in {_shown(again)}; a list of {size / 1e3:.0f} kB; opened and asked in "
        f"{_shown(opened)}, {opened.peak_mb} MB"
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _shown(used: Cost) -> str:
    return f"{used.cpu_s:.2f} s of CPU"


def _asked(url: str) -> int:
    with PublishedLake.of(url).connected() as connection:
        sql = "select count(*) from sample where participant_id = 'p0001'"
        ((rows,),) = connection.execute(sql).fetchall()
        return int(rows)


def _others(lake: Lake, count: int) -> Iterator[tuple[Path, Path]]:
    for part in [*lake.tables.glob("*/participant_id=ada/*"), *lake.marts.glob("*/*=ada/*")]:
        for number in range(1, count):
            yield part.parents[1] / f"participant_id=p{number:04}" / part.name, part


if __name__ == "__main__":
    main()
