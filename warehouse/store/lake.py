"""Where things lie in a lake, and how they are written: beside, flushed, renamed, private.

dawnlake.toml                                               settings
inbox/<participant>/                                        what the nightly flow reads
extracted/participant_id=P/connector=C/file=F/*.parquet     what an export said, manifest.json
extracted/participant_id=P/connector=C/batch=B/*.parquet    what many small files said, with `file`
extracted/participant_id=P/inbox.json                       what the last night saw in the inbox
tables/<table>/participant_id=P/part.parquet                canonical, sorted
marts/                                                      rows of the views (buckets.py)
tables/effect_group/part.parquet                            computed from everyone's
warehouse.duckdb                                            views over tables/
writer.lock, workers.lock                                   who writes (lock.py, work.py)

A file is written as `.partial-*` beside its place and flushed; then it takes its place, and the
folder is flushed. A folder that takes the place of another sends that one aside first. Whatever
stands there of these after a run that was killed is undone or removed by `Lake.heal`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

NAMED_MAX = 64  # files that a relation names one by one; of more, it asks the folder
PARTITION = "participant_id"
PARTIAL = ".partial-"  # what is not finished, or not wanted any more
ASIDE = ".aside-"  # a folder whose successor is about to take its place


@dataclass(frozen=True)
class Lake:
    """A folder with everything of one or more participants."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "dawnlake.toml"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def extracted(self) -> Path:
        return self.root / "extracted"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def marts(self) -> Path:
        return self.root / "marts"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    def exists(self) -> bool:
        """Whether this folder is a lake already."""
        return self.tables.is_dir()

    def create(self) -> Lake:
        """The folders of a lake, readable by their owner alone."""
        for folder in (self.root, self.inbox, self.extracted, self.tables, self.marts):
            private_folder(folder)
        return self

    def leftovers(self) -> list[Path]:
        """What runs that were killed have left; while one writes, also what is its own."""
        levels = {self.root: 0, self.inbox: 0, self.extracted: 2, self.tables: 2, self.marts: 2}
        return sorted(path for folder, deep in levels.items() for path in _marked(folder, deep))

    def heal(self, within: Path | None = None) -> None:
        """Undo what was left halfway, everywhere or in a folder. Only for the one who writes."""
        for path in self.leftovers():
            if within is not None and within not in path.parents:
                continue
            successor = path.with_name(path.name.removeprefix(ASIDE))
            if path.name.startswith(ASIDE) and not successor.exists():
                path.replace(successor)
                flush(path.parent)
            else:
                _removed(path)

    def table_part(self, table: str, participant: str) -> Path:
        """The one file of a participant's rows in a table."""
        return self.tables / table / f"{PARTITION}={participant}" / "part.parquet"

    def part_of_all(self, table: str) -> Path:
        """The one file of a table that is of everyone together."""
        return self.tables / table / "part.parquet"

    def connector_folder(self, participant: str, connector: str) -> Path:
        """The folder of all files of one format."""
        return self.extracted / f"{PARTITION}={participant}" / f"connector={connector}"

    def note(self, participant: str) -> Path:
        """What a participant's tables were made from."""
        return self.tables / "fingerprint" / f"{participant}.json"

    def notes(self) -> list[Path]:
        """Of everyone."""
        return sorted((self.tables / "fingerprint").glob("*.json"))

    def has_many(self) -> bool:
        """Whether there are more participants than a relation names one by one."""
        with suppress(FileNotFoundError), os.scandir(self.tables / "sample") as people:
            return sum(1 for _ in islice(people, NAMED_MAX + 1)) > NAMED_MAX
        return False

    def part_folder(self, participant: str, connector: str, file: str) -> Path:
        """The folder of one extracted file."""
        return self.connector_folder(participant, connector) / f"file={file}"

    def batch_folder(self, participant: str, connector: str, name: str) -> Path:
        """The folder of several small files of one format."""
        return self.connector_folder(participant, connector) / f"batch={name}"

    def part_folders(self, participant: str) -> list[Path]:
        """Every folder of extracted files of a participant, in a fixed order."""
        place = self.extracted / f"{PARTITION}={participant}"
        return sorted(path for kind in ("batch", "file") for path in place.glob(f"*/{kind}=*"))

    def with_tables(self) -> set[str]:
        """Everyone with a table."""
        return {p.name.partition("=")[2] for p in self.tables.glob(f"*/{PARTITION}=*")}

    def participants(self) -> list[str]:
        """Everyone with an extracted file."""
        return sorted(p.name.partition("=")[2] for p in self.extracted.glob(f"{PARTITION}=*"))


def _marked(folder: Path, deep: int) -> Iterator[Path]:
    """What is unfinished or sent aside in a folder and in those below, so many levels deep."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # it is gone meanwhile, or whoever looks may not
    for entry in entries:
        if entry.name.startswith((PARTIAL, ASIDE)):
            yield Path(entry.path)
        elif deep and entry.is_dir():
            yield from _marked(Path(entry.path), deep - 1)


def sweep(folder: Path) -> None:
    """Remove what dead processes left unfinished in a folder that has no lock."""
    for path in folder.glob(f"{PARTIAL}*"):
        number = path.name.removeprefix(PARTIAL).partition("-")[0]
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            _removed(path)
        except (ValueError, PermissionError):
            continue


def _partial_name() -> str:
    return f"{PARTIAL}{os.getpid()}-"


def private_folder(folder: Path) -> Path:
    """The folder, made with all above it, mode 0700 whatever the umask."""
    missing = list(takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    for each in reversed(missing):
        each.mkdir(0o700, exist_ok=True)
        each.chmod(0o700)
        flush(each.parent)
    return folder


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A private file to write, which takes the place of `path` once it is whole and flushed."""
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=_partial_name(), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o600)
        flush(partial)
        partial.replace(path)
        flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def written_folder(parent: Path, named: Callable[[], Path]) -> Iterator[Path]:
    """A private folder in `parent` to fill, which takes the place of `named()` once it is whole."""
    private_folder(parent)
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=parent))
    try:
        yield partial
        for file in partial.iterdir():
            file.chmod(0o600)
            flush(file)
        flush(partial)
        folder = named()
        aside = folder.with_name(ASIDE + folder.name)
        if folder.exists():
            _removed(aside)
            folder.replace(aside)
        partial.replace(folder)
        flush(parent)
        _removed(aside)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """The folder, gone at once: who is killed in the middle leaves nothing that could be read."""
    gone = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=folder.parent)) / "gone"
    folder.replace(gone)
    flush(folder.parent)
    _removed(gone.parent)


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(value: object, path: Path) -> None:
    """One JSON file, keys in order."""
    with written(path) as partial:
        text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
        partial.write_text(text, "utf-8")


def digest(*values: object) -> str:
    """A fingerprint of JSON-like values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def flush(path: Path) -> None:
    """Have what was written to a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
