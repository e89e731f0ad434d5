"""Killed, out of disk, read-only, two at once: the lake is whole, and the next run completes it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from flows.cli import main
from flows.deriving.pipeline import ingest
from tests.crash.harness import child, state
from tests.crash.works import answers, exported, first, more
from tests.lake import BERLIN, each_or_some, put, same_again, tree, with_records
from warehouse.store import lock
from warehouse.store.lake import ASIDE, PARTIAL, Lake, written_folder
from warehouse.store.lock import LakeError, holder, writing

pytestmark = [pytest.mark.crash, pytest.mark.long]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    exported(tmp_path / "exports")
    return tmp_path / "exports"


@pytest.fixture
def lake(exports: Path) -> Lake:
    """A lake of ada and ben."""
    return same_again("crash", lambda lake: first(lake, exports))


def test_killed_at_some_of_all_points() -> None:
    """`make crash` takes 300."""
    command = [sys.executable, "-m", "tests.crash.harness", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert " 0 faults" in done.stdout


@pytest.mark.parametrize("has_successor", [True, False])
def test_a_folder_that_was_sent_aside_comes_back_or_goes(lake: Lake, has_successor: bool) -> None:
    (part,) = lake.part_folders("ada")
    whole = tree(part)
    part.rename(part.with_name(ASIDE + part.name))
    if has_successor:
        shutil.copytree(part.with_name(ASIDE + part.name), part)
    with writing(lake, "test"):
        assert tree(part) == whole
        assert [p for p in lake.leftovers() if p.name.startswith(ASIDE)] == []


@pytest.mark.parametrize("step", range(8))
def test_a_folder_is_the_old_or_the_new_wherever_its_exchange_is_killed(
    tmp_path: Path, step: int
) -> None:
    """At every renaming and removing of a folder that takes the place of another."""
    lake = Lake(tmp_path / "lake").create()
    part = lake.part_folder("ada", "x", "f")

    def fill(text: str) -> None:
        with written_folder(part.parent, lambda: part) as folder:
            put(folder, {"manifest.json": text, "sample.parquet": text})

    def killed() -> None:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            if event in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
                count += 1
                if count > step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        fill("new")

    fill("old")
    assert child(killed) in (0, -signal.SIGKILL)
    lake.heal()
    assert set(tree(part).values()) in ({b"old"}, {b"new"})
    assert len(tree(part)) == 2
    assert [p.name for p in part.parent.iterdir()] == ["file=f"]


def test_leftovers_are_swept_wherever_a_run_may_die(lake: Lake, exports: Path) -> None:
    (part,) = lake.part_folders("ada")
    places = [
        lake.root,
        lake.inbox,
        lake.extracted,
        part.parent,
        lake.tables / "sample",
        lake.table_part("daily", "ada").parent,
    ]
    for place in (*places, lake.tables / "fingerprint"):
        (place / f"{PARTIAL}old").mkdir()
        put(place / f"{PARTIAL}old", {"part.parquet": b"half"})
        put(place, {f"{PARTIAL}old.json": b"half"})
    more(lake.root, exports)
    assert lake.leftovers() == []
    assert list(lake.root.rglob(f"{PARTIAL}*")) == []


def test_the_run_of_another_completes_what_was_begun(lake: Lake, exports: Path) -> None:
    """Killed once ada's files are extracted and before her tables are made; then ben comes."""

    def killed() -> None:
        from flows.deriving import pipeline

        pipeline.derivation = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        more(lake.root, exports)

    whole = Lake(lake.root.with_name("whole"))
    shutil.copytree(lake.root, whole.root)
    more(whole.root, exports)
    assert child(killed) == -signal.SIGKILL
    assert state(lake.root) != state(whole.root)
    ingest(lake, exported(exports)[1:2], "ben")
    assert state(lake.root) == state(whole.root)


