"""What a night leaves alone: inboxes in which nothing has changed, and none but those."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.contract import BrokenFile
from flows.deriving import remove
from flows.deriving.align import known
from flows.deriving.pipeline import FileReceipt, Receipt, ingest, read_all
from flows.nightly import untouched
from flows.nightly.discretion import Fault, Night
from flows.nightly.untouched import Inboxes, signature
from flows.reading.manifest import parts_of
from flows.settings import load
from tests.lake import PERSON, golden, put, temporary, tree
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

CLARITY = golden("dexcom_clarity", "italian").data()
SLEEP = golden("fitbit_takeout", "sleep_fall_back_night").data()
ZONE = f'participants.{PERSON}.timezone = "Europe/London"\n'


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written a moment ago counts as one that will not change again."""
    monkeypatch.setattr(untouched, "SETTLED_NS", 0)
    untouched._of_connectors.cache_clear()


@functools.cache
def _read() -> Lake:
    lake = Lake(temporary("untouched") / "lake").create()
    lake.settings.write_text(ZONE)
    inbox = lake.inbox / PERSON
    put(inbox, {"glucose.csv": CLARITY, "deep/er/sleep-2025.json": SLEEP, "of_nobody.txt": "a"})
    put(inbox, {".DS_Store": "left by a file manager"})
    ingest(lake, [inbox], PERSON)
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(shutil.copytree(_read().root, tmp_path / "lake"))


def night(lake: Lake) -> Night:
    """A night that looks at everything, as `nights_of` tells it."""
    settings = load(lake.settings)
    files = read_all(lake, PERSON, [lake.inbox / PERSON], settings)
    outcome = known(lake, PERSON, settings)
    assert outcome is not None
    return Night(Receipt(PERSON, files), (), outcome)


def asked(lake: Lake) -> Night | None:
    return Inboxes(lake, load(lake.settings)).untouched(PERSON)


def noted(lake: Lake) -> Night | None:
    """What the night after one that ended well is told."""
    inboxes = Inboxes(lake, load(lake.settings))
    assert inboxes.untouched(PERSON) is None
    inboxes.note(night(lake))
    return asked(lake)


def told(files: list[FileReceipt]) -> list[object]:
    return [(f.name, f.status, f.archive, f.key, f.new, f.already_known, f.error) for f in files]


def test_it_says_what_reading_again_would_say(lake: Lake) -> None:
    found = noted(lake)
    assert found is not None
    again = night(lake)
    assert told(found.receipt.files) == told(again.receipt.files)
    assert {f.status for f in found.receipt.files} == {"known", "not used"}
    assert found.outcome == again.outcome
    assert found.receipt.is_clean


def test_nothing_but_the_note_is_written(lake: Lake) -> None:
    before = tree(lake.root)
    inboxes = Inboxes(lake, load(lake.settings))
    inboxes.untouched(PERSON)
    inboxes.note(night(lake))
    assert asked(lake) is not None
    assert set(tree(lake.root)) - set(before) == {f"extracted/participant_id={PERSON}/inbox.json"}
    assert all(tree(lake.root)[name] == data for name, data in before.items())


def _same_size_and_time(lake: Lake) -> None:
    file = lake.inbox / PERSON / "glucose.csv"
    about = file.stat()
    file.write_bytes(CLARITY.replace(b"1", b"2"))
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert file.stat().st_size == about.st_size
    assert file.stat().st_mtime_ns == about.st_mtime_ns


def _replaced_by_a_copy(lake: Lake) -> None:
    file = lake.inbox / PERSON / "glucose.csv"
    shutil.copy2(file, file.with_name("copy"))
    file.with_name("copy").replace(file)


def _withdrawn(lake: Lake) -> None:
    part = next(p for p in parts_of(lake, PERSON) if p.manifest["connector"] == "dexcom_clarity")
    remove.withdraw(lake, [part])


def _damaged(lake: Lake) -> None:
    (lake.extracted / f"participant_id={PERSON}" / "inbox.json").write_text('{"inbox": 1')


