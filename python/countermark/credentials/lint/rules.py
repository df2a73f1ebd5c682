"""Every rule of the linter: its name, how grave a breach is, where it is written, the remedy.

Clauses of C2PA are those of version 2.2 unless another is named; "rubric" is the conformance
programme's asset rubric 0.2 for version 2.4, of 2026-08-06.
"""

from __future__ import annotations

from typing import Final

from countermark.credentials.lint.finding import Rule, Severity

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING
_NOTE: Final = Severity.NOTE
_PROFILE: Final = "C2PA 2.2, section 14.5.1.1 (certificate profile)"
_RUBRIC: Final = "conformance programme, rubric 0.2 for C2PA 2.4"

# ---- the file and the manifest store ----
MANIFEST_MISSING: Final = Rule(
    "manifest-missing",
    _WARNING,
    "C2PA 2.2, section 15.5.2.1",
    "Sign the file, or name the one that was signed.",
)
MANIFEST_REMOTE: Final = Rule(
    "manifest-remote",
    _WARNING,
    "C2PA 2.2, section 11.5",
    "Embed the manifest store; who is offline or fetches nothing cannot read it otherwise.",
)
CONTAINER_UNKNOWN: Final = Rule(
    "container-unknown",
    _NOTE,
    "C2PA 2.2, appendix A.1",
    "Extract the manifest store into a .c2pa file and lint that.",
)
FILE_REFUSED: Final = Rule(
    "file-refused",
    _ERROR,
    "C2PA 2.2, section 15.5",
    "Write a whole file of its kind, with a manifest store that parses.",
)
STORE_LOCATION: Final = Rule(
    "store-location",
    _ERROR,
    "C2PA 2.2, section 15.5.2.1",
    "Embed one manifest store, its parts in sequence, and no more parts than such files have.",
)
STORE_MALFORMED: Final = Rule(
    "store-malformed",
    _ERROR,
    "C2PA 2.2, section 11.1; ISO/IEC 19566-5",
    "Write well-formed JUMBF boxes with the types and labels of the standard.",
)
MANIFEST_TYPE: Final = Rule(
    "manifest-type",
    _WARNING,
    "C2PA 2.2, sections 11.2.2 to 11.2.5",
    "Write standard (c2ma) or update (c2um) manifests; countermark lints no others.",
)
MANIFEST_LABEL: Final = Rule(
    "manifest-label",
    _WARNING,
    "C2PA 2.2, section 8.1, appendix C.1",
    "Label manifests urn:c2pa: and a UUID.",
)

# ---- the claim and its references ----
CLAIM_MALFORMED: Final = Rule(
    "claim-malformed",
    _ERROR,
    "C2PA 2.2, sections 10.2.1, 15.6",
    "Write exactly one claim, as a CBOR map with the fields of the schema.",
)
CLAIM_DEPRECATED: Final = Rule(
    "claim-deprecated",
    _WARNING,
    "C2PA 2.2, section 10.1, appendix C.1",
    "Write c2pa.claim.v2.",
)
CLAIM_SPEC_VERSION: Final = Rule(
    "claim-spec-version",
    _WARNING,
    f"C2PA 2.4, section 10.2.3.2; {_RUBRIC}",
    "State specVersion, for example 2.4.0, in claim_generator_info.",
)
CLAIM_SPEC_VERSION_PLACE: Final = Rule(
    "claim-spec-version-place",
    _ERROR,
    f"C2PA 2.4, sections 10.2.1, 10.2.3.2; {_RUBRIC}",
    "Move specVersion from the claim into claim_generator_info.",
)
HASHED_URI_TARGET: Final = Rule(
    "hashed-uri-target",
    _ERROR,
    "C2PA 2.2, sections 8.4.2.1, 15.10.3.3",
    "Refer to a box that is in the manifest store, by a self#jumbf URI.",
)
HASHED_URI_HASH: Final = Rule(
    "hashed-uri-hash",
    _ERROR,
    "C2PA 2.2, sections 8.4.2.1, 13.1",
    "Write the hash as a CBOR byte string.",
)
HASHED_URI_ALGORITHM: Final = Rule(
    "hashed-uri-algorithm",
    _ERROR,
    "C2PA 2.2, sections 13.1, 15.4",
    "Hash with sha256, sha384 or sha512, and name it in alg there or in the claim.",
)
HASHED_URI_MISMATCH: Final = Rule(
    "hashed-uri-mismatch",
    _ERROR,
    "C2PA 2.2, section 8.4.2.3",
    "Hash the superbox without its own header, after its last change.",
)
ASSERTION_UNDECLARED: Final = Rule(
    "assertion-undeclared",
    _ERROR,
    "C2PA 2.2, sections 6.6, 15.10.3.1",
    "Refer to every assertion in the claim, once, or leave it out of the store.",
)
ASSERTION_MALFORMED: Final = Rule(
    "assertion-malformed",
    _ERROR,
    "C2PA 2.2, sections 6.5, 15.10.3.1",
    "Write definite CBOR without duplicate keys, or JSON, of a reasonable size.",
)
ASSERTION_DEPRECATED: Final = Rule(
    "assertion-deprecated",
    _WARNING,
    "C2PA 2.2, section 6.3, appendix C.1",
    "Write the assertion that took its place (C2PA 2.2, table 7; CAWG for training and mining).",
)
ASSERTION_UNKNOWN: Final = Rule(
    "assertion-unknown",
    _WARNING,
    f"C2PA 2.2, sections 6.2.1, 6.2.2; {_RUBRIC}",
    "Use a label of the standard, or one of your own that begins with your domain reversed.",
)
THUMBNAIL_MISSING: Final = Rule(
    "thumbnail-missing",
    _NOTE,
    "C2PA 2.2, section 18.13.1.1",
    "Add a small c2pa.thumbnail.claim, by which a copy can be compared with the original.",
)

