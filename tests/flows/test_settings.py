"""dawnlake.toml: what is wrong is named with what would be right, what is right is kept."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from connectors import connectors
from flows.deriving.pipeline import ingest, prepared
from flows.settings import (
    Participant,
    Priority,
    Rules,
    Settings,
    SettingsError,
    load,
)
from flows.settings_kept import remember_zone
from tests.lake import libreview, put, table
from transforms.clocks.timeline import Stay
from warehouse.store.lake import Lake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dawnlake.toml"


def test_without_a_file_everything_has_its_default(path: Path) -> None:
    assert load(path) == Settings()
    assert load(path).participant("anybody") == Participant()
    assert load(path).participant("anybody").stays() == []


def test_defaults_are_those_of_the_guide() -> None:
    rules = Rules()
    assert (rules.merge_gap_min, rules.day_coverage_min_pct, rules.night_coverage_min_pct) == (
        *(60, 70, 80),
    )
    assert (rules.night_min_h, rules.night_max_h, rules.day_cap_h, rules.dawn_min_mgdl) == (
        *(3, 14, 20, 20),
    )
    sleep = Priority().whole()["sleep"]
    eeg, ring, watch = (sleep.index(name) for name in ("dreem", "oura", "fitbit_takeout"))
    assert eeg < ring < watch < sleep.index("apple_health")
    glucose = Priority().whole()["glucose"]
    assert glucose.index("dexcom_clarity") < glucose.index("nightscout")


def test_who_is_named_comes_first_and_who_is_not_there_changes_nothing() -> None:
    chosen = Priority(sleep=("apple_health", "elsewhere"))
    sleep = chosen.whole()["sleep"]
    assert sleep[:3] == ("apple_health", "elsewhere", Priority().whole()["sleep"][0])
    assert set(connectors()) < set(sleep)
    present = {"oura", "apple_health", "libreview"}
    assert chosen.among(present)["sleep"] == ["apple_health", "oura", "libreview"]
    assert Priority(sleep=("elsewhere",)).among(present) == Priority().among(present)


ANNA = "[participants.anna]\ntimezone = 'UTC'\n"
UNKNOWN = {
    "prioritys = {}": "prioritys: unknown key; did you mean priority?",
    "[rules]\nmerge_gap_minutes = 3": "merge_gap_minutes: unknown key; did you mean merge_gap_min?",
    "[rules]\nday_coverage_pct = 3": "unknown key; did you mean day_coverage_min_pct?",
    "[priority]\nslep = []": "priority.slep: unknown key; did you mean sleep?",
    ANNA + "timezon = 'UTC'": "anna.timezon: unknown key; did you mean timezone?",
    ANNA + "zones = [{ form = 2025-01-01, timezone = 'UTC' }]": (
        "participants.anna.zones.0.form: unknown key; did you mean from?"
    ),
    "xyz = 1": "xyz: unknown key; known keys: freshness_days, participants, priority, rules",
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_key_names_the_nearest_known_one(text: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert UNKNOWN[text] in str(caught.value)


WRONG = {
    "[participants.anna]\ntimezone = 'Europe/Atlantis'": "anna.timezone: Europe/Atlantis is no",
    "[participants.anna]\ntimezone = 'CET+1'": "is no IANA time zone, such as Europe/Berlin",
    "[participants.anna]\ntimezone = ''": "is no IANA time zone",
    "[participants.anna]\nfree_days = ['caturday']": "anna.free_days.0: Input should be",
    "[participants.anna]\ntimezone = '../../etc/passwd'": "is no IANA time zone",
    "[participants.'anna smith']\ntimezone = 'UTC'": "participants.anna smith",
    "[participants.'../anna']\ntimezone = 'UTC'": "participants.../anna",
    f"[participants.{'a' * 65}]\ntimezone = 'UTC'": "participants.aaaa",
    "[rules]\nmerge_gap_min = -1": "rules.merge_gap_min: Input should be greater than or equal",
    "[rules]\nday_coverage_min_pct = 101": "rules.day_coverage_min_pct: Input should be less",
    "[rules]\nday_cap_h = 'long'": "rules.day_cap_h: Input should be a valid number",
    ANNA + "zones = [{ from = 2025-01-01T00:00:00Z, timezone = 'UTC' }]": (
        "participants.anna.zones.0.from: Input should not have timezone info"
    ),
    "[participants.anna]\nzones = [{ from = 2025-01-01, timezone = 'UTC' }]": (
        "participants.anna: zones without timezone"
    ),
    ANNA + "zones = [{ from = 2025-01-01, timezone = 'UTC' }, "
    "{ from = 2025-01-01T00:00:00, timezone = 'Asia/Tokyo' }]": "two of zones have the same `from`",
    "[rules\n": "dawnlake.toml is not valid TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named(text: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert WRONG[text] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_in_another_encoding_is_named_too(path: Path) -> None:
    path.write_bytes("[participants.anna]  # Zoë\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(path)


JOURNEY = """
[participants.anna]
timezone = "Europe/Berlin"
zones = [
    { from = 2025-11-09T12:00:00, timezone = "Europe/Berlin" },
    { from = 2025-11-03, timezone = "America/New_York" },
]
"""


def test_a_journey_is_sorted_and_a_bare_date_is_its_midnight(path: Path) -> None:
    path.write_text(JOURNEY)
    assert load(path).participant("anna").stays() == [
        Stay(None, "Europe/Berlin"),
        Stay(dt.datetime(2025, 11, 3), "America/New_York"),
        Stay(dt.datetime(2025, 11, 9, 12), "Europe/Berlin"),
    ]


def test_settings_of_one_person_are_not_those_of_another(path: Path) -> None:
    path.write_text(JOURNEY)
    assert load(path).participant("ben").stays() == []


COMMENTED = """# Who is in here.
[participants.anna]   # her
timezone = "Europe/Berlin"  # since 2019
# she never travels

