"""What this layer needs of X.509; the reading itself is shared with the keys.

Source: RFC 5280.
"""

from countermark.certificates.reading import extension, issued, load_der, load_pem

__all__ = ["extension", "issued", "load_der", "load_pem"]