# ---- bindings ----
HARD_BINDING: Final = Rule(
    "hard-binding",
    _ERROR,
    "C2PA 2.2, sections 9.2, 11.2.2, 11.2.3, 15.10.1",
    "Bind a standard manifest by exactly one hash assertion, and an update manifest by none.",
)
SOFT_BINDING_SHAPE: Final = Rule(
    "soft-binding-shape",
    _ERROR,
    "C2PA 2.2, section 18.10.2",
    "State alg as a text, and blocks as a list of maps, each with a scope and a value.",
)
SOFT_BINDING_VALUE: Final = Rule(
    "soft-binding-value",
    _ERROR,
    "C2PA 2.2, section 18.10.2",
    "Write each value as a CBOR byte string, not as a text or a list of numbers.",
)
SOFT_BINDING_PAD: Final = Rule(
    "soft-binding-pad",
    _ERROR,
    "C2PA 2.2, section 18.10.2",
    "Write pad, also when empty, as a CBOR byte string of zeros.",
)
SOFT_BINDING_UNREGISTERED: Final = Rule(
    "soft-binding-unregistered",
    _NOTE,
    "C2PA 2.2, section 18.10.4",
    "Have the algorithm entered in the C2PA soft binding algorithm list.",
)
SOFT_BINDING_ALGORITHM: Final = Rule(
    "soft-binding-algorithm",
    _ERROR,
    "C2PA 2.2, section 18.10.4",
    "Use a name of the list, or one that begins with your domain reversed.",
)
SOFT_BINDING_DEPRECATED: Final = Rule(
    "soft-binding-deprecated",
    _WARNING,
    "C2PA 2.2, section 18.10.2",
    "Leave out url; say by region or timespan what extent said.",
)

# ---- actions ----
ACTIONS_MISSING: Final = Rule(
    "actions-missing",
    _ERROR,
    "C2PA 2.2, section 18.14.2",
    "Add a c2pa.actions.v2 assertion to each standard manifest.",
)
ACTIONS_SHAPE: Final = Rule(
    "actions-shape",
    _ERROR,
    "C2PA 2.2, section 18.14.12",
    "List at least one map in actions, each with the name of an action.",
)
ACTIONS_ALL_INCLUDED: Final = Rule(
    "actions-all-included",
    _ERROR,
    f"C2PA 2.2, section 18.14.3; {_RUBRIC}",
    "Say by allActionsIncluded, true or false, whether all actions are listed.",
)
ACTIONS_OPENING: Final = Rule(
    "actions-opening",
    _ERROR,
    "C2PA 2.2, section 18.14.2",
    "Begin the first actions assertion with c2pa.created or c2pa.opened, and use neither again.",
)
ACTION_DEPRECATED: Final = Rule(
    "action-deprecated",
    _WARNING,
    f"C2PA 2.2, section 18.14.11; C2PA 2.4 for c2pa.watermarked; {_RUBRIC}",
    "Use an action of today, such as c2pa.watermarked.bound for a watermark with a soft binding.",
)
ACTION_UNKNOWN: Final = Rule(
    "action-unknown",
    _WARNING,
    f"C2PA 2.2, section 18.14.1; {_RUBRIC}",
    "Use an action of the standard, or one of your own that begins with your domain reversed.",
)
SOURCE_TYPE_MISSING: Final = Rule(
    "source-type-missing",
    _ERROR,
    f"C2PA 2.2, section 18.14.2; {_RUBRIC}",
    "State the digitalSourceType of what was created, and of each change that can be perceived.",
)
SOURCE_TYPE_UNKNOWN: Final = Rule(
    "source-type-unknown",
    _ERROR,
    "C2PA 2.2, section 18.14.4.5",
    "Use the URI of an IPTC digital source type, or one of C2PA's own.",
)
SOURCE_TYPE_ON_OPENED: Final = Rule(
    "source-type-on-opened",
    _ERROR,
    f"{_RUBRIC}, rule no_dst_for_opened_action",
    "Leave digitalSourceType out of c2pa.opened; the ingredient has its own.",
)
WATERMARK_UNBOUND: Final = Rule(
    "watermark-unbound",
    _ERROR,
    "C2PA 2.2, section 18.14.5",
    "Add a c2pa.soft-binding that describes the watermark.",
)
WATERMARK_RELATED: Final = Rule(
    "watermark-related",
    _ERROR,
    "C2PA 2.4, section 18.15",
    "Refer to the soft binding by a hashed URI in parameters.relatedAssertions.",
)

