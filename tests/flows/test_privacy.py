"""Names and notes of people stay in the lake: not in errors, not in logs, not in file names."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest

from connectors import connectors
from connectors.contract import IngestError
from flows.deriving.pipeline import Receipt, ingest
from flows.reading.password import Passwords
from flows.settings import Settings
from flows.settings_kept import remember_zone
from tests.flows.test_walk import locked as locked_zip
from tests.golden_case import Case, cases
from tests.lake import BERLIN, PERSON, golden, opened, put, temporary, tolerant, tree
from warehouse.schema import TABLES
from warehouse.store.lake import Lake
from warehouse.views import build

pytestmark = pytest.mark.whole

MARK = "Zebra"  # in every name, note and value that is put into a file here
FILE_NAME = f"{MARK}File"
PASSWORD = f"{MARK}Password"


def marked(text: str) -> str:
    """A golden input with marks in its texts: names, devices, notes, and some values."""
    text = text.replace("Ada Example", f"{MARK}Person Example").replace(",,Ada,", f",,{MARK}Name,")
    text = text.replace("Example,", f"{MARK}Surname,").replace("1970-01-01", f"{MARK}Birth")
    text = text.replace("iPhone G6", f"{MARK}Phone").replace("Popcorn(x2)", f"{MARK}Food")
    text = text.replace("Walk, 20 min", f"{MARK}Note").replace(
        "FreeStyle LibreLink", f"{MARK}Reader"
    )
    text = text.replace("?!", f"{MARK}Number").replace("05/11/2023", f"{MARK}Date")
    text = text.replace("Telepathy", f"{MARK}Event").replace("xDrip", f"{MARK}Uploader")
    text = re.sub(r'sourceName="[^"]*"', f'sourceName="{MARK}Source"', text)
    return re.sub(r'"notes": "[^"]*"', f'"notes": "{MARK}Treatment"', text)


def faulty() -> dict[str, bytes]:
    """Files that give errors of every kind, or rejects, with marks all over."""
    clarity = marked(golden("dexcom_clarity", "us_14_columns_fall_back_low_high").data().decode())
    libre = marked(golden("libreview", "us_am_pm_all_record_types").data().decode())
    apple = marked(golden("apple_health", "every_other_stream_and_bad_records").data().decode())
    scout = marked(golden("nightscout", "treatments_array").data().decode())
    entries = marked(golden("nightscout", "entries_array_codes_and_offsets").data().decode())
    night = golden("fitbit_takeout", "sleep_fall_back_night").data().decode()
    undatable = marked(golden("libreview", "undatable").data().decode())
    drifted = libre.replace("Ketone mmol/L", f"{MARK}Column")
    odd = [line.replace("101", f"{MARK}Value") for line in clarity.splitlines()]
    many = clarity + "".join(f"{n},{MARK}Stamp,EGV,,,,,{MARK}Glucose,,,,,,\n" for n in range(40))
    return {
        "clarity.csv": clarity.encode(),
        "many_rejects.csv": many.encode(),
        "odd.csv": "\n".join(odd).encode(),
        "libre.csv": libre.encode(),
        "drifted.csv": drifted.encode(),
        "undatable.csv": undatable.encode(),
        "apple.xml": apple.encode(),
        "cut.xml": apple[: len(apple) // 2].encode(),
        "doubled.xml": apple.replace("unit=", f'unit="{MARK}" unit=').encode(),
        "treatments.json": scout.encode(),
        "entries.json": entries.encode(),
        "cut.json": scout[: len(scout) // 2].encode(),
        "wrong_type.json": entries.replace('"sgv": 162', f'"sgv": "{MARK}Sgv"').encode(),
        "sleep.json": night.replace('"level":"deep"', f'"level":"{MARK}Level"').encode(),
        "log.json": night.replace("2025-11-01T23:30", f"{MARK}Time").encode(),
        "cut_sleep.json": night[:900].encode(),
        "unknown.txt": f"{MARK}Text in a file of nobody\n".encode() * 50,
        "empty.csv": b"",
        "cut.zip": zipped()[:200],
        "locked.zip": locked(),
    }


def zipped() -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(f"{FILE_NAME}/{MARK}Member.txt", f"{MARK}Text" * 100)
        archive.writestr(f"../{MARK}Outside.txt", f"{MARK}Text")
    return buffer.getvalue()


def locked() -> bytes:
    """A member that says it needs a password."""
    data = bytearray(zipped())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + place] |= 1
    return bytes(data)


@functools.cache
def ingested() -> tuple[Lake, Receipt, str]:
    """All of it, each alone, with everything that was logged or printed on the way."""
    folder = temporary("privacy")
    lake = tolerant(Lake(folder / "lake"), 60)
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            files = {f"{FILE_NAME}-{name}": data for name, data in faulty().items()}
            paths = put(folder / f"{MARK}Folder", files)
            members = {f"{FILE_NAME}.csv": golden("dexcom_clarity", "italian").data()}
            locked_ = locked_zip(folder, members, PASSWORD, aes=True)
            paths.append(locked_.rename(folder / f"{FILE_NAME}-opened.zip"))
            words = Passwords([f"{MARK}Other".encode(), PASSWORD.encode()])
            receipt = ingest(lake, paths, PERSON, BERLIN, passwords=words)
    finally:
        root.removeHandler(handler)
        root.level = level
    return lake, receipt, heard.getvalue()


def test_there_is_something_to_keep_quiet_about() -> None:
    lake, receipt, _ = ingested()
    errors = {type(f.error).__name__ for f in receipt.files if f.error}
    assert errors >= {
        *("FormatDrift", "BrokenFile", "UnknownFormat", "TooManyRejects", "UnsafeArchive"),
        *("UndatableFile",),
    }
    with opened(lake) as connection:
        raw = connection.execute("select count(*) from reject where raw like '%Zebra%'").fetchall()
        words = connection.execute(
            "select (select count(*) from episode where label like '%Zebra%'), "
            "(select count(*) from sample where device like '%Zebra%')"
        ).fetchall()
    assert raw[0][0] > 5
    assert min(words[0]) > 0


def test_no_error_repeats_what_a_file_says_or_is_called() -> None:
    _, receipt, _ = ingested()
    told = [str(f.error) for f in receipt.files if f.error] + receipt.problems
    assert [text for text in told if MARK in text] == []
    # nor does what is behind an error: a traceback would print it
    for each in receipt.files:
        error: BaseException | None = each.error
        while error is not None:
            assert MARK not in str(error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_nothing_is_logged_or_printed() -> None:
    _, _, heard = ingested()
    assert MARK not in heard


def test_a_lake_names_nothing_after_a_file_or_a_person() -> None:
    lake, _, _ = ingested()
    assert [
        p for p in lake.root.rglob("*") if MARK.lower() in str(p.relative_to(lake.root)).lower()
    ] == []


def test_a_password_is_used_and_kept_nowhere() -> None:
    lake, receipt, _ = ingested()
    (opened_zip,) = (f for f in receipt.files if f.archive == f"{FILE_NAME}-opened.zip")
    assert opened_zip.status == "read"
    for name, data in tree(lake.root).items():
        assert PASSWORD.encode() not in data, name


def test_only_the_manifest_beside_an_export_knows_its_name() -> None:
    lake, _, _ = ingested()
    with_name = {
        Path(name).name for name, data in tree(lake.extracted).items() if FILE_NAME.encode() in data
    }
    assert with_name == {"manifest.json"}
    assert FILE_NAME.encode() not in lake.warehouse.read_bytes()
    for name in TABLES:
        path = lake.table_part(name, PERSON)
        with duckdb.connect() as connection:
            text = connection.execute(f"from read_parquet('{path}')").fetchall()
        assert FILE_NAME not in repr(text)


def test_names_and_birthdays_are_not_even_carried() -> None:
    lake, _, _ = ingested()
    with opened(lake) as connection:
        for name in TABLES:
            text = repr(connection.execute(f"from {name}").fetchall())
            for word in ("Name", "Surname", "Birth", "Person"):
                assert f"{MARK}{word}" not in text, name


@pytest.mark.parametrize("case", [c for c in cases() if "error" in c.about], ids=str)
def test_refusals_of_golden_inputs_quote_no_cell(case: Case) -> None:
    """Numbers and words of four letters and more that only the data has, not its header."""
    data = case.data().decode("utf-8", "replace")
    connector = connectors()[case.connector]
    with pytest.raises(IngestError) as caught:
        list(connector.extract(case.source(), str(case.about["variant"])))
    numbers = set(re.findall(r"\d{4,}", data))
    assert [n for n in re.findall(r"\d{4,}", str(caught.value)) if n in numbers] == []


# Folders and files are for their owner alone, whatever the umask.
@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_lake_is_its_owners_alone(mask: int, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "above" / "lake")
    files = put(tmp_path, {"a.csv": faulty()["clarity.csv"]})
    with umask(mask):
        tolerant(lake, 60)
        ingest(lake, files, PERSON, BERLIN)
    lake.settings.chmod(0o600)  # written by the test itself
    modes = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "above", *(tmp_path / "above").rglob("*"))
    }
    folders = {name for name in modes if (tmp_path / name).is_dir()}
    assert {n: oct(m) for n, m in modes.items() if n in folders and m != 0o700} == {}
    assert {n: oct(m) for n, m in modes.items() if n not in folders and m != 0o600} == {}
    assert len(modes) > 12


def test_what_the_program_writes_by_itself_is_private(tmp_path: Path) -> None:
    """Settings, and a warehouse that was made at once: DuckDB opens it anew."""
    lake = Lake(tmp_path / "lake")
    with umask(0):
        lake.create()
        remember_zone(lake.settings, "anna", BERLIN)
        build(lake, Settings().rules.model_dump(), {})
    for path in (lake.settings, lake.warehouse):
        assert oct(stat.S_IMODE(path.stat().st_mode)) == oct(0o600)


def test_a_manifest_is_plain_json() -> None:
    lake, _, _ = ingested()
    for folder in lake.part_folders(PERSON):
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["name"].startswith(FILE_NAME)
