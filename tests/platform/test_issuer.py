"""Signing in by an OpenID Connect issuer, over https: whom its tokens stand for, and what happens while it is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.rpc import error_details_pb2
from liancai.reference.v1 import reference_pb2, reference_pb2_grpc

from services import host
from services.host import Settings
from services.platform import identity, issuer
from services.platform.errors import IssuerAway
from services.platform.identity import LEEWAY
from services.platform.issuer import COOLDOWN, FRESH, HELD, IssuerKeys
from tests.conftest import token_of
from tests.platform.test_host import command
from tests.platform.test_identity import by_hand
from tests.statuses import info_of, status_of
from tests.trust import Authority, Issuer, hosting

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Ask = Callable[..., grpc.RpcError | None]


@pytest.fixture
def signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """The issuer, with a certificate of a CA that the host trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    made = Issuer(authority)
    yield made
    made.stop()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer is asked as often as there is a reason to."""
    monkeypatch.setattr(issuer, "COOLDOWN", 0.0)


def asking(port: int) -> Ask:
    """Calls with a token; how the call was refused, or None."""
    channel = grpc.insecure_channel(f"localhost:{port}")

    def ask(token: str, language: str = "zh") -> grpc.RpcError | None:
        metadata = (("authorization", f"Bearer {token}"), ("accept-language", language))
        call = reference_pb2_grpc.ReferenceStub(channel).ListUnits
        try:
            call(reference_pb2.ListUnitsRequest(division="371526"), metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return error
        return None

    return ask


def reason(error: grpc.RpcError | None) -> str:
    return "" if error is None else info_of(error)[0]


def test_tokens_of_the_issuer_hold_and_every_other_gets_the_same_bytes(
    signs: Issuer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    signs.keys |= {"rsa": RSA, "ed": ed25519.Ed25519PrivateKey.generate()}
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = ec.generate_private_key(ec.SECP256R1())
    wrong = {
        "audience": signs.token(aud="another"),
        "issuer": signs.token(iss=f"{signs.url}/"),
        "expired": signs.token(exp=int(time.time()) - LEEWAY - 5),
        "another's key": signs.token(key=stranger),
        "a key nobody published": signs.token("strange", key=stranger),
        "no key named": jwt.encode(signs.claims(), signs.keys["first"], algorithm="ES256"),
        "none": by_hand({"alg": "none", "kid": "first"}, **signs.claims()),
        "HS256 with the public key": by_hand({"alg": "HS256", "kid": "rsa"}, public, **signs.claims()),
        "ES256 by the name of the RSA key": signs.token("rsa", "ES256", signs.keys["first"]),
        "RS256 by the name of the EC key": signs.token("first", "RS256", RSA),
        "an algorithm that is not meant": signs.token("rsa", "PS256"),
        "of the local key": token_of(Settings({"LIANCAI_DATA": str(tmp_path)})),
        "roles missing": signs.token(roles=[]),
    }
    with hosting(**signs.settings) as port:
        ask = asking(port)
        good = [signs.token(), signs.token("rsa", "RS256"), signs.token("ed", "EdDSA")]
        assert [ask(token) for token in good] == [None, None, None]
        answers: dict[str, Any] = {}
        for what, token in wrong.items():
            error = ask(token)
            assert error is not None, what
            answers[what] = status_of(error).SerializeToString()
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED, what
    assert len(set(answers.values())) == 1
    assert signs.asked == 1
    assert "incident" not in caplog.text
    assert not any(part in caplog.text for token in (*good, *wrong.values()) for part in token.split(".")[1:] if part)


def test_a_key_that_is_new_holds_and_one_that_is_withdrawn_does_not(
    signs: Issuer, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hosting(**signs.settings) as port:
        ask = asking(port)
        old = signs.keys["first"]
        assert ask(first := signs.token()) is None
        signs.keys = {"second": ec.generate_private_key(ec.SECP256R1())}
        assert ask(signs.token("second")) is None
        assert signs.asked == 2
        assert ask(first) is None, "it was looked at a moment ago"
        assert reason(ask(signs.token("first", key=old, sub="another"))) == "UNAUTHENTICATED"
        monkeypatch.setattr(identity, "REMEMBERED", -1.0)
        assert ask(third := signs.token("second", sub="third")) is None
        signs.keys = {"third": ec.generate_private_key(ec.SECP256R1())}
        monkeypatch.setattr(issuer, "FRESH", 0.0)
        assert reason(ask(third)) == "UNAUTHENTICATED"


def test_an_issuer_that_is_away_when_a_server_starts_is_asked_when_somebody_comes(
    signs: Issuer, soon: None, caplog: pytest.LogCaptureFixture
) -> None:
    signs.stop()
    caplog.set_level(logging.INFO, "liancai.issuer")
    with hosting(**signs.settings) as port:
        ask, token = asking(port), signs.token()
        said = {}
        for language in ("zh", "en"):
            error = ask(token, language)
            assert error is not None
            assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "ISSUER_AWAY")
            said[language] = localized(error)
        assert reason(ask("no token at all")) == "UNAUTHENTICATED"
        signs.start()
        assert ask(token) is None
    assert said["zh"].startswith("服务端暂时连不上统一身份认证")
    assert said["en"].startswith("The server cannot reach the issuer of your token now")
    away, found = (record.getMessage() for record in caplog.records if record.name == "liancai.issuer")
    assert "error=ConnectionRefusedError" in away
    assert "LIANCAI_OIDC_JWKS" in away
    assert found == "keys of the issuer fetched: 1"


def localized(error: grpc.RpcError) -> str:
    for detail in status_of(error).details:
        message = error_details_pb2.LocalizedMessage()
        if detail.Unpack(message):
            return message.message
    raise AssertionError("no sentence")


def no_keys(signs: Issuer) -> None:
    signs.keys = {}


FAULTS: dict[str, tuple[Callable[[Issuer], Any], str]] = {
    "gone": (lambda _: None, "ConnectionRefusedError"),
    "failing": (lambda signs: setattr(signs, "answer", lambda: (500, b"")), "HTTP 500"),
    "elsewhere": (lambda signs: setattr(signs, "answer", lambda: (302, b"")), "HTTP 302"),
    "a page": (lambda signs: setattr(signs, "answer", lambda: (200, b"<html>secret</html>")), "JSONDecodeError"),
    "a list": (lambda signs: setattr(signs, "answer", lambda: (200, b"[]")), "PyJWKClientError"),
    "no keys": (no_keys, "PyJWKSetError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_an_issuer_is_away_its_keys_hold_and_who_is_new_is_told_to_wait(
    fault: str, signs: Issuer, soon: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with hosting(**signs.settings) as port:
        ask, kept = asking(port), dict(signs.keys)
        token, new = signs.token(), signs.token("new", key=ec.generate_private_key(ec.SECP256R1()))
        happens, word = FAULTS[fault]
        if fault == "gone":
            signs.stop()
        happens(signs)
        monkeypatch.setattr(issuer, "FRESH", 0.0)
        assert ask(token) is None
        assert [reason(ask(new)) for _ in range(2)] == ["ISSUER_AWAY", "ISSUER_AWAY"]
        assert reason(ask(signs.token(key=kept["first"], aud="another"))) == "UNAUTHENTICATED"
        monkeypatch.setattr(issuer, "HELD", 0.0)
        assert reason(ask(signs.token(key=kept["first"], sub="another"))) == "ISSUER_AWAY"
        if fault == "gone":
            signs.start()
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [f"error={word}:" in line for line in warned] == [True], "once, however often it failed"
    assert "secret" not in caplog.text


def test_an_issuer_whose_certificate_is_not_trusted_is_not_believed(
    signs: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path, "another").path))
    with hosting(**signs.settings) as port:
        assert reason(asking(port)(signs.token())) == "ISSUER_AWAY"
    assert signs.asked == 0
    assert "error=SSLCertVerificationError: " in caplog.text
    assert "SSL_CERT_FILE" in caplog.text


def test_strangers_cannot_have_an_issuer_asked_again_and_again(signs: Issuer) -> None:
    now = [0.0]
    keys = IssuerKeys(f"{signs.url}/keys", lambda: now[0])
    key = ec.generate_private_key(ec.SECP256R1())
    for number in range(20):
        with pytest.raises(jwt.PyJWTError):
            keys.key_for(signs.token(f"strange-{number}", key=key))
    assert signs.asked == 1
    now[0] = COOLDOWN
    signs.keys["strange-1"] = key
    assert keys.key_for(signs.token("strange-1")).key_id == "strange-1"
    assert signs.asked == 2


def test_keys_are_fetched_again_after_a_time_and_held_for_an_hour_at_most(signs: Issuer) -> None:
    now = [0.0]
    keys = IssuerKeys(f"{signs.url}/keys", lambda: now[0])
    token = signs.token()
    for at, asked in ((0.0, 1), (FRESH - 1, 1), (FRESH, 2)):
        now[0] = at
        assert keys.key_for(token).key_id == "first"
        assert signs.asked == asked
    signs.answer = lambda: (503, b"")
    now[0] = FRESH + HELD - 1
    assert keys.key_for(token).key_id == "first"
    now[0] = FRESH + HELD
    with pytest.raises(IssuerAway):
        keys.key_for(token)
    signs.answer = signs.published
    with pytest.raises(IssuerAway):
        keys.key_for(token)  # it was asked a moment ago
    now[0] += COOLDOWN
    assert keys.key_for(token).key_id == "first"


def test_while_one_thread_waits_for_the_issuer_nobody_else_does(signs: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer, "TIMEOUT", 60.0)
    now = [0.0]
    keys = IssuerKeys(f"{signs.url}/keys", lambda: now[0])
    token, new = signs.token(), signs.token("new", key=ec.generate_private_key(ec.SECP256R1()))
    keys.fetch()
    asked, go = threading.Event(), threading.Event()

    def slowly() -> tuple[int, bytes]:
        asked.set()
        assert go.wait(60)
        return 503, b""

    signs.answer = slowly
    with ThreadPoolExecutor(3) as pool:
        try:
            now[0] = FRESH
            first = pool.submit(keys.key_for, token)
            assert asked.wait(30)
            assert pool.submit(keys.key_for, token).result(30).key_id == "first"
            assert not first.done()
            go.set()
            assert first.result(30).key_id == "first"
            # now it is known to be away: whoever comes with a key nobody knows is told so at once
            asked.clear()
            go.clear()
            now[0] += COOLDOWN
            second = pool.submit(keys.key_for, token)
            assert asked.wait(30)
            with pytest.raises(IssuerAway):
                pool.submit(keys.key_for, new).result(30)
            assert not second.done()
        finally:
            go.set()
    assert signs.asked == 3


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://issuer.example/keys", "keys of an issuer must not cross a network in clear"),
        ("file:///etc/passwd", "LIANCAI_OIDC_JWKS must be the https address"),
        ("issuer.example/keys", "LIANCAI_OIDC_JWKS must be the https address"),
        ("https:///keys", "LIANCAI_OIDC_JWKS must be the https address"),
    ],
)
def test_an_address_that_is_none_ends_the_server_with_a_sentence(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        host.open_identity(Settings({"LIANCAI_OIDC_ISSUER": "https://issuer.example", "LIANCAI_OIDC_JWKS": address}))


def test_a_server_with_an_issuer_makes_no_tokens_of_its_own(tmp_path: Path) -> None:
    words = ("token", "--division", "371526", "--subject", "x", "--role", "auditor")
    both = {"LIANCAI_OIDC_ISSUER": "https://issuer.example", "LIANCAI_OIDC_JWKS": "https://issuer.example/keys"}
    ended = command(*words, LIANCAI_DATA=str(tmp_path / "none"), **both)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "sign in there for one" in ended.stderr
    assert not (tmp_path / "none").exists()
