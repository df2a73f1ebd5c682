"""Sessions with PKCS#11 tokens, one for each token and process.

PKCS#11 logs in the process, not the session, and closing one session would log out the others. So
a process keeps the session that it has, whatever number of signers use it.

Source: PKCS #11 v3.1, section 5.6 (sessions).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from countermark.errors import (
    KeyMissing,
    MissingExtra,
    SigningFailed,
    TokenMissing,
    TokenSessionLost,
    WrongPin,
)

if TYPE_CHECKING:
    from pkcs11 import Session

Token: TypeAlias = tuple[str, str]
"""Path of the library, and the token's label."""

_lock = threading.RLock()  # python-pkcs11 promises libraries that one thread at a time enters them
_sessions: dict[tuple[str, str], Session] = {}
_SESSION_ENDED: Final = (
    "DeviceError",
    "DeviceRemoved",
    "KeyHandleInvalid",
    "ObjectHandleInvalid",
    "OperationNotInitialized",
    "SessionClosed",
    "SessionHandleInvalid",
    "TokenNotPresent",
    "UserNotLoggedIn",
)


@contextlib.contextmanager
def session(token: Token, pin: str | Callable[[], str]) -> Iterator[Session]:
    """The session with a token, opened and logged in when there is none; as `using`."""
    with using(token):
        found = _sessions.get(token)
        if found is None or _ended(found):
            found = _sessions[token] = _open(token, pin)
        yield found


@contextlib.contextmanager
def using(token: Token) -> Iterator[None]:
    """One thread at a time enters the libraries; what they say comes in our words."""
    with _lock, _translated(token):
        yield


def module() -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise MissingExtra(
            "PKCS#11 tokens need the package python-pkcs11.",
            remedy="Install it: pip install 'countermark[pkcs11]'.",
        ) from error
    return pkcs11


def _ended(session: Session) -> bool:
    """Asked by the one request that python-pkcs11 does not leave half done when it fails."""
    try:
        session.generate_random(64)
    except module().PKCS11Error as error:
        return type(error).__name__ in _SESSION_ENDED
    return False


def _open(token: Token, pin: str | Callable[[], str]) -> Session:
    pkcs11 = module()
    library, label = token
    try:
        found = pkcs11.lib(library)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise TokenMissing(
            f"The PKCS#11 library {library!r} cannot be used.",
            remedy="Check its path, and what its own settings ask for.",
        ) from error
    place = found.get_token(token_label=label)
    try:
        session: Session = place.open(user_pin=pin if isinstance(pin, str) else pin())
    except pkcs11.UserAlreadyLoggedIn:  # by another part of this process
        session = place.open()
    return session


@contextlib.contextmanager
def _translated(token: Token) -> Iterator[None]:
    """What PKCS#11 says, in our words; a session that has ended is forgotten."""
    pkcs11 = module()
    name = f"token {token[1]!r}"
    try:
        yield
    except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned) as error:
        many = isinstance(error, pkcs11.MultipleTokensReturned)
        raise TokenMissing(
            f"There is {'more than one' if many else 'no'} {name}.",
            remedy="Connect the right one, and check its label.",
        ) from error
    except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned) as error:
        many = isinstance(error, pkcs11.MultipleObjectsReturned)
        raise KeyMissing(
            f"The {name} holds {'more than one' if many else 'no'} key of this name.",
            remedy="Check label and id of the key.",
        ) from error
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise WrongPin(
            f"The {name} does not open with this PIN.",
            remedy="Give the user's PIN; most tokens lock after a few wrong ones.",
        ) from error
    except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as error:
        raise WrongPin(
            f"The user's PIN of the {name} is locked, expired or not set.",
            remedy="Set it anew as the token's security officer.",
        ) from error
    except pkcs11.PKCS11Error as error:
        raise _failure(token, error) from error


def _failure(token: Token, error: Exception) -> SigningFailed:
    kind = type(error).__name__
    if kind in _SESSION_ENDED:
        _sessions.pop(token, None)
        return TokenSessionLost(
            f"The session with the token {token[1]!r} has ended ({kind}).",
            remedy="Check that it is connected, and make the signer anew.",
        )
    return SigningFailed(
        f"The token {token[1]!r} refused ({kind}).",
        remedy="Check that its key may sign by this algorithm.",
    )
