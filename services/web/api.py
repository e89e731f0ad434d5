"""Requests to one service: paced, patient, with a login that renews itself, to its addresses alone.

Waiting where a service asks for it (`Retry-After`) and trying again after 429 and 5xx is
urllib3's; an answer that is cut in its middle or is no JSON is asked for again here. A redirect is
not followed: a token goes nowhere but to the service. No message holds what was sent or answered.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry

from services.contract import Answer, OAuth, Pace, Service
from services.errors import BadAnswer, Busy, LoginNeeded, NotGranted, NotNow, ServiceError
from services.kept.secrets import Secrets
from services.web.oauth import Tokens

AGAIN = (429, 500, 502, 503, 504)
ABSENT = (204, 404)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CUT = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)

_last_asked: dict[str, float] = {}  # by service, of this process
_asking = threading.Lock()


class Client:
    """A service as one connection may ask it: the contract's Api."""

    def __init__(self, service: Service, base: str, secrets: Secrets) -> None:
        self.service, self.base, self.secrets = service, checked(base), secrets
        self.headers: dict[str, str] = {"Accept": "application/json", "User-Agent": "dawnlake"}
        self.facts: dict[str, Any] = {}  # what a service finds out when it is opened
        self.is_time_told = False
        self._behind = dt.timedelta()
        self._is_opening = False
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=_patience(service)))
        self._tokens: Tokens | None = None
        if isinstance(service.login, OAuth):
            self._tokens = Tokens(service.login, service.title, secrets, service.pace)

    def now(self) -> dt.datetime:
        """The instant by the service's clock, as it told it last; by ours before it did."""
        return dt.datetime.now(dt.UTC) + self._behind

    def get(self, path: str, params: Mapping[str, Any] | None = None, **sent: Any) -> Answer:
        """What the service answers; an empty Answer where it has nothing there.

        Raises: ServiceError.
        """
        return self.ask("GET", path, params=params, **sent)

    def ask(self, method: str, path: str, **sent: Any) -> Answer:
        """As `get`, with what `requests` takes beside an address.

        Raises: ServiceError.
        """
        is_renewed = False
        for trial in range(self.service.pace.tries):
            token = self._tokens.access() if self._tokens else ""
            try:
                return self._answered(method, path, token, sent)
            except LoginNeeded:
                if is_renewed or not self._renewed(token, method):
                    raise
                is_renewed = True
            except (Busy, BadAnswer):
                if trial + 1 == self.service.pace.tries or method != "GET":
                    raise
                time.sleep(self.service.pace.backoff_s * 2**trial)
        raise NotNow(
            f"{self.service.title} does not answer as it should; the next pull tries again"
        )

    def open(self) -> None:
        """What a service needs before its first request: a session, what it can do.

        Raises: ServiceError.
        """
        if self.service.open is None:
            return
        self._is_opening = True
        try:
            self.service.open(self)
        finally:
            self._is_opening = False

    def _renewed(self, token: str, method: str) -> bool:
        """Whether there is a login newer than the one that was refused; a first login has none."""
        if self._tokens is not None:
            self._tokens.renewed(token)
            return True
        if self.service.open is None or self._is_opening or method != "GET":
            return False
        self.open()
        return True

    def _answered(self, method: str, path: str, token: str, sent: dict[str, Any]) -> Answer:
        self._wait()
        headers = {**self.headers, **sent.get("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = self._session.request(
                method,
                f"{self.base}{path}",
                **{**sent, "headers": headers},
                timeout=self.service.pace.timeout_s,
                allow_redirects=False,
                auth=lambda request: request,  # or requests would look for one in ~/.netrc
            )
        except CUT:
            raise BadAnswer(f"an answer of {self.service.title} was cut in the middle") from None
        except requests.RequestException as error:
            raise NotNow(
                f"{self.service.title} cannot be reached ({type(error).__name__}): is there a "
                "network? The next pull goes on from here"
            ) from None
        self._note_time(response)
        self._check(response)
        return self._read(response)

    def _read(self, response: requests.Response) -> Answer:
        raw = response.content
        if response.status_code in ABSENT or not raw.strip():
            return Answer(b"", None, response.headers)
        try:
            data = json.loads(raw)
        except ValueError:
            raise BadAnswer(
                f"{self.service.title} answered with something that is no whole JSON"
            ) from None
        if self.service.judge is not None:
            self.service.judge(data)
        return Answer(raw, data, response.headers)

    def _check(self, response: requests.Response) -> None:
        title, code = self.service.title, response.status_code
        if code < 300 or code == 404:
            return
        if code == 401:
            raise LoginNeeded(
                f"{title} does not accept this login any more: "
                f"`dawnlake connect {self.service.name}` once more"
            )
        if code == 403:
            raise NotGranted(f"{title} does not let this login see that")
        if code in AGAIN:
            raise NotNow(f"{title} is busy or out of order (HTTP {code}); the next pull goes on")
        if code < 400:
            raise ServiceError(f"{title} sends on to another address, which is not followed")
        raise ServiceError(f"{title} refused a request (HTTP {code}); see services/README.md")

    def _note_time(self, response: requests.Response) -> None:
        try:
            told = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):
            return
        self._behind = told.astimezone(dt.UTC) - dt.datetime.now(dt.UTC)
        self.is_time_told = True

    def _wait(self) -> None:
        with _asking:
            ready = _last_asked.get(self.service.name, 0.0) + self.service.pace.every_s
            time.sleep(max(0.0, ready - time.monotonic()))
            _last_asked[self.service.name] = time.monotonic()


def checked(base: str) -> str:
    """An address without its last slash.

    Raises: ServiceError for one that is not https, except on this machine.
    """
    try:
        parts = urlsplit(base)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        is_safe = False
    if not is_safe or not parts.hostname or parts.query or parts.username:
        raise ServiceError("an address begins with https:// and has no name or token in it")
    return base.rstrip("/")


class _Patience(Retry):
    """urllib3's, except that it does not wait for hours."""

    pace = Pace()

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = self.get_retry_after(response) if response is not None else None
        if asked is not None and asked > self.pace.longest_wait_s:
            raise NotNow(
                f"the service asks to wait {asked / 60:.0f} min; the next pull goes on from here"
            )
        super().sleep(response)


def _patience(service: Service) -> Retry:
    kind = type("_Patience", (_Patience,), {"pace": service.pace})
    patience: Retry = kind(
        total=service.pace.tries - 1,
        status_forcelist=AGAIN,
        allowed_methods=["GET"],
        backoff_factor=service.pace.backoff_s,
        raise_on_status=False,
        respect_retry_after_header=True,
    )
    return patience
