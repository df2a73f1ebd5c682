"""Every way in which countermark says no, each with a remedy.

All errors derive from `CountermarkError`. Their text is one sentence that says what is wrong
and one that says what to do about it:

>>> raise PayloadTaken("The payload 7 is already in the registry.", remedy="Choose another one.")
Traceback (most recent call last):
...
countermark.errors.PayloadTaken: The payload 7 is already in the registry. Choose another one.
"""


class CountermarkError(Exception):
    """The root of the tree; `remedy` says what the reader can do."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class ImageError(CountermarkError):
    """The picture cannot be used."""


class AnimatedImage(ImageError):
    """The file holds more than one frame or page."""


class ImageTooLarge(ImageError):
    """A side or the area of the picture is beyond the limits."""


class ImageTooSmall(ImageError):
    """A side of the picture is under 128 pixels, or zero."""


class InvalidPixels(ImageError):
    """The array's type, shape or values are not those of a picture."""


class MarkNotReadable(ImageError):
    """The picture has too little room for a watermark that can be read again."""


class OverlappingBuffers(ImageError):
    """Input and output share memory without being the same picture."""


class ReadOnlyBuffer(ImageError):
    """The output buffer cannot be written."""


class UnreadableImage(ImageError):
    """The file is truncated, damaged or not a picture."""


class UnsupportedImage(ImageError):
    """The file is a picture of a kind that countermark does not mark."""


class UnwritableImage(ImageError):
    """The picture cannot be encoded in its format."""


class SoundError(CountermarkError):
    """The sound cannot be used."""


class InvalidSamples(SoundError):
    """The array's type, shape or values are not those of a sound."""


class UnreadableSound(SoundError):
    """The file is truncated, damaged, empty or not a sound."""


class UnsupportedSound(SoundError):
    """The sound is of a kind that countermark does not label or mark."""


class VideoError(CountermarkError):
    """The movie cannot be used."""


class UnreadableVideo(VideoError):
    """The file is truncated, damaged or holds no moving picture."""


class UnsupportedVideo(VideoError):
    """The file is a movie of a kind that countermark does not label."""


class SceneError(CountermarkError):
    """A virtual scene cannot be used."""


class UnreadableScene(SceneError):
    """The file is truncated, damaged or no scene."""


class InUse(CountermarkError):
    """Another thread is in a call with the same object."""


class InvalidArgument(CountermarkError):
    """A value is out of its range or of the wrong type."""


class InvalidEffort(InvalidArgument):
    """The effort of a detection is not "aligned" or "full"."""


class InvalidKey(InvalidArgument):
    """The watermark key is not 16 bytes."""


class InvalidLabel(InvalidArgument):
    """A member of a label is not as the standard allows."""


class InvalidPayload(InvalidArgument):
    """The payload is not an integer in [0, 2**64)."""


class InvalidProfile(InvalidArgument):
    """A profile is unknown, or its file is not one."""


class InvalidRecord(InvalidArgument):
    """The record's statements are incomplete or contradict each other."""


class InvalidStrength(InvalidArgument):
    """The strength of a watermark is not over 0 and at most 4."""


class InvalidWording(InvalidArgument):
    """The words of a label are not those that the law asks for, or there are none for a place."""


class UnknownTarget(InvalidArgument):
    """COUNTERMARK_TARGET names SIMD instructions that are not available here."""


class MissingExtra(CountermarkError):
    """What was asked for needs a package that is not installed."""


class CertificateExpiresSoon(UserWarning):
    """A warning: a certificate of the signer expires within 30 days."""


class FeatureIgnored(UserWarning):
    """A warning: a feature of known content fits, but is not signed as it must be."""


class PoolLow(UserWarning):
    """A warning: the pool of one-time certificates is to be refilled."""


class TimeStampMissing(UserWarning):
    """A warning: no time stamp could be had, so the manifest was signed without one."""


class CredentialError(CountermarkError):
    """A manifest cannot be signed or a signing key cannot be used."""


class CertificateExpired(CredentialError):
    """The certificate behind a manifest has run out."""


class HomeExists(CredentialError):
    """The home folder already holds keys."""


class HomeMissing(CredentialError):
    """The home folder does not hold keys yet."""


class IssuingFailed(CredentialError):
    """The issuer gave no usable certificate."""


class KeyExists(CredentialError):
    """The store already holds a key of this name."""


class KeyMissing(CredentialError):
    """The store holds no key of this name."""


class KeyringUnavailable(CredentialError):
    """The keyring of the operating system is absent, locked or refuses."""


class ManifestChanged(CredentialError):
    """The file does not hold that manifest, or is not as it was signed."""


class PoolEmpty(CredentialError):
    """The pool holds no certificate that is still unused and valid."""


class SigningFailed(CredentialError):
    """The claim could not be signed."""