def _damaged_manifest(lake: Lake) -> None:
    next(parts_of(lake, PERSON)[0].folder.glob("manifest.json")).write_text("{")


CHANGES: dict[str, Callable[[Lake], object]] = {
    "a new file": lambda lake: put(lake.inbox / PERSON, {"deep/more.csv": "a,b\n1,2\n"}),
    "another name": lambda lake: (lake.inbox / PERSON / "glucose.csv").rename(
        lake.inbox / PERSON / "renamed.csv"
    ),
    "a file less": lambda lake: (lake.inbox / PERSON / "glucose.csv").unlink(),
    "other bytes, size and time the same": _same_size_and_time,
    "a copy in its place": _replaced_by_a_copy,
    "another home": lambda lake: lake.settings.write_text(ZONE.replace("London", "Berlin")),
    "another limit": lambda lake: lake.settings.write_text(f"{ZONE}[limits]\nwhole_mb_max = 7\n"),
    "a budget": lambda lake: lake.settings.write_text(f"{ZONE}[rules]\nreject_max_pct = 7\n"),
    "a rule": lambda lake: lake.settings.write_text(f"{ZONE}[rules]\nstay_min_h = 7\n"),
    "a mapping": lambda lake: put(lake.root / "mappings", {"mine.toml": "not = 'read here'"}),
    "an export withdrawn": _withdrawn,
    "a damaged note": _damaged,
    "a damaged manifest": _damaged_manifest,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_is_looked_at(lake: Lake, change: str) -> None:
    assert noted(lake) is not None
    CHANGES[change](lake)
    assert asked(lake) is None


def test_another_version_of_the_readers_looks_at_everything(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noted(lake) is not None
    put(tmp_path / "connectors", {"__init__.py": "", "vendor/format.py": "CONNECTOR = 1"})
    monkeypatch.setattr("connectors.__file__", str(tmp_path / "connectors" / "__init__.py"))
    untouched._of_connectors.cache_clear()
    assert asked(lake) is None


@pytest.mark.parametrize("what", ["a file set aside", "a fault"])
def test_what_went_wrong_is_looked_at_every_night(lake: Lake, what: str) -> None:
    assert noted(lake) is not None
    inboxes = Inboxes(lake, load(lake.settings))
    assert inboxes.untouched(PERSON) is not None
    bad = night(lake)
    if what == "a fault":
        bad.outcome = Fault("the disk is full")
    else:
        bad.receipt.files[0].error = BrokenFile("cut off")
    inboxes.note(bad)
    assert asked(lake) is None


def test_a_file_that_has_just_changed_may_change_again_within_a_tick(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signature(lake.inbox / PERSON) is not None
    monkeypatch.setattr(untouched, "SETTLED_NS", 3_600_000_000_000)
    assert signature(lake.inbox / PERSON) is None
    monkeypatch.setattr(untouched, "SETTLED_NS", 0)
    ahead = (lake.inbox / PERSON / "glucose.csv").stat().st_mtime_ns + 3_600_000_000_000
    os.utime(lake.inbox / PERSON / "glucose.csv", ns=(ahead, ahead))
    assert signature(lake.inbox / PERSON) is None


def test_what_links_lead_to_is_looked_at_and_no_link_goes_in_circles(
    lake: Lake, tmp_path: Path
) -> None:
    put(tmp_path / "elsewhere", {"more.csv": "a"})
    (lake.inbox / PERSON / "link").symlink_to(tmp_path / "elsewhere")
    (lake.inbox / PERSON / "circle").symlink_to(lake.inbox / PERSON)
    before = signature(lake.inbox / PERSON)
    assert before is not None and before == signature(lake.inbox / PERSON)
    put(tmp_path / "elsewhere", {"more.csv": "ab"})
    assert signature(lake.inbox / PERSON) not in (None, before)


def test_a_folder_that_cannot_be_seen_has_no_signature(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert signature(tmp_path) is None
    assert signature(tmp_path / "nowhere") is None
