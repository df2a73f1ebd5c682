"""Say, rule by rule, whether a finished file meets the duties of some jurisdictions.

>>> import io, tempfile
>>> from PIL import Image
>>> from countermark.credentials import Trust
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "lake.png"
...     Image.new("RGB", (256, 192), "teal").save(path)
...     found = comply(path, [profile("eu")], trust=Trust.nobody())
>>> found.complies, found.outcomes[0].status.value
(False, 'missing')
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from countermark.complying.assessment import Assessment, Outcome, Status
from countermark.complying.checks import outcome
from countermark.complying.evidence import Evidence, examine
from countermark.credentials import Trust
from countermark.labels.profiles import Profile, profile
from countermark.registry import Registry
from countermark.verifying.trusted import find_home, trust_store

__all__ = ["Assessment", "Evidence", "Outcome", "Status", "comply", "examine", "profile"]


def comply(
    source: Path | bytes,
    profiles: Sequence[Profile],
    *,
    manifest: Path | None = None,
    trust: Trust | None = None,
    registry: Registry | None = None,
) -> Assessment:
    """What the file shows of the duties in the profiles.

    Example: see the module.

    `source`: a path, or the content of a file. `manifest`: the file with its manifest, by default
    what is in it or beside it. `trust`: whose signatures count. Both are as `verify` has them.
    `registry`: whose log and register are asked, and where lost manifests are looked for; by
    default that of the home folder.

    It looks at the file, never at the company: what else a law asks for is in docs/compliance.md.

    Raises `SourceNotFound`, `RegistryError`, `UnusableTrust`.
    """
    with ExitStack() as stack:
        home = find_home() if trust is None or registry is None else None
        if trust is None:
            trust = trust_store(home).trust()
        if registry is None and home is not None:
            registry = stack.enter_context(Registry.open(home.registry_path))
        seen = examine(source, trust=trust, registry=registry, sidecar=manifest)
    outcomes = tuple(outcome(profile, rule, seen) for profile in profiles for rule in profile.rules)
    return Assessment(seen.media_type, seen.is_generated, outcomes)
