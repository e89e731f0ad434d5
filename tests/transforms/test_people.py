"""Signs of two people under one id, and what takes them back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.deriving.people_words import people_problem
from flows.deriving.pipeline import prepared
from flows.reading.manifest import parts_of
from tests.lake import (
    BERLIN,
    PERSON,
    aged,
    align_participant,
    clarity,
    kept,
    libreview,
    put,
    table,
    tree,
)
from transforms.copies.people import disguised
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole


def of(first: str, last: str, hour: int) -> str:
    """A Clarity export of a morning hour with a name in it."""
    told = [(f"2025-07-01T{hour:02}:{m:02}:00", 100, 60 * m, f"{hour}AB") for m in range(0, 60, 5)]
    preamble = [f"1,,FirstName,,{first},,,,,,,,,", f"2,,LastName,,{last},,,,,,,,,"]
    return clarity(told, preamble)


def by(name: str, day: int) -> str:
    text = libreview([(f"{day:02}-11-2025 08:00", 101), (f"{day:02}-11-2025 08:15", 102)])
    return text.replace("Somebody", name)


def problem(lake: Lake, *files: str) -> str | None:
    """What is asked once these are given."""
    folder = lake.root.with_name("in")
    kept(lake, aged(put(folder, {f"{n}.csv": text for n, text in enumerate(files)})), zone=BERLIN)
    return people_problem(align_participant(lake, PERSON, prepared(lake, PERSON, None), force=True))


@pytest.mark.parametrize(
    "files, is_asked",
    [
        ((of("Mia", "Invented", 8), of("Leo", "Invented", 9)), True),
        ((of("Mia", "Invented", 8), of("MIA", "invented", 9)), False),
        ((of("Mia", "Invented", 8), of("Invented", "Mia", 9)), False),
        ((by("Anna Sample", 20), by("Ben Sample", 21)), True),
        ((by("Anna Sample", 20), by('"Sample, Anna"', 21)), False),
        ((of("Mia", "Invented", 8), by("Anna Sample", 20)), False),  # of two formats
    ],
)
def test_other_names_in_exports_of_one_format_are_asked_about(
    files: tuple[str, str], is_asked: bool, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    told = problem(lake, *files)
    assert bool(told) == is_asked
    kinds = [row["kind"] for row in table(lake, "clock_finding")]
    assert kinds == ["other_name"] * is_asked
    if is_asked:
        assert "exports of one format name different people: are these" in str(told)
    every = b"".join(data for data in tree(lake.root).values()).lower()
    for word in (b"invented", b"sample,", b"anna"):
        assert word not in every  # in no byte of the lake


def test_the_settings_answer_and_withdrawing_does(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert problem(lake, of("Mia", "Invented", 8), of("Leo", "Invented", 9))
    with lake.settings.open("a") as lines:
        lines.write("one_person = true\n")
    settings = prepared(lake, PERSON, None)
    assert settings.participant(PERSON).one_person
    assert people_problem(align_participant(lake, PERSON, settings)) is None
    assert table(lake, "clock_finding") == []


def test_a_name_is_kept_as_a_salted_hash(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    problem(lake, of("Mia", "Invented", 8))
    (part,) = parts_of(lake, PERSON)
    assert part.manifest["names"] == [disguised("invented MIA", PERSON)]
    assert disguised("Mia Invented", PERSON) != disguised("Mia Invented", "p2")
    assert len(disguised("Mia Invented", PERSON)) == 16


def garmin(deep_min: int, count: int = 14) -> str:
    """Nights of Garmin's export, known by their date, with so much deep sleep."""
    nights = [
        {
            "calendarDate": f"2025-07-{day:02}",
            "sleepStartTimestampGMT": f"2025-07-{day - 1:02}T21:00:00.0",
            "sleepEndTimestampGMT": f"2025-07-{day:02}T05:00:00.0",
            "sleepWindowConfirmationType": "ENHANCED_CONFIRMED_FINAL",
            "deepSleepSeconds": 60 * deep_min,
            "lightSleepSeconds": 60 * (480 - deep_min),
            "remSleepSeconds": 0,
            "awakeSleepSeconds": 0,
            "unmeasurableSeconds": 0,
            "retro": False,
        }
        for day in range(2, count + 2)
    ]
    return json.dumps(nights)


@pytest.mark.parametrize("days, is_asked", [(0, True), (30, False)])
def test_exports_made_together_that_contradict_each_other_are_asked_about(
    days: int, is_asked: bool, tmp_path: Path
) -> None:
    """A vendor that scores everything anew does not do so within a day."""
    lake = Lake(tmp_path / "lake")
    for number, text in enumerate((garmin(60), garmin(90))):
        files = put(tmp_path / f"{number}", {"sleep.json": text})
        kept(lake, aged(files, f"2026-0{1 + bool(days * number)}-01"))
    told = people_problem(align_participant(lake, PERSON, prepared(lake, PERSON, None), force=True))
    assert bool(told) == is_asked
