"""The walker over real zips: what it finds, what it sets aside; one bad zip stops no other."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import random
import shutil
import stat
import struct
import subprocess
import warnings
import zipfile
from pathlib import Path

import pytest
import pyzipper

from connectors.contract import BrokenFile, IngestError, UnknownFormat, UnsafeArchive
from flows.reading import archive
from flows.reading.password import Passwords
from flows.reading.walk import Found, Unreadable, _file, sha256, walk
from flows.settings import Limits


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def locked(folder: Path, members: dict[str, bytes], password: str, aes: bool) -> Path:
    """A zip under a password; the old way as Info-ZIP writes it."""
    path = folder / "locked.zip"
    if aes:
        with pyzipper.AESZipFile(
            path, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
        ) as made:
            made.setpassword(password.encode())
            for name, data in members.items():
                made.writestr(name, data)
        return path
    if shutil.which("zip") is None:
        pytest.skip("no program writes the old encryption here")
    put(folder / "plain" / "x", b"")
    for name, data in members.items():
        put(folder / "plain" / name, data)
    command = ["zip", "-q", "-P", password, str(path), *members]
    subprocess.run(command, cwd=folder / "plain", check=True)
    return path


def found_in(*paths: Path) -> dict[str, bytes]:
    """Name to content of what can be read; fails on anything that cannot."""
    read = {}
    for item in walk(paths):
        assert isinstance(item, Found), item
        data = item.source.read()
        assert (item.size, sha256(item)) == (len(data), hashlib.sha256(data).hexdigest())
        assert item.source.first == data[:65_536]
        read[item.name] = data
    return read


def set_aside(*paths: Path, **limits: float) -> dict[str, type[IngestError]]:
    most = Limits.model_validate(limits)
    bad = {i.name: i.error for i in walk(paths, most) if isinstance(i, Unreadable)}
    for name, error in bad.items():
        assert len(str(error)) > 20
        assert Path(name).name not in str(error)
    return {name: type(error) for name, error in bad.items()}


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_folder_is_walked_in_order_of_names_without_litter(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    for name in ("b.csv", "a/z.csv", "a/y.csv", ".DS_Store", ".cache/x", "__MACOSX/x", "._b.csv"):
        put(folder / name, name.encode())
    assert list(found_in(folder)) == ["exports/a/y.csv", "exports/a/z.csv", "exports/b.csv"]


def test_what_is_given_by_name_is_read_even_if_hidden(tmp_path: Path) -> None:
    assert found_in(put(tmp_path / ".hidden.csv", b"x")) == {".hidden.csv": b"x"}


def test_folder_without_exports_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert list(walk([tmp_path / "empty"])) == []


def test_zip_is_known_by_content_and_holds_zips(tmp_path: Path) -> None:
    inner = zipped({"deep/c.csv": b"3"})
    outer = zipped(
        {"Takeout/b.json": b"2", "Takeout/a.json": b"1" * 200_000, "Takeout/in.zip": inner,
         "__MACOSX/Takeout/._a.json": b"x", "Takeout/.DS_Store": b"x", "Takeout/empty/": b""}
    )  # fmt: skip
    assert found_in(put(tmp_path / "takeout.dat", outer)) == {
        "takeout.dat/Takeout/a.json": b"1" * 200_000,
        "takeout.dat/Takeout/b.json": b"2",
        "takeout.dat/Takeout/in.zip/deep/c.csv": b"3",
    }


def test_sources_outlive_the_walk_and_open_anew(tmp_path: Path) -> None:
    nested = zipped({"in.zip": zipped({"x.csv": b"inner"}), "y.csv": b"outer"})
    items = list(walk([put(tmp_path / "a.zip", nested)]))
    gc.collect()
    for _ in range(2):
        assert [i.source.read() for i in items if isinstance(i, Found)] == [b"inner", b"outer"]
    first = items[0]
    assert isinstance(first, Found)
    one, two = first.source.stream(), first.source.stream()
    assert (one.read(2), two.read(3), one.read()) == (b"in", b"inn", b"ner")


def test_big_nested_zip_is_spooled_to_disk_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "SPOOL_BYTES", 10)
    path = put(tmp_path / "a.zip", zipped({"in.zip": zipped({"x.csv": b"inner"})}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert found_in(path) == {"a.zip/in.zip/x.csv": b"inner"}
        gc.collect()
    assert caught == []


def test_member_stream_seeks(tmp_path: Path) -> None:
    (item,) = walk([put(tmp_path / "a.zip", zipped({"x": b"0123456789"}))])
    assert isinstance(item, Found)
    with item.source.stream() as stream:
        assert (stream.read(3), stream.seek(8), stream.read(), stream.tell()) == (
            b"012", 8, b"89", 10,
        )  # fmt: skip


def test_spreadsheet_is_a_file_also_inside_a_zip(tmp_path: Path) -> None:
    sheet = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    path = put(tmp_path / "a.zip", zipped({"report.xlsx": sheet}))
    assert found_in(path) == {"a.zip/report.xlsx": sheet}
    assert found_in(put(tmp_path / "b.xlsx", sheet)) == {"b.xlsx": sheet}


def test_names_in_other_letters_with_and_without_the_flag(tmp_path: Path) -> None:
    data = zipped({"données/sommeil é.csv": b"1"})
    unflagged = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        unflagged[data.index(signature) + at + 1] &= 0xF7  # bit 11 of the flags
    assert list(found_in(put(tmp_path / "é.zip", data))) == ["é.zip/données/sommeil é.csv"]
    assert list(found_in(put(tmp_path / "u.zip", bytes(unflagged)))) == [
        "u.zip/données/sommeil é.csv"
    ]


def test_foreign_bytes_and_control_characters_in_names_are_shown_replaced(tmp_path: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/d/\xff\x1b[31m.csv")), b"x")
    assert list(found_in(tmp_path / "d")) == ["d/\ufffd\ufffd[31m.csv"]


def test_windows_separators(tmp_path: Path) -> None:
    path = put(tmp_path / "w.zip", zipped({"dir\\": b"", "dir\\x.csv": b"1"}))
    assert found_in(path) == {"w.zip/dir/x.csv": b"1"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_keep_their_own_content(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as made:
        made.writestr("x.csv", b"first")
        made.writestr("x.csv", b"second")
    items = [i for i in walk([tmp_path / "d.zip"]) if isinstance(i, Found)]
    assert [(i.name, i.source.read()) for i in items] == [
        ("d.zip/x.csv", b"first"),
        ("d.zip/x.csv", b"second"),
    ]


def test_truncated_zip_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(5000)
    data = zipped({"x.csv": noise})
    put(tmp_path / "d" / "a.zip", data[:3000])
    put(tmp_path / "d" / "b.csv", b"1")
    put(tmp_path / "d" / "c.zip", zipped({"in.zip": data[:3000], "y.csv": b"2"}))
    items = list(walk([tmp_path / "d"]))
    assert [(i.name, type(i)) for i in items] == [
        ("d/a.zip", Unreadable),
        ("d/b.csv", Found),
        ("d/c.zip/in.zip", Unreadable),
        ("d/c.zip/y.csv", Found),
    ]
    assert isinstance(items[0], Unreadable)
    assert str(items[0].error) == "not a complete zip: download it again"


def test_zip_cut_behind_a_stored_zip_is_not_taken_for_that_one(tmp_path: Path) -> None:
    inner = zipped({"x.csv": b"1"})
    data = zipped({"a.csv": b"0" * 50, "in.zip": inner, "z.csv": b"2"}, zipfile.ZIP_STORED)
    cut = data[: data.index(inner) + len(inner) + 30]
    assert zipfile.is_zipfile(io.BytesIO(cut))
    assert set_aside(put(tmp_path / "a.zip", cut)) == {"a.zip": BrokenFile}


def test_damaged_member_is_told_when_read(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(300_000)
    data = bytearray(zipped({"x.csv": noise}, zipfile.ZIP_STORED))
    data[200_000] ^= 0xFF
    (item,) = walk([put(tmp_path / "a.zip", bytes(data))])
    assert isinstance(item, Found)
    for read in (item.source.read, lambda: sha256(item)):
        with pytest.raises(BrokenFile):
            read()


def test_damaged_start_and_unknown_method_are_set_aside(tmp_path: Path) -> None:
    damaged = bytearray(zipped({"x.csv": b"0" * 100}))
    damaged[36] ^= 0xFF
    strange = bytearray(zipped({"x.csv": b"0" * 100}))
    strange[strange.index(b"PK\x01\x02") + 10] = 9  # Deflate64
    put(tmp_path / "d" / "damaged.zip", bytes(damaged))
    put(tmp_path / "d" / "strange.zip", bytes(strange))
    assert set_aside(tmp_path / "d") == {
        "d/damaged.zip/x.csv": BrokenFile,
        "d/strange.zip/x.csv": BrokenFile,
    }


def test_empty_file_is_broken(tmp_path: Path) -> None:
    put(tmp_path / "d" / "a.csv", b"")
    put(tmp_path / "d" / "b.zip", zipped({"x.csv": b""}))
    assert set_aside(tmp_path / "d") == {"d/a.csv": BrokenFile, "d/b.zip/x.csv": BrokenFile}


@pytest.mark.parametrize("aes", [True, False], ids=["AES", "the old way"])
def test_locked_zip_opens_with_its_password(tmp_path: Path, aes: bool) -> None:
    members = {"a.csv": b"1" * 100, "in.zip": zipped({"b.csv": b"2"})}
    path = locked(tmp_path, members, "grüße", aes)
    asked: list[str] = []

    def read(*words: str, typed: list[str] | None = None) -> dict[str, bytes | str]:
        asked.clear()
        answers = iter(typed or [])

        def ask(question: str) -> str:
            asked.append(question)
            return next(answers)

        keys = Passwords([w.encode() for w in words], ask if typed is not None else None)
        return {
            i.name: i.source.read() if isinstance(i, Found) else str(i.error)
            for i in walk([path, path], passwords=keys)
        }

    whole = {"locked.zip/a.csv": b"1" * 100, "locked.zip/in.zip/b.csv": b"2"}
    assert read("other", "grüße") == whole
    assert read(typed=["nonsense", "grüße"]) == whole
    assert len(asked) == 2  # and not again for the second time it is given
    for refused in (read(), read("wrong"), read(typed=["", ""])):
        assert set(refused.values()) == {archive.LOCKED}
    assert len(read(typed=["x"] * 6)) == 2


def test_locked_beside_open_members(tmp_path: Path) -> None:
    with pyzipper.AESZipFile(tmp_path / "e.zip", "w") as made:
        made.writestr("open.csv", b"2")
        made.setpassword(b"x")
        made.setencryption(pyzipper.WZ_AES)
        made.writestr("a.csv", b"1")
    path = tmp_path / "e.zip"
    assert set_aside(path) == {"e.zip/a.csv": UnsafeArchive}
    assert [i.name for i in walk([path]) if isinstance(i, Found)] == ["e.zip/open.csv"]


def test_passwords_of_a_file_are_its_lines(tmp_path: Path) -> None:
    file = put(tmp_path / "words", b"one\r\n\ntwo words\n")
    assert Passwords.of(file).known == [b"one", b"two words"]
    for encoding in ("utf-8-sig", "utf-16"):  # what editors and shells of Windows make of it
        file.write_bytes("pässword\r\ntwo".encode(encoding))
        assert Passwords.of(file).known == ["pässword".encode(), b"two"]
    file.write_bytes(b"p\xe4ss\n")
    assert Passwords.of(file).known == [b"p\xe4ss"]
    with pytest.raises(FileNotFoundError):
        Passwords.of(tmp_path / "none")


@pytest.mark.parametrize("name", ["../x.csv", "a/../../x.csv", "/etc/x", "C:\\x", "..\\x.csv"])
def test_names_that_point_outside_are_unsafe(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / "t.zip", zipped({name: b"1", "ok.csv": b"2"}))
    assert list(set_aside(path).values()) == [UnsafeArchive]
    assert [i.name for i in walk([path]) if isinstance(i, Found)] == ["t.zip/ok.csv"]


def test_link_in_a_zip_is_unsafe(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("x.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    assert set_aside(tmp_path / "l.zip") == {"l.zip/x.csv": UnsafeArchive}


def test_bombs(tmp_path: Path) -> None:
    path = put(tmp_path / "b.zip", zipped({"big.csv": bytes(900_000), "b": b"1"}))
    assert set_aside(path, archive_files_max=1) == {"b.zip": UnsafeArchive}
    assert set_aside(path, archive_gb_max=0.0009) == {"b.zip": UnsafeArchive}
    assert set_aside(path, archive_files_max=2, archive_gb_max=0.000900001) == {}


def test_what_is_packed_too_well_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(1).randbytes(1000)
    one = put(tmp_path / "one.zip", zipped({"big": bytes(900_000), "noise": noise * 9}))
    many = put(tmp_path / "many.zip", zipped({f"{n}": bytes(90_000) for n in range(9)}))
    assert set_aside(one, many) == {}  # nobody is harmed by less than 100 MB
    monkeypatch.setattr(archive, "RATIO_FROM_BYTES", 100_000)
    assert set_aside(one, many, archive_ratio_max=1100) == {}
    assert set_aside(one, many, archive_ratio_max=700) == {"one.zip/big": UnsafeArchive}
    assert set_aside(one, many, archive_ratio_max=100) == {
        "one.zip": UnsafeArchive,
        "many.zip": UnsafeArchive,
    }


def test_members_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    """A directory whose entries all point to one packed member: no single one is suspicious."""
    data = zipped({"0": bytes(90_000_000)})
    entry = data[(at := data.index(b"PK\x01\x02")) : data.index(b"PK\x05\x06")]
    directory = b"".join(entry[:-1] + bytes([65 + n]) for n in range(50))
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 50, 50, len(directory), at, 0)
    path = put(tmp_path / "shared.zip", data[:at] + directory + end)
    assert set_aside(path) == {"shared.zip": UnsafeArchive}


def test_member_never_unpacks_to_more_than_its_directory_says(tmp_path: Path) -> None:
    lying = bytearray(zipped({"x.csv": bytes(10_000_000)}))
    at = lying.index(b"PK\x01\x02") + 24
    lying[at : at + 4] = struct.pack("<L", 100)
    (item,) = walk([put(tmp_path / "l.zip", bytes(lying))])
    assert isinstance(item, Unreadable | Found)
    if isinstance(item, Found):
        with pytest.raises(BrokenFile):
            item.source.read()


def test_limits_count_over_nested_zips(tmp_path: Path) -> None:
    level = zipped({"a": b"1", "b": b"2"})
    path = put(tmp_path / "n.zip", zipped({"in1.zip": level, "in2.zip": level}))
    assert set_aside(path, archive_files_max=5) == {"n.zip/in2.zip": UnsafeArchive}


def test_three_zips_deep_and_no_deeper(tmp_path: Path) -> None:
    data = zipped({"x.csv": b"1"})
    for _ in range(2):
        data = zipped({"in.zip": data})
    assert list(found_in(put(tmp_path / "3.zip", data))) == ["3.zip/in.zip/in.zip/x.csv"]
    path = put(tmp_path / "4.zip", zipped({"in.zip": data}))
    assert set_aside(path) == {"4.zip/in.zip/in.zip/in.zip": UnsafeArchive}
    assert set_aside(path, archive_depth_max=4) == {}


def test_missing_path_is_told_before_anything_is_read(tmp_path: Path) -> None:
    there = put(tmp_path / "a.csv", b"1")
    for missing in (tmp_path / "b.csv", there / "below"):
        with pytest.raises(FileNotFoundError):
            walk([there, missing])


def test_fifo_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d" / "pipe")
    assert set_aside(tmp_path / "d") == {"d/pipe": UnknownFormat}


def test_links_in_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "x.csv", b"1")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "circle").symlink_to(tmp_path / "d")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "d" / "lost").symlink_to(tmp_path / "nothing")
    assert [(i.name, type(i)) for i in walk([tmp_path / "d"])] == [
        ("d/link/x.csv", Found),
        ("d/lost", Unreadable),
    ]


def test_folder_too_deep_to_follow_is_set_aside(tmp_path: Path) -> None:
    """A thousand are more than Python follows and the longest path that the system takes."""
    put(tmp_path / "d" / "x.csv", b"1")
    (tmp_path / "d" / "/".join(["down"] * 150)).mkdir(parents=True)
    assert list(set_aside(tmp_path / "d").values()) == [UnknownFormat]
    assert [i.name for i in walk([tmp_path / "d"]) if isinstance(i, Found)] == ["d/x.csv"]


UNREADABLE = Path("/sys/class/net/lo/speed")  # a file that opens, and fails when it is read


@pytest.mark.skipif(not UNREADABLE.exists(), reason="no such file here")
def test_file_that_the_disk_does_not_give_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").symlink_to(UNREADABLE)
    put(tmp_path / "good.csv", b"1")
    assert set_aside(tmp_path) == {f"{tmp_path.name}/bad.csv": BrokenFile}
    for read in (lambda stream: stream.read(), lambda stream: stream.read(10)):
        with pytest.raises(BrokenFile), _file(UNREADABLE) as stream:
            read(stream)


def test_device_and_self_link_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "self").symlink_to("self")
    assert set_aside(tmp_path / "zero", tmp_path / "self") == {
        "zero": UnknownFormat,
        "self": BrokenFile,
    }


def test_file_that_is_read_whole_is_bounded(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", b"x" * 1_000_001)
    (item,) = walk([path], Limits(whole_mb_max=1))
    assert isinstance(item, Found)
    with pytest.raises(BrokenFile, match="whole_mb_max"):
        item.source.read()
    assert len(sha256(item)) == 64


def test_a_zip_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    put(tmp_path / "empty.zip", zipped({}))
    put(tmp_path / "folders.zip", zipped({"a/": b"", "a/b/": b""}))
    put(tmp_path / "good.csv", b"x")
    told = {item.name: item for item in walk([tmp_path])}
    base = tmp_path.name
    for name in ("empty.zip", "folders.zip"):
        item = told[f"{base}/{name}"]
        assert isinstance(item, Unreadable)
        assert "a zip with no file in it" in str(item.error)
    assert isinstance(told[f"{base}/good.csv"], Found)


def test_a_lake_below_a_folder_is_not_read_for_one_person(tmp_path: Path) -> None:
    """`dawnlake ingest .` beside ./lake, where ben's inbox is."""
    lake = tmp_path / "lake"
    for folder in ("extracted", "tables", "inbox/ben", "inbox/ada"):
        (lake / folder).mkdir(parents=True)
    (lake / "writer.lock").touch()
    put(lake / "inbox" / "ben" / "clarity.csv", b"x")
    put(tmp_path / "mine.csv", b"y")
    for given, names in ((tmp_path, ["lake", "mine.csv"]), (lake, [""])):
        items = list(walk([given]))
        assert [item.name for item in items] == [f"{given.name}/{n}".rstrip("/") for n in names]
        assert isinstance(items[0], Unreadable)
        assert "a lake of dawnlake" in str(items[0].error)
    assert [item.name for item in walk([lake / "inbox" / "ben"])] == ["ben/clarity.csv"]


def test_any_damage_is_an_ingest_error(tmp_path: Path) -> None:
    """A few thousand damaged zips: whatever is wrong, nothing else is raised."""
    chance = random.Random(7)
    whole = zipped({"é.csv": b"abc" * 50, "in.zip": zipped({"x": b"1" * 30}), "s": b"z"})
    read = refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path = put(tmp_path / "f.zip", bytes(data[: chance.choice([len(data), len(data) - 30])]))
        for item in walk([path]):
            if isinstance(item, Unreadable):
                refused += 1
                continue
            try:
                sha256(item)
                read += 1
            except IngestError:
                refused += 1
    assert min(read, refused) > 500
