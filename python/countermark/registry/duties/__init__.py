"""What laws on synthetic media want kept: models and their assessments, grants, complaints."""

from countermark.registry.duties.complaint import About, Complaint, ComplaintKind, ComplaintState
from countermark.registry.duties.complaints import Complaints, Received
from countermark.registry.duties.grants import Grants, UnlabelledGrant
from countermark.registry.duties.models import Assessment, Model, Models
from countermark.registry.duties.terms import Term, Terms, read_terms

__all__ = [
    "About",
    "Assessment",
    "Complaint",
    "ComplaintKind",
    "ComplaintState",
    "Complaints",
    "Grants",
    "Model",
    "Models",
    "Received",
    "Term",
    "Terms",
    "UnlabelledGrant",
    "read_terms",
]
