"""The published keys (JWKS) of an OpenID Connect issuer: when they are fetched, and what holds while it is away."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import jwt

from services.platform.clear import refuse_clear
from services.platform.errors import IssuerAway

FRESH = 300.0  # seconds after which keys are fetched again, so that one which is no longer published goes out of use
HELD = 3600.0  # seconds that keys hold at most, where the issuer cannot be asked
COOLDOWN = 5.0  # seconds between two fetches: anybody may send a token that names a key nobody knows
TIMEOUT = 5.0  # seconds to connect to the issuer, and to be answered

log = logging.getLogger("liancai.issuer")


class IssuerKeys:
    """The keys of one issuer by their id (`kid`), fetched over the network by one thread at a time."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`url` is https or http; jwt.PyJWTError for anything else. `clock` counts seconds."""
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT)
        self._clock = clock
        self._fetching = threading.Lock()
        self._held: tuple[dict[str, jwt.PyJWK], float] = ({}, -math.inf)
        self._asked = -math.inf
        self._fault = ""  # why the last fetch failed

    def key_for(self, token: str) -> jwt.PyJWK:
        """The key that the token names. jwt.PyJWTError where there is none, IssuerAway where nobody can tell."""
        name = jwt.get_unverified_header(token).get("kid", "")
        key, age = self._known(name)
        if key is None or age >= FRESH:
            # whoever has a key goes on with it while another thread asks; while the issuer is away nobody queues up
            self.fetch(wait=(key is None or age >= HELD) and not self._fault)
            key, age = self._known(name)
        if age >= HELD or (key is None and self._fault):
            raise IssuerAway
        if key is None:
            raise jwt.PyJWKClientError("no such key")
        return key

    def fetch(self, *, wait: bool = True) -> None:
        """Asks the issuer, unless it was asked a moment ago; what fails is logged once, and keys stay as they are.

        Without `wait` it returns at once where another thread is asking.
        """
        if not self._fetching.acquire(timeout=2 * TIMEOUT if wait else 0):
            return
        try:
            if self._clock() - self._asked < COOLDOWN:
                return
            try:
                keys = {key.key_id: key for key in self._client.get_signing_keys() if key.key_id}
            except (jwt.PyJWTError, ValueError, OSError, HTTPException) as error:
                self._failed(_word(error))
            else:
                self._held, self._fault = (keys, self._clock()), ""
                log.info("keys of the issuer fetched: %d", len(keys))
            self._asked = self._clock()
        finally:
            self._fetching.release()

    def _failed(self, fault: str) -> None:
        if fault != self._fault:
            log.warning(
                "keys of the issuer not fetched error=%s: until they are, who signs in anew is told to wait; check "
                "LIANCAI_OIDC_JWKS, the network, and SSL_CERT_FILE where the issuer has a CA of its own",
                fault,
            )
        self._fault = fault

    def _known(self, name: str) -> tuple[jwt.PyJWK | None, float]:
        """The key of this id, and the seconds since the keys were fetched."""
        keys, at = self._held
        return keys.get(name), self._clock() - at


def issuer_keys(url: str, settings: Mapping[str, str]) -> IssuerKeys:
    """The keys at `url`, asked for now and, if the issuer is away, when a token comes.

    ValueError for what is no address, or would go in clear.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("LIANCAI_OIDC_JWKS must be the https address of the issuer's keys (须为 https 地址)")
    refuse_clear(url, settings, "keys of an issuer", "身份认证公钥")
    keys = IssuerKeys(url)
    keys.fetch()
    return keys


def _word(error: BaseException) -> str:
    """What went wrong, by its kind: the text of an exception may hold anything."""
    cause = error.__cause__ or error
    if isinstance(cause, HTTPError):
        return f"HTTP {cause.code}"
    if isinstance(cause, URLError) and isinstance(cause.reason, BaseException):
        cause = cause.reason
    return type(cause).__name__
