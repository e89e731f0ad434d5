"""One night that two trackers tell: for every two kinds of them, which is believed and what of the
other one stays."""

from __future__ import annotations

import itertools

import pytest

from connectors import connectors
from flows.settings import Settings
from tests.golden_case import cases
from tests.lake import Person, Row, derived, lake_of, rows

pytestmark = pytest.mark.whole

# by what they measure with, the one that is believed first before the others
KINDS = {
    "eeg": "dreem",
    "ring": "oura",
    "watch": "garmin_fit",
    "mat": "beddit",
    "actigraph": "ggir_part4",
    "hub": "health_connect",
    "phone": "sleep_as_android",
    "manual": "sleepmeter",
    "relay": "openmhealth_sleep",
    "cgm": "research_ohiot1dm",  # a set of glucose with nights in it
}
RELATIONS = ("night_to_day", "sleep_episode", "sleep_stage", "night_source")
PAIRS = list(itertools.combinations(KINDS, 2))
HOURS = [("light", 180), ("deep", 60), ("light", 60), ("awake", 10), ("light", 60)]
# the other one sees more sleep and all stages, from earlier to later
MORE = [("light", 100), ("rem", 100), ("deep", 100), ("awake", 5), ("rem", 100), ("light", 75)]


def told_by(better: str, worse: str, is_bare: bool) -> Person:
    """A night by two trackers, the better one first in nothing but its kind."""
    made = Person().sleep("2025-03-10T22:40", MORE, connector=worse, session="a")
    if is_bare:
        made.sleep("2025-03-10T23:10", end="2025-03-11T05:20", connector=better, session="b")
    else:
        made.sleep("2025-03-10T23:10", HOURS, connector=better, session="b")
    return made


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[Row]]]:
    """The rows of each person in each of the relations that tell of a night."""
    people = {
        f"{one}_{other}{end}": told_by(KINDS[one], KINDS[other], is_bare=bool(end))
        for one, other in PAIRS
        for end in ("", "_bare")
    }
    lake = lake_of(tmp_path_factory.mktemp("pairs"), people)
    told: dict[str, dict[str, list[Row]]] = {}
    with derived(lake, people, Settings(), RELATIONS) as connection:
        for name in RELATIONS:
            told[name] = {}
            for row in rows(connection, f"from {name}"):
                told[name].setdefault(row["participant_id"], []).append(row)
    return told


@pytest.mark.parametrize("one, other", PAIRS)
def test_of_two_kinds_the_better_one_is_the_night_and_the_other_stays_beside(
    one: str, other: str, found: dict[str, dict[str, list[Row]]]
) -> None:
    person = f"{one}_{other}"
    (night,) = found["night_to_day"][person]
    assert night["sleep_connector"] == KINDS[one]
    assert [night[f"{stage}_min"] for stage in ("light", "deep", "rem")] == [300, 60, 0]
    assert (night["total_sleep_min"], night["wake_after_onset_min"]) == (360, 10)
    assert {row["connector"] for row in found["night_source"][person]} == {KINDS[one]}
    both = {
        row["connector"]: (row["light_min"], row["deep_min"], row["rem_min"])
        for row in found["sleep_episode"][person]
    }
    assert both == {KINDS[one]: (300, 60, 0), KINDS[other]: (175, 100, 200)}
    assert {row["connector"] for row in found["sleep_stage"][person]} == set(both)


@pytest.mark.parametrize("one, other", PAIRS)
def test_no_stages_are_lent_to_a_night_without_them(
    one: str, other: str, found: dict[str, dict[str, list[Row]]]
) -> None:
    (night,) = found["night_to_day"][f"{one}_{other}_bare"]
    assert (night["sleep_connector"], night["sleep_basis"]) == (KINDS[one], "span")
    told = [night[f"{name}_min"] for name in ("total_sleep", "light", "deep", "rem")]
    assert told == [None] * 4
    assert night["sleep_period_min"] == 370
    beside = {row["connector"] for row in found["sleep_episode"][f"{one}_{other}_bare"]}
    assert beside == {KINDS[one], KINDS[other]}


def test_every_kind_that_tells_sleep_is_here() -> None:
    measured = {name: each.source for name, each in connectors().items()}
    telling = {
        measured[case.connector]
        for case in cases()
        if case.expected.exists() and '"kind": "sleep"' in case.expected.read_text()
    }
    assert telling == set(KINDS)
    assert {kind: measured[name] for kind, name in KINDS.items()} == {kind: kind for kind in KINDS}
