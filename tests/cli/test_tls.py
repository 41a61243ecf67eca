"""TLS as an operator sets it up, with a CA of its own: who is let in, and what the others are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cli import wire
from services import host
from services.platform.tls import read_pair
from tests.conftest import token_of
from tests.races.servers import Server
from tests.trust import Authority, Issuer, hosting

Run = Callable[..., Any]
ASK = ("id", "credit-code", "91371526MA3C0000XX")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client tries again at once."""
    (method,) = cast(Any, wire.SERVICE_CONFIG["methodConfig"])
    monkeypatch.setitem(method["retryPolicy"], "initialBackoff", "0.01s")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a host of whose local tokens the client has one."""
    environment = {"LIANCAI_DATA": str(tmp_path / "data")}
    monkeypatch.setenv("LIANCAI_TOKEN", token_of(host.Settings(environment)))
    return environment


def said(done: Any, language: str) -> str:
    """What a client that reached nobody was told to do, which is the second of two lines."""
    assert (done.code, done.out) == (3, ""), done
    away, what = done.err.splitlines()
    assert away.startswith("连不上服务" if language == "zh" else "Cannot reach the server")
    return str(what)


SAID = {
    ("untrusted", "zh"): "对方证书不是 --tls-ca 中的 CA 签发的，未发送任何内容。请向服务端管理员索取其 CA 证书。",
    ("untrusted", "en"): "Its certificate is not from the CA in --tls-ca",
    ("name", "zh"): "对方证书上是另一个名称",
    ("name", "en"): "Its certificate is for another name",
    ("date", "zh"): "对方证书不在有效期内",
    ("date", "en"): "Its certificate is not valid today",
    ("clear", "zh"): "该端口不是 TLS",
    ("clear", "en"): "It speaks no TLS there",
    ("closed", "zh"): "对方随即断开了连接",
    ("closed", "en"): "It closed the connection at once",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_with_the_ca_a_client_is_served_and_without_it_is_told_why_not(
    run: Run, authority: Authority, token: dict[str, str], tmp_path: Path, language: str
) -> None:
    other = Authority(tmp_path, "other")
    with hosting(**token, **authority.pair()) as port:
        ask = ("--lang", language, "--target", f"localhost:{port}")
        done = run(*ask, "--tls-ca", str(authority.path), *ASK)
        assert (done.code, done.err) == (0, "")
        assert said(run(*ask, "--tls-ca", str(other.path), *ASK), language).startswith(SAID["untrusted", language])
        assert said(run(*ask, *ASK), language).startswith(SAID["closed", language])
        by_number = ("--lang", language, "--target", f"127.0.0.1:{port}", "--tls-ca", str(authority.path))
        assert said(run(*by_number, *ASK), language).startswith(SAID["name", language])
        assert run(*by_number, "--tls-name", "localhost", *ASK).code == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_certificate_that_ran_out_and_a_port_without_tls_are_told_apart(
    run: Run, authority: Authority, token: dict[str, str], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    with hosting(**token) as port:
        ask = ("--lang", language, "--target", f"localhost:{port}")
        assert run(*ask, *ASK).code == 0
        assert said(run(*ask, "--tls-ca", str(authority.path), *ASK), language).startswith(SAID["clear", language])
    # it was valid when the server began, or is by the server's clock
    for days in ((-2, -1), (1, 2)):
        pair = authority.pair(days=days)
        read = tuple(Path(pair[each]).read_bytes() for each in ("LIANCAI_TLS_KEY", "LIANCAI_TLS_CERT"))
        monkeypatch.setattr(host, "read_pair", lambda _, read=read: read)
        with hosting(**token) as port:
            done = run("--lang", language, "--target", f"localhost:{port}", "--tls-ca", str(authority.path), *ASK)
            assert said(done, language).startswith(SAID["date", language])


def test_several_addresses_have_one_name(run: Run, authority: Authority, token: dict[str, str]) -> None:
    pair = authority.pair(known_as="liancai.example")
    with hosting(**token, **pair) as one, hosting(**token, **pair) as two:
        several = ("--target", f"127.0.0.1:{one},127.0.0.1:{two}", "--tls-ca", str(authority.path))
        done = run(*several, *ASK)
        assert (done.code, done.out) == (2, "")
        assert "--tls-name" in done.err
        assert run(*several, "--tls-name", "liancai.example", *ASK).code == 0
        wrong = run(*several, "--tls-name", "another.example", *ASK)
        assert said(wrong, "zh").startswith(SAID["name", "zh"])


def test_an_address_may_stand_in_the_certificate(run: Run, authority: Authority, token: dict[str, str]) -> None:
    with hosting(**token, **authority.pair(known_as="127.0.0.1")) as port:
        assert run("--target", f"127.0.0.1:{port}", "--tls-ca", str(authority.path), *ASK).code == 0


def test_a_file_that_is_no_ca_is_told_at_once(run: Run, authority: Authority, tmp_path: Path) -> None:
    key = authority.pair()["LIANCAI_TLS_KEY"]
    for path in (key, __file__, str(tmp_path / "none"), str(tmp_path)):
        done = run("--target", "localhost:1", "--tls-ca", path, *ASK)
        assert (done.code, done.out) == (2, "")
        assert path in done.err
        assert "CA 证书" in done.err


def test_another_machine_is_not_to_be_started_here(run: Run) -> None:
    done = run("--target", "nobody.invalid:1", "--insecure", "--lang", "en", *ASK)
    assert said(done, "en") == "Check the address and the network, or ask whoever runs the server."


def wrong_pairs(authority: Authority, folder: Path) -> dict[str, tuple[dict[str, str], str]]:
    good = authority.pair("good")
    none = folder / "none"
    return {
        "no key": ({"LIANCAI_TLS_CERT": good["LIANCAI_TLS_CERT"]}, "set both LIANCAI_TLS_CERT and LIANCAI_TLS_KEY"),
        "no certificate": ({"LIANCAI_TLS_KEY": good["LIANCAI_TLS_KEY"]}, "set both"),
        "no such key": (good | {"LIANCAI_TLS_KEY": str(none)}, f"LIANCAI_TLS_KEY: cannot read {none}: No such file"),
        "no such certificate": (good | {"LIANCAI_TLS_CERT": str(none)}, f"LIANCAI_TLS_CERT: cannot read {none}"),
        "not a certificate": (good | {"LIANCAI_TLS_CERT": good["LIANCAI_TLS_KEY"]}, "holds no certificate in PEM"),
        "not a key": (good | {"LIANCAI_TLS_KEY": good["LIANCAI_TLS_CERT"]}, "holds no private key in PEM"),
        "another's key": (
            good | {"LIANCAI_TLS_KEY": authority.pair("another")["LIANCAI_TLS_KEY"]},
            "is not the key of the first certificate",
        ),
        "behind a password": (authority.pair("locked", password=b"secret"), "behind a password"),
        "run out": (authority.pair("old", days=(-2, -1)), "renew it"),
        "not begun": (authority.pair("early", days=(1, 2)), "not now"),
    }


def test_a_certificate_that_cannot_be_used_ends_the_server_with_a_sentence(
    authority: Authority, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for what, (environment, words) in wrong_pairs(authority, tmp_path).items():
        with pytest.raises(ValueError, match=r"[一-鿿]") as fault, hosting(LIANCAI_DATA=str(tmp_path), **environment):
            pass
        assert words in str(fault.value), what
        assert "\n" not in str(fault.value)
    assert capfd.readouterr().err == "", "grpc has nothing to add in words of its own"
    assert read_pair({}) is None
    assert read_pair(authority.pair())


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "ISSUER_AWAY：服务端暂时连不上统一身份认证"), ("en", "ISSUER_AWAY: The server cannot reach the issuer")],
)
def test_a_server_that_says_why_it_cannot_answer_was_reached(
    run: Run, authority: Authority, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    issuer = Issuer(authority)
    issuer.stop()
    monkeypatch.setenv("LIANCAI_TOKEN", issuer.token())
    with hosting(**authority.pair(), **issuer.settings) as port:
        done = run("--lang", language, "--target", f"localhost:{port}", "--tls-ca", str(authority.path), *ASK)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(words)
    assert len(done.err.splitlines()) == 1


def test_a_server_with_a_certificate_and_an_issuer_serves_those_it_signs_in(
    run: Run, authority: Authority, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything as in an office: a process, https to the issuer, TLS to the client, and a certificate for its name."""
    folder, issuer = tmp_path_factory.mktemp("t"), Issuer(authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    settings = host.Settings({"LIANCAI_DATA": str(folder), **authority.pair(), **issuer.settings})
    server = Server(settings, folder, ("-m", "services", "serve", "training"))
    try:
        trusting = grpc.ssl_channel_credentials(authority.path.read_bytes())
        named = [("grpc.ssl_target_name_override", "localhost")]
        with grpc.secure_channel(server.address, trusting, named) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            check(health_pb2.HealthCheckRequest(), timeout=60, wait_for_ready=True)
        ask = ("--target", server.address, "--tls-ca", str(authority.path), "--tls-name", "localhost", "order", "list")
        monkeypatch.setenv("LIANCAI_TOKEN", good := issuer.token())
        assert run(*ask).code == 0
        monkeypatch.setenv("LIANCAI_TOKEN", wrong := issuer.token(aud="another"))
        done = run(*ask)
        assert done.code == 1
        assert "UNAUTHENTICATED" in done.err
    finally:
        server.close()
        issuer.stop()
    log = server.log.read_text()
    assert "keys of the issuer fetched: 1" in log
    assert not any(part in log for token in (good, wrong) for part in token.split(".")[1:])
    assert not (folder / "local.token").exists()
