"""The certificate of a server. What is wrong with it is said when the server starts, not to its clients in riddles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

CERTIFICATE, KEY = "LIANCAI_TLS_CERT", "LIANCAI_TLS_KEY"


def read_pair(settings: Mapping[str, str]) -> tuple[bytes, bytes] | None:
    """The private key and the chain of certificates, both PEM; None where neither is set.

    ValueError says what is wrong with them: one is missing, unreadable, not for the other, or not valid today.
    """
    named, key_named = settings.get(CERTIFICATE), settings.get(KEY)
    if bool(named) != bool(key_named):
        raise ValueError(f"set both {CERTIFICATE} and {KEY}, or neither (两者须同时设置)")
    if not (named and key_named):
        return None
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    chain, secret = _read(CERTIFICATE, named), _read(KEY, key_named)
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise ValueError(
            f"{CERTIFICATE}: {named} holds no certificate in PEM; give the server's own, and after it those that lead "
            f"to its CA (文件中没有 PEM 格式的证书)"
        ) from None
    try:
        key = load_pem_private_key(secret, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            f"{KEY}: {key_named} holds no private key in PEM, or one behind a password; give it without "
            f"(文件中没有 PEM 格式的私钥,或私钥设有口令,请提供不带口令的私钥)"
        ) from None
    if key.public_key() != certificate.public_key():
        raise ValueError(
            f"{KEY}: {key_named} is not the key of the first certificate in {named}; give the two that were made "
            f"together (私钥与证书不匹配)"
        )
    if not certificate.not_valid_before_utc <= datetime.now(UTC) < certificate.not_valid_after_utc:
        raise ValueError(
            f"{CERTIFICATE}: {named} is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, not now: renew it, or set the clock "
            f"(证书不在有效期内,请更换证书或校准时钟)"
        )
    return secret, chain


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{setting}: cannot read {path}: {error.strerror} (读不到该文件)") from None
