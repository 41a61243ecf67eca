"""Tokens: whatever is wrong with one, the answer is UNAUTHENTICATED and the same to the byte."""

from __future__ import annotations

import base64
import hmac
import json
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from liancai.training.v1 import orders_pb2, orders_pb2_grpc

from services import host
from services.platform.errors import Unauthenticated
from services.platform.identity import AUDIENCE, LEEWAY, LOCAL_ISSUER, Caller, Identity, LocalKey, issue

SECRET = b"0123456789abcdef0123456789abcdef"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
OFFICER = Caller("officer", "371526-hrss", "371526", frozenset({"hr_officer"}))


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": LOCAL_ISSUER,
        "aud": AUDIENCE,
        "sub": "officer",
        "exp": now + 3600,
        "unit": "371526-hrss",
        "division": "371526",
        "roles": ["hr_officer"],
    }
    return {key: value for key, value in {**good, **changed}.items() if value is not None}


def signed(secret: bytes, *, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changed: Any) -> str:
    return jwt.encode(claims(**changed), secret, algorithm=algorithm, headers=headers)


def by_hand(header: dict[str, Any], secret: bytes | None = None, **changed: Any) -> str:
    """A token with this header, signed by HMAC-SHA256 or not at all, whatever a library would say to it."""
    parts = [_encoded(json.dumps(part).encode()) for part in (header, claims(**changed))]
    return ".".join(
        [*parts, "" if secret is None else _encoded(hmac.digest(secret, ".".join(parts).encode(), "sha256"))]
    )


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _unwarned(make: Callable[[], str]) -> str:
    with warnings.catch_warnings(action="ignore"):
        return make()


WRONG: dict[str, Callable[[bytes], str]] = {
    "nothing": lambda _: "",
    "garbage": lambda _: "no token at all",
    "three dots": lambda _: "...",
    "not ascii": lambda _: "令牌.令牌.令牌",
    "deep": lambda _: f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.x",
    "another key": lambda _: signed(b"x" * 32),
    "cut short": lambda key: signed(key)[:-4],
    "expired": lambda key: signed(key, exp=int(time.time()) - LEEWAY - 5),
    "without exp": lambda key: signed(key, exp=None),
    "exp as text": lambda key: signed(key, exp="never"),
    "exp beyond numbers": lambda key: signed(key, exp=float("inf")),
    "exp no number": lambda key: signed(key, exp=float("nan")),
    "without aud": lambda key: signed(key, aud=None),
    "wrong aud": lambda key: signed(key, aud="another"),
    "wrong iss": lambda key: signed(key, iss="https://elsewhere"),
    "without iss": lambda key: signed(key, iss=None),
    "without sub": lambda key: signed(key, sub=None),
    "sub no text": lambda key: signed(key, sub=7),
    "alg none": lambda _: by_hand({"alg": "none", "typ": "JWT"}),
    "alg None": lambda _: by_hand({"alg": "None", "typ": "JWT"}),
    "another alg": lambda key: _unwarned(lambda: signed(key, algorithm="HS512")),
    "RS256 where HS256 is meant": lambda _: jwt.encode(claims(), RSA, algorithm="RS256"),
    "not yet": lambda key: signed(key, nbf=int(time.time()) + LEEWAY + 3600),
    "made in the future": lambda key: signed(key, iat=int(time.time()) + LEEWAY + 3600),
    "huge": lambda key: signed(key, filler="x" * 6300),
    "unknown crit": lambda key: signed(key, headers={"crit": ["must"], "must": True}),
    "path in kid": lambda _: by_hand({"alg": "HS256", "kid": "../../../dev/null"}, b""),
    "no roles": lambda key: signed(key, roles=[]),
    "roles no list": lambda key: signed(key, roles="hr_officer"),
    "roles no texts": lambda key: signed(key, roles=[["hr_officer"]]),
    "without roles": lambda key: signed(key, roles=None),
    "without division": lambda key: signed(key, division=None),
    "division no code": lambda key: signed(key, division="37-526"),
    "division in full-width digits": lambda key: signed(key, division="３７１５２６"),
    "a list for claims": lambda key: jwt.PyJWS().encode(b"[]", key),
    "no json": lambda key: jwt.PyJWS().encode(b"\xff\xfe", key),
}


