"""A real server in a process of its own, with a home folder of its own, and real HTTP to it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from PIL import Image

from countermark import keys, mark
from countermark.credentials import Manifest, Trust, read
from countermark.record import DigitalSource, Record, System
from countermark.registry import Registry

RECORD: Final = Record(
    source=DigitalSource.AI_GENERATED, creator="Ada Example", system=System(name="Model 3")
)
TOKENS: Final = {
    "archive": "store:manifests store:bindings",
    "generator": "mark:pictures",
    "binder": "store:bindings",
    "reader": "fetch:manifests",
}
_PROGRAM: Final = """
import json, os, sys
from pathlib import Path
from countermark.service import Settings, guard, serve, server
options = json.loads(sys.argv[1])
for name, value in options.pop("paces").items():
    setattr(guard if hasattr(guard, name) else server, name, value)
for name in ("token_file", "reader"):
    if options.get(name):
        options[name] = Path(options[name])
serve(Settings(port=0, **options), announce=lambda url: print(os.getpid(), url, flush=True))
"""


@dataclass
class Server:
    """A service that runs. `lines`: its log so far. `pid`: of the process that listens."""

    process: subprocess.Popen[str]
    pid: int
    url: str
    home: keys.Home
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]


@contextlib.contextmanager
def _running(python: Path, home: keys.Home, **options: Any) -> Iterator[Server]:
    """Starts a service for a home folder, and its workers, by that Python, and ends it."""
    options = {"requests_per_second": 0, "workers": 1, "paces": {}, **options}
    process = subprocess.Popen(
        [python, "-c", _PROGRAM, json.dumps(options, default=os.fspath)],
        env={**os.environ, "COUNTERMARK_HOME": os.fspath(home.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True)
    reader.start()
    try:
        said = process.stdout.readline().split()
        assert said, (process.wait(10), lines)
        yield Server(process, int(said[0]), said[1], home, lines)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join(5)
            process.stdout.close()
            process.stderr.close()


@pytest.fixture(scope="session")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tokens of `TOKENS`."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.txt"
    lines = [f"{hashlib.sha256(k.encode()).hexdigest()} {v}  # {k}" for k, v in TOKENS.items()]
    path.write_text("\n".join(["# who may write", "", *lines]))
    return path


@pytest.fixture(scope="session")
def service_home(tmp_path_factory: pytest.TempPathFactory) -> keys.Home:
    """The home folder of the service that most tests share."""
    return keys.create_home(tmp_path_factory.mktemp("service") / "home")


@pytest.fixture(scope="session")
def server(
    service_home: keys.Home,
    token_file: Path,
    running: Callable[..., contextlib.AbstractContextManager[Server]],
) -> Iterator[Server]:
    """The service that most tests share."""
    with running(service_home, token_file=token_file, workers=2) as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client without a token."""
    with server.client() as opened:
        yield opened


@pytest.fixture
def archive(server: Server) -> Iterator[httpx.Client]:
    """A client that may store."""
    with server.client("archive") as opened:
        yield opened


def _marked(picture: Image.Image, home: keys.Home, form: str = "JPEG") -> bytes:
    """The picture as a file marked with the key and the registry of a home."""
    source, stream = io.BytesIO(), io.BytesIO()
    picture.save(source, form, **({"quality": 92} if form == "JPEG" else {}))
    with Registry.open(home.registry_path) as registry:
        source.seek(0)
        mark(source, stream, record=RECORD, signer=home.signer(), registry=registry)
    return stream.getvalue()


def _manifest_of(content: bytes) -> Manifest:
    """The manifest in a JPEG file."""
    found = read(io.BytesIO(content), "image/jpeg", trust=Trust.nobody())
    assert found is not None
    return found


def _stripped(content: bytes, **options: Any) -> bytes:
    """The pixels of a file saved anew, without its metadata."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").save(stream, "JPEG", quality=85, **options)
    return stream.getvalue()


@pytest.fixture(scope="session")
def known(service_home: keys.Home, photograph: Callable[..., Image.Image]) -> bytes:
    """A file that was marked with the key of the service."""
    return _marked(photograph("coffee", 640), service_home)


@pytest.fixture(scope="session")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, photograph: Callable[..., Image.Image]
) -> list[bytes]:
    """Files that were marked by somebody else, of whom the service knows nothing."""
    home = keys.create_home(tmp_path_factory.mktemp("elsewhere") / "home")
    return [_marked(photograph(name, 512), home) for name in ("chelsea", "rocket")]


@pytest.fixture(scope="session")
def running(warm: Path) -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """Starts a service for a home folder, with other settings, and ends it."""
    return partial(_running, warm / "python")


@pytest.fixture(scope="session")
def running_anew() -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """The same in processes that share no memory with others."""
    return partial(_running, Path(sys.executable))


@pytest.fixture(scope="session")
def marked() -> Callable[..., bytes]:
    """Marks a picture with the key and the registry of a home."""
    return _marked


@pytest.fixture(scope="session")
def manifest_of() -> Callable[[bytes], Manifest]:
    """Reads the manifest in a JPEG file."""
    return _manifest_of


@pytest.fixture(scope="session")
def stripped() -> Callable[..., bytes]:
    """Saves the pixels of a file anew, without its metadata."""
    return _stripped
