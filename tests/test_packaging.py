"""Which wheels a release consists of, and that the workflows run nothing that can be exchanged."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).parents[1]
SETTINGS = REPOSITORY / "pyproject.toml"
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))

PYTHONS = ["cp310", "cp311", "cp312", "cp313", "cp314", "cp314t"]
PLATFORMS = {
    "linux": [
        *("manylinux_x86_64", "manylinux_aarch64"),
        *("musllinux_x86_64", "musllinux_aarch64"),
    ],
    "macos": ["macosx_x86_64", "macosx_arm64"],
    "windows": ["win_amd64", "win_arm64"],
}

# Of the images and tools: the names that cibuildwheel knows, in its documentation of "options".
IMAGES = {
    "manylinux-x86_64-image": "manylinux_2_28",
    "manylinux-aarch64-image": "manylinux_2_28",
    "musllinux-x86_64-image": "musllinux_1_2",
    "musllinux-aarch64-image": "musllinux_1_2",
}

needs_cibuildwheel = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="cibuildwheel needs Python 3.11"
)


def identifiers(platform: str, settings: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers"]
    return subprocess.run(
        [*command, "--platform", platform, "--config-file", settings],
        cwd=REPOSITORY,
        env={"PATH": ""},  # there is no docker, and no setting from outside
        capture_output=True,
        text=True,
    )


@needs_cibuildwheel
@pytest.mark.parametrize("platform", PLATFORMS)
def test_release_has_a_wheel_for_every_python_and_processor(platform: str) -> None:
    told = identifiers(platform, SETTINGS)
    assert told.returncode == 0, told.stderr
    wanted = [f"{python}-{tag}" for tag in PLATFORMS[platform] for python in PYTHONS]
    assert sorted(told.stdout.split()) == sorted(wanted)


@needs_cibuildwheel
def test_misspelt_setting_is_refused(tmp_path: Path) -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    misspelt = tmp_path / "pyproject.toml"
    misspelt.write_text(text.replace("\ntest-sources = ", "\ntest-source = "), encoding="utf-8")
    told = identifiers("linux", misspelt)
    assert told.returncode != 0
    assert "test-source" in told.stderr + told.stdout
    assert told.stdout.count("cp3") == 0


def test_wheels_are_built_for_the_stated_linux_and_tested_by_files_that_exist() -> None:
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["tool"]["cibuildwheel"]
    assert {name: settings["linux"][name] for name in IMAGES} == IMAGES
    commands = [settings["test-command"], *(o["test-command"] for o in settings["overrides"])]
    for path in re.findall(r"\./(\S+)", " ".join(commands)):
        assert (REPOSITORY / path).is_file()
        assert path.startswith(tuple(settings["test-sources"]))


def steps(workflow: Path) -> list[dict[str, object]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for step in steps(workflow)) > 0
    for line in lines:
        assert re.fullmatch(r" +- uses: [\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_may_do_no_more_than_they_state(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert content["permissions"] == {}
    granted = {name: job["permissions"] for name, job in content["jobs"].items()}
    publishing = granted.pop("publish", None)
    assert publishing in (None, {"attestations": "write", "id-token": "write"})
    assert all(permissions == {"contents": "read"} for permissions in granted.values())
    for step in steps(workflow):
        if str(step.get("uses")).startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


def test_workflows_and_tests_use_the_same_cibuildwheel() -> None:
    release = (REPOSITORY / ".github/workflows/release.yml").read_text(encoding="utf-8")
    [version] = re.findall(r"pypa/cibuildwheel@\w+  # v([\d.]+)", release)
    assert f'"cibuildwheel=={version};' in SETTINGS.read_text(encoding="utf-8")