# ---- metadata ----
METADATA_SHAPE: Final = Rule(
    "metadata-shape",
    _ERROR,
    "C2PA 2.2, section 18.16.2; CAWG metadata 1.1",
    "Write one JSON-LD object with an @context that declares every prefix.",
)
METADATA_FIELD: Final = Rule(
    "metadata-field",
    _ERROR,
    "C2PA 2.2, sections 15.10.3.2.3, 18.16.3, appendix B",
    "Move the field to cawg.metadata or to a metadata assertion of your own.",
)

# ---- the signature ----
SIGNATURE_MALFORMED: Final = Rule(
    "signature-malformed",
    _ERROR,
    "C2PA 2.2, section 13.2.2; RFC 9052, section 4.2",
    "Write a tagged COSE_Sign1 with a detached payload.",
)
SIGNATURE_PADDING: Final = Rule(
    "signature-padding",
    _ERROR,
    "C2PA 2.2, section 10.4.2",
    "Fill pad and pad2 of the signature with zeros; nobody notices a change to them otherwise.",
)
SIGNATURE_HEADER: Final = Rule(
    "signature-header",
    _WARNING,
    "C2PA 2.2, sections 10.3.2.5, 10.4.2, 13.2.2",
    "Protect the header; what the signature does not cover anyone can change.",
)
CHAIN_HEADER: Final = Rule(
    "chain-header",
    _WARNING,
    "C2PA 2.2, section 14.5 (x5chain)",
    "Put the chain into the protected header under the label 33.",
)
CERTIFICATE_UNREADABLE: Final = Rule(
    "certificate-unreadable",
    _ERROR,
    "C2PA 2.2, section 14.5 (x5chain); RFC 5280",
    "Put the leaf and each intermediate into x5chain in DER.",
)
CERTIFICATE_ORDER: Final = Rule(
    "certificate-order",
    _ERROR,
    "C2PA 2.2, section 14.5 (x5chain)",
    "Give the leaf first, then each issuer in order, down to the one under the root.",
)
CERTIFICATE_VALIDITY: Final = Rule(
    "certificate-validity",
    _ERROR,
    "C2PA 2.2, sections 10.3.2.5.1, 15.7",
    "Sign while all certificates are valid, and add a time stamp that proves it.",
)
CERTIFICATE_KEY: Final = Rule(
    "certificate-key",
    _ERROR,
    f"{_PROFILE}; section 13.2.1",
    "Use P-256, P-384, P-521, Ed25519 or RSA of 2048 bits and more, with SHA-2.",
)
CERTIFICATE_USAGE: Final = Rule(
    "certificate-usage",
    _ERROR,
    _PROFILE,
    "Ask for a certificate with the C2PA claim-signing profile.",
)
CERTIFICATE_EXTENSION: Final = Rule(
    "certificate-extension",
    _ERROR,
    _PROFILE,
    "Ask for a certificate with the C2PA claim-signing profile.",
)
TIME_STAMP_MISSING: Final = Rule(
    "time-stamp-missing",
    _NOTE,
    "C2PA 2.2, section 10.3.2.5.1",
    "Add a time stamp; without one the manifest ceases to be valid when the certificate expires.",
)
TIME_STAMP_DEPRECATED: Final = Rule(
    "time-stamp-deprecated",
    _WARNING,
    "C2PA 2.2, section 10.3.2.5.4, appendix C.1",
    "Write sigTst2, a time stamp over the signature.",
)
TIME_STAMP_ASSERTION: Final = Rule(
    "time-stamp-assertion",
    _ERROR,
    "C2PA 2.2, sections 15.10.3.2.4, 18.17.3",
    "Write one map, from the labels of manifests to their TimeStampTokens as byte strings.",
)

ALL: Final = tuple(value for value in globals().copy().values() if isinstance(value, Rule))
"""All rules, in the order of this file."""
