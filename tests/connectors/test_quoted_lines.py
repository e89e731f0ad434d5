"""Rows of several lines in delimited text, and quotes that must not swallow the rows after them."""

from __future__ import annotations

import pytest

from connectors.reading.delimited import Delimited, decoded, lines_of, rows_below

HEAD = "time,kind,note,more"


def read(*rows: str, end: str = "\n", head: str = HEAD) -> Delimited:
    text = end.join([head, *rows, ""])
    return rows_below(lines_of(decoded(text.encode())), 0, ",")


PLAIN = tuple(f"{i},0,," for i in range(60))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quoted_cell_may_hold_lines(end: str) -> None:
    rows = read("1,0,,", '2,6,"Water', 'and, in a ""blue"" cup', "", 'tea",x', "3,0,,", end=end)
    assert rows.columns["c2"].to_pylist() == ["", 'Water\nand, in a "blue" cup\n\ntea', ""]
    assert rows.columns["c3"].to_pylist() == ["", "x", ""]
    assert rows.line.to_pylist() == [2, 3, 7]
    assert (rows.records, rows.broken, rows.wide) == (3, [], [])


def test_two_such_cells_in_one_row_and_one_at_each_end() -> None:
    rows = read('1,0,"a', 'b","c', 'd"', '"x', 'y",0,,', "4,0,,")
    assert rows.columns.to_pylist() == [
        {"c0": "1", "c1": "0", "c2": "a\nb", "c3": "c\nd"},
        {"c0": "x\ny", "c1": "0", "c2": "", "c3": ""},
        {"c0": "4", "c1": "0", "c2": "", "c3": ""},
    ]


def test_a_short_row_of_several_lines_is_as_wide_as_others_are() -> None:
    rows = read(*["1,0,"] * 9, '2,6,"Water', '"', *["1,0,"] * 9)
    assert (rows.records, rows.width.to_pylist()) == (19, [3] * 19)
    assert rows.columns["c2"].to_pylist()[9] == "Water"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('1,6,"Water,', '2,6,"Tea,'),  # two cells that do not end
        ('1,6,"Water,', '2,6,Tea",'),  # one that does not end, one that does not begin
        ('1,6,6" bread,', '2,6,6" bread,'),  # inches
    ],
)
@pytest.mark.parametrize("between", [0, 1, 5, 60])
def test_damaged_quotes_swallow_nothing(first: str, second: str, between: int) -> None:
    rows = read("0,0,,", first, *PLAIN[:between], second, *PLAIN)
    assert [line for line, _ in rows.broken] == [3, 4 + between]
    assert len(rows.line) == 1 + between + len(PLAIN)


def test_a_quote_that_closes_too_far_away_or_with_other_cells() -> None:
    assert len(read('1,6,"a', *["x"] * 50, 'b",').broken) == 2
    assert len(read('1,6,"a', 'b",,,').broken) == 2
    assert len(read('1,6,"a', "x" * 20_000, 'b",').broken) == 2
    assert len(read('1,6,"a', 'b",', '2,6,"c').broken) == 1  # the last is cut
