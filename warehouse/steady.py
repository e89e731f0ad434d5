"""Reading while a table is exchanged: a query that met the exchange is asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import duckdb

T = TypeVar("T")
PAUSES_S = (0.05, 0.2, 1.0)
TORN = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)


def steadily(ask: Callable[[], T]) -> T:
    """The answer, asked for again if a table was exchanged while DuckDB read it.

    DuckDB opens a file by its name a second time within one query, and takes what it finds then for
    what it found first: an error that is none of the query's.

    Raises: duckdb.Error as it is, if asking again does not help or cannot.
    """
    for pause in PAUSES_S:
        try:
            return ask()
        except duckdb.Error as error:
            if type(error) is not duckdb.Error and not isinstance(error, TORN):
                raise
        time.sleep(pause)
    return ask()