[rules]
merge_gap_min = 30
"""


def test_a_remembered_zone_leaves_the_rest_as_it_is(path: Path) -> None:
    path.write_text(COMMENTED)
    remember_zone(path, "ben", "America/New_York")
    text = path.read_text()
    for line in COMMENTED.splitlines():
        assert line in text
    assert tomllib.loads(text)["participants"] == {
        "anna": {"timezone": "Europe/Berlin"},
        "ben": {"timezone": "America/New_York"},
    }
    assert remember_zone(path, "anna", "Asia/Tokyo").participant("anna").timezone == "Asia/Tokyo"
    assert "# since 2019" in path.read_text()
    assert load(path).rules.merge_gap_min == 30


def test_the_same_zone_again_writes_nothing(path: Path) -> None:
    remember_zone(path, "ben", "UTC")
    before = path.stat().st_mtime_ns, path.stat().st_ino
    remember_zone(path, "ben", "UTC")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize("name", ["a.b", "0", "anna-2", "true"])
def test_any_id_can_be_remembered(name: str, path: Path) -> None:
    remember_zone(path, "first", "UTC")
    assert remember_zone(path, name, "Asia/Tokyo").participant(name).timezone == "Asia/Tokyo"


@pytest.mark.parametrize("text", ["[rules\n", "[rules]\nno_such = 1\n"])
def test_broken_settings_are_not_written_to(text: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(SettingsError):
        remember_zone(path, "anna", "UTC")
    assert path.read_text() == text


@pytest.mark.parametrize(
    "name", ["", "-anna", ".", "..", "a/b", "anna\n", "anna smith", "a" * 65, "é"]
)
def test_an_impossible_participant_is_refused_before_anything_is_made(
    name: str, tmp_path: Path
) -> None:
    for zone in (None, "UTC"):
        with pytest.raises(SettingsError, match="participant"):
            prepared(Lake(tmp_path / "lake"), name, zone)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_zone_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Europe/Atlantis is no IANA time zone"):
        prepared(Lake(tmp_path / "lake"), "anna", "Europe/Atlantis")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.whole
def test_a_corrected_journey_needs_no_file_again(tmp_path: Path) -> None:
    """The zones are settings: rows move without their export."""
    lake = Lake(tmp_path / "lake")
    put(tmp_path, {"a.csv": libreview([("20-11-2025 08:00", 101)])})
    ingest(lake, [tmp_path / "a.csv"], "anna", "Europe/Berlin")
    (tmp_path / "a.csv").unlink()
    lake.settings.write_text(
        '[participants.anna]\ntimezone = "Europe/Berlin"\n'
        'zones = [{ from = 2025-11-19, timezone = "Asia/Tokyo" }]\n'
    )
    ingest(lake, [], "anna")
    (row,) = table(lake, "sample", "anna")
    assert row["start_at"] == dt.datetime(2025, 11, 19, 23, tzinfo=dt.UTC)
