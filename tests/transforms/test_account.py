"""The budget of rejects, at its very edge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contract import Item, TooManyRejects, Total, batch
from transforms.account import FEW_REJECTS, account


def told(records: int, rejected: int) -> Iterator[Item]:
    numbers = list(range(1, records + 1))
    yield Total(records)
    if rejected:
        yield batch("reject", record=numbers[:rejected], code="broken_row")
    if rejected < records:
        yield batch("sample", record=numbers[rejected:], metric="heart_rate", value=60.0)


@pytest.mark.parametrize(
    "records, rejected, is_taken",
    [
        (1000, 10, True),  # 1 % is within a budget of 1 %
        (1000, 11, False),
        (999, 10, False),
        (3, FEW_REJECTS, True),  # a short file, whatever the share
        (4, FEW_REJECTS + 1, False),
        (400, FEW_REJECTS + 1, True),
    ],
)
def test_more_rejects_than_the_budget_set_a_file_aside(
    records: int, rejected: int, is_taken: bool
) -> None:
    if is_taken:
        assert account(told(records, rejected), 1).counts() == (records - rejected, 0, rejected)
        return
    with pytest.raises(TooManyRejects, match=f"{rejected} of {records} records"):
        account(told(records, rejected), 1)
