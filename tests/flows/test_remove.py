"""withdraw, forget, rejects, doctor: as if it had never been, and nothing that names a person."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flows.commands.forget import forget, mentions
from flows.deriving import remove
from flows.deriving.pipeline import ingest
from flows.deriving.remove import everyone
from flows.nightly.flow import run_nightly
from flows.nightly.server import _used
from flows.reading.manifest import parts_of
from tests.crash.harness import child, state
from tests.crash.works import answers, exported, first, more
from tests.lake import (
    BERLIN,
    asked,
    each_or_some,
    golden,
    put,
    same_again,
    tolerant,
    tree,
    with_records,
)
from tests.running import Run
from warehouse.disguise import KEY
from warehouse.store.buckets import MadeFrom
from warehouse.store.lake import ASIDE, PARTIAL, Lake
from warehouse.store.lock import writing

pytestmark = pytest.mark.whole

WHO = "zebulonia"  # stands nowhere but where this participant is meant


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    exported(tmp_path / "exports")
    return tmp_path / "exports"


@pytest.fixture
def lake(exports: Path) -> Lake:
    """ada has three exports, ben one of them."""

    def make(lake: Path) -> None:
        first(lake, exports)
        more(lake, exports)

    return same_again("ada and ben", make)


def ids(lake: Lake, participant: str) -> dict[str, str]:
    """The ids of files by name."""
    return {part.manifest["name"]: part.file for part in parts_of(lake, participant)}


def tables(lake: Lake) -> dict[str, bytes]:
    return {n: d for n, d in tree(lake.tables).items() if not n.startswith("fingerprint")}


# withdraw


def ageless(lake: Lake) -> dict[str, bytes]:
    """Tables, marts and extracted files, without what tells of manifests when and after what a file
    was given: that stays with the others."""

    def told(name: str, data: bytes) -> bytes:
        if not name.endswith("manifest.json"):
            return data
        manifest = json.loads(data)
        for each in [manifest, *manifest.get("files", [])]:
            each.pop("age", None)
        return json.dumps(manifest).encode()

    return {name: told(name, data) for name, data in state(lake.root).items()}


def test_withdrawn_is_as_if_it_had_never_been(lake: Lake, exports: Path, run: Run) -> None:
    other = Lake(lake.root.with_name("other"))
    paths = exported(exports)
    ingest(other, [paths[0], *paths[2:]], "ada", BERLIN)
    ingest(other, [paths[1]], "ben", BERLIN)
    file = ids(lake, "ada")["july again.csv"]
    code, out, err = run("withdraw", file, "--participant", "ada", "--lake", lake.root)
    assert (code, out) == (0, "")
    assert "withdrawn from ada: july again.csv" in err
    assert ageless(lake) == ageless(other)
    for name in ("night_to_day", "sample", "source_file"):
        query = f"select * from {name} order by all"
        assert asked(lake, query) == asked(other, query)


def test_the_first_digits_will_do_and_it_goes_from_everyone(lake: Lake, run: Run) -> None:
    file = ids(lake, "ada")["july again.csv"]
    assert ids(lake, "ben") == {"july again.csv": file}
    assert run("withdraw", file[:6], "--lake", lake.root)[0] == 0
    assert file not in ids(lake, "ada").values()
    assert lake.participants() == ["ada"]
    assert not list(lake.tables.glob("*/*ben*"))  # of ben nothing is left to have tables of
    assert asked(lake, "select distinct participant_id from sample") == [{"participant_id": "ada"}]


@pytest.mark.parametrize("file", ["", "abc", "../../x", "0" * 16, "nothex"])
def test_what_is_no_file_is_usage(lake: Lake, run: Run, file: str) -> None:
    before = tree(lake.root)
    words = [file] if file else []
    code, _, err = run("withdraw", *words, "--lake", lake.root)
    assert (code, "dawnlake files" in err) == (2, True)
    lake.root.joinpath("writer.lock").write_text("")
    assert tree(lake.root) == before


def test_withdrawn_and_still_in_the_inbox_is_told(lake: Lake, exports: Path, run: Run) -> None:
    put(lake.inbox / "ada" / "old", {"copy.csv": exported(exports)[0].read_bytes()})
    code, _, err = run("withdraw", ids(lake, "ada")["july.csv"], "--lake", lake.root)
    assert code == 1
    assert "inbox/ada/old/copy.csv; delete it" in err


@pytest.mark.parametrize("is_damaged", [False, True])
def test_tables_of_another_version_are_derived_anew_whoever_is_worked_for(
    lake: Lake, exports: Path, run: Run, is_damaged: bool
) -> None:
    """The views that come with it may ask for what they do not have."""
    before = tables(lake)
    note = lake.note("ben")
    told = json.loads(note.read_text())
    assert told["version"]
    other = json.dumps({**told, "version": "another", "fingerprint": "another"})
    note.write_text(other[:20] if is_damaged else other)
    made_from = MadeFrom.of(lake)
    MadeFrom(made_from.count, "another", made_from.marts).write(lake)
    lake.table_part("sleep_part", "ben").unlink()
    code, _, _ = run("ingest", exported(exports)[0], "--participant", "ada", "--lake", lake.root)
    assert code == 0
    assert json.loads(note.read_text()) == told
    assert tables(lake) == before


@pytest.mark.long
@pytest.mark.parametrize("step", each_or_some(range(1, 12), 3))
def test_a_withdrawal_that_is_killed_is_completed(lake: Lake, exports: Path, step: int) -> None:
    """At any folder that is removed or renamed; the next run is one of somebody else."""
    whole = Lake(lake.root.with_name("whole"))
    shutil.copytree(lake.root, whole.root)

    def withdrawn(there: Lake) -> None:
        with writing(there, "test"):
            parts = parts_of(there, "ada")
            remove.withdraw(there, [p for p in parts if "dexcom" in str(p.folder)])

    withdrawn(whole)
    rename = Path.replace

    def killed() -> None:
        left = iter(range(step))

        def dying(self: Path, target: Path) -> Path:
            moved = rename(self, target)
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return moved

        Path.replace = dying  # type: ignore[assignment,method-assign]
        withdrawn(lake)

    code = child(killed)
    assert code in (0, -signal.SIGKILL)
    ingest(lake, [exported(exports)[1]], "ben")
    if len(lake.part_folders("ada")) > len(whole.part_folders("ada")):
        withdrawn(lake)  # it was killed before both were gone
    assert tables(lake) == tables(whole)
    answers(lake.root)
    assert [p for p in lake.root.rglob(".*") if p.name.startswith((PARTIAL, ASIDE))] == []


@pytest.mark.parametrize("words", [["rebuild"], ["forget", "ada", "--yes"], ["nightly"]])
def test_the_last_file_of_somebody_is_gone_whatever_runs_next(
    words: list[str], lake: Lake, run: Run
) -> None:
    """Killed once ben's only file is gone and before his tables are."""

    def killed() -> None:
        remove.remove_tables = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        with writing(lake, "test"):
            remove.withdraw(lake, parts_of(lake, "ben"))

    assert child(killed) == -signal.SIGKILL
    assert "ben" in lake.with_tables()
    if words == ["nightly"]:
        with_records(lake)
    run(*words, "--lake", lake.root)
    assert "ben" not in lake.with_tables()
    assert "ben" not in run("status", "--lake", lake.root)[1]