class KeyAlreadyUsed(SigningFailed):
    """The one-time key has signed before."""


class TokenSessionLost(SigningFailed):
    """The session with the PKCS#11 token has ended."""


class TimestampFailed(CredentialError):
    """No timestamp server gave a valid time-stamp token."""


class TimestampTooLarge(TimestampFailed):
    """The time-stamp token does not fit into the manifest."""


class TokenMissing(CredentialError):
    """The PKCS#11 library or the token in it is not there."""


class UnknownKey(CredentialError):
    """The home folder holds no key with this ID, or none that fits."""


class UnreadableManifest(CredentialError):
    """The manifest store is damaged, ambiguous or not a manifest store."""


class UnreadableQueue(CredentialError):
    """An entry in the queue of files without a time stamp is damaged."""


class UnusableCertificate(CredentialError):
    """The signer's certificate chain does not fit its key, its time or the C2PA profile."""


class UnusableKey(CredentialError):
    """The private key file is damaged, of another kind, open to others, or revoked."""


class UnusableSettings(CredentialError):
    """The file that names the signer of a home is damaged, incomplete or not understood."""


class UnusableTrust(CredentialError):
    """The trust file is missing or holds no certificate."""


class WrongPassphrase(CredentialError):
    """The private key does not open with this passphrase."""


class WrongPin(CredentialError):
    """The token does not open with this PIN."""


class LabelError(CountermarkError):
    """A label cannot be put on, or not so that the law is met; nothing was changed."""


class FontMissing(LabelError):
    """No font here has the characters of the label, or can shape its script."""


class LabelDoesNotFit(LabelError):
    """The picture has no room for a label that can be read."""


class LabelNotShown(LabelError):
    """The text is so built that a label put there would not be shown."""


class LabelNotWritten(LabelError):
    """The file does not take the label, or loses it."""


class UnsupportedContainer(LabelError):
    """Files of this kind have no place for the label."""


class RegistryError(CountermarkError):
    """The registry cannot do what was asked; it is unchanged."""


class GrantMissing(RegistryError):
    """No grant allows a copy of this content without its visible label."""


class InvalidCheckpoint(RegistryError):
    """The checkpoint is malformed, or not signed by the log that it should be from."""


class InvalidFeature(RegistryError):
    """A feature of known content, or a list of them, is damaged or not signed as it must be."""


class InvalidProof(RegistryError):
    """The proof does not show that a leaf, or an older log, belongs to the log."""


class PayloadTaken(RegistryError):
    """Another picture already has this payload."""


class RecordErased(RegistryError):
    """The personal record was erased: its key is gone."""


class RegistryTooNew(RegistryError):
    """The registry was written by a newer version of countermark."""


class RetentionNotOver(RegistryError):
    """What should be taken away must stay for some time yet."""


class ReviewRefused(RegistryError):
    """Whoever signs may not do this to a feature: no reviewer, or one who did the step before."""


class UnusableRetention(RegistryError):
    """The file with the retention classes is damaged, contradictory or not understood."""


class UnusableTerms(RegistryError):
    """The file with the time limits for complaints is damaged or not understood."""


class UnreadableRegistry(RegistryError):
    """The registry file is damaged, locked or not a registry."""


class UnreadableIndex(CountermarkError):
    """A search index is damaged, missing, or of another version."""


class ConsentMissing(CountermarkError):
    """Faces or voices are to be edited without a consent that covers it; nothing was written."""


class UnassessedModel(CountermarkError):
    """The model may not be used: it is unknown, not assessed or retired; nothing was written."""


class MarkLost(LabelError):
    """Something that the source came in with would be missing; nothing was written."""


class ProfileNotMet(LabelError):
    """The file would lack what a profile demands; nothing was written."""


class RefusedContent(CountermarkError):
    """The content is known, and the policy of the home refuses it; nothing was written."""


class UnusablePolicy(CountermarkError):
    """The file that says what happens to known content, or whose word counts, is not understood."""


class ResolverFailed(CountermarkError):
    """A resolution service of others cannot be asked, or its answer is not one."""


class AnswerRefused(CountermarkError):
    """What a server generated cannot be marked on its way out, so it is not given out."""


class ServiceError(CountermarkError):
    """The service cannot do what was asked."""


class JobKilled(ServiceError):
    """A file took more time or memory than the service gives to one."""


class ReaderUnavailable(ServiceError):
    """The in-browser reader cannot be fetched, or is not the one that the page works with."""


class ServiceBusy(ServiceError):
    """The service has too much to do."""


class ServiceFailed(ServiceError):
    """The service cannot run."""


class FileError(CountermarkError):
    """A file cannot be read or written; nothing was changed."""


class DestinationNotWritable(FileError):
    """The destination cannot be written (missing folder, rights, no space left)."""


class SourceNotFound(FileError):
    """The source file is missing or cannot be opened."""
