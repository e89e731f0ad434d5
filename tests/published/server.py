"""A real S3 server of the tests' own: SeaweedFS, whose program is a package.

It listens on loopback, keeps everything in a folder, and honours `If-None-Match`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

BUCKET = "lakes"
SECRET = "not-a-secret-of-anybody"
PATIENCE_S = 60


def program() -> str | None:
    """Where SeaweedFS is; None if it is not installed."""
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """The server with an empty bucket; the environment in which its clients find it."""
    rights = {"accessKey": "tests", "secretKey": SECRET}
    may = ["Admin", "Read", "Write", "List"]
    told = {"identities": [{"name": "tests", "credentials": [rights], "actions": may}]}
    (folder / "rights.json").write_text(json.dumps(told))
    s3, *others = _free_ports(8)
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    names += ("filer.port", "filer.port.grpc", "s3.port.grpc")
    ports = [f"-{name}={port}" for name, port in zip(names, others, strict=True)]
    command = [str(program()), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-s3", f"-s3.port={s3}", f"-s3.config={folder / 'rights.json'}", *ports]
    command += ["-volume.max=8", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"]
    filer = f"http://127.0.0.1:{others[4]}/buckets/{BUCKET}/"
    with ExitStack() as ended:
        log = ended.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        ended.callback(process.wait)
        ended.callback(process.kill)
        _wait(lambda: requests.get(f"http://127.0.0.1:{s3}/", timeout=5).status_code == 403)
        _wait(lambda: requests.post(filer, timeout=5).ok)
        yield {
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(is_there: object) -> None:
    assert callable(is_there)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):
            if is_there():
                return
        time.sleep(0.2)
    raise TimeoutError("SeaweedFS does not answer")
