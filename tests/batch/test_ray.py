"""Batches by Ray Data: tasks mark, the driver writes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import DigitalSource, Record, Registry, Verdict, credentials, keys, verify
from countermark.credentials import Trust

pytestmark = pytest.mark.hosts

DRIVER = """
import ray, sys
from pathlib import Path
from countermark import DigitalSource, Record
from countermark.batch.ray import run
address, source, out, home = sys.argv[1:]
ray.init(address=address, log_to_driver=False)
files = ray.data.read_binary_files(source, include_paths=True)
record = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
run(files, Path(out), home=Path(home), record=record, batch_size=2)
"""
RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.filterwarnings("default")  # of Ray itself
def test_files_are_marked_once(
    ray: Any,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    tmp_path: Path,
    home: keys.Home,
    registry: Registry,
    trust: Trust,
) -> None:
    from countermark.batch.ray import run

    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("coffee", "rocket", "chelsea"):
        (source / f"{name}.jpg").write_bytes(as_file(photograph(name, 320)))
    (source / "bad.jpg").write_bytes(b"no picture")

    def files() -> Any:
        return ray.data.read_binary_files(str(source), include_paths=True)

    first = run(files(), out, home=home.folder, record=RECORD, batch_size=2)
    assert (first.done, first.failed, first.already) == (3, 1, 0)
    made = sorted(out.rglob("*.jpg"))
    assert [path.name for path in made] == ["chelsea.jpg", "coffee.jpg", "rocket.jpg"]
    for path in made:
        report = verify(io.BytesIO(path.read_bytes()), trust=trust, registry=registry)
        assert report.verdict is Verdict.INTACT
    contents = [path.read_bytes() for path in made]
    again = run(files(), out, home=home.folder, record=RECORD, batch_size=2)
    assert (again.done, again.failed, again.already) == (3, 1, 3)
    assert [path.read_bytes() for path in made] == contents
    assert len(list(registry.all_entries())) == 3


def workers() -> list[int]:
    """The processes of Ray that mark now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if command.startswith(b"ray::MapBatches"):
            found.append(int(process.name))
    return found


def wait_until(is_so: Callable[[], Any]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.filterwarnings("default")  # of Ray itself
def test_workers_and_driver_are_killed(
    ray: Any,
    photograph: Callable[..., Image.Image],
    tmp_path: Path,
    home: keys.Home,
    registry: Registry,
    trust: Trust,
) -> None:
    from countermark.batch.ray import run

    source, out, count = tmp_path / "in", tmp_path / "out", 60
    source.mkdir()
    picture = photograph("coffee", 640)
    for number in range(count):
        picture.putpixel((number, 0), (255, 0, 0))
        picture.save(source / f"{number:04}.jpg", quality=92)

    def made() -> list[Path]:
        return sorted(out.rglob("*.jpg"))

    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-c", DRIVER, address, source, out, home.folder]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until(lambda: made() and workers())
    for worker in workers():
        os.kill(worker, signal.SIGKILL)
    before = len(made())
    wait_until(lambda: len(made()) > before)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL, "it was done before"
    assert before < len(made()) < count

    files = ray.data.read_binary_files(str(source), include_paths=True)
    done = run(files, out, home=home.folder, record=RECORD, batch_size=2)
    assert (done.done, done.failed) == (count, 0)
    assert done.already > 0
    named = set()
    for path in made():
        report = verify(io.BytesIO(path.read_bytes()), trust=trust, registry=registry)
        assert report.verdict is Verdict.INTACT
        manifest = credentials.read(path, "image/jpeg", trust=trust)
        assert manifest is not None
        named.add(int.from_bytes(manifest.soft_bindings[0].value, "big"))
    assert named == {entry.payload for entry in registry.all_entries()}
    assert len(named) == count
    assert all(registry.find_leaf(payload) is not None for payload in named)
