"""What the wheel and the source distribution hold, and their sizes; `.ci/run wheel` made both."""

import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MADE = REPOSITORY / "build/wheel"
ROOT_FILES = ["CHANGELOG.md", "CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml"]
LIBRARY_BYTES_MAX = 500_000
WHEEL_BYTES_MAX = 1_500_000


def tracked(*paths: str) -> set[str]:
    command = ["git", "ls-files", "-z", *paths]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout
    return set(listed.decode().split("\0")) - {""}


def only(folder: str, pattern: str) -> Path:
    [path] = (MADE / folder).glob(pattern)
    return path


def test_source_distribution_holds_the_tracked_files_that_build_it_and_nothing_else() -> None:
    path = only("dist", "*.tar.gz")
    root = path.name.removesuffix(".tar.gz")
    with tarfile.open(path) as archive:
        held = {member.name.removeprefix(f"{root}/") for member in archive if member.isfile()}
    wanted = tracked(*ROOT_FILES, "cmake", "cpp", "python/countermark")
    assert set(ROOT_FILES) <= wanted
    assert held == wanted | {"PKG-INFO"}


def test_wheel_holds_the_package_its_library_and_its_header_and_nothing_else() -> None:
    with zipfile.ZipFile(only("dist", "*.whl")) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    package = {path.removeprefix("python/") for path in tracked("python/countermark")}
    native = {name for name in held if re.fullmatch(r"countermark/_core\.[\w.-]+\.so", name)}
    assert len(native) == 1
    native |= {"countermark/libcountermark.so", "countermark/include/countermark/countermark.h"}
    described = {name for name in held if re.match(r"countermark-[\d.]+\.dist-info/", name)}
    assert held - described == package | native


def test_header_in_the_wheel_is_that_of_the_sources() -> None:
    with zipfile.ZipFile(only("dist", "*.whl")) as archive:
        held = archive.read("countermark/include/countermark/countermark.h")
    assert held == (REPOSITORY / "cpp/include/countermark/countermark.h").read_bytes()


def test_repair_and_packing_add_nothing() -> None:
    """Highway is linked in, from its sources as for a release."""
    with zipfile.ZipFile(only("dist", "*.whl")) as archive:
        built = archive.read("countermark/libcountermark.so")
    with zipfile.ZipFile(only("repaired", "*.whl")) as archive:
        assert not [name for name in archive.namelist() if name.startswith("countermark.libs/")]
        assert archive.read("countermark/libcountermark.so") == built
    assert "-manylinux_2_" in only("repaired", "*.whl").name


def test_wheel_and_its_stripped_library_are_small() -> None:
    assert only("repaired", "*.whl").stat().st_size <= WHEEL_BYTES_MAX
    with zipfile.ZipFile(only("dist", "*.whl")) as archive:
        library = archive.read("countermark/libcountermark.so")
    assert b".symtab" not in library, "not stripped"
    assert len(library) <= LIBRARY_BYTES_MAX
