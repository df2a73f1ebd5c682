"""Labels that people read in documents: PDF, Office files, Markdown and HTML.

The label stands in the document's own text, where it begins.
"""

from countermark.labels.documents.labelling import LabelledDocument, is_labelled, label_document

__all__ = ["LabelledDocument", "is_labelled", "label_document"]
