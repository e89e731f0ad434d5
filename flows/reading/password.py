"""Passwords of archives: from a file, or asked for at a terminal. In memory alone, never told."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ATTEMPTS = 3
ENVIRONMENT = "DAWNLAKE_PASSWORD_FILE"  # a path, for the runs that `serve` starts
Ask = Callable[[str], str]


class NobodyHere(Exception):
    """A password is to be asked for, in the process in which somebody is."""


def nobody(_: str) -> str:
    """Raises: NobodyHere."""
    raise NobodyHere


@dataclass
class Passwords:
    """What may open an archive. `ask` takes a question and gives what a person typed, '' for none.

    A password that opened one archive is tried on the next: exports of one service share theirs.
    """

    known: list[bytes] = field(default_factory=list)
    ask: Ask | None = None

    def __reduce__(self) -> tuple[type[Passwords], tuple[list[bytes], Ask | None]]:
        """The same for another process, where nobody is there to be asked."""
        return Passwords, (list(self.known), self.ask and nobody)

    @classmethod
    def of(cls, file: Path | None, ask: Ask | None = None) -> Passwords:
        """The lines of a file, one password each; without a file, whoever is asked.

        Raises: OSError if the file cannot be read.
        """
        if file is None:
            return cls(ask=ask)
        return cls([line for line in _utf8(file.read_bytes()).splitlines() if line])

    def fitting(self, name: str, opens: Callable[[bytes], bool]) -> bytes | None:
        """The password that opens the archive called `name`; None if there is none."""
        for word in self.known:
            if opens(word):
                return word
        for _ in range(ATTEMPTS if self.ask else 0):
            assert self.ask is not None
            word = self.ask(f"password of {name} (empty: leave it out): ").encode()
            if not word:
                return None
            if opens(word):
                self.known.append(word)
                return word
        return None


def _utf8(data: bytes) -> bytes:
    """Bytes without the mark that editors put before them, which is no part of a password."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


@contextmanager
def handed_on(file: Path | None) -> Iterator[None]:
    """The place of a password file for `handed` of this process and of those that it starts.

    By the environment: what a flow is called with is written down by Prefect.

    Raises: OSError at once if the file cannot be read.
    """
    Passwords.of(file)
    before = os.environ.pop(ENVIRONMENT, None)
    if file is not None:
        os.environ[ENVIRONMENT] = str(file.resolve())
    try:
        yield
    finally:
        os.environ.pop(ENVIRONMENT, None)
        if before is not None:
            os.environ[ENVIRONMENT] = before


def handed(tell: Callable[[str], None]) -> Passwords:
    """What was handed on, as it stands in the file now; none and a word if it is gone."""
    file = os.environ.get(ENVIRONMENT)
    try:
        return Passwords.of(Path(file) if file else None)
    except OSError as error:
        tell(f"the password file cannot be read ({error.strerror}): zips that need it are left out")
        return Passwords()
