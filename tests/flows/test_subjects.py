"""ingest --subjects: a participant of each person in a file, as if each had given their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.reading import subjects
from flows.reading.manifest import parts_of
from tests.lake import asked, put, table, tree
from tests.running import Run
from warehouse.store.lake import PARTIAL, Lake

pytestmark = pytest.mark.whole

PEOPLE = {"7": 120, "site a/9": 40, "zoe": 260}  # how many readings of each
COUNTED = "select participant_id as who, count(*) as n from sample group by all order by all"


def readings(who: str, count: int, level: int = 100) -> list[str]:
    return [
        f"{who},2024-03-0{1 + n // 96} {n // 4 % 24:02}:{n % 4 * 15:02}:00,{level + n % 50}"
        for n in range(count)
    ]


def study(*lines: str) -> str:
    return "\n".join(("id,time,gl", *lines)) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three people, their rows interleaved, one of them with an empty cell."""
    rows = [line for who, count in PEOPLE.items() for line in readings(who, count)]
    rows = [*rows[::2], "zoe,2024-03-09 00:00:00,NA", *rows[1::2]]
    return put(tmp_path, {"study.csv": study(*rows)})[0]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def ingested(run: Run, lake: Lake, file: Path, *more: str) -> tuple[int, str, str]:
    zone = ("--timezone", "Europe/Berlin")
    return run("ingest", file, "--subjects", *more, *zone, "--lake", lake.root)


def test_each_person_becomes_a_participant(run: Run, lake: Lake, file: Path) -> None:
    code, out, _ = ingested(run, lake, file, "--prefix", "site1-")
    assert code == 0
    ids = ["site1-7", "site1-site-a-9", "site1-zoe"]
    assert lake.participants() == ids
    assert all(f"receipt for {who}" in out for who in ids)
    counts = dict(zip(ids, PEOPLE.values(), strict=True))
    assert {row["who"]: row["n"] for row in asked(lake, COUNTED)} == counts
    records = sum(PEOPLE.values()) + 1
    for who, count in counts.items():
        (manifest,) = (part.manifest for part in parts_of(lake, who))
        assert manifest["record_count"] == records
        assert manifest["carried_count"] == count
        assert manifest["skipped"] == {"no_reading": 1, "of_another_subject": records - 1 - count}
    settings = lake.settings.read_text()
    assert all(who in settings for who in ids)


def test_what_a_person_gets_is_what_a_file_of_their_own_gives(
    run: Run, lake: Lake, file: Path, tmp_path: Path
) -> None:
    ingested(run, lake, file)
    own = put(tmp_path, {"own.csv": study(*readings("zoe", PEOPLE["zoe"]))})[0]
    other = Lake(tmp_path / "other")
    zone = ("--timezone", "Europe/Berlin")
    assert run("ingest", own, "--participant", "zoe", *zone, "--lake", other.root)[0] == 0

    def facts(lake: Lake) -> list[tuple[object, ...]]:
        return [
            (row["metric"], row["value"], row["start_at"], row["flag"])
            for row in table(lake, "sample", "zoe")
        ]

    assert facts(lake) == facts(other)
    assert len(facts(lake)) == PEOPLE["zoe"]
    assert not any("subject" in row for row in table(lake, "sample", "zoe"))


def test_without_subjects_it_is_refused_with_a_sentence(run: Run, lake: Lake, file: Path) -> None:
    code, _, err = run("ingest", file, "--participant", "p", "--lake", lake.root)
    assert code == 1
    assert "several people" in err
    assert "--subjects" in err
    assert lake.part_folders("p") == []
    code, _, err = run("check", file, "--lake", lake.root)
    assert code == 1
    assert "--subjects" in err


def test_one_person_needs_no_subjects(run: Run, lake: Lake, tmp_path: Path) -> None:
    own = put(tmp_path, {"own.csv": study(*readings("559", 30))})[0]
    code, _, _ = run("ingest", own, "--participant", "ada", "--lake", lake.root)
    assert code == 1  # only because no time zone is known
    assert len(table(lake, "sample", "ada")) == 30


def test_again_changes_nothing(run: Run, lake: Lake, file: Path) -> None:
    ingested(run, lake, file)
    before = tree(lake.extracted)
    code, _, err = ingested(run, lake, file)
    assert code == 0
    assert tree(lake.extracted) == before
    assert "nothing new of" in err
    code, _, _ = ingested(run, lake, file, "--prefix", "b-")  # other participants
    assert code == 0
    assert len(lake.participants()) == 6


