"""The npm package: what is in it, its example, its types."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.wasm

FILES: Final = {
    "LICENSE",
    "README.md",
    "countermark.d.ts",
    "countermark.js",
    "countermark.wasm",
    "node.js",
    "package.json",
}
PICTURE: Final = """
const picture = { width: 320, height: 240, data: new Uint8ClampedArray(4 * 320 * 240) };
picture.data.forEach((_, i, data) => { data[i] = i % 4 === 3 ? 255 : (i * i) >> 9; });
"""
USE: Final = """
import { CountermarkError, load, type Core, type Detection } from "countermark";

const core: Core = await load();
const context = document.createElement("canvas").getContext("2d")!;
const marked = core.embed(context.getImageData(0, 0, 640, 480), 2026n, { strength: 1.5 });
context.putImageData(new ImageData(marked.data, marked.width, marked.height), 0, 0);
const found: Detection | null = core.detect(marked, { key: new Uint8Array(16), effort: "aligned" });
const payload: bigint | undefined = found?.payload;
const bits: Uint8Array = core.fingerprint(marked).bits;
try {
  await load(new ArrayBuffer(8));
} catch (error) {
  if (error instanceof CountermarkError && error.code === "unsupported") console.log(error.remedy);
}
// @ts-expect-error: payloads are BigInts
core.embed(marked, 2026);
// @ts-expect-error: there is no such effort
core.detect(marked, { effort: "great" });
// @ts-expect-error: what is found may be null
core.detect(marked).payload;
// @ts-expect-error: only the core makes these
new CountermarkError();
export { bits, payload };
"""


@pytest.fixture(scope="module")
def project(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is installed, from what npm would publish."""
    folder = tmp_path_factory.mktemp("project")
    npm = shutil.which("npm")
    assert npm, "install npm"
    command = [npm, "pack", "--json", "--offline", "--pack-destination", folder, package]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    (packed,) = json.loads(done.stdout)
    assert {file["path"] for file in packed["files"]} == FILES
    assert packed["name"] == "countermark"
    assert packed["unpackedSize"] < 250_000
    (archive,) = folder.glob("countermark-*.tgz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "node_modules", filter="data")
    (folder / "node_modules/package").rename(folder / "node_modules/countermark")
    return folder


def test_package_states_what_npm_needs(project: Path) -> None:
    stated = json.loads((project / "node_modules/countermark/package.json").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", stated["version"])
    assert stated["license"] == "Apache-2.0"
    assert stated["engines"] == {"node": ">=18"}
    assert "dependencies" not in stated
    assert "scripts" not in stated


def test_example_runs(project: Path, node: str) -> None:
    readme = (project / "node_modules/countermark/README.md").read_text(encoding="utf-8")
    example = re.search(r"```js\n(import .*?)```", readme, re.DOTALL)
    assert example is not None
    (project / "example.mjs").write_text(example[1].replace("\nconst core", PICTURE + "const core"))
    done = subprocess.run([node, "example.mjs"], cwd=project, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("2026n\n100\n", "")


def test_types_fit(project: Path) -> None:
    tsc = shutil.which("tsc")
    assert tsc, "install typescript"
    (project / "use.mts").write_text(USE)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "node16"]
    options += ["--moduleResolution", "node16", "--lib", "es2022,dom", "use.mts"]
    done = subprocess.run([tsc, *options], cwd=project, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)
    types = "node_modules/countermark/countermark.d.ts"
    command = [tsc, "--strict", "--noEmit", "--target", "es2022", "--lib", "es2022", types]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), "no types of browsers are needed"
