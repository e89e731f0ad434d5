"""What is printed of several participants: news and trouble of each, and how many have neither."""

from __future__ import annotations

import pytest

from connectors.contract import BrokenFile
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.terminal.receipt import MANY_PEOPLE, print_receipts


def of(who: str, status: str = "read", new: int = 7, rejected: int = 0) -> Receipt:
    """A receipt of one file with ten records."""
    manifest = {
        "connector": "libreview",
        "variant": "csv",
        "record_count": 10,
        "carried_count": 10 - rejected,
        "skipped_count": 0,
        "rejected_count": rejected,
        "skipped": {},
        "rejected": {"unreadable_time": rejected} if rejected else {},
        "drift": [],
    }
    known = 10 - rejected - (new if status == "read" else 0)
    new = new if status == "read" else 0
    file = FileReceipt(f"{who}/a.csv", status, manifest=manifest, new=new, already_known=known)
    return Receipt(who, [file], nights_added=2 if status == "read" else 0)


def said(receipts: list[Receipt], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    print_receipts(receipts)
    out, err = capsys.readouterr()
    return out, " ".join(err.split())


def test_few_have_a_receipt_each_and_those_with_nothing_new_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, err = said([of("ada"), of("ben", "known"), of("cem", "known")], capsys)
    assert "receipt for ada" in out and "ben" not in out
    assert "nights: 2 added, 0 changed" in err
    assert "nothing new of ben, cem: 2 files as they were" in err


def test_many_have_a_row_each(capsys: pytest.CaptureFixture[str]) -> None:
    people = [of(f"p{number:02}") for number in range(MANY_PEOPLE + 1)]
    quiet = [of(f"q{number}", "known") for number in range(6)]
    out, err = said([*people, *quiet], capsys)
    rows = [
        line.split() for line in out.splitlines() if line.startswith("p") and "files" not in line
    ]
    assert rows == [[r.participant, "1", "10", "7", "3", "0", "0", "0", "2"] for r in people]
    assert "receipt for" not in out and "q0" not in out
    assert "nothing new of 6 participants: 6 files as they were" in err


@pytest.mark.parametrize("count", [1, MANY_PEOPLE + 1])
def test_trouble_is_told_however_many_there_are(
    count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    known = of("ada", "known", rejected=2)
    aside = of("ben", "known")
    aside.files.append(FileReceipt("ben/b.zip", "set aside", error=BrokenFile("it is cut off")))
    asked = of("cem", "known")
    asked.problems.append("5 rows of cem have no zone")
    _, err = said([*(of(f"p{n}") for n in range(count)), known, aside, asked], capsys)
    assert "rejected: unreadable_time 2" in err
    assert "set aside: ben/b.zip: it is cut off" in err
    assert "5 rows of cem have no zone" in err
    assert "nothing new of" not in err
