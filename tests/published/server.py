"""A real S3 server of the tests' own: SeaweedFS, whose program is a package.

It listens on loopback, keeps everything in a folder, and honours `If-None-Match`.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
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
    s3, filer, master, volume = islice(_free_ports(), 4)
    ports = [f"-filer.port={filer}", f"-master.port={master}", f"-volume.port={volume}"]
    command = [str(program()), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-s3", f"-s3.port={s3}", f"-s3.config={folder / 'rights.json'}", *ports]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-volume.max=8", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"]
    bucket = f"http://127.0.0.1:{filer}/buckets/{BUCKET}/"
    with ExitStack() as ended:
        log = ended.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        ended.callback(process.wait)
        ended.callback(process.kill)
        _wait(lambda: requests.get(f"http://127.0.0.1:{s3}/", timeout=5).status_code == 403)
        _wait(lambda: requests.post(bucket, timeout=5).ok)
        yield {
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        }


def _free_ports() -> Iterator[int]:
    """Ports that nobody has, nor the one 10 000 above, by which the server's parts talk."""
    for port in random.sample(range(20_000, 30_000), 1000):
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            yield port


def _wait(is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):
            if is_there():
                return
        time.sleep(0.2)
    raise TimeoutError("SeaweedFS does not answer")
