"""Batches by whatever maps a function over parts: tasks mark, anywhere, the driver writes."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from countermark import DigitalSource, Record, Registry, Verdict, keys, verify
from countermark.batch import Summary, mapping
from countermark.batch.mapping import Task
from countermark.credentials import Trust

DOCS = Path(__file__).parents[2] / "docs/batch.md"
RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
NAMES = ("chelsea", "coffee", "rocket")


@pytest.fixture
def archive(
    tmp_path: Path, photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> Path:
    folder = tmp_path / "archive"
    (folder / "below").mkdir(parents=True)
    for name in NAMES:
        (folder / f"below/{name}.jpg").write_bytes(as_file(photograph(name, 320)))
    (folder / "bad.jpg").write_bytes(b"no picture")
    return folder


def expect_marked(out: Path, registry: Registry, trust: Trust) -> None:
    made = sorted(out.rglob("*.jpg"))
    assert [path.stem for path in made] == list(NAMES)
    for path in made:
        content = io.BytesIO(path.read_bytes())
        assert verify(content, trust=trust, registry=registry).verdict is Verdict.INTACT
        assert c2pa.Reader("image/jpeg", content).get_validation_state() == "Valid"
    assert len(list(registry.all_entries())) == 3


def counts(summary: Summary) -> tuple[int, int, int]:
    return summary.done, summary.failed, summary.already


def test_parts_are_marked_once(
    archive: Path, tmp_path: Path, home: keys.Home, registry: Registry, trust: Trust
) -> None:
    """Though a task is done again, elsewhere, and what it gives comes in another order."""
    paths = sorted(map(str, archive.rglob("*.jpg")))
    seen: list[int] = []

    def mapped(task: Task) -> Iterator[Mapping[str, Sequence[Any]]]:
        parts = [
            {"path": [f"s3:/{path}"], "bytes": [Path(path).read_bytes()]}
            for path in reversed(paths)
        ]
        made = [pickle.loads(pickle.dumps(task))(part) for part in [*parts, parts[1]]]
        seen.append(sum(len(batch["name"]) for batch in made))
        yield from made

    out = tmp_path / "out"
    first = mapping.run(mapped, out, home=home.folder, record=RECORD)
    assert counts(first) == (3, 1, 0)
    expect_marked(out, registry, trust)
    contents = [path.read_bytes() for path in sorted(out.rglob("*.jpg"))]
    assert counts(mapping.run(mapped, out, home=home.folder, record=RECORD)) == (3, 1, 3)
    assert seen == [5, 1]
    assert [path.read_bytes() for path in sorted(out.rglob("*.jpg"))] == contents
    expect_marked(out, registry, trust)


def test_nothing_leads_out_of_the_destination(
    archive: Path, tmp_path: Path, home: keys.Home
) -> None:
    content = (archive / "below/coffee.jpg").read_bytes()
    names = ["../../a.jpg", "hdfs://host/../b.jpg", "file:/c.jpg", "/d/../e.jpg"]
    part = {"path": names, "bytes": [content] * len(names)}
    out = tmp_path / "out"
    mapping.run(lambda task: [task(part)], out, home=home.folder, record=RECORD)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg")}
    assert made - {str(path.relative_to(tmp_path)) for path in archive.rglob("*.jpg")} == {
        "out/a.jpg",
        "out/host/b.jpg",
        "out/c.jpg",
        "out/d/e.jpg",
    }


@pytest.mark.hosts
@pytest.mark.filterwarnings("default")  # of Dask itself
def test_the_recipe_of_dask(
    archive: Path,
    tmp_path: Path,
    home: keys.Home,
    registry: Registry,
    trust: Trust,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dask import distributed

    texts = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (text,) = (each for each in texts if "dask" in each)
    out = tmp_path / "out"
    for place, here in (
        ("/archive", archive),
        ("/shared/marked", out),
        ("/shared/home", home.folder),
    ):
        text = text.replace(f'"{place}"', repr(str(here)))
    with distributed.Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        monkeypatch.setattr(distributed, "Client", lambda address: client)
        for _ in range(2):
            exec(compile(text, "batch.md", "exec"), {"Path": Path, "record": RECORD})
            expect_marked(out, registry, trust)
