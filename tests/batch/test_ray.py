"""Batches by Ray Data: tasks mark, the driver writes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import DigitalSource, Record, Registry, Verdict, keys, verify
from countermark.credentials import Trust

pytestmark = pytest.mark.hosts

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
