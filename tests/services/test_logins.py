"""First logins, tokens that are rotated, and kills between: no connection is lost, none is told."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import flows.pull.entering as entering
from flows.cli import main
from flows.doctor import lake_findings
from services import services
from services.contract import OAuth, Service
from services.errors import LoginNeeded, NotNow, ServiceError
from services.kept.connection import Connection, Connections
from services.kept.secrets import KeyringSecrets, Secrets, secrets_of
from services.not_pulled import WHY
from services.web.api import checked
from services.web.loopback import Listener, code_in
from services.web.oauth import Tokens, address_to_log_in, discovered
from tests.lake import asked
from tests.services.shops import SHOPS, Authority, Shop, WithingsAuthority, oura, tidepool, withings
from tests.services.world import (
    ANNA,
    FAST,
    World,
    answer,
    here,
    inbox,
    killed_after,
    mode_of,
    pulled,
    served,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

PAGE = """<!doctype html><title>Allow</title><form id=f method=get></form><script>
const form = document.getElementById('f');
for (const [name, value] of new URLSearchParams(location.search)) {
  const field = document.createElement('input');
  field.name = name; field.value = value; form.append(field);
}
const button = document.createElement('button');
button.name = 'allow'; button.value = 'yes'; form.append(button);
button.click();
</script>"""
CLIENT = {"client_id": "our-client", "client_secret": "our-secret-37"}


def kept(lake: Lake, service: str, expired: bool = True) -> Secrets:
    secrets = secrets_of(lake.root, ANNA, service)
    ends = time.time() + (-5 if expired else 3600)
    tokens = {"access_token": "access-0", "refresh_token": "refresh-0", "expires_at": ends}
    secrets.write(CLIENT | tokens)
    return secrets


def tokens_of(service: Service, secrets: Secrets) -> Tokens:
    assert isinstance(service.login, OAuth)
    return Tokens(service.login, service.title, secrets, FAST)


def test_the_file_is_for_its_owner_alone(lake: Lake) -> None:
    before = os.umask(0)
    try:
        kept(lake, "oura")
    finally:
        os.umask(before)
    place = lake.root / "secrets" / ANNA
    assert mode_of(place / "oura.json") == 0o600
    assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0


def test_a_pair_is_rotated_once_however_many_ask(httpserver: HTTPServer, lake: Lake) -> None:
    """Who waited for the lock finds what the other has renewed."""
    shop = oura()
    service = here(services()["oura"], served(httpserver, World(shop.serve)))
    secrets = kept(lake, "oura")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(tokens_of(service, secrets).access()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["access-1"] * 4
    assert len(shop.authority.asked) == 1
    now = secrets.read()
    assert (now["access_token"], now["refresh_token"]) == ("access-1", "refresh-1")
    assert now["client_id"] == "our-client"


@pytest.mark.parametrize("name", ["oura", "withings"])
@pytest.mark.parametrize("step", range(9))
def test_a_kill_at_any_step_loses_no_connection(
    httpserver: HTTPServer, lake: Lake, monkeypatch: pytest.MonkeyPatch, name: str, step: int
) -> None:
    """Refresh tokens that are good once: before each step towards the disk the process dies."""
    shop: Shop = oura() if name == "oura" else withings()
    service = here(services()[name], served(httpserver, World(shop.serve)))
    secrets = kept(lake, name)
    with killed_after(step, monkeypatch) as killer:
        tokens_of(service, secrets).access()
    was_killed = killer.left == 0
    after = tokens_of(service, secrets_of(lake.root, ANNA, name)).access()
    assert after == shop.authority.access
    renewed = tokens_of(service, secrets).renewed(after)
    assert renewed == shop.authority.access
    assert secrets.read()["refresh_token"] == shop.authority.refresh
    assert was_killed or step > 3


def test_killed_for_real_while_it_renews(httpserver: HTTPServer, lake: Lake) -> None:
    """SIGKILL while the service takes its time: the old pair is good, since it was not rotated."""
    shop = oura()
    asked = threading.Event()

    def slow(request: Request) -> Response:
        if request.path == "/token" and not asked.is_set():
            asked.set()
            time.sleep(0.5)
            return answer({}, 503)
        return shop.serve(request)

    service = here(services()["oura"], served(httpserver, World(slow)))
    secrets = kept(lake, "oura")
    assert isinstance(service.login, OAuth)
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from services.oura import SERVICE; from services.web.oauth import Tokens\n"
        "from services.kept.secrets import secrets_of\n"
        "login = replace(SERVICE.login, token=sys.argv[2], discovery='')\n"
        "found = secrets_of(Path(sys.argv[1]), 'anna', 'oura')\n"
        "Tokens(login, 'Oura', found, SERVICE.pace).access()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(lake.root), service.login.token],
        cwd=Path(__file__).parents[2],
    )
    assert asked.wait(60)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert tokens_of(service, secrets).access() == "access-1"


def test_a_service_out_of_reach_keeps_the_pair(httpserver: HTTPServer, lake: Lake) -> None:
    service = here(services()["oura"], served(httpserver, World(lambda _: answer({}, 503))))
    secrets = kept(lake, "oura")
    with pytest.raises(NotNow):
        tokens_of(service, secrets).access()
    assert secrets.read()["refresh_token"] == "refresh-0"


@pytest.mark.parametrize("authority", [Authority(is_closed=True), WithingsAuthority()])
def test_a_login_that_is_not_renewed(
    httpserver: HTTPServer, lake: Lake, authority: Authority
) -> None:
    name = "withings" if isinstance(authority, WithingsAuthority) else "oura"
    authority.is_closed = True
    base = served(httpserver, World(lambda request: authority.token(request)))
    secrets = kept(lake, name)
    with pytest.raises(LoginNeeded) as refused:
        tokens_of(here(services()[name], base), secrets).access()
    assert "refresh-0" not in str(refused.value)
    assert secrets.read()["refresh_token"] == "refresh-0"


def test_the_keyring_when_it_is_asked_for(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    ring: dict[tuple[str, str], str] = {}

    class Ring:
        @staticmethod
        def get_password(name: str, key: str) -> str | None:
            return ring.get((name, key))

        @staticmethod
        def set_password(name: str, key: str, value: str) -> None:
            ring[name, key] = value

        @staticmethod
        def delete_password(name: str, key: str) -> None:
            del ring[name, key]

    monkeypatch.setitem(sys.modules, "keyring", Ring)
    secrets = secrets_of(lake.root, ANNA, "oura", "keyring")
    assert isinstance(secrets, KeyringSecrets)
    secrets.write({"access_token": "a"})
    assert secrets.renew(lambda now: now | {"refresh_token": "b"}) == secrets.read()
    assert not list(lake.root.rglob("*.json"))
    secrets.remove()
    assert not ring
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ServiceError, match="dawnlake\\[keyring\\]"):
        secrets.read()


@pytest.mark.parametrize("address", ["http://example.org", "ftp://x", "https://a?token=1", "",
                                     "https://me:word@example.org", "https://[x"])  # fmt: skip
def test_addresses_that_are_not_taken(address: str) -> None:
    with pytest.raises(ServiceError):
        checked(address)


def test_what_is_pasted() -> None:
    assert code_in(" abc-123 ", "s") == "abc-123"
    assert code_in("https://localhost:8976/callback?code=abc&state=s", "s") == "abc"
    for wrong in ("https://localhost/callback?code=abc&state=t", "https://x/?state=s"):
        with pytest.raises(ServiceError):
            code_in(wrong, "s")


def test_the_listener_takes_its_own_answer_alone() -> None:
    redirect = "http://127.0.0.1:18976/callback"
    listener = Listener(redirect, "our-state")
    found: list[str] = []
    threading.Thread(target=lambda: found.append(listener.wait(20)), daemon=True).start()
    for stray in ("/callback?code=x&state=other", "/favicon.ico", "/callback?code=x"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:18976{stray}", timeout=20)
    told = urllib.request.urlopen(f"{redirect}?code=abc&state=our-state").read()
    assert b"abc" not in told
    for _ in range(100):
        if found:
            break
        time.sleep(0.05)
    assert found == ["abc"]
    refused = Listener(redirect, "s")
    assert refused.take("/callback?error=access_denied&state=s")
    refused.close()


def test_the_discovery_document_names_the_portal(httpserver: HTTPServer) -> None:
    login = services()["oura"].login
    assert isinstance(login, OAuth)
    told = {
        "authorization_endpoint": "https://moi.ouraring.com/oauth/v2/ext/oauth-authorize",
        "token_endpoint": "https://moi.ouraring.com/oauth/v2/ext/oauth-token",
        "scopes_supported": ["openid", "extapi:daily", "extapi:heartrate", "extapi:glucose"],
    }
    base = served(httpserver, World(lambda _: answer(told)))
    login = replace(login, discovery=f"{base}/.well-known/openid-configuration")
    found = discovered(login, 5)
    assert found["token_address"] == told["token_endpoint"]
    assert found["scopes"] == "extapi:daily extapi:heartrate extapi:glucose"
    told["token_endpoint"] = "https://ouraring.com.example.org/token"
    with pytest.raises(ServiceError, match="not the service's"):
        discovered(login, 5)
    served(httpserver, World(lambda _: answer({}, 404)))
    assert discovered(login, 5) == {}


def test_the_address_to_log_in_has_a_proof_of_its_own() -> None:
    login = services()["google_health"].login
    assert isinstance(login, OAuth)
    address, state, verifier = address_to_log_in(login, {"client_id": "c"})
    told = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert told["code_challenge_method"] == "S256"
    assert told["state"] == state
    assert verifier not in address
    assert told["access_type"] == "offline"
    assert len(told["scope"].split()) == 3
    assert address_to_log_in(login, {"client_id": "c"})[1] != state


# the commands


@pytest.fixture
def as_served(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Services that are found at the local server."""

    def use(shop: Shop, name: str, page: str = "") -> Service:
        def serve(request: Request) -> Response:
            if request.path == "/authorize" and page and "allow" not in request.args:
                return Response(page, mimetype="text/html")
            if request.path == "/authorize":
                back = f"{request.args['redirect_uri']}?code=code-1&state={request.args['state']}"
                return Response(status=302, headers={"Location": back})
            return shop.serve(request)

        base = served(httpserver, World(serve))
        service = here(services()[name], base)
        monkeypatch.setattr("flows.pull.fetching.services", lambda: {name: service})
        monkeypatch.setattr("flows.commands.connections.services", lambda: {name: service})
        return service

    return use


