"""The walker over real zips: what it finds, what it sets aside; one bad zip stops no other."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import random
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from connectors.contract import BrokenFile, IngestError, UnknownFormat, UnsafeArchive
from flows import archive
from flows.walk import Found, Unreadable, sha256, walk


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


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


def set_aside(*paths: Path) -> dict[str, type[IngestError]]:
    bad = {i.name: i.error for i in walk(paths) if isinstance(i, Unreadable)}
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


def test_encrypted_member_is_unsafe_and_the_rest_is_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": b"1", "b.csv": b"2"}))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = put(tmp_path / "e.zip", bytes(data))
    assert set_aside(path) == {"e.zip/a.csv": UnsafeArchive}
    assert [i.name for i in walk([path]) if isinstance(i, Found)] == ["e.zip/b.csv"]


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


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "b.zip", zipped({"big.csv": bytes(900_000), "b": b"1"}))
    with monkeypatch.context() as patch:
        patch.setattr(archive, "RATIO_FROM_BYTES", 100_000)
        patch.setattr(archive, "MAX_RATIO", 100)
        assert set_aside(path) == {"b.zip/big.csv": UnsafeArchive}
    for limit in ("MAX_MEMBERS", "MAX_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, 1)
            assert set_aside(path) == {"b.zip": UnsafeArchive}


def test_limits_count_over_nested_zips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    level = zipped({"a": b"1", "b": b"2"})
    path = put(tmp_path / "n.zip", zipped({"in1.zip": level, "in2.zip": level}))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    assert set_aside(path) == {"n.zip/in2.zip": UnsafeArchive}


def test_three_zips_deep_and_no_deeper(tmp_path: Path) -> None:
    data = zipped({"x.csv": b"1"})
    for _ in range(2):
        data = zipped({"in.zip": data})
    assert list(found_in(put(tmp_path / "3.zip", data))) == ["3.zip/in.zip/in.zip/x.csv"]
    path = put(tmp_path / "4.zip", zipped({"in.zip": data}))
    assert set_aside(path) == {"4.zip/in.zip/in.zip/in.zip": UnsafeArchive}


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
