"""Batches are marked once each, whatever kills driver or workers, and nothing is lost."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from countermark import DigitalSource, Record, Registry, TrustStatus, Verdict, keys, verify
from countermark.batch import Summary, run, work
from countermark.credentials import Trust
from countermark.errors import InvalidArgument, SourceNotFound, UnsupportedContainer
from countermark.signing import credentials

RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")


@pytest.fixture(scope="module")
def pictures(photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]) -> list[bytes]:
    """Six different ones, small."""
    made = []
    for name in ("coffee", "rocket", "chelsea"):
        for turned in (0, 180):
            made.append(as_file(photograph(name, 320).rotate(turned), "JPEG"))
    return made


def marking(paths: list[Path], out: Path, home: keys.Home, **options: Any) -> Summary:
    return run(paths, out, home=home.folder, record=RECORD, processes=2, **options)


def expect_whole(
    contents: list[bytes], registry: Registry, trust: Trust, *, entries: int | None = None
) -> None:
    """Each is intact and trusted, each has an entry of its own, and the log tells of it."""
    payloads = set()
    for content in contents:
        report = verify(io.BytesIO(content), trust=trust, registry=registry)
        assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
        manifest = credentials.read(io.BytesIO(content), "image/jpeg", trust=trust)
        assert manifest is not None
        payloads.add(int.from_bytes(manifest.soft_bindings[0].value, "big"))
    held = {entry.payload for entry in registry.all_entries()}
    assert payloads <= held
    assert len(held) == (len(contents) if entries is None else entries)
    assert all(registry.find_leaf(payload) is not None for payload in held)


def read(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*.jpg"))]


def test_folder(
    pictures: list[bytes], tmp_path: Path, home: keys.Home, registry: Registry, trust: Trust
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "below").mkdir(parents=True)
    for number, content in enumerate(pictures):
        (source / ("below" if number % 2 else "") / f"{number}.jpg").write_bytes(content)
    (source / "bad.jpg").write_bytes(b"\xff\xd8 not a picture")
    (source / "notes.txt").write_text("stay")
    summary = marking([source], out, home)
    assert (summary.done, summary.failed, summary.already) == (6, 1, 0)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*.jpg")}
    assert names == {"0.jpg", "2.jpg", "4.jpg", "below/1.jpg", "below/3.jpg", "below/5.jpg"}
    expect_whole(read(out), registry, trust)
    told = [json.loads(line) for line in (out / "summary.json").read_text().splitlines()]
    assert told[0]["done"] == 6
    (bad,) = [one for one in told[1:] if "reason" in one]
    assert bad["name"] == "bad.jpg"
    store = (out / "summary.json.c2pa").read_bytes()
    manifest = credentials.read_detached(store, out / "summary.json", trust=trust)
    assert manifest.hard_binding == "match"
    before = {path: path.read_bytes() for path in out.rglob("*.jpg")}
    again = marking([source], out, home)
    assert (again.done, again.failed, again.already) == (6, 1, 6)
    assert {path: path.read_bytes() for path in out.rglob("*.jpg")} == before


def test_the_same_content_twice_and_a_copy_that_is_gone(
    pictures: list[bytes], tmp_path: Path, home: keys.Home, registry: Registry, trust: Trust
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a", "b"):
        (source / f"{name}.jpg").write_bytes(pictures[0])
    assert marking([source], out, home).done == 2
    expect_whole(read(out), registry, trust, entries=1)
    (out / "a.jpg").unlink()
    again = marking([source], out, home)
    assert (again.done, again.already) == (2, 1)
    expect_whole(read(out), registry, trust, entries=1)


def test_tar(
    pictures: list[bytes], tmp_path: Path, home: keys.Home, registry: Registry, trust: Trust
) -> None:
    source, out = tmp_path / "shard.tar", tmp_path / "out"
    members = {f"{n}.jpg": content for n, content in enumerate(pictures)}
    members |= {"0.json": b'{"caption": "a cup"}', "bad.jpg": pictures[0][:900]}
    with tarfile.open(source, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1e9
            archive.addfile(info, io.BytesIO(content))
    summary = marking([source], out, home)
    assert (summary.done, summary.failed) == (6, 1)
    with tarfile.open(out / "shard.tar") as archive:
        found = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
        assert {one.mtime for one in archive} == {1e9}
    assert found.pop("0.json") == members["0.json"]
    assert found.keys() == members.keys() - {"0.json", "bad.jpg"}
    expect_whole(list(found.values()), registry, trust)
    assert not list((out / ".countermark-batch/waiting").iterdir())


@pytest.mark.parametrize("is_struct", [False, True])
def test_parquet(
    pictures: list[bytes],
    tmp_path: Path,
    home: keys.Home,
    registry: Registry,
    trust: Trust,
    is_struct: bool,
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    values: list[Any] = [*pictures, None, b"no picture"]
    if is_struct:
        values = [None if one is None else {"bytes": one, "path": "x"} for one in values]
    table = pa.table({"caption": [str(n) for n in range(8)], "image": values})
    pq.write_table(table, source / "train.parquet")
    summary = marking([source], out, home)
    assert (summary.done, summary.failed) == (6, 1)
    made = pq.read_table(out / "train.parquet")
    assert made.schema.equals(table.schema)
    assert made["caption"].to_pylist() == table["caption"].to_pylist()
    found = made["image"].to_pylist()
    if is_struct:
        found = [one and one["bytes"] for one in found]
    assert found[6:] == [None, None]
    expect_whole(found[:6], registry, trust)


def test_a_job_is_gone_on_with_only_as_it_was_begun(
    pictures: list[bytes], tmp_path: Path, home: keys.Home
) -> None:
    (tmp_path / "in").mkdir()
    marking([tmp_path / "in"], tmp_path / "out", home)
    other = Record(source=DigitalSource.CAPTURED)
    with pytest.raises(InvalidArgument, match="begun with another"):
        run([tmp_path / "in"], tmp_path / "out", home=home.folder, record=other)
    with pytest.raises(SourceNotFound):
        marking([tmp_path / "nothing"], tmp_path / "out", home)
    (tmp_path / "one.jpg").write_bytes(pictures[0])
    with pytest.raises(UnsupportedContainer, match="countermark mark"):
        marking([tmp_path / "one.jpg"], tmp_path / "out", home)


def test_a_file_at_which_workers_die_is_set_aside(
    pictures: list[bytes], tmp_path: Path, home: keys.Home, registry: Registry, trust: Trust
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(18):
        (source / f"{number}.jpg").write_bytes(pictures[number % 6])
    (source / "0-deadly.jpg").write_bytes(b"kill me")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from countermark import DigitalSource, Record\n"
        "from countermark.batch import run, running, work\n"
        "from tests_deadly import mark_one\n"
        "running.work.mark_one = mark_one\n"
        "start, pools = running.Workers._started, []\n"
        "def started(self):\n"
        "    pools.append(start(self))\n"
        "    return pools[-1]\n"
        "running.Workers._started = started\n"
        "if __name__ == '__main__':\n"
        "    record = Record(source=DigitalSource.AI_GENERATED, creator='Ada Example')\n"
        "    done = run([Path(sys.argv[1])], Path(sys.argv[2]), home=Path(sys.argv[3]),\n"
        "        record=record, processes=2)\n"
        "    print(done.done, done.failed, len(pools))\n"
    )
    (tmp_path / "program.py").write_text(program)
    (tmp_path / "tests_deadly.py").write_text(
        "import os, signal\n"
        "from countermark.batch import work\n"
        "mark = work.mark_one\n"
        "def mark_one(content, plan, **options):\n"
        "    if content == b'kill me':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return mark(content, plan, **options)\n"
    )
    command = [sys.executable, tmp_path / "program.py", source, out, home.folder]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    marked, failed, pools = map(int, done.stdout.split())
    assert (marked, failed) == (18, 1)
    assert pools <= 8, "only what was under way is tried alone"
    expect_whole(read(out), registry, trust, entries=6)
    assert "worker that marked it died" in (out / "summary.json").read_text()


def test_pure_function_for_other_frameworks(
    pictures: list[bytes], home: keys.Home, registry: Registry
) -> None:
    plan = work.Plan(home=home.folder, record=RECORD, key=bytes(32))
    names = np.array(["a", "b"], object)
    made = work.mark_batch({"name": names, "bytes": np.array(pictures[:2], object)}, plan=plan)
    assert made["name"] == ["a", "b"]
    first, second = made["outcome"]
    assert first.entry.payload == plan.payload(pictures[0]) != second.entry.payload
    assert not list(registry.all_entries())


@pytest.mark.parametrize(
    ("count", "long_edge", "kills"),
    [(80, 320, 2), pytest.param(2000, 1600, 3, marks=pytest.mark.slow)],
)
def test_killed_again_and_again(
    photograph: Callable[..., Image.Image],
    tmp_path: Path,
    home: keys.Home,
    registry: Registry,
    trust: Trust,
    count: int,
    long_edge: int,
    kills: int,
) -> None:
    """Driver and workers are killed at random; then it is let finish."""
    chance = random.Random(7)
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    picture = photograph("coffee", long_edge)
    for number in range(count):
        picture.putpixel((number % 320, number // 320), (255, 0, 0))
        picture.save(source / f"{number:04}.jpg", quality=92)
    command = [sys.executable, "-m", "countermark", "batch", source, "--out", out]
    command += ["--source", "ai-generated", "--creator", "Ada Example", "--processes", "2"]
    for _ in range(kills):
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        made = len(list(out.glob("*.jpg")))
        until = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < until:
            if len(list(out.glob("*.jpg"))) >= made + count // 20:
                break
            time.sleep(0.01)
        time.sleep(chance.random() * 0.2)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was done before"
    assert 0 < len(list(out.glob("*.jpg"))) < count
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout)
    assert (summary["done"], summary["failed"]) == (count, 0)
    expect_whole(read(out), registry, trust)
    assert not list(out.rglob(".*.countermark"))
