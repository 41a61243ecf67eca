"""Whom a server and its callers trust: a CA, an issuer of tokens, both real; and a small host that trusts them."""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from services import host
from services.platform.identity import AUDIENCE

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
VALID = (-1, 1)
USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Authority:
    """A CA. `path` is its certificate."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _named(name)
        uses = dict.fromkeys(USES, False) | {"key_cert_sign": True, "crl_sign": True}
        holds = (x509.BasicConstraints(ca=True, path_length=None), x509.KeyUsage(**uses))
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(_certificate(self._name, self._key, self._name, self._key, VALID, *holds))

    def pair(
        self, name: str = "server", *, known_as: str = "localhost", days: tuple[int, int] = VALID, password: bytes = b""
    ) -> dict[str, str]:
        """The settings of a server whose certificate is for one DNS name or address, from and to so many days away."""
        key = ec.generate_private_key(ec.SECP256R1())
        by_number = known_as.replace(".", "").isdigit()
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(known_as)) if by_number else x509.DNSName(known_as)]
        )
        locked = BestAvailableEncryption(password) if password else NoEncryption()
        certificate, secret = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        certificate.write_bytes(_certificate(_named(name), key, self._name, self._key, days, names))
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        return {"LIANCAI_TLS_CERT": str(certificate), "LIANCAI_TLS_KEY": str(secret)}


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signs: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
    *holds: x509.ExtensionType,
) -> bytes:
    """A certificate in PEM with what RFC 5280 wants."""
    now, by = datetime.now(UTC), x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    for each in (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), by, *holds):
        made = made.add_extension(each, critical=isinstance(each, x509.BasicConstraints | x509.KeyUsage))
    return made.sign(signs, SHA256()).public_bytes(Encoding.PEM)


Answer = Callable[[], tuple[int, bytes]]


class Issuer:
    """An OpenID Connect issuer over https on a port of its own: its keys by id, and how often it was asked for them."""

    def __init__(self, authority: Authority) -> None:
        pair = authority.pair("issuer")
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pair["LIANCAI_TLS_CERT"], pair["LIANCAI_TLS_KEY"])
        self._port = 0
        self.keys: dict[str, SigningKey] = {"first": ec.generate_private_key(ec.SECP256R1())}
        self.asked = 0
        self.answer: Answer = self.published
        self.start()
        self.url = f"https://localhost:{self._port}"
        self.settings = {"LIANCAI_OIDC_ISSUER": self.url, "LIANCAI_OIDC_JWKS": f"{self.url}/keys"}

    def start(self) -> None:
        """Serves, also again and then on the same port."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                status, body = issuer.answer()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", f"{issuer.url}/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("localhost", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def published(self) -> tuple[int, bytes]:
        """The keys as RFC 7517 has them."""
        return 200, json.dumps({"keys": [_published(*each) for each in self.keys.items()]}).encode()

    def token(self, name: str = "first", algorithm: str = "ES256", key: Any = None, **changed: Any) -> str:
        """A token signed with `key`, or the key of this id, that says so."""
        return jwt.encode(self.claims(**changed), key or self.keys[name], algorithm=algorithm, headers={"kid": name})

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of an officer for an hour."""
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "officer",
            "exp": int(time.time()) + 3600,
            "unit": "371526-hrss",
            "division": "371526",
            "roles": ["hr_officer"],
        }
        return {**good, **changed}


def _published(name: str, key: SigningKey) -> dict[str, Any]:
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        found = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        found = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        found = jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**found, "kid": name, "use": "sig"}


@contextmanager
def hosting(**environment: str) -> Iterator[int]:
    """A host on this machine that serves what every host does, and nothing else: no database. Its port."""
    settings = host.Settings({"LIANCAI_LISTEN": "localhost:0", **environment})
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, interceptors=[host.boundary([], host.open_identity(settings))])
        host.mount([], {}, settings, server)
        port = host._listen(server, settings)
        server.start()
        try:
            yield port
        finally:
            server.stop(0).wait()