def test_writers_and_readers_at_once() -> None:
    """`make soak` takes five minutes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.soak", "8"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert " 0 faults" in done.stdout


# who writes


def in_background(
    lake: Lake, during: Callable[[], object], command: str = "first"
) -> threading.Thread:
    """Somebody writes until `during` returns; it has begun when this returns."""
    began = threading.Event()

    def work() -> None:
        with writing(lake, command):
            began.set()
            during()

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(10)
    return thread


@pytest.mark.parametrize("error", [None, errno.ENOLCK, errno.EOPNOTSUPP], ids=str)
def test_one_writes_and_others_wait_and_say_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None
) -> None:
    """Also where the file system answers that it has no locks."""
    if error is not None:

        def no_flock(handle: int, how: int) -> None:
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr(fcntl, "flock", no_flock)
    lake, may_end, told = Lake(tmp_path / "lake"), threading.Event(), list[str]()
    thread = in_background(lake, lambda: may_end.wait(20), "dawnlake ingest")
    found = holder(lake)
    assert found is not None and found[1]

    def tell(sentence: str) -> None:
        told.append(sentence)
        may_end.set()

    with writing(lake, "second", tell):
        assert not thread.is_alive()
    assert len(told) == 1
    assert f"process {os.getpid()} on " in told[0]
    assert ("delete writer.held" in told[0]) == (error is not None)
    assert holder(lake) is None
    assert {p.name for p in lake.root.iterdir()} == {"writer.lock"}


@pytest.mark.parametrize("has_flock", [True, False])
def test_the_lock_of_a_dead_process_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_flock: bool
) -> None:
    if not has_flock:
        monkeypatch.setattr(lock, "fcntl", None)
    lake = Lake(tmp_path / "lake")

    def dies() -> None:
        with writing(lake, "dawnlake ingest"):
            os.kill(os.getpid(), signal.SIGKILL)

    assert child(dies) == -signal.SIGKILL
    found = holder(lake)
    assert found is not None and not found[1]
    told: list[str] = []
    with writing(lake, "next", told.append) as was_left:
        assert was_left
    with writing(lake, "next", told.append) as was_left:
        assert not was_left
    assert told == []


def test_the_number_of_a_dead_process_may_be_used_again(tmp_path: Path) -> None:
    me = json.dumps(lock._me("x"))
    assert lock._is_alive(me)
    assert not lock._is_alive(json.dumps({**json.loads(me), "born": "1"}))
    assert lock._is_alive(json.dumps({**json.loads(me), "born": "1", "host": "elsewhere"}))


def test_temporary_files_of_a_run_lie_in_the_lake_and_are_swept(tmp_path: Path) -> None:
    lake, other = Lake(tmp_path / "lake"), Lake(tmp_path / "other")
    before = tempfile.gettempdir()
    with writing(lake, "one"):
        with writing(other, "two"):
            assert Path(tempfile.gettempdir()).parent == other.root
        assert Path(tempfile.gettempdir()).parent == lake.root
        assert Path(tempfile.gettempdir()).stat().st_mode & 0o777 == 0o700
    assert tempfile.gettempdir() == before


def test_a_nightly_run_waits_for_a_person_who_ingests(lake: Lake, exports: Path) -> None:
    put(lake.inbox / "ada", {"july.csv": exported(exports)[1].read_bytes()})
    with_records(lake)
    may_end = threading.Event()
    thread = in_background(lake, lambda: may_end.wait(120), "dawnlake ingest")
    command = [sys.executable, "-m", "flows.cli", "nightly", "--lake", str(lake.root)]
    environment = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    with subprocess.Popen(command, stderr=-1, stdout=-1, text=True, env=environment) as night:
        assert night.stderr is not None
        line = next(line for line in night.stderr if "waiting for" in line)
        assert f"process {os.getpid()} on " in line
        assert len(lake.part_folders("ada")) == 1
        may_end.set()
        assert night.wait(120) == 0
    thread.join()
    assert len(lake.part_folders("ada")) == 2


# the disk


def said(*words: object) -> tuple[int, str]:
    """Exit code and stderr of a command in a process of its own."""
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stderr


@pytest.mark.parametrize("most", each_or_some([300, 3_000, 20_000, 200_000], 3))
def test_a_disk_that_is_full_stops_with_a_sentence(lake: Lake, exports: Path, most: int) -> None:
    """No file may grow beyond `most` bytes."""
    before, whole = state(lake.root), lake.root.with_name("whole")
    shutil.copytree(lake.root, whole)
    more(whole, exports)

    def run() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        with pytest.raises(SystemExit) as left:
            main(["ingest", *map(str, exported(exports)[1:]), "--participant", "ada",
                  "--lake", str(lake.root)])  # fmt: skip
        assert left.value.code == 3, left.value.code

    assert child(run) == 0
    answers(lake.root)
    tables = {n: d for n, d in state(lake.root).items() if n.startswith("tables/")}
    assert all(data in (before.get(n), state(whole).get(n)) for n, data in tables.items())
    more(lake.root, exports)
    assert state(lake.root) == state(whole)
    assert lake.leftovers() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 10 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("may not mount here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("left", each_or_some([4_000, 100_000, 500_000, 900_000], 2))
def test_a_small_disk_fills_up(small_disk: Path, exports: Path, left: int) -> None:
    told = ("--participant", "ada", "--timezone", BERLIN, "--lake", small_disk / "lake")
    about = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(about.f_bavail * about.f_frsize - left))
    code, err = said("ingest", *exported(exports)[:3], *told)
    assert (code, "No space left on device" in err) == (3, True)
    assert "Traceback" not in err
    (small_disk / "ballast").unlink()
    assert said("ingest", *exported(exports)[:3], *told)[0] == 0
    answers(small_disk / "lake")


@pytest.mark.parametrize("left", [1_000_000, 1_300_000])
def test_where_a_disk_just_suffices_or_not_views_are_whole_or_it_is_said(
    small_disk: Path, exports: Path, left: int
) -> None:
    """DuckDB says nothing if there is no room for what it writes while it closes."""
    first(exports / "elsewhere", exports)  # the views are made, and have only to be copied
    about, lake = os.statvfs(small_disk), small_disk / "lake"
    (small_disk / "ballast").write_bytes(bytes(about.f_bavail * about.f_frsize - left))
    told = ("--participant", "ada", "--timezone", BERLIN, "--lake", lake)
    code, err = said("ingest", exported(exports)[0], *told)
    if code == 0:
        with duckdb.connect(str(lake / "warehouse.duckdb"), read_only=True) as connection:
            assert connection.execute("select count(*) from sample").fetchall() > [(0,)]
    else:
        assert (code, "No space left on device" in err) == (3, True)


def test_an_answer_for_which_there_is_no_room_is_told(small_disk: Path, exports: Path) -> None:
    first(exports / "lake", exports)
    about, rows = os.statvfs(small_disk), small_disk / "rows.csv"
    (small_disk / "ballast").write_bytes(bytes(about.f_bavail * about.f_frsize - 50_000))
    query = "select range, sample.* from sample, range(1000)"
    code, err = said("sql", query, "-o", rows, "--lake", exports / "lake")
    assert (code, "stopped by this machine: No space left" in err) == (3, True)


def test_a_lake_that_cannot_be_written_is_read(small_disk: Path, exports: Path) -> None:
    lake, given = Lake(small_disk / "lake"), exported(exports)[1]
    first(lake.root, exports)
    out = exports / "out"
    nobody = ["export", "glucose", "-o", out, "--deidentify", "--lake", lake.root]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, err = said(*nobody)  # a new id has to be kept
    assert (code, "cannot be written here (Read-only file system)" in err) == (2, True)
    assert not out.exists()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert said(*nobody)[0] == 0
    before = tree(lake.root)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for words in (["ingest", given, "--participant", "ada"], ["rebuild"]):
        code, err = said(*words, "--lake", lake.root)
        assert (code, "cannot be written here (Read-only file system)" in err) == (2, True)
    with pytest.raises(LakeError, match="cannot be written here"):
        ingest(lake, [given], "ada")
    for words in (["sql", "select count(*) from night_to_day"], ["status"], ["files"], ["zones"]):
        assert said(*words, "--lake", lake.root)[0] == 0
    assert said("export", "glucose", "-o", exports / "plain", "--lake", lake.root)[0] == 0
    assert said(*nobody)[0] == 0
    assert tree(lake.root) == before


def test_a_lake_folder_that_was_there_keeps_its_mode(tmp_path: Path, exports: Path) -> None:
    """Whoever made it may share it; what is below is private all the same."""
    (tmp_path / "lake").mkdir(mode=0o755)
    (tmp_path / "lake").chmod(0o755)
    first(tmp_path / "lake", exports)
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "lake").iterdir()}
    assert (tmp_path / "lake").stat().st_mode & 0o777 == 0o755
    assert {modes[n] for n in ("tables", "extracted", "inbox")} == {0o700}
    assert modes["warehouse.duckdb"] == 0o600


# readers


SHELL = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as shell:
    shell.execute("create table mine as select 1 as one")
    print("ready", flush=True)
    sys.stdin.readline()
    print(shell.execute("select one from mine").fetchall(), flush=True)
"""


def test_a_shell_that_writes_to_the_warehouse_stops_nobody(lake: Lake, exports: Path) -> None:
    """Its log, which belongs to the old warehouse, is not taken for one of the new."""
    command = [sys.executable, "-c", SHELL, str(lake.warehouse)]
    ask = ("sql", "select count(*) from sample", "--lake", lake.root)
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as shell:
        assert shell.stdin is not None and shell.stdout is not None
        assert shell.stdout.readline() == "ready\n"
        assert lake.warehouse.with_name("warehouse.duckdb.wal").exists()
        code, err = said(*ask)
        assert (code, "open for writing in another program" in err) == (2, True)
        more(lake.root, exports)
        assert said(*ask)[0] == 0
        shell.stdin.write("\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == "[(1,)]\n"
    assert said(*ask)[0] == 0
    answers(lake.root)


def test_an_old_warehouse_that_somebody_holds_goes_on_answering(lake: Lake, exports: Path) -> None:
    with duckdb.connect(str(lake.warehouse), read_only=True) as reader:
        ((before,),) = reader.execute("select count(*) from sample").fetchall()
        assert child(lambda: more(lake.root, exports)) == 0
        ((after,),) = reader.execute("select count(*) from sample").fetchall()
    assert after > before
