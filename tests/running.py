"""A command in the process of the tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.cli import main

Said = tuple[int, str, str]
Run = Callable[..., Said]


def said_by(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """The exit code, stdout and stderr of a command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err
