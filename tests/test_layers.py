"""Who may know whom: imports and includes point downwards only."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "python/countermark"
CORE = REPOSITORY / "cpp/src"

# Each row may know the rows above it; those in one row do not know each other.
PYTHON_LAYERS = [
    ["_core", "costs", "errors", "record"],
    ["files", "image", "certificates", "containers", "jumbf", "pyav"],
    ["_bridge", "_native", "sound"],
    ["watermark", "fingerprint", "resemblance", "hamming", "audio", "tokens"],
    ["frames", "clips"],
    ["tensors"],
    ["labels", "credentials", "keys", "registry", "resolving"],
    ["auditing", "duties", "publishing", "screening", "video"],
    ["report", "inspection", "preserving"],
    ["verifying", "disclosing"],
    ["complying", "enrolling", "sidecars", "stamping", "text"],
    ["labelling", "ingesting"],
    ["marking", "signing"],
    ["batch"],
    ["service", "demo", "cli", "integrations"],
    ["__main__"],
]
CORE_LAYERS = [
    ["base"],
    ["kernels"],
    ["transform", "code"],
    ["watermark", "fingerprint", "audio", "text"],
    ["api"],
]

# Within their row: the command line shows the demo and starts the service.
SIDEWAYS = {("record", "errors"), ("cli", "demo"), ("cli", "service")}


def level(layers: list[list[str]], name: str) -> int:
    return next(index for index, layer in enumerate(layers) if name in layer)


def expect_downwards(layers: list[list[str]], user: str, used: str, where: Path) -> None:
    if used == user or (user, used) in SIDEWAYS:
        return
    assert level(layers, used) < level(layers, user), f"{where}: {user} must not know {used}"


def imported_rooms(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("countermark.")}


def room(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_downwards(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    for used in imported_rooms(path.read_text(encoding="utf-8")):
        expect_downwards(PYTHON_LAYERS, room(path, PACKAGE), used, path)


def test_includes_point_downwards() -> None:
    for path in [*CORE.rglob("*.h"), *CORE.rglob("*.cc")]:
        text = path.read_text(encoding="utf-8")
        for used in re.findall(r'#include "(\w+)/', text):
            if used not in {"countermark", "hwy"}:
                expect_downwards(CORE_LAYERS, path.parent.name, used, path)
        if "hwy/" in text:
            assert path.parent.name == "kernels", f"{path}: Highway is for kernels only"
            assert path.suffix == ".cc", f"{path}: a kernel's header shows no vector types"


def test_bindings_include_of_the_core_the_c_header_only() -> None:
    for path in (REPOSITORY / "cpp/bindings").rglob("*.[ch]*"):
        if "tests" in path.parts or path.suffix not in (".c", ".cc", ".h"):
            continue
        included = re.findall(r'#include "(.*)"', path.read_text(encoding="utf-8"))
        others = {name for name in included if not (path.parent / name).is_file()}
        assert others <= {"countermark/countermark.h"}, path
