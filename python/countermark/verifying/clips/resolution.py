"""What resolution services of others know about a sound or movie, judged as what a registry knows.

They are asked about the watermarks that were read, then about the digests of its fingerprints, to
which a copy leads in which all that is seen or heard is the same, and with consent about the file
itself. A manifest counts if it holds, names what is in the file and no other watermark, and its
thumbnail is not that of something else. What does not count is passed over.

Source: C2PA 2.4, sections "Soft bindings" and "Recovery of manifests".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from countermark import credentials
from countermark.credentials import (
    SOUND_WATERMARK_ALGORITHM,
    WATERMARK_ALGORITHM,
    SoftBinding,
    Trust,
    clip_bindings,
)
from countermark.errors import ResolverFailed
from countermark.report import Evidence
from countermark.resolving import Match, Resolver
from countermark.verifying import comparing, evidence
from countermark.verifying.clips import marks
from countermark.verifying.clips.content import Content
from countermark.verifying.clips.marks import Mark
from countermark.verifying.clips.summaries import TRACKS
from countermark.verifying.clips.ties import Tie
from countermark.verifying.conclusion import holds
from countermark.verifying.resolution import MAX_LEADS, distinct


def ask(
    resolvers: Sequence[Resolver],
    content: Content,
    read: Sequence[Mark],
    file: Callable[[], bytes],
    *,
    trust: Trust,
) -> tuple[list[Evidence], Tie | None]:
    """Evidence of each service that led nowhere, and the tie to what the last one gave.

    `file`: gives the file, read only to be sent with consent.
    """
    found: list[Evidence] = []
    for resolver in resolvers:
        dismissed = 0
        try:
            for match in distinct(_answers(resolver, content, read, file)):
                manifest = credentials.read_detached(resolver.manifest(match), trust=trust)
                tie = Tie(content, None, manifest, read, host=resolver.host)
                if _counts(tie):
                    return found, tie
                dismissed += 1
            found.append(evidence.nothing_resolved(resolver.host, dismissed=dismissed, of="file"))
        except ResolverFailed as error:
            found.append(evidence.not_resolved(resolver.host, error.problem))
    return found, None


def _answers(
    resolver: Resolver, content: Content, read: Sequence[Mark], file: Callable[[], bytes]
) -> Iterator[Match]:
    for binding in dict.fromkeys(map(_binding, read)):
        yield from resolver.by_binding(binding.algorithm, binding.value, limit=MAX_LEADS)
    for binding in () if content.own is None else clip_bindings(content.own):
        yield from resolver.by_binding(binding.algorithm, binding.value, limit=MAX_LEADS)
    if resolver.send_content:
        yield from resolver.by_content(file(), content.media_type, limit=MAX_LEADS)


def _binding(mark: Mark) -> SoftBinding:
    algorithm = WATERMARK_ALGORITHM if mark.of == "video" else SOUND_WATERMARK_ALGORITHM
    return SoftBinding.of_payload(mark.payload, algorithm=algorithm)


def _counts(tie: Tie) -> bool:
    manifest = tie.manifest
    if not holds(manifest) or comparing.names_other_marks(manifest):
        return False
    if marks.foreign(tie.marks, manifest):
        return False
    if tie.likeness is not None and not tie.likeness.convincing:
        return False
    return any(map(tie.named, TRACKS)) or any(map(tie.is_signed, TRACKS))
