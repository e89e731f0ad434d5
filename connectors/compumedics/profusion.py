"""Compumedics Profusion XML: a number per epoch of a laboratory's night, and no date.

0 is wake, 1 to 4 the stages, 5 REM, anything else not scored. The start of the recording stands in
another file (the EDF), so nothing can be placed: such a file is claimed, counted and refused.

Evidence: fixtures of other readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source, UndatableFile
from connectors.reading.delimited import decoded

_ROOT = re.compile(r"\s*+(?:<\?xml[^>]*+>)?\s*+<CMPStudyConfig\b")
_STAGE = re.compile(r"<SleepStage>\s*(\d+)\s*</SleepStage>")
_LENGTH = re.compile(r"<EpochLength>\s*(\d+)\s*</EpochLength>")


def identify(head: Head) -> str | None:
    """`xml` where the root element is that of Profusion."""
    return "xml" if _ROOT.match(decoded(head.first)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nothing: without a date there is no time.

    Raises: UndatableFile.
    """
    text = decoded(source.read())
    stages, length = _STAGE.findall(text), _LENGTH.search(text)
    scored = sum(stage in "012345" for stage in stages)
    raise UndatableFile(
        f"{len(stages)} epochs of {length[1] if length else '30'} s, {scored} of them scored, and "
        "no date: it stands in the EDF of the night. Export the hypnogram as EDF+, or as a CSV "
        "with a column Time"
    )
    yield  # what makes it an iterator


CONNECTOR = Connector(
    name="compumedics_profusion",
    title="Compumedics Profusion (XML)",
    version="1",
    variants={"xml": "unverified"},
    identify=identify,
    extract=extract,
    source="eeg",
)
