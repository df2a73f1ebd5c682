"""What an installed wheel must do where nothing is but it, what it depends on, and pytest.

`.ci/run wheel` and cibuildwheel copy this file to a folder of its own, far from the sources.
"""

import importlib
import importlib.metadata
import json
import pkgutil
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import countermark
from countermark import _core, _native, errors, fingerprint, service, watermark

PACKAGE = Path(countermark.__file__).parent
PICTURE = PACKAGE / "assets/coffee.jpg"


def run(*arguments: object) -> str:
    command = Path(sysconfig.get_path("scripts"), "countermark")
    return subprocess.run(
        [command, *map(str, arguments)], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_package_is_the_installed_one() -> None:
    assert PACKAGE.parent == Path(sysconfig.get_path("platlib"))
    elsewhere = {
        name: module.__file__
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "countermark"
        and not Path(module.__file__ or "").is_relative_to(PACKAGE)
    }
    assert elsewhere == {}


def test_no_source_tree_can_be_reached() -> None:
    for folder in (Path.cwd(), *Path.cwd().parents, *map(Path, sys.path)):
        assert not (folder / "CMakeLists.txt").exists()
        assert not (folder / "python/countermark").exists()


def test_every_module_needs_only_what_the_wheel_depends_on_or_an_extra() -> None:
    missing = set()
    for module in pkgutil.walk_packages(countermark.__path__, "countermark."):
        if module.name in {"countermark.libcountermark", "countermark.countermark"}:
            continue  # the C library, which is no module
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.add(str(error.name).partition(".")[0])
    requirements = importlib.metadata.requires("countermark") or []
    extras = {
        re.split(r"[^\w-]", requirement)[0].replace("-", "_")
        for requirement in requirements
        if "extra ==" in requirement
    }
    assert missing <= extras | {"pydantic", "starlette"}  # which fastapi brings


def test_library_module_and_metadata_have_one_version() -> None:
    library, ffi = _native.library, _native.ffi
    told = ffi.string(library.cmk_version_string()).decode()
    assert told == _core.version() == countermark.__version__
    assert told == importlib.metadata.version("countermark")
    assert run("--version") == f"countermark {told}\n"
    assert ffi.string(library.cmk_target_name()).decode() == _core.target_name()


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
def test_no_library_but_those_of_the_system_comes_from_outside_the_wheel() -> None:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    mapped = {Path(line.split(maxsplit=5)[5]) for line in lines if ".so" in line}
    own = {path for path in mapped if re.match(r"(lib)?(countermark|hwy)", path.name)}
    assert PACKAGE.resolve() / "libcountermark.so" in own
    assert all(path.is_relative_to(PACKAGE.resolve().parent) for path in own), own


def test_library_has_every_function_of_its_header() -> None:
    names = re.findall(r"\b(cmk_\w+)\(", _native.declarations())
    assert len(names) > 20
    for name in names:
        assert getattr(_native.library, name)


def test_library_and_module_give_the_same_fingerprint() -> None:
    library, ffi = _native.library, _native.ffi
    pixels = np.asarray(Image.open(PICTURE).convert("RGB"))
    height, width, _ = pixels.shape
    data = ffi.cast("void *", pixels.ctypes.data)
    shape = (ffi.sizeof("cmk_image"), width, height, library.CMK_FORMAT_RGB8, data, width * 3)
    image, size = ffi.new("cmk_image *", shape), ffi.new("size_t *")
    assert library.cmk_fingerprint_pdq_scratch_size(image, size) == library.CMK_STATUS_OK
    scratch, hashes = ffi.new("char[]", size[0]), ffi.new("uint8_t[256]")
    quality = ffi.new("int32_t *")
    arguments = image, scratch, size[0], hashes, quality
    assert library.cmk_fingerprint_pdq_dihedral(*arguments) == library.CMK_STATUS_OK
    expected = fingerprint.pdq_dihedral(pixels)
    assert bytes(hashes) == b"".join(pdq.bits for pdq in expected)


def test_mark_and_verify_what_was_cut_out_and_stripped(home: Path) -> None:
    run("init")
    run("mark", PICTURE, "--out", "marked.jpg", "--creator", "Ada Example")
    told = json.loads(run("verify", "--json", "marked.jpg"))
    assert (told["verdict"], told["trust"]) == ("intact", "trusted")

    Image.open("marked.jpg").crop((20, 30, 560, 380)).save("copy.png")
    told = json.loads(run("verify", "--json", "copy.png"))
    assert (told["verdict"], told["trust"]) == ("recovered", "trusted")


def test_absent_extra_is_named(home: Path) -> None:
    with pytest.raises(errors.MissingExtra) as raised:
        service.serve(service.Settings())
    assert "countermark[service]" in str(raised.value)


def test_watermark_survives_in_memory() -> None:
    pixels = np.asarray(Image.open(PICTURE).convert("RGB"))
    found = watermark.detect(watermark.embed(pixels, 2026)[10:, 7:])
    assert found is not None
    assert found.payload == 2026
