"""Files one after the other: looked at, and read into the lake, small ones of a kind together."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors import connectors
from connectors.contract import PEEK_BYTES, Connector, IngestError
from connectors.reading.lists import listed
from flows.deriving.receipt import FileReceipt
from flows.reading.extract import extracted
from flows.reading.hashed import FILE_DIGITS
from flows.reading.identify import identified
from flows.reading.manifest import Key, Known, Part
from flows.reading.together import FEWEST, MOST, MOST_BYTES, Small, extracted_together, take_out
from flows.reading.walk import Found, Unreadable, sha256
from flows.settings import Settings
from warehouse.store.lake import Lake

Claim = tuple[Connector, str]
Progress = Callable[[FileReceipt], None]


class ReaderFault(IngestError):
    """A fault of ours in reading one file, which must not cost the others. No value is told."""

    def __init__(self, connector: str, error: Exception) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"a fault of dawnlake in its reader {connector}: {type(error).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}. Nothing of this file was taken; please "
            "report this line, and not the file"
        )


@dataclass(frozen=True)
class Unread:
    """Files that are to be extracted: the connector that claims them and the variant.

    `small` are the same files if they are small lists, of which many are read as one.
    """

    claim: Claim
    files: tuple[Found, ...]
    small: tuple[Small, ...] = ()

    @property
    def connector(self) -> str:
        """The name of the connector: all of a file that may be told."""
        return self.claim[0].name


def look(
    found: Found, known: Known, again: bool = False, mappings: Iterable[Connector] = ()
) -> FileReceipt | Unread:
    """A receipt for a file that is set aside or whose bytes this connector version has read.

    Only a file of the size of one that was read is digested to see whether it is known. `again`:
    none is. `mappings` are the lake's own, beside the connectors.
    """
    try:
        if not again and known.has_size(found.size):
            part = _read_before(found, known, mappings)
            if part is not None:
                receipt = FileReceipt(found.name, "known", found.archive, part.manifest)
                receipt.signs = found.signs
                receipt.already_known = part.manifest["carried_count"]
                return receipt
        claim = identified(found.source, mappings)
        small = _small(found, claim)
        return Unread(claim, (found,), (small,) if small else ())
    except IngestError as error:
        return FileReceipt(found.name, "set aside", found.archive, error=error)


def _read_before(found: Found, known: Known, mappings: Iterable[Connector]) -> Part | None:
    """These bytes as they were read, if who has read them is the same and still claims them: then
    nobody else is asked.

    Raises: IngestError for a file that cannot be read to its end.
    """
    every = {**connectors(), **{mapping.name: mapping for mapping in mappings}}
    for part in known.parts(sha256(found)[:FILE_DIGITS]):
        connector = every.get(part.manifest["connector"])
        if (
            connector is not None
            and connector.version == part.manifest["connector_version"]
            and connector.identify(found.source) is not None
        ):
            return part
    return None


def _small(found: Found, claim: Claim) -> Small | None:
    """The file, if it is a small list that may be read with others."""
    connector, variant = claim
    if variant not in connector.lists or found.size > PEEK_BYTES:
        return None
    data = found.source.first
    told = listed(data) if len(data) == found.size else None
    return Small(found, told, hashlib.sha256(data).hexdigest()) if told else None


def extract(
    lake: Lake, participant: str, unread: Unread, settings: Settings, known: Known
) -> list[FileReceipt]:
    """Read files into the lake, and let `known` know. Never raises for a bad file: the error is in
    its receipt."""
    budget, outcomes = settings.rules.reject_max_pct, None
    if len(unread.small) >= FEWEST:
        outcomes = extracted_together(lake, participant, unread.small, budget, unread.claim, known)
    if outcomes is None:
        outcomes = [
            _one(lake, participant, found, budget, unread.claim, known) for found in unread.files
        ]
    new = [outcome for outcome in outcomes if isinstance(outcome, Part)]
    before = [part for each in new if (part := known.part(each.key)) is not None]
    places = {each.key: each.folder for each in new}
    take_out(part for part in before if part.folder != places[part.key])
    known.add(new)
    return [
        FileReceipt(found.name, "read", found.archive, outcome.manifest)
        if isinstance(outcome, Part)
        else FileReceipt(found.name, "set aside", found.archive, error=outcome)
        for found, outcome in zip(unread.files, outcomes, strict=True)
    ]


def _one(
    lake: Lake, participant: str, found: Found, budget: float, claim: Claim, known: Known
) -> Part | IngestError:
    try:
        return extracted(lake, participant, found, budget, claim, known)
    except IngestError as error:
        return error
    except (OSError, MemoryError):
        raise  # the machine's trouble, not this file's
    except Exception as error:
        return ReaderFault(claim[0].name, error)


@dataclass
class _Group:
    """Small files of one kind that wait to be read together, and their places in the receipt."""

    places: list[int] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def together(self) -> Unread:
        files = tuple(found for each in self.unread for found in each.files)
        small = tuple(one for each in self.unread for one in each.small)
        return Unread(self.unread[0].claim, files, small)


class Intake:
    """Takes files in the order they come, and gives their receipts in this order.

    `see` looks at a file, `read` extracts some; `progress` hears of each when its fate is known.
    """

    def __init__(
        self,
        see: Callable[[Found], FileReceipt | Unread],
        read: Callable[[Unread], Sequence[FileReceipt]],
        progress: Progress = lambda _: None,
    ) -> None:
        self._see, self._read, self._progress = see, read, progress
        self._receipts: dict[int, FileReceipt] = {}
        self._waiting: dict[tuple[str, str, str], _Group] = {}
        self._keys: set[Key] = set()
        self._size = 0
        self._count = 0

    def take(self, item: Found | Unreadable) -> None:
        """One more; it is read now, or later with others of its kind."""
        place, self._count = self._count, self._count + 1
        if isinstance(item, Unreadable):
            self._note([place], [FileReceipt(item.name, "set aside", error=item.error)])
            return
        seen = self._see(item)
        if isinstance(seen, Unread) and self._keys.intersection(_keys(seen)):
            self._read_waiting()  # the same bytes twice: once the first is read, it is known
            seen = self._see(item)
        if isinstance(seen, FileReceipt):
            self._note([place], [seen])
        elif seen.small:
            self._wait(place, seen)
        else:
            self._note([place], self._read(seen))

    def finish(self) -> list[FileReceipt]:
        """What became of every file, after the last."""
        self._read_waiting()
        return [self._receipts[place] for place in range(self._count)]

    def _wait(self, place: int, unread: Unread) -> None:
        connector, variant = unread.claim
        kind = connector.name, variant, unread.small[0].listed.head
        group = self._waiting.setdefault(kind, _Group())
        group.places.append(place)
        group.unread.append(unread)
        self._keys.update(_keys(unread))
        self._size += unread.files[0].size
        if len(group.places) >= MOST or self._size >= MOST_BYTES:
            self._read_waiting()

    def _read_waiting(self) -> None:
        groups, self._waiting, self._keys, self._size = self._waiting, {}, set(), 0
        for group in groups.values():
            self._note(group.places, self._read(group.together()))

    def _note(self, places: Sequence[int], receipts: Sequence[FileReceipt]) -> None:
        for place, receipt in zip(places, receipts, strict=True):
            self._receipts[place] = receipt
            self._progress(receipt)


def _keys(unread: Unread) -> list[Key]:
    return [(unread.connector, each.file) for each in unread.small]
