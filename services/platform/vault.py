"""Personal data at rest: each field encrypted on its own, found again by a keyed blind index.

Tink AEAD (AES-256-GCM; files by its streaming form) with the resource name and field as associated data, so that a
ciphertext moved to another row or column does not open. The keyset rotates: new values use the newest key, old ones
still open. A value is sealed and opened as Tink does it, byte for byte, but without its calls, which take twice as
long, and its library, which takes 8 MiB: that makes keys and seals files. The blind index is HMAC-SHA256 under a key of
its own, which does not rotate: a new one would mean indexing every row again.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

if TYPE_CHECKING:
    from services.platform.streams import Streams

FIELDS, CHILDREN, INDEX = "fields.json", "children.json", "index.key"
_TINK = b"\x01"  # the first byte of what a key of Tink's own format sealed; its number follows
_PREFIX = 5  # bytes: both
_NONCE = 12  # bytes, chosen by chance for each value (NIST SP 800-38D, 8.2.2)
_KEY_VALUE = 0x1A  # the tag of `key_value`, the one field of an AesGcmKey of version 0 (tink-crypto, aes_gcm.proto)


class DoesNotOpen(Exception):
    """Bytes that these keys did not seal, or not for this field of this resource."""


class Vault:
    """Seals, opens and indexes. Immutable after it is made; safe for threads."""

    def __init__(self, keyset: str, index_key: bytes, children: str | None = None) -> None:
        """`keyset` and `children` are keysets in Tink's JSON. ValueError for one that cannot be used."""
        self._keyset = keyset
        self._prefix, self._keys = _keys(keyset)
        self._primary = self._keys[self._prefix]
        self._hmac = HMAC(index_key, SHA256())  # only ever copied
        # what is kept of children opens with a key of its own
        self.children = self if children is None else Vault(children, index_key)

    @classmethod
    def open(cls, folder: Path, *, create: bool) -> Vault:
        """Reads the keys in `folder`; makes them first if `create`. FileNotFoundError says which file is missing."""
        if create and not (folder / FIELDS).exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_secret(folder / INDEX, base64.b64encode(secrets.token_bytes(32)).decode())
            for name in (CHILDREN, FIELDS):
                write_secret(folder / name, _new_keyset())
        fields, children = ((folder / name).read_text() for name in (FIELDS, CHILDREN))
        return cls(fields, base64.b64decode((folder / INDEX).read_text()), children)

    def seal(self, text: str, owner: str, field: str) -> bytes:
        """`text` encrypted for one field of one resource, such as (`trainees/01J...`, `phone`)."""
        return self.seal_all([(text, owner, field)])[0]

    def seal_all(self, fields: Sequence[tuple[str, str, str]]) -> list[bytes]:
        """Several fields at once, each given as its text, owner and name."""
        chance, found = os.urandom(_NONCE * len(fields)), []
        for place, (text, owner, name) in enumerate(fields):
            nonce = chance[place * _NONCE : (place + 1) * _NONCE]
            sealed = self._primary.encrypt(nonce, text.encode(), f"{owner}/{name}".encode())
            found.append(self._prefix + nonce + sealed)
        return found

    def unseal(self, sealed: bytes, owner: str, field: str) -> str:
        """What was sealed for this field of this resource. DoesNotOpen for anything else."""
        key = self._keys.get(sealed[:_PREFIX])
        if key is None:
            raise DoesNotOpen
        nonce, rest = sealed[_PREFIX : _PREFIX + _NONCE], sealed[_PREFIX + _NONCE :]
        try:
            return key.decrypt(nonce, rest, f"{owner}/{field}".encode()).decode()
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None

    @cached_property
    def _streams(self) -> Streams:
        from services.platform.streams import Streams  # Tink: only where there are files

        return Streams(self._keyset)

    def seal_stream(self, into: BinaryIO, owner: str) -> BinaryIO:
        """A file whose writes go encrypted into `into`; closing it ends both. For what is too large for `seal`."""
        return self._streams.seal(into, owner)

    def unseal_stream(self, source: BinaryIO, owner: str) -> BinaryIO:
        """A file that reads what `seal_stream` wrote for this owner. tink.TinkError, now or while it is read, for
        anything else; what was read before the fault is as it was written.
        """
        return self._streams.unseal(source, owner)

    def index(self, kind: str, value: str | bytes) -> bytes:
        """32 bytes that are the same for the same value of the same kind, and tell nothing without the key."""
        mac = self._hmac.copy()
        mac.update(kind.encode() + b"\0" + (value.encode() if isinstance(value, str) else value))
        return mac.finalize()


def rotate(folder: Path) -> int:
    """Adds a new key of each kind and makes it primary; old values still open. Returns how many of a kind there are."""
    for name in (CHILDREN, FIELDS):
        path = folder / name
        keyset = json.loads(path.read_text())
        fresh = json.loads(_new_keyset())
        keyset["key"] += fresh["key"]
        keyset["primaryKeyId"] = fresh["primaryKeyId"]
        write_secret(path, json.dumps(keyset))
    return len(keyset["key"])


def complete(folder: Path) -> None:
    """Makes the key of children's data where the keys are older than it is."""
    if (folder / FIELDS).exists() and not (folder / CHILDREN).exists():
        write_secret(folder / CHILDREN, _new_keyset())


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only its owner reads (0600), whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _keys(keyset: str) -> tuple[bytes, Mapping[bytes, AESGCM]]:
    """What stands before whatever the newest key seals, and the keys by what stands before what they sealed."""
    found: dict[bytes, AESGCM] = {}
    try:
        read = json.loads(keyset)
        for key in read["key"]:
            if key["status"] != "ENABLED":
                continue
            if key["outputPrefixType"] != "TINK" or not key["keyData"]["typeUrl"].endswith(".AesGcmKey"):
                raise ValueError("it has a key that is no AES-GCM key with Tink's prefix")
            tag, length, *_ = value = base64.b64decode(key["keyData"]["value"])
            if tag != _KEY_VALUE or length != len(value) - 2:
                raise ValueError("it has a key that is no AES-GCM key of version 0")
            found[_TINK + key["keyId"].to_bytes(4)] = AESGCM(value[2:])
        primary = _TINK + read["primaryKeyId"].to_bytes(4)
        if primary not in found:
            raise ValueError("its primary key is not enabled")
    except (LookupError, TypeError, AttributeError, OverflowError, ValueError) as fault:
        # what is in the file stays out of what is said of it
        said = str(fault) if type(fault) is ValueError else type(fault).__name__
        raise ValueError(
            f"a keyset of encrypted fields cannot be used: {said}; put back {FIELDS} and {CHILDREN} as they were "
            f"(字段密钥无法使用,请恢复原密钥文件)"
        ) from None
    return primary, found


def _new_keyset() -> str:
    from services.platform.streams import new_keyset

    return new_keyset()
