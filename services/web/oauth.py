"""The login of OAuth: codes for tokens, and tokens that are renewed.

Many services take a refresh token once and answer with the next. So the answer is on the disk
before its access token is used, all of it under a lock; who waited for the lock reads again and
finds the pair that another process has rotated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from services.contract import OAuth, Pace
from services.errors import BadAnswer, LoginNeeded, NotNow, ServiceError
from services.kept.secrets import Secrets

EARLY_S = 60  # a token that ends within this is renewed first
KEPT = ("access_token", "refresh_token", "expires_at", "scope", "userid", "x_user_id", "user_id")
VERIFIER_LENGTH = 64


class Tokens:
    """The tokens of a connection. Reads them from their secrets, each time they are needed."""

    def __init__(self, oauth: OAuth, title: str, secrets: Secrets, pace: Pace) -> None:
        self._oauth, self._title, self._secrets, self._pace = oauth, title, secrets, pace

    def access(self) -> str:
        """An access token that has not ended, by this machine's clock.

        Raises: LoginNeeded, NotNow.
        """
        kept = self._secrets.read()
        token = str(kept.get("access_token", ""))
        ends = kept.get("expires_at")
        if token and (ends is None or float(ends) - EARLY_S > time.time()):
            return token
        if token and not kept.get("refresh_token"):
            return token  # perhaps our clock is wrong: let the service say
        return self.renewed(token)

    def renewed(self, stale: str) -> str:
        """Another access token than `stale`.

        Raises: LoginNeeded if the service does not renew it; NotNow if it is out of reach.
        """
        with self._secrets.locked():
            kept = self._secrets.read()
            other = str(kept.get("access_token", ""))
            if other and other != stale:
                return other
            if not kept.get("refresh_token"):
                raise self._needed()
            return str(self._secrets.renew(self._refreshed)["access_token"])

    def _refreshed(self, kept: dict[str, Any]) -> dict[str, Any]:
        session = session_for(self._oauth, kept)
        return kept | self._told(
            lambda: session.refresh_token(
                kept.get("token_address") or self._oauth.token,
                refresh_token=kept["refresh_token"],
                body=urlencode(self._oauth.asks),
                timeout=self._pace.timeout_s,
            )
        )

    def first(self, code: str, verifier: str, client: dict[str, str]) -> None:
        """Keep the tokens that a code is good for, with the client's own ids.

        Raises: LoginNeeded, NotNow.
        """
        session = session_for(self._oauth, client)
        proof = {"code_verifier": verifier} if self._oauth.has_pkce else {}
        token = self._told(
            lambda: session.fetch_token(
                client.get("token_address") or self._oauth.token,
                grant_type="authorization_code",
                body=urlencode(self._oauth.asks),
                code=code,
                timeout=self._pace.timeout_s,
                **proof,
            )
        )
        with self._secrets.locked():
            self._secrets.write(client | token)

    def _told(self, ask: Callable[[], Any]) -> dict[str, Any]:
        try:
            token = ask()
        except OAuthError as error:
            raise self._needed(f" ({error.error})") from None
        except requests.exceptions.JSONDecodeError:
            raise BadAnswer(f"{self._title} answered no JSON where tokens are given") from None
        except requests.RequestException as error:
            raise NotNow(
                f"{self._title} cannot be reached for its tokens ({type(error).__name__})"
            ) from None
        if not isinstance(token, dict) or not token.get("access_token"):
            raise BadAnswer(f"{self._title} answered no access token")
        return {name: token[name] for name in KEPT if token.get(name) is not None}

    def _needed(self, why: str = "") -> LoginNeeded:
        return LoginNeeded(
            f"{self._title} does not renew this login{why}: `dawnlake connect` it once more"
        )


def session_for(oauth: OAuth, client: dict[str, Any]) -> Any:
    """authlib's session for a client; it follows no redirect."""
    session = OAuth2Session(
        client["client_id"],
        client.get("client_secret") or None,
        token_endpoint_auth_method=oauth.method if client.get("client_secret") else "none",
        redirect_uri=client.get("redirect") or oauth.redirect,
        code_challenge_method="S256" if oauth.has_pkce else None,
    )
    session.max_redirects = 0
    if oauth.adapt is not None:
        oauth.adapt(session)
    return session


def address_to_log_in(oauth: OAuth, client: dict[str, str]) -> tuple[str, str, str]:
    """The address for the browser, the state that must come back, and the verifier."""
    session = session_for(oauth, client)
    verifier, state = generate_token(VERIFIER_LENGTH), generate_token(32)
    proof = {"code_verifier": verifier} if oauth.has_pkce else {}
    scopes = client["scopes"].split() if "scopes" in client else [*oauth.scopes, *oauth.optional]
    asked = {"scope": oauth.scope_mark.join(scopes)} if scopes else {}
    address, _ = session.create_authorization_url(
        client.get("authorize_address") or oauth.authorize,
        state=state,
        **proof,
        **asked,
        **oauth.more,
    )
    return str(address), state, verifier


def discovered(oauth: OAuth, timeout_s: float) -> dict[str, str]:
    """Addresses and scopes of the service's discovery document; nothing where it has none now.

    Raises: ServiceError if it names addresses that are not the service's.
    """
    if not oauth.discovery:
        return {}
    try:
        answer = requests.get(oauth.discovery, timeout=timeout_s, allow_redirects=False)
        told = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError):
        return {}
    found = {
        "authorize_address": str(told.get("authorization_endpoint", "")),
        "token_address": str(told.get("token_endpoint", "")),
    }
    if not all(found.values()):
        return {}
    for address in found.values():
        host = urlsplit(address).hostname or ""
        if not any(host == own or host.endswith(f".{own}") for own in oauth.hosts):
            raise ServiceError("the discovery document names addresses that are not the service's")
    names = [str(scope) for scope in told.get("scopes_supported", [])]
    known = {name.rpartition(":")[2]: name for name in names}  # extapi:daily is daily
    scopes = [known[scope] for scope in (*oauth.scopes, *oauth.optional) if scope in known]
    return found | ({"scopes": " ".join(scopes)} if scopes else {})
