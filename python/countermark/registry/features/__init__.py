"""Known content: what is illegal, refuted or protected, and who says so."""

from countermark.registry.features.act import Act, Step
from countermark.registry.features.database import Features
from countermark.registry.features.feature import REASONS, Feature, Kind, Statement, Text
from countermark.registry.features.notice import Matches, Notice
from countermark.registry.features.signers import Reviewer, Signers
from countermark.registry.features.snapshot import Listed, Snapshot
from countermark.registry.features.stored import Standing, State, Stored

__all__ = [
    "REASONS",
    "Act",
    "Feature",
    "Features",
    "Kind",
    "Listed",
    "Matches",
    "Notice",
    "Reviewer",
    "Signers",
    "Snapshot",
    "Standing",
    "State",
    "Statement",
    "Step",
    "Stored",
    "Text",
]
