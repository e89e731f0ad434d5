"""Real and fixture exports of other people's making, where they are at hand: none is rejected.

The folder is named by DAWNLAKE_SAMPLES; without it the test is skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.deriving.pipeline import ingest
from tests.lake import opened, rows
from transforms.glucose.units_told import is_doubt
from warehouse.store.lake import Lake

pytestmark = pytest.mark.samples

SAMPLES = Path(os.environ.get("DAWNLAKE_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
FOLDERS = ("clarity", "libreview", "apple", "nightscout", "health_connect", "garmin/gdpr")


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_are_read_without_a_reject(folder: str, tmp_path: Path) -> None:
    if not (SAMPLES / folder).is_dir():
        pytest.skip("no samples at hand")
    receipt = ingest(Lake(tmp_path), [SAMPLES / folder], "p", "Europe/Berlin")
    assert receipt.files
    for file in receipt.files:
        assert file.error is None
        assert file.manifest is not None
        assert file.manifest["rejected_count"] == 0
        assert not any(map(is_doubt, file.manifest["drift"]))
        counts = file.new + file.already_known + file.corrected
        assert counts == file.manifest["carried_count"]


def sample(*path: str) -> Path:
    """A sample; the test is skipped where there is none."""
    found = SAMPLES.joinpath(*path)
    if not found.exists():
        pytest.skip("no samples at hand")
    return found


def test_two_journeys_of_a_phone_are_found_from_home_alone(tmp_path: Path) -> None:
    """A real Clarity export: spring 2024-03-31, an hour west 2024-05-09, back east 2024-06-08."""
    lake = Lake(tmp_path)
    path = sample("clarity", "livia_g6_mgdl_2024_dst_travel.csv")
    ingest(lake, [path], "p", "Europe/Kyiv")
    with opened(lake) as connection:
        moves = rows(connection, "select to_at::varchar as at, size_min from clock_finding")
        steps = rows(
            connection,
            """
            select split_part(key, '/', 1) as transmitter,
                epoch(start_at) - lag(epoch(start_at)) over counted as step_s,
                split_part(key, '/', 2)::bigint - lag(split_part(key, '/', 2)::bigint) over counted
                    as count_s
            from sample where metric = 'interstitial_glucose'
            window counted as (partition by transmitter order by start_at, record)
            """,
        )
    assert [(move["at"][:16], move["size_min"]) for move in moves] == [
        ("2024-03-31 01:02", 60),
        ("2024-05-09 11:33", -60),
        ("2024-06-08 20:16", 60),
    ]
    assert len(steps) > 25_000
    known = [step for step in steps if step["step_s"] is not None]
    assert all(step["step_s"] >= 240 and step["count_s"] > 0 for step in known)


def test_the_nights_of_a_traveller_have_the_clock_of_the_place(tmp_path: Path) -> None:
    """A real Garmin export: nights tell instants alone, day summaries the offset, 0 to 4 hours."""
    lake = Lake(tmp_path)
    ingest(lake, [sample("garmin", "gdpr")], "p", "Europe/Berlin")
    with opened(lake) as connection:
        told = rows(connection, "select distinct session, start_at from episode where kind='sleep'")
        nights = rows(connection, "select sleep_date, onset_at, onset_local from sleep_nightly")
    wake_date = {night["start_at"]: night["session"][:10] for night in told}
    assert len(nights) > 200
    for night in nights:
        assert str(night["sleep_date"]) == wake_date[night["onset_at"]]
    hours = {
        (n["onset_local"].replace(tzinfo=n["onset_at"].tzinfo) - n["onset_at"]).seconds // 3600
        for n in nights
    }
    assert hours == {0, 1, 2, 3, 4}