def dawnlake(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([*map(str, words)])
    return int(left.value.code or 0)  # type: ignore[arg-type]


def test_connect_pull_disconnect(
    as_served: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As a new user: a browser is opened, and the page it ends at hands the code over."""
    shop = oura()
    as_served(shop, "oura")
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_ID", CLIENT["client_id"])
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_SECRET", CLIENT["client_secret"])

    def browser(address: str) -> bool:
        threading.Thread(target=lambda: urllib.request.urlopen(address).read(), daemon=True).start()
        return True

    monkeypatch.setattr(entering.webbrowser, "open", browser)
    whose = ("--participant", ANNA, "--lake", lake.root)
    assert dawnlake("connect", "oura", *whose, "--since", "2026-11-01") == 0
    assert shop.authority.asked[0]["code_verifier"]
    assert dawnlake("pull", "oura", *whose, "--timezone", "Europe/Berlin") == 0
    assert dawnlake("connections", "--lake", lake.root) == 0
    told = capfd.readouterr()
    assert "unverified against the live service" in told.out
    assert "daily_spo2" in told.err
    for word in ("access-1", "refresh-1", "our-secret-37", "code-1"):
        assert word not in told.out + told.err
    shop.authority.access, shop.authority.is_closed = "x", True
    assert dawnlake("pull", "oura", *whose) == 1
    assert dawnlake("connections", "--lake", lake.root) == 1
    assert "login needed" in capfd.readouterr().out.replace("\n", " ")
    assert dawnlake("disconnect", "oura", *whose) == 1  # the service did not take it back
    assert not Connections(lake.root).every()
    assert not list((lake.root / "secrets").rglob("*.json"))
    assert dawnlake("disconnect", "oura", *whose) == 2


SAID = {  # beside documents: at the first login, and when it is taken back
    "oura": ["POST /oauth/revoke"],
    "whoop": ["DELETE /developer/v2/user/access"],
    "withings": [],
    "google_health": [],
    "dexcom": [],
    "polar": ["POST /v3/users", "POST /v3/users", "DELETE /v3/users/77"],
}


@pytest.mark.parametrize("name", SAID)
def test_each_login_from_its_first_to_its_last_day(
    as_served: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Logged in twice, since a person may; taken back where the service lets one."""
    shop = SHOPS[name]()
    service = as_served(shop, name)
    monkeypatch.setenv(f"DAWNLAKE_{name}_CLIENT_ID".upper(), CLIENT["client_id"])
    monkeypatch.setenv(f"DAWNLAKE_{name}_CLIENT_SECRET".upper(), CLIENT["client_secret"])
    monkeypatch.setattr("builtins.input", lambda: "code-1")
    whose = ("--participant", ANNA, "--lake", lake.root)
    for _ in range(2):
        assert dawnlake("connect", name, "--no-browser", "--since", "2026-11-01", *whose) == 0
    done = pulled(lake, service)
    assert done.trouble is None
    assert done.new
    assert dawnlake("disconnect", name, *whose) == 0
    assert shop.said == SAID[name]
    assert not [path for path in lake.root.rglob("*") if path.name == f"{name}.json"]
    assert inbox(lake, service)


def test_disconnecting_leaves_no_row_of_what_was_replaced(as_served: Any, lake: Lake) -> None:
    """Pulled twice, the second never read: the lake has the first, the inbox its successor."""
    shop = oura()
    service = as_served(shop, "oura")
    assert dawnlake("pull", "oura", "--participant", ANNA, "--lake", lake.root) == 2
    assert not (lake.root / "connections").exists()
    kept(lake, "oura", expired=False)
    Connections(lake.root).put(Connection("oura", ANNA, base=service.base[""], since="2026-11-16"))
    lake.settings.write_text('participants.anna.timezone = "Europe/Berlin"\n')
    whose = ("--participant", ANNA, "--lake", lake.root)
    assert dawnlake("pull", "oura", *whose) == 0
    shop.documents["sleep"] = [
        each | {"average_heart_rate": 61} for each in shop.documents["sleep"]
    ]
    assert pulled(lake, service).replaced
    assert dawnlake("disconnect", "oura", *whose) == 0
    told = "select distinct value from sample where metric = 'sleep_heart_rate'"
    assert asked(lake, told) == [{"value": 61.0}]


def test_without_a_browser_the_code_is_asked_for(
    as_served: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = oura()
    service = as_served(shop, "oura")
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_ID", CLIENT["client_id"])
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_SECRET", "")
    monkeypatch.setattr("builtins.input", lambda: "code-1")
    whose = ("--participant", ANNA, "--lake", lake.root)
    assert dawnlake("connect", "oura", "--no-browser", *whose) == 0
    assert secrets_of(lake.root, ANNA, "oura").read()["access_token"] == "access-1"
    connection = Connections(lake.root).get(ANNA, "oura")
    assert connection is not None
    assert connection.scopes == ["daily", "heartrate"]
    connection.since = "2026-11-20"
    Connections(lake.root).put(connection)
    assert pulled(lake, service).trouble is None
    assert inbox(lake, service)


def test_tidepool_keeps_a_session_and_no_password(
    as_served: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = as_served(tidepool(), "tidepool")
    monkeypatch.setenv("DAWNLAKE_TIDEPOOL_EMAIL", "anna@example.org")
    monkeypatch.setenv("DAWNLAKE_TIDEPOOL_PASSWORD", "Xylophone-37")
    whose = ("--participant", ANNA, "--lake", lake.root)
    assert dawnlake("connect", "tidepool", "--since", "2026-11-01", *whose) == 0
    assert pulled(lake, service).new
    text = "".join(p.read_text() for p in lake.root.rglob("*") if p.suffix in (".json", ".lock"))
    assert "Xylophone" not in text
    assert "anna@example.org" not in text
    monkeypatch.setenv("DAWNLAKE_TIDEPOOL_PASSWORD", "wrong")
    assert dawnlake("connect", "tidepool", *whose) == 2


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.whole
@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
def test_connect_with_a_real_browser(
    as_served: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks to allow, its button is pressed, and the browser ends at the listener."""
    shop = oura()
    as_served(shop, "oura", PAGE)
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_ID", CLIENT["client_id"])
    monkeypatch.setenv("DAWNLAKE_OURA_CLIENT_SECRET", CLIENT["client_secret"])
    ended: list[subprocess.CompletedProcess[bytes]] = []
    profile = lake.root.parent / "profile"

    def browser(address: str) -> bool:
        words = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        words += [f"--user-data-dir={profile}", "--virtual-time-budget=20000", address]
        run = lambda: ended.append(subprocess.run(words, capture_output=True, check=False))  # noqa: E731
        threads.append(threading.Thread(target=run))
        threads[0].start()
        return True

    threads: list[threading.Thread] = []
    monkeypatch.setattr(entering.webbrowser, "open", browser)
    whose = ("--participant", ANNA, "--lake", lake.root)
    assert dawnlake("connect", "oura", *whose) == 0
    threads[0].join(60)
    assert b"go back to the terminal" in ended[0].stdout
    assert secrets_of(lake.root, ANNA, "oura").read()["access_token"] == "access-1"


@pytest.mark.parametrize("name", sorted(WHY))
def test_what_is_not_pulled_says_why(
    lake: Lake, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    for command in ("pull", "connect"):
        assert dawnlake(command, name, "--participant", ANNA, "--lake", lake.root) == 2
        assert "Instead:" in capfd.readouterr().err


def test_what_is_asked_wrongly(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    at = ("--lake", lake.root)
    for words in (
        ("pull", "owl", "--participant", ANNA),
        ("pull", "oura", "--participant", ANNA),
        ("pull", "oura", "--participant", "../x"),
        ("pull", "oura"),
        ("pull", "oura", "--participant", ANNA, "--since", "monday"),
        ("connect", "nightscout", "--participant", ANNA),
        ("connect", "nightscout", "--participant", ANNA, "--site", "http://example.org"),
        ("connect", "oura", "--participant", "../x"),
    ):
        assert dawnlake(*words, *at) == 2, words
        assert "dawnlake: " in capfd.readouterr().err, words


def test_doctor_tells_of_logins_and_open_secrets(lake: Lake) -> None:
    def told() -> list[tuple[str, str]]:
        found = [each for each in lake_findings(lake) if each.about in ("services", "secrets")]
        return [(each.what, each.mend) for each in found]

    assert told() == []
    kept(lake, "oura")
    connection = Connection("oura", ANNA)
    Connections(lake.root).put(connection)
    assert told() == [("1 connected", "")]
    connection.login_needed = True
    Connections(lake.root).put(connection)
    (lake.root / "secrets" / ANNA / "oura.json").chmod(0o644)
    (needed, mend), (bare, _) = told()
    assert needed == "1 of 1 need a login"
    assert mend == "`dawnlake connect oura --participant anna`"
    assert bare == "others may read them"


def test_a_service_that_takes_too_long(httpserver: HTTPServer, lake: Lake) -> None:
    def slow(_: Request) -> Response:
        time.sleep(0.5)
        return answer({})

    base = served(httpserver, World(slow))
    service = here(services()["oura"], base, replace(FAST, timeout_s=0.1, tries=2))
    kept(lake, "oura", expired=False)
    Connections(lake.root).put(Connection("oura", ANNA, base=base, since="2026-11-01"))
    assert "cannot be reached" in str(pulled(lake, service).trouble)


def test_forget_removes_logins(lake: Lake) -> None:
    kept(lake, "oura")
    Connections(lake.root).put(Connection("oura", ANNA, base="https://api.ouraring.com"))
    lake.settings.write_text("")
    assert dawnlake("forget", ANNA, "--yes", "--lake", lake.root) == 0
    assert not [p for p in lake.root.rglob("*") if "oura" in p.name or ANNA in p.name]