def test_a_longer_export_of_the_same_people_adds_what_is_new(
    run: Run, lake: Lake, file: Path, tmp_path: Path
) -> None:
    ingested(run, lake, file)
    rows = [line for who, count in PEOPLE.items() for line in readings(who, count + 4)]
    longer = put(tmp_path, {"longer.csv": study(*rows)})[0]
    assert ingested(run, lake, longer)[0] == 0
    assert {row["n"] for row in asked(lake, COUNTED)} == {n + 4 for n in PEOPLE.values()}


def test_withdraw_and_forget_hold_for_one_and_for_all(run: Run, lake: Lake, file: Path) -> None:
    ingested(run, lake, file)
    (part,) = lake.part_folders("7")
    digits = part.name.removeprefix("file=")
    assert run("withdraw", digits, "--participant", "7", "--lake", lake.root)[0] == 0
    assert lake.participants() == ["site-a-9", "zoe"]
    assert ingested(run, lake, file)[0] == 0  # given again: of one it is missing
    assert lake.participants() == ["7", "site-a-9", "zoe"]
    assert run("forget", "zoe", "--yes", "--lake", lake.root)[0] == 0
    assert lake.participants() == ["7", "site-a-9"]
    assert not any(b"zoe" in data for data in tree(lake.root).values())
    assert run("withdraw", digits, "--lake", lake.root)[0] == 0
    assert lake.participants() == []


def test_what_cannot_be_read_is_its_own_persons(run: Run, lake: Lake, tmp_path: Path) -> None:
    rows = readings("7", 300) + readings("zoe", 300)
    rows += ["zoe,2024-03-09 00:00:00,owl", ",2024-03-09 00:15:00,105"]
    file = put(tmp_path, {"study.csv": study(*rows)})[0]
    code, _, err = ingested(run, lake, file)
    assert code == 1
    assert "of nobody by name" in err
    assert "missing_value 1" in err
    rejects = asked(lake, "select participant_id as who, code, raw from reject")
    assert [(r["who"], r["code"]) for r in rejects] == [("zoe", "unreadable_number")]
    for who in ("7", "zoe"):
        (manifest,) = (part.manifest for part in parts_of(lake, who))
        counts = (manifest[f"{each}_count"] for each in ("carried", "skipped", "rejected"))
        assert sum(counts) == manifest["record_count"] == 602


@pytest.mark.parametrize("ids", [("a b", "a/b"), ("Ada", "ada"), ("", " "), ("é", "x" * 70)])
def test_people_who_cannot_be_told_apart_are_refused(
    run: Run, lake: Lake, tmp_path: Path, ids: tuple[str, str]
) -> None:
    rows = [line for who in ids for line in readings(who, 20)]
    file = put(tmp_path, {"study.csv": study(*rows)})[0]
    code, _, err = ingested(run, lake, file)
    assert code == 1
    assert "set aside" in err
    assert lake.participants() == []
    assert list(lake.root.rglob(f"{PARTIAL}*")) == []


def test_a_file_that_names_nobody_is_not_guessed_at(run: Run, lake: Lake, tmp_path: Path) -> None:
    text = "[" + ",".join(
        f'{{"_id": "a{n}", "type": "sgv", "sgv": 110, "date": {1700000000000 + n * 300000}}}'
        for n in range(5)
    )
    file = put(tmp_path, {"entries.json": text + "]"})[0]
    code, _, err = ingested(run, lake, file)
    assert code == 1
    assert "name nobody" in err


def test_a_run_that_was_killed_between_two_people_is_completed(
    run: Run, lake: Lake, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = subjects._Sorted.write
    given = []

    def fails_at_the_second(self: subjects._Sorted, who: str, folder: Path) -> None:
        given.append(who)
        if len(given) == 2:
            raise KeyboardInterrupt
        handed(self, who, folder)

    with monkeypatch.context() as patch:
        patch.setattr(subjects._Sorted, "write", fails_at_the_second)
        assert ingested(run, lake, file)[0] == 130
    assert len(lake.participants()) < 3
    assert ingested(run, lake, file)[0] == 0
    assert {row["n"] for row in asked(lake, COUNTED)} == set(PEOPLE.values())
    assert list(lake.root.rglob(f"{PARTIAL}*")) == []


@pytest.mark.parametrize(
    "words",
    [(), ("--participant", "p", "--subjects"), ("--participant", "p", "--prefix", "x-")],
)
def test_whose_it_is_must_be_said_once(run: Run, lake: Lake, file: Path, words: list[str]) -> None:
    assert run("ingest", file, *words, "--lake", lake.root)[0] == 2


def test_a_prefix_that_is_no_id_is_a_usage_error(run: Run, lake: Lake, file: Path) -> None:
    assert ingested(run, lake, file, "--prefix", "a/b")[0] == 2
    assert ingested(run, lake, file, "--prefix", "*")[0] == 2
