"""A made-up month of two people as real vendor files, across a change of the clocks.

Nothing in it belongs to anybody. The same seed gives the same bytes. Both months contain the
night on which the clocks go back, since that is where sleep and glucose part company when a tool
gets time wrong.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from flows.demo.apple import export
from flows.demo.body import Body, Traits, body
from flows.demo.fitbit import takeout
from flows.demo.glucose import clarity_csv, dexcom, libre, libreview_csv
from flows.demo.sleep import Habits

# Without diabetes; the clocks of New York go back on 2 November 2025 at 02:00.
ADA = Traits(
    timezone="America/New_York",
    first=dt.date(2025, 10, 12),
    days=32,
    habits=Habits(bed_h=(-1.1, -0.1), up_h=(6.75, 8.0), nap_share=0.5),
    resting_heart_rate=57,
    heart_rate_variability_ms=41.0,
    fasting=91.0,
    spread=16.0,
    rise_per_g=0.74,
    peak_min=(45, 60),
    dawn=5.0,
    wander=6.5,
)
# Type 2 diabetes treated with tablets; the clocks of Berlin go back on 26 October 2025 at 03:00.
BEN = Traits(
    timezone="Europe/Berlin",
    first=dt.date(2025, 10, 8),
    days=32,
    habits=Habits(bed_h=(-1.6, -0.6), up_h=(6.1, 7.4)),
    resting_heart_rate=63,
    heart_rate_variability_ms=33.0,
    fasting=116.0,
    spread=28.0,
    rise_per_g=1.4,
    peak_min=(50, 75),  # later than without diabetes
    dawn=21.0,
    wander=9.0,
    workouts=("Walking", "Cycling", "TraditionalStrengthTraining"),
)


@dataclass(frozen=True)
class DemoPerson:
    """Whose files these are, and the zone to give with them."""

    participant: str
    timezone: str
    paths: list[Path]


def write_demo(folder: Path, seed: int = 7) -> list[DemoPerson]:
    """The two people, after their files were written into `folder`.

    Raises: OSError if the folder cannot be written.
    """
    people: list[DemoPerson] = []
    for participant, traits, files in (("ada", ADA, _ada), ("ben", BEN, _ben)):
        rng = np.random.default_rng([seed, len(people)])
        home = folder / participant
        home.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, data in files(body(traits, rng), rng).items():
            (home / name).write_bytes(data)
            paths.append(home / name)
        people.append(DemoPerson(participant, traits.timezone, paths))
    return people


def _ada(ada: Body, rng: np.random.Generator) -> dict[str, bytes]:
    """Two overlapping exports of the sensor, both with the repeated hour; a tracker's archive."""
    seen, at = dexcom(ada, rng), ada.clock.at
    return {
        "Clarity_Export_Example_Ada_2025-11-04_081512.csv": clarity_csv(
            ada, seen, at(0, 0), at(23, 8.25)
        ),
        "Clarity_Export_Example_Ada_2025-11-12_203004.csv": clarity_csv(
            ada, seen, at(11, 0), at(31, 20.5)
        ),
        "takeout-ada.zip": _zipped(takeout(ada, rng), ada),
    }


def _ben(ben: Body, rng: np.random.Generator) -> dict[str, bytes]:
    """The sensor's account and the export of a phone."""
    return {
        "BenExample_glucose_8-11-2025.csv": libreview_csv(ben, libre(ben, rng), rng),
        "export.zip": _zipped(export(ben, rng), ben),
    }


def _zipped(members: dict[str, str], body: Body) -> bytes:
    """A zip whose every member was made at the end of the month: the same bytes each time."""
    last = body.traits.first + dt.timedelta(days=body.traits.days - 1)
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            member = ZipInfo(name, (last.year, last.month, last.day, 20, 30, 0))
            member.compress_type = ZIP_DEFLATED
            member.create_system = 3  # Unix, wherever this runs
            archive.writestr(member, text, compresslevel=6)
    return buffer.getvalue()
