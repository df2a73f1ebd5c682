"""Batches: archives of millions of files, marked once each, however often the work is cut off.

>>> import tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> from PIL import Image
>>> from countermark import keys
>>> from countermark.record import DigitalSource, Record
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     source, out = Path(folder, "in"), Path(folder, "out")
...     source.mkdir()
...     grey = np.random.default_rng(1).integers(60, 200, (256, 256), dtype=np.uint8)
...     Image.fromarray(grey).save(source / "grey.png")
...     record = Record(source=DigitalSource.AI_GENERATED)
...     summary = run([source], out, home=home.folder, record=record, processes=1)
...     summary.done, summary.failed, sorted(path.name for path in out.iterdir())
(1, 0, ['.countermark-batch', 'grey.png', 'summary.json', 'summary.json.c2pa'])

Each file gets a payload that follows from its content and the job, so that the registry holds it
once, whoever marks it, and how often. Workers only read; one place writes (`committing`).
"""

from countermark.batch.job import Summary
from countermark.batch.running import run

__all__ = ["Summary", "run"]
