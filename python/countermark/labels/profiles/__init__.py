"""What each jurisdiction asks of generated content, as data that can be read and extended.

>>> [rule.id for rule in profile("us-ca").rules][:2]
['us-ca-manifest', 'us-ca-latent']
"""

from countermark.labels.profiles.profile import NAMES, Profile, profile
from countermark.labels.profiles.rule import Certainty, Check, Level, Medium, Rule, Service

__all__ = [
    "NAMES",
    "Certainty",
    "Check",
    "Level",
    "Medium",
    "Profile",
    "Rule",
    "Service",
    "profile",
]
