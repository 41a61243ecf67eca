"""Who calls: JSON Web Tokens, signed by the local key of the embedded default or by an OIDC issuer."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt

from services.platform.errors import Unauthenticated

AUDIENCE = "liancai"
LOCAL_ISSUER = "liancai-local"
LEEWAY = 60  # seconds a clock may be off
LONGEST_TOKEN = 8192  # characters
REMEMBERED = 300.0  # seconds that a token which holds is not looked at again


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user.

    `unit` is the id of the user's unit: a bureau of the unit register (`371526-hrss`) or, for an enterprise or an
    institution, its unified social credit code. `division` is the GB/T 2260 code the user may see: `370000` covers all
    of Shandong.
    """

    subject: str
    unit: str
    division: str
    roles: frozenset[str]


class KeySource(Protocol):
    """Gives the key that a token claims to be signed with."""

    def key_for(self, token: str) -> Any:
        """The verification key; jwt.PyJWTError when there is none, IssuerAway when nobody can tell."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """One HMAC secret, made on first start of the embedded default."""

    secret: bytes

    def key_for(self, token: str) -> bytes:
        """The secret, whatever the token says."""
        return self.secret


class Identity:
    """Verifies tokens and remembers those that hold, by hash, for a time: their key may go out of use."""

    def __init__(self, keys: KeySource, issuer: str, algorithms: tuple[str, ...], remembered: int = 4096) -> None:
        self._keys = keys
        self._issuer = issuer
        self._algorithms = list(algorithms)
        self._remembered = remembered
        self._known: dict[bytes, tuple[float, Caller]] = {}

    def remembers(self, token: str) -> bool:
        """Whether the caller is known without anything being verified."""
        known = self._known.get(_fingerprint(token))
        return known is not None and known[0] > time.time()

    def caller(self, token: str) -> Caller:
        """The caller a token stands for.

        Raises Unauthenticated, always the same, for whatever is wrong with it; IssuerAway where that cannot be told.
        """
        fingerprint = _fingerprint(token)
        known = self._known.get(fingerprint)
        if known is not None and known[0] > time.time():
            return known[1]
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated
        try:
            claims = jwt.decode(
                token,
                self._keys.key_for(token),
                algorithms=self._algorithms,
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY,
                # PyJWT lets a token without exp pass unless it is required
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            caller = _caller(claims)
        except (jwt.PyJWTError, ValueError):
            raise Unauthenticated from None
        if len(self._known) >= self._remembered:
            self._known.clear()
        self._known[fingerprint] = (min(float(claims["exp"]) + LEEWAY, time.time() + REMEMBERED), caller)
        return caller


def _fingerprint(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=16).digest()


def _caller(claims: dict[str, Any]) -> Caller:
    division, roles = claims.get("division"), claims.get("roles")
    if not (isinstance(division, str) and len(division) == 6 and division.isascii() and division.isdigit()):
        raise ValueError("division")
    if not (isinstance(roles, list) and roles and all(isinstance(role, str) for role in roles)):
        raise ValueError("roles")
    return Caller(str(claims["sub"]), str(claims.get("unit", "")), division, frozenset(roles))


def issue(key: LocalKey, caller: Caller, *, valid_for: timedelta, now: datetime | None = None) -> str:
    """A token for `caller` signed with the local key."""
    at = now or datetime.now(UTC)
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": AUDIENCE,
        "sub": caller.subject,
        "iat": at,
        "exp": at + valid_for,
        "unit": caller.unit,
        "division": caller.division,
        "roles": sorted(caller.roles),
    }
    return jwt.encode(claims, key.secret, algorithm="HS256")
