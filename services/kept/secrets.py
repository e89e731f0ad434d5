"""Tokens and clients' ids of a connection: a file for its owner alone, or the system's keyring.

What is written is on the disk before it is used. Whoever renews tokens does so under `locked`, and
reads again inside: a pair that another process has rotated meanwhile is found, not asked for twice.
A kill during the renewal leaves the old pair or the new one; only one between the service's answer
and the first step after it can lose a pair that the service gives once, and nobody can close that.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from services.errors import ServiceError
from services.kept.durable import (
    following,
    locked,
    read_json,
    remove,
    settle,
    write_json,
    write_what_comes,
)

Kind = Literal["file", "keyring"]
KEYRING = "dawnlake"


class Secrets(ABC):
    """The secrets of one connection."""

    def __init__(self, root: Path, participant: str, service: str) -> None:
        self.participant, self.service = participant, service
        self._root = root
        self._path = root / "secrets" / participant / f"{service}.json"

    def locked(self) -> AbstractContextManager[None]:
        """Alone among all processes that use these secrets."""
        return locked(self._path.with_suffix(".lock"))

    @abstractmethod
    def read(self) -> dict[str, Any]:
        """What is kept; empty if nothing is."""

    @abstractmethod
    def write(self, secrets: dict[str, Any]) -> None:
        """Keep this instead, for good when it returns."""

    def renew(self, make: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """What `make` gives for what is kept, kept before this returns. Only under `locked`.

        For what can be made only once, such as the answer to a refresh token.
        """
        made = make(self.read())
        self.write(made)
        return made

    def remove(self) -> None:
        """Nothing is kept any more, and nobody sees that anything was."""
        remove(self._path.with_suffix(".lock"))
        folder = self._path.parent
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()


class FileSecrets(Secrets):
    """In `secrets/PARTICIPANT/SERVICE.json` of the lake, mode 0600."""

    def read(self) -> dict[str, Any]:
        return read_json(following(self._path)) or read_json(self._path) or {}

    def renew(self, make: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        settle(self._path)
        made: dict[str, Any] = {}

        def data() -> bytes:
            made.update(make(read_json(self._path) or {}))
            return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True).encode()

        write_what_comes(self._path, data)
        return made

    def write(self, secrets: dict[str, Any]) -> None:
        write_json(self._path, secrets)
        remove(following(self._path))

    def remove(self) -> None:
        remove(following(self._path))
        remove(self._path)
        super().remove()


class KeyringSecrets(Secrets):
    """In the keyring of the system, under the lake's folder, the participant and the service."""

    @property
    def _name(self) -> str:
        return f"{self._root.resolve()}|{self.participant}|{self.service}"

    def read(self) -> dict[str, Any]:
        told = _keyring().get_password(KEYRING, self._name)
        return dict(json.loads(told)) if told else {}

    def write(self, secrets: dict[str, Any]) -> None:
        _keyring().set_password(KEYRING, self._name, json.dumps(secrets))

    def remove(self) -> None:
        if self.read():
            _keyring().delete_password(KEYRING, self._name)
        super().remove()


def secrets_of(root: Path, participant: str, service: str, kind: Kind = "file") -> Secrets:
    """Where the secrets of a connection are kept."""
    made = KeyringSecrets if kind == "keyring" else FileSecrets
    return made(root, participant, service)


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise ServiceError(
            "the keyring needs a package of its own: pip install 'dawnlake[keyring]', or leave "
            "--keyring out and the secrets lie in a file of the lake that only you can read"
        ) from None
    return keyring
