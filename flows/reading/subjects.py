"""One file with the records of several people: a folder of Parquet parts for each of them.

The file is read once, into parts that keep whose each record is; those are sorted by person and
handed out. What a participant gets is what they would have had from a file of their own: the same
account, with the records of the others counted as a skip. A reject that names nobody is counted
for the file, and its text is kept for nobody.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.contract import SHAPES, Batch, Connector, Shape, WhoseRecords
from flows.reading.extract import PartWriter, manifest_of
from flows.reading.hashed import FILE_DIGITS, Hashed
from flows.reading.manifest import MANIFEST, Known, Manifest, first_read, parts_in
from flows.reading.walk import Found, sha256
from flows.settings import PARTICIPANT
from transforms.account import Account, ConservationError, account
from warehouse.store.database import in_memory
from warehouse.store.lake import PARTIAL, PARTITION, Lake, write_json, written_folder

OTHERS = "of_another_subject"
FEW = 122_880  # rows of a row group: those of others are passed over by their first and last
_ORDER: tuple[Shape, ...] = ("sample", "episode", "daily", "reject")


@dataclass(frozen=True)
class Handed:
    """What a file was for its people: a manifest each, and rejects that name nobody by code."""

    manifests: dict[str, Manifest]
    of_nobody: Counter[str]


def extracted_subjects(
    lake: Lake, prefix: str, found: Found, reject_max_pct: float, claim: tuple[Connector, str]
) -> Handed:
    """Read a file into the lake, for the participant `prefix` + subject of each of its records.

    Raises: IngestError, nothing is left in the lake then; WhoseRecords if records name nobody, or
    two people could not be told apart by the ids they would get.
    """
    connector, variant = claim
    hashed = Hashed(found)
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=lake.extracted) as folder:
        spool = Path(folder)
        writer = PartWriter(spool, SHAPES)
        try:
            items = connector.extract(hashed.source, variant)
            book = account(items, reject_max_pct, writer.write, is_of_many=True)
        finally:
            writer.close()
        people = participants(prefix, book.subjects)
        with in_memory() as connection:
            by_person = _Sorted(connection, spool)
            accounts = {who: _own_account(book, by_person, who) for who in people}
            of_nobody = by_person.rejects_of_nobody()
            _check(book, accounts, by_person.records_of_nobody())
            about = {"people": len(people), "prefix": prefix}
            manifests = {}
            for who, participant in people.items():
                beside = lake.connector_folder(participant, connector.name)
                place = lake.part_folder(participant, connector.name, hashed.file)
                read_on = first_read(place)
                known = Known.of(lake, participant)
                manifest = manifest_of(found, hashed.sha256, claim, accounts[who], known, read_on)
                with written_folder(beside, lambda place=place: place) as own:  # type: ignore[misc]
                    by_person.write(who, own)
                    told = {**manifest, **about, "subject": who}
                    write_json(told, own / MANIFEST)
                manifests[participant] = manifest
    return Handed(manifests, of_nobody)


def participants(prefix: str, subjects: set[str]) -> dict[str, str]:
    """The participant of each subject: its own id behind the prefix, what an id may not have as -.

    Raises: WhoseRecords if there is none, or two would get one id.
    """
    if not subjects:
        raise WhoseRecords(
            "its records name nobody: give it without --subjects and with --participant ID"
        )
    ids = {s: re.sub(r"[^A-Za-z0-9_.-]+", "-", prefix + s.strip()) for s in sorted(subjects)}
    bad = sum(not re.fullmatch(PARTICIPANT, each) for each in ids.values())
    if bad or len({each.lower() for each in ids.values()}) < len(ids):
        what = f"{bad} of its people have" if bad else "two of its people would share"
        raise WhoseRecords(
            f"{what} an id that no participant can have (1 to 64 letters, digits, dots, dashes or "
            "underscores, however they are written): try a --prefix, or change the ids in the file"
        )
    return ids


def known_subjects(
    lake: Lake, prefix: str, found: Found, connector: Connector
) -> dict[str, Manifest]:
    """The manifest of each person of these bytes, if this connector version has read them for all.

    Raises: BrokenFile if a zip member turns out to be damaged.
    """
    places = list(lake.extracted.glob(f"{PARTITION}={prefix}*/connector={connector.name}"))
    if not places:
        return {}
    file = sha256(found)[:FILE_DIGITS]
    folders = [place / f"file={file}" for place in places]
    manifests = {
        part.participant: part.manifest for f in folders if f.exists() for part in parts_in(f)
    }
    kept = {
        who: manifest
        for who, manifest in manifests.items()
        if manifest.get("prefix") == prefix and manifest["connector_version"] == connector.version
    }
    return kept if all(m["people"] == len(kept) for m in kept.values()) else {}


class _Sorted:
    """Parts that keep whose each record is, in the order of people."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, spool: Path) -> None:
        self._connection = connection
        self._parts = {}
        for shape in _ORDER:
            part = spool / f"{shape}.parquet"
            if part.exists():
                ordered = spool / f"{shape}-by-person.parquet"
                connection.execute(
                    f"""copy (from read_parquet('{_quoted(part)}', file_row_number = true)
                        order by subject, file_row_number)
                        to '{_quoted(ordered)}' (format parquet, row_group_size {FEW})"""
                )
                part.unlink()
                self._parts[shape] = f"read_parquet('{_quoted(ordered)}')"

    def of(self, who: str) -> Iterator[Batch]:
        """A person's rows, in the order of the file, with the columns of their shapes."""
        for shape, part in self._parts.items():
            columns = ", ".join(SHAPES[shape].names)
            rows = self._connection.sql(
                f"select {columns} from {part} where subject = ? order by file_row_number",
                params=[who],
            )
            for batch in rows.to_arrow_reader(FEW):
                yield Batch(shape, batch.cast(SHAPES[shape]))

    def write(self, who: str, folder: Path) -> None:
        """A person's parts.

        Raises: OSError.
        """
        writer = PartWriter(folder)
        try:
            for batch in self.of(who):
                writer.write(batch)
        finally:
            writer.close()

    def rejects_of_nobody(self) -> Counter[str]:
        if "reject" not in self._parts:
            return Counter()
        counts = self._connection.sql(
            f"""select code, count(*) from {self._parts["reject"]}
                where subject is null group by code"""
        )
        return Counter(dict(counts.fetchall()))

    def records_of_nobody(self) -> int:
        """Records whose only rows are rejects without a subject.

        Raises: WhoseRecords if a record that was understood names nobody.
        """
        whose = " union all ".join(
            f"select record, subject, '{shape}' as shape from {part}"
            for shape, part in self._parts.items()
        )
        ((nameless, carried),) = self._connection.execute(
            f"""with told as ({whose})
                select count(distinct record) filter (record not in
                        (select record from told where subject is not null)),
                    count(*) filter (shape <> 'reject')
                from told where subject is null"""
        ).fetchall()
        if carried:
            raise WhoseRecords(
                "some of its records name nobody, and others do: give each record its person's "
                "id, or take those out"
            )
        return int(nameless)


def _own_account(book: Account, by_person: _Sorted, who: str) -> Account:
    """A person's account: all records of the file, those that are not theirs as a skip."""
    own = Account(skipped=Counter(book.skipped), facts=book.facts, drift=set(book.drift))
    for batch in by_person.of(who):
        own.note(batch)
    own.total = own.skipped.total() + own.record_count()
    own.skipped[OTHERS] = book.total - own.total
    own.total = book.total
    return own


def _check(book: Account, accounts: dict[str, Account], of_nobody: int) -> None:
    """Raises: ConservationError if a record is of two people, or of none and not told."""
    given = sum(each.record_count() for each in accounts.values()) + of_nobody
    if given != book.record_count():
        raise ConservationError(f"{book.record_count()} records, but {given} handed to people")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