@pytest.fixture
def local() -> Identity:
    return Identity(LocalKey(SECRET), LOCAL_ISSUER, ("HS256",))


def test_a_good_token_stands_for_its_caller(local: Identity) -> None:
    token = issue(LocalKey(SECRET), OFFICER, valid_for=timedelta(hours=1))
    assert local.caller(token) == OFFICER
    assert local.caller(token) == OFFICER  # remembered
    assert local.caller(signed(SECRET)) == OFFICER


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_token_stands_for_nobody_each_time(wrong: str, local: Identity) -> None:
    token = WRONG[wrong](SECRET)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            local.caller(token)


def test_a_public_key_is_no_secret_that_signs() -> None:
    """RS256 to HS256: the issuer's public key, known to all, used as an HMAC secret."""

    class Published:
        def key_for(self, token: str) -> Any:
            return RSA.public_key()

    issuer = Identity(Published(), LOCAL_ISSUER, ("RS256", "ES256", "EdDSA"))
    assert issuer.caller(jwt.encode(claims(), RSA, algorithm="RS256")) == OFFICER
    with pytest.raises(Unauthenticated):
        issuer.caller(by_hand({"alg": "HS256", "typ": "JWT"}, PUBLIC))


def test_a_remembered_token_is_forgotten_when_it_expires(local: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed(SECRET)
    assert local.caller(token) == OFFICER
    later = time.time() + 3600 + LEEWAY + 5
    monkeypatch.setattr(time, "time", lambda: later)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(later, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Later)
    with pytest.raises(Unauthenticated):
        local.caller(token)


def test_tokens_are_remembered_within_bounds() -> None:
    identity = Identity(LocalKey(SECRET), LOCAL_ISSUER, ("HS256",), remembered=3)
    for number in range(10):
        identity.caller(signed(SECRET, sub=f"officer-{number}"))
    assert len(identity._known) <= 3


def test_a_clock_may_be_off_by_a_minute_and_no_more(local: Identity) -> None:
    now = datetime.now(UTC)
    assert local.caller(signed(SECRET, exp=int(now.timestamp()) - LEEWAY + 20)) == OFFICER
    assert LEEWAY <= 60


@pytest.fixture(scope="module")
def refused(grpc_channel: grpc.Channel) -> Callable[[list[tuple[str, str]]], tuple[Any, ...]]:
    """How the server refuses a call with this metadata: code, details and every trailing byte."""
    stub = orders_pb2_grpc.OrdersStub(grpc_channel)

    def ask(metadata: list[tuple[str, str]]) -> tuple[Any, ...]:
        with pytest.raises(grpc.RpcError) as error:
            stub.GetOrder(orders_pb2.GetOrderRequest(name="orders/1"), metadata=metadata, timeout=10)
        return error.value.code(), error.value.details(), tuple(error.value.trailing_metadata())

    return ask


def test_over_the_wire_every_wrong_token_gets_the_same_bytes(
    refused: Callable[[list[tuple[str, str]]], tuple[Any, ...]], settings: host.Settings
) -> None:
    key = host.local_key(settings).secret
    answers = {
        wrong: refused([("authorization", f"Bearer {make(key)}")])
        for wrong, make in WRONG.items()
        if make(key).isascii() and wrong != "huge"  # gRPC itself stops that one
    }
    answers["no header"] = refused([])
    answers["another scheme"] = refused([("authorization", "Basic b2ZmaWNlcjpwYXNz")])
    assert len(answers) > 30
    assert set(answers.values()) == {answers["no header"]}
    assert answers["no header"][0] is grpc.StatusCode.UNAUTHENTICATED
    good = refused([("authorization", f"Bearer {signed(key)}")])
    assert good[0] is grpc.StatusCode.NOT_FOUND