# forget


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake in which somebody has left every trace there is, by real commands."""
    lake = with_records(Lake(tmp_path_factory.mktemp("forget") / "lake").create())
    lake.settings.write_text(
        "# mine\n[participants.ben]\ntimezone = 'Europe/London'\n"
        f"[participants.{WHO}]\ntimezone = 'Europe/Berlin'\n[rules]\nreject_max_pct = 100\n"
    )
    for who in (WHO, "ben"):
        put(lake.inbox / who, {"clarity.csv": golden("dexcom_clarity", "italian").data()})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        run_nightly(lake.root)
    put(lake.root, {".history": f"select 1;\nfrom glucose where participant_id = '{WHO}';\n"})
    return lake


def test_every_trace_of_a_participant_goes(known: Lake, run: Run) -> None:
    """Found by its bytes in every file: settings, views, tables' folders, Prefect's records."""
    with closing(sqlite3.connect(known.root / "prefect" / "prefect.db")) as records:
        runs = records.execute("select count(*) from task_run where name like ?", [f"%{WHO}%"])
        assert runs.fetchone() > (0,)
    before = mentions(known, WHO)
    places = {Path(place).parts[0] for place in before}
    assert places >= {"dawnlake.toml", "extracted", "tables", "inbox", "prefect", ".history"}
    assert "warehouse.duckdb" in places
    others = tables(known), asked(known, "from glucose where participant_id = 'ben' order by all")

    assert run("forget", WHO, "--lake", known.root)[0] == 2  # nobody said yes
    assert mentions(known, WHO) == before
    code, _, err = run("forget", WHO, "--yes", "--lake", known.root)
    assert (code, "forgotten: zebulonia" in err) == (0, True)

    assert mentions(known, WHO) == []
    for path in known.root.rglob("*"):
        assert WHO not in str(path.relative_to(known.root))
        assert path.is_dir() or WHO.encode() not in path.read_bytes(), path
    assert known.settings.read_text().startswith("# mine\n[participants.ben]")
    assert (known.root / ".history").read_text() == "select 1;\n"
    assert tables(known).items() <= others[0].items()
    assert asked(known, "from glucose where participant_id = 'ben' order by all") == others[1]
    assert run("forget", WHO, "--yes", "--lake", known.root)[0] == 2  # there is nobody any more


@pytest.mark.parametrize("last", [1, 4])
def test_a_forgetting_that_is_killed_leaves_somebody_to_forget_or_nobody(
    last: int, lake: Lake, run: Run, tmp_path: Path
) -> None:
    """Killed at one of its renames: asked for again, or completed by the next run."""
    put(lake.root, {".history": "from glucose where participant_id = 'ada';\n"})
    words = ["glucose", "-o", tmp_path / "set", "--deidentify"]
    assert run("export", *words, "--lake", lake.root)[0] == 0
    assert {".history", KEY} <= set(mentions(lake, "ada"))
    assert child(lambda: _killed_at(last, lake)) == -signal.SIGKILL
    run("rebuild", "--lake", lake.root)
    if "ada" in everyone(lake):
        run("forget", "ada", "--yes", "--lake", lake.root)
    assert mentions(lake, "ada") == []


def _killed_at(last: int, lake: Lake) -> None:
    """Forget ada, and die after so many renames."""
    renamed = Path.replace
    done: list[Path] = []

    def replace(path: Path, target: Path) -> Path:
        made = renamed(path, target)
        done.append(path)
        if len(done) > last:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    Path.replace = replace  # type: ignore[method-assign,assignment]
    with writing(lake, "test"):
        forget(lake, "ada")


def test_a_mention_elsewhere_is_told(lake: Lake, run: Run) -> None:
    lake.settings.write_text("# ada is my sister\n[participants.ada]\ntimezone = 'Europe/Berlin'\n")
    code, _, err = run("forget", "ada", "--yes", "--lake", lake.root)
    assert code == 1
    assert "ada still stands in dawnlake.toml" in err
    assert "ada" not in run("status", "--lake", lake.root)[1]


def test_nobody_is_forgotten_under_a_nightly_run(lake: Lake, run: Run) -> None:
    (lake.root / "prefect").mkdir()
    before = state(lake.root)
    with _used(lake.root / "prefect"):
        code, _, err = run("forget", "ada", "--yes", "--lake", lake.root)
    assert (code, "stop it first" in err) == (2, True)
    assert state(lake.root) == before


# rejects


def test_rejects_are_told_by_file_and_reason(tmp_path: Path, run: Run) -> None:
    lake = tolerant(Lake(tmp_path / "lake"))
    data = golden("nightscout", "entries_array_codes_and_offsets").data()
    ingest(lake, put(tmp_path / "in", {"entries.json": data}), "ada", BERLIN)
    code, out, err = run("rejects", "--lake", lake.root)
    assert (code, "entries.json" in out, "--raw" in err) == (0, True, True)
    rows = asked(lake, "select code, raw from reject")
    assert len(rows) > 3
    assert all(row["code"] in out for row in rows)
    code, out, _ = run("rejects", "--raw", "--participant", "ada", "--lake", lake.root)
    assert code == 0
    assert len(out.splitlines()) >= len(rows) + 2


def test_no_rejects(lake: Lake, run: Run) -> None:
    assert run("rejects", "--participant", "ben", "--lake", lake.root) == (
        *(0, ""),
        "no record was rejected\n",
    )


# doctor


def test_a_lake_that_is_well(lake: Lake, run: Run) -> None:
    before = tree(lake.root)
    code, out, err = run("doctor", "--lake", lake.root)
    assert (code, err) == (0, "nothing to mend\n"), out
    assert tree(lake.root) == before


def _kill(lake: Lake) -> None:
    def dies() -> None:
        with writing(lake, "dawnlake ingest"):
            os.kill(os.getpid(), signal.SIGKILL)

    child(dies)


WRONG: dict[str, tuple[Callable[[Lake], object], str]] = {
    "open to others": (lambda lake: lake.root.chmod(0o755), "chmod 700"),
    "killed": (_kill, "one did not end"),
    "settings": (lambda lake: lake.settings.write_text("[rulez]\n"), "did you mean rules"),
    "rule changed": (
        lambda lake: lake.settings.write_text("[participants.ada]\ntimezone = 'Asia/Tokyo'\n"),
        "not up to date",
    ),
    "inbox": (lambda lake: put(lake.inbox, {"export.zip": b"x"}), "belong to nobody"),
    "manifest": (
        lambda lake: (lake.part_folders("ada")[0] / "manifest.json").write_text("{"),
        "cannot be read",
    ),
    "table": (lambda lake: lake.table_part("sample", "ada").write_bytes(b"PAR1"), "damaged"),
    "no views": (lambda lake: lake.warehouse.unlink(), "dawnlake rebuild"),
    "moved": (lambda lake: lake.tables.rename(lake.root / "gone"), "no"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_doctor_says_what_is_wrong_and_how_to_mend_it(fault: str, lake: Lake, run: Run) -> None:
    spoil, told = WRONG[fault]
    spoil(lake)
    code, out, err = run("doctor", "--lake", lake.root)
    assert code == 1, out
    assert told in " ".join(out.split())
    assert "to mend" in err


def test_doctor_without_a_lake(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("doctor", "--lake", tmp_path / "none")
    assert (code, "dawnlake ingest PATH" in out) == (1, True)
    assert not (tmp_path / "none").exists()
