"""What a committed result says about where it comes from."""

import datetime
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import countermark
from countermark import _core


def provenance() -> str:
    """Machine, commit, date and command as markdown; no path and no host name."""
    module = sys.modules["__main__"].__spec__
    name = module.name.removesuffix(".__main__") if module else sys.argv[0]
    command = shlex.join(["python", "-m", name, *sys.argv[1:]])
    return "\n".join(
        [
            f"- Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}",
            f"- Core: countermark {countermark.__version__} at commit {_commit()}, "
            f"target {_core.target_name()}",
            f"- Date: {datetime.datetime.now(datetime.timezone.utc).date()}",
            f"- Command: `{command}`",
        ]
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"
