"""The address on this machine that a service sends the browser back to, for one answer."""

from __future__ import annotations

import hmac
import time
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

from services.errors import ServiceError

DONE = b"<!doctype html><meta charset=utf-8><title>dawnlake</title><p>%s</p>"
WELL = DONE % b"dawnlake has the answer. You can close this page and go back to the terminal."
NOT_WELL = DONE % b"This is no answer to the login that dawnlake waits for."


class _Server(TCPServer):
    """Not http.server's, which looks for the name of this machine in the network first."""

    allow_reuse_address = True


class Listener:
    """Listens from when it is made, on the host and port of `redirect`, on loopback alone.

    Raises: ServiceError if the port is in use.
    """

    def __init__(self, redirect: str, state: str) -> None:
        parts = urlsplit(redirect)
        self.code = ""
        self.refused = ""
        self._state, self._path = state, parts.path
        try:
            self._server = _Server(("127.0.0.1", parts.port or 80), self._handler())
        except OSError:
            raise ServiceError(
                f"port {parts.port} of this machine is in use: end what uses it, or take "
                "--no-browser and copy the address that the browser ends at"
            ) from None
        self._server.timeout = 0.5

    def wait(self, seconds: float) -> str:
        """The code that came with our state.

        Raises: ServiceError if the person refused, or nothing came in time.
        """
        until = time.monotonic() + seconds
        try:
            while not self.code and not self.refused and time.monotonic() < until:
                self._server.handle_request()
        finally:
            self.close()
        if self.refused:
            raise ServiceError(f"the login was not allowed ({self.refused})")
        if not self.code:
            raise ServiceError("no login within the time: run it again, or with --no-browser")
        return self.code

    def close(self) -> None:
        self._server.server_close()

    def take(self, target: str) -> bool:
        """Whether an address is the answer that is waited for; a stray request is none."""
        parts = urlsplit(target)
        told = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != self._path or not hmac.compare_digest(
            told.get("state", "").encode(), self._state.encode()
        ):
            return False
        self.code, self.refused = told.get("code", ""), told.get("error", "")[:40]
        return bool(self.code or self.refused)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that http.server calls
                is_ours = listener.take(self.path)
                self.send_response(200 if is_ours else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(WELL if is_ours else NOT_WELL)

            def log_message(self, format: str, *values: object) -> None:
                """Nothing: the line would have the code in it."""

        return Handler


def code_in(pasted: str, state: str) -> str:
    """The code in what a person pasted: the whole address, or the code alone.

    Raises: ServiceError if an address answers another login or has no code.
    """
    text = pasted.strip()
    if "?" not in text and "=" not in text:
        return text
    told = {name: values[0] for name, values in parse_qs(urlsplit(text).query).items()}
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        raise ServiceError("this address answers another login: begin again")
    if not told.get("code"):
        raise ServiceError("the login was not allowed, or the address was not copied whole")
    return told["code"]
