"""What Prefect is told of a night: counts, classes of errors, places in our code.

Never a file's name and never a value; messages may hold either, so they stay with the receipt.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import IngestError
from flows.deriving import pipeline
from flows.deriving.align import Aligned
from flows.deriving.crew import WorkerDied, frames_of
from flows.deriving.pipeline import Receipt
from flows.settings import SettingsError
from warehouse.store.lock import LakeError


class Fault(IngestError):
    """A fault of ours or of the lake's, without its own message, which may hold a name or a value.

    Prefect writes down what an exception says.
    """


@contextmanager
def discreet() -> Iterator[None]:
    """Whatever fails within is told by its kind and place alone.

    Raises: OSError without a path; SettingsError as it is; Fault for everything else.
    """
    try:
        yield
    except (SettingsError, LakeError, Fault, WorkerDied):
        raise
    except OSError as error:
        number = error.errno or 0
        raise OSError(number, os.strerror(number) if number else "input/output error") from None
    except Exception as error:
        place = frames_of(error)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise Fault(
            f"{type(error).__name__} in {where}: a fault of dawnlake; `dawnlake ingest` tells more"
        ) from None


@dataclass
class Night:
    """One participant's: what came of the files, those known before, and of aligning."""

    receipt: Receipt
    there: Collection[str]
    outcome: Aligned | Fault


def told_of(error: Exception) -> str:
    """A sentence on a fault: its kind and files and lines of ours, the innermost first. Its own
    words and a traceback may hold names and values."""
    ours = Path(__file__).parents[2]
    every = frames_of(error)
    known = [each for each in every if ours in Path(each.filename).parents] or every
    places = " < ".join(f"{Path(each.filename).name}:{each.lineno}" for each in reversed(known))
    return (
        f"stopped by a fault: {type(error).__name__} in {places}. `dawnlake doctor` tells whether "
        "the lake is damaged, and how to mend it; if all is well, please report this"
    )


def row(night: Night) -> dict[str, Any]:
    """A row of the artifact: counts, and errors by class."""
    receipt = night.receipt
    fates = Counter(file.status for file in receipt.files)
    read = [file for file in receipt.files if file.status == "read"]
    manifests = [file.manifest for file in read if file.manifest]
    return {
        "participant": receipt.participant,
        "files": len(receipt.files),
        "files_read": fates["read"],
        "files_known": fates["known"],
        "files_not_used": fates["not used"],
        "files_set_aside": fates["set aside"],
        "errors": by_class(file.error for file in receipt.files),
        "records": sum(manifest["record_count"] for manifest in manifests),
        "records_new": sum(file.new for file in read),
        "records_known": sum(file.already_known for file in read),
        "records_corrected": sum(file.corrected for file in read),
        "records_skipped": sum(manifest["skipped_count"] for manifest in manifests),
        "records_rejected": sum(manifest["rejected_count"] for manifest in manifests),
        "nights_added": receipt.nights_added,
        "nights_changed": receipt.nights_changed,
        "problems": by_class([problem(night)]),
    }


def problem(night: Night) -> IngestError | None:
    outcome = night.outcome
    return outcome if isinstance(outcome, Fault) else pipeline.zone_problem(outcome)


def by_class(errors: Iterable[IngestError | None]) -> str:
    """Errors told by class alone: a message may name a zone or what else stands in a file."""
    kinds = Counter(type(error).__name__ for error in errors if error is not None)
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
