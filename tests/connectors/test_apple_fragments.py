"""Fragments of Apple's XML are documents, and have together what the document has, in its order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.apple import fragments as apple_fragments
from connectors.apple.fragments import fragments
from connectors.apple.xml import HealthXml
from connectors.contract import BrokenFile

RECORD = '<Record type="a" value="{n}"/>'
NOTED = '<Record type="b" value="{n}"><MetadataEntry key="k" value="v"/></Record>'
CHILDREN = st.lists(
    st.sampled_from(
        [
            RECORD,
            NOTED,
            f'<Correlation type="c" value="{{n}}">{RECORD * 3}</Correlation>',
            f'<Correlation value="{{n}}"><MetadataEntry key="k"/>{NOTED * 2}</Correlation>',
            '<Correlation type="c" value="{n}"/>',
            '<Workout value="{n}"><WorkoutEvent/><WorkoutStatistics type="s"/></Workout>',
            '<ActivitySummary value="{n}"/>',
        ]
    ),
    max_size=30,
)


def document(children: list[str]) -> str:
    body = "\n ".join(child.replace("{n}", str(n)) for n, child in enumerate(children))
    return f'<HealthData locale="de"><ExportDate value="x"/>{body}</HealthData>'


def blocks(text: str, size: int) -> Iterator[bytes]:
    """Pieces of some tags each."""
    tags = re.findall(r"<[^<]*", text)
    for at in range(0, len(tags), size):
        yield "".join(tags[at : at + size]).encode()


def told(xml: bytes | str) -> list[bytes]:
    return [ElementTree.tostring(child).strip() for child in ElementTree.fromstring(xml)]


@given(CHILDREN, st.integers(1, 7), st.integers(1, 300))
def test_each_is_well_formed_and_together_they_are_the_document(
    children: list[str], tags: int, size: int
) -> None:
    text = document(children)
    with patch.object(apple_fragments, "FRAGMENT_BYTES", size):
        parts = list(fragments(blocks(text, tags)))
    assert [child for part in parts for child in told(part)] == told(text)


def test_a_document_is_cut_at_all() -> None:
    text = document([RECORD, '<Correlation type="c"/>', RECORD, RECORD * 2] * 20)
    with patch.object(apple_fragments, "FRAGMENT_BYTES", 100):
        assert len(list(fragments(blocks(text, 2)))) > 10


def test_an_empty_correlation_does_not_hold_back_what_follows() -> None:
    text = document(['<Correlation type="c"/>', *[RECORD] * 40])
    with patch.object(apple_fragments, "FRAGMENT_BYTES", 20):
        assert len(list(fragments(blocks(text, 1)))) > 10


def test_a_correlation_of_many_blocks_stays_whole() -> None:
    text = document([RECORD, f'<Correlation type="c">{RECORD * 50}</Correlation>', RECORD * 10])
    with patch.object(apple_fragments, "FRAGMENT_BYTES", 20):
        parts = list(fragments(blocks(text, 1)))
    assert max(part.count(b"<Record") for part in parts) == 50
    assert len(parts) > 10


def test_rows_are_the_same_however_small_the_fragments() -> None:
    text = document([RECORD, NOTED, f"<Correlation>{RECORD}</Correlation>", RECORD] * 30).encode()

    def rows() -> list[tuple[str, object]]:
        batches = HealthXml(io.BytesIO(text)).batches()
        return [(name, row) for name, batch in batches for row in batch.to_pylist()]

    whole = sorted(rows(), key=str)
    with (
        patch.object(apple_fragments, "FRAGMENT_BYTES", 200),
        patch("connectors.apple.xml.BLOCK_BYTES", 64),
    ):
        assert sorted(rows(), key=str) == whole
    assert len(whole) == 151  # with the row of the export's date, and that of what is correlated


def test_one_element_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    text = document([f"<Correlation>{RECORD * 100}</Correlation>"])
    with (
        patch.object(apple_fragments, "FRAGMENT_BYTES", 200),
        patch.object(apple_fragments, "MOST_BYTES", 1000),
        pytest.raises(BrokenFile, match="one element of over 100 MB"),
    ):
        list(fragments(blocks(text, 2)))


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_damage_in_any_fragment_spoils_the_export(place: float) -> None:
    whole = document([RECORD, NOTED] * 50)
    at = whole.index("<Record", int(len(whole) * place))
    text = whole[:at] + "<Workout>" + whole[at:]
    with (
        patch.object(apple_fragments, "FRAGMENT_BYTES", 200),
        patch("connectors.apple.xml.BLOCK_BYTES", 64),
        pytest.raises(BrokenFile, match="damaged XML"),
    ):
        list(HealthXml(io.BytesIO(text.encode())).batches())


@pytest.mark.parametrize("tags", [1, 2, 50])
def test_a_second_root_is_refused_since_the_reader_would_not_miss_its_end(tags: int) -> None:
    text = "<HealthData>" + document([RECORD] * 10)
    with pytest.raises(BrokenFile, match="begins twice"):
        list(fragments(blocks(text, tags)))
