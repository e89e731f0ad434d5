"""What a library would load for us, and nobody here needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

import pyarrow as pa


class _NoPandas:
    """An import system in which there is no pandas."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def without_pandas() -> None:
    """Let pyarrow look for pandas now, and not find it.

    It looks once in a process, at the first array it is asked to make, so as to know a pandas
    column when it is given one. None is given here, and to load pandas takes longer than to read
    a small file. Whoever asks for pandas afterwards gets it.
    """
    if "pandas" in sys.modules:
        return
    absent = _NoPandas()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(absent)
