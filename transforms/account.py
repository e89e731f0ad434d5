"""What became of the records of one file: carried, skipped or rejected, and none is lost."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Batch,
    Drift,
    Fact,
    Item,
    Named,
    NoRecords,
    Skip,
    TooManyRejects,
    Total,
    WhoseRecords,
)
from transforms.arrays import Micros
from transforms.glucose.units_told import UnitsTold

FEW_REJECTS = 3  # a short file with a cut last row is above no budget


class ConservationError(Exception):
    """A connector lost count of records: a fault of ours, never of the file."""


@dataclass
class Account:
    """What became of the records of one file."""

    total: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    facts: dict[str, list[str]] = field(default_factory=dict)
    drift: set[str] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)  # offset, utc, wall clock: how times are told
    names: set[str] = field(default_factory=set, repr=False)  # of people; in memory alone
    subjects: set[str] = field(default_factory=set)  # whose the records are, if they say so
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    _units: UnitsTold = field(default_factory=UnitsTold)
    _carried: list[Micros] = field(default_factory=list)
    _rejected: list[Micros] = field(default_factory=list)

    def note(self, item: Item) -> None:
        """Take one item of a connector into the account."""
        match item:
            case Batch(shape, rows):
                numbers = np.asarray(rows["record"]).astype(np.int64)
                (self._rejected if shape == "reject" else self._carried).append(numbers)
                if shape == "reject":
                    self.rejected.update(rows["code"].to_pylist())
                elif shape != "daily":
                    self._stretch(rows)
                if shape == "sample":
                    self._units.note(rows)
                if rows["subject"].null_count < rows.num_rows:
                    self.subjects.update(pc.unique(rows["subject"].drop_null()).to_pylist())
            case Skip(reason, count):
                self.skipped[reason] += count
            case Total(records):
                self.total += records
            case Drift(what):
                self.drift.add(_encodable(what))
            case Named():
                self.names.add(_encodable(item))
            case Fact(name, value):
                known = self.facts.setdefault(name, [])
                if (told := _encodable(value)) not in known:
                    known.append(told)

    def _stretch(self, rows: pa.Table) -> None:
        told = {"offset": "start_offset_min", "utc": "start_utc", "wall clock": "start_wall"}
        known = [name for name, column in told.items() if rows[column].null_count < rows.num_rows]
        self.clocks.update(known[:1])
        for name in ("start_utc", "start_wall", "end_utc", "end_wall"):
            ends = pc.min_max(rows[name].cast(pa.timestamp("us")))
            if ends["min"].is_valid:
                low, high = ends["min"].as_py(), ends["max"].as_py()
                self.first = low if self.first is None else min(self.first, low)
                self.last = high if self.last is None else max(self.last, high)

    def record_count(self) -> int:
        """Records in a batch, whatever the shape."""
        return len(_distinct([*self._carried, *self._rejected]))

    def counts(self) -> tuple[int, int, int]:
        """Records carried, skipped, rejected; a record with a reject counts as rejected.

        Raises: ConservationError if they do not add up to the total.
        """
        rejected, carried = _distinct(self._rejected), _distinct(self._carried)
        if len(rejected):
            carried = np.setdiff1d(carried, rejected, assume_unique=True)
        counts = len(carried), self.skipped.total(), len(rejected)
        if sum(counts) != self.total:
            raise ConservationError(
                f"{self.total} records, but {counts} carried, skipped, rejected"
            )
        return counts

    @property
    def exported_at(self) -> str | None:
        """When the file says that it was made (ISO)."""
        return max(self.facts.get("exported_at", []), default=None)

    def manifest(self) -> dict[str, Any]:
        """The columns of source_file that come from reading."""
        carried, skipped, rejected = self.counts()
        return {
            "record_count": self.total,
            "carried_count": carried,
            "skipped_count": skipped,
            "rejected_count": rejected,
            "skipped": dict(sorted(self.skipped.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "facts": {name: ", ".join(values) for name, values in sorted(self.facts.items())},
            "drift": sorted({*self.drift, *self._units.doubts()}),
            "first_time": self.first.isoformat() if self.first else None,
            "last_time": self.last.isoformat() if self.last else None,
            "exported_at": self.exported_at,
        }


def _distinct(numbers: list[Micros]) -> Micros:
    """Sorted and without repeats; numbers come in long ascending runs, which a merge sort likes."""
    if not any(len(run) for run in numbers):
        return np.zeros(0, np.int64)
    ordered = np.sort(np.concatenate(numbers), kind="stable")
    distinct: Micros = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return distinct


def _encodable(text: str) -> str:
    """The text with a mark for half a character, which JSON can spell and no file can hold."""
    return text.encode("utf-8", "replace").decode()


def account(
    items: Iterable[Item],
    reject_max_pct: float,
    keep: Callable[[Batch], None] = lambda _: None,
    is_of_many: bool = False,
) -> Account:
    """The account of a whole file; its rows go to `keep` as they come.

    Raises: IngestError from the connector; NoRecords; TooManyRejects; ConservationError;
    WhoseRecords for records of several people, unless it `is_of_many`.
    """
    book = Account()
    for item in items:
        book.note(item)
        if len(book.subjects) > 1 and not is_of_many:
            raise WhoseRecords(
                "it holds records of several people: `dawnlake ingest FILE --subjects` makes a "
                "participant of each"
            )
        if isinstance(item, Batch):
            keep(item)
    refuse_rejects(book, reject_max_pct)
    return book


def refuse_rejects(book: Account, reject_max_pct: float) -> None:
    """Nothing for a file that was understood.

    Raises: NoRecords for one that has nothing; TooManyRejects above the budget;
    ConservationError.
    """
    _, _, rejected = book.counts()
    if book.total == 0:
        raise NoRecords(
            "its format is known, and there is no record in it: export it again over a time in "
            "which there is something; if there is something in it, please report its keys or "
            "header line"
        )
    if rejected > FEW_REJECTS and rejected > book.total * reject_max_pct / 100:
        codes = ", ".join(f"{code} {n}" for code, n in sorted(book.rejected.items()))
        raise TooManyRejects(
            f"{rejected} of {book.total} records were not understood ({codes}); "
            "nothing was taken. If that is right, raise reject_max_pct in dawnlake.toml"
        )
