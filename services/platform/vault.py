"""Personal data at rest: each field encrypted on its own, found again by a keyed blind index.

Tink AEAD (AES-256-GCM; files by its streaming form) with the resource name and field as associated data, so that a
ciphertext moved to another row or column does not open. The keyset rotates: new values use the newest key, old ones
still open. A value is sealed as Tink seals it, byte for byte, but without its calls, which take twice as long; it is
opened by Tink. The blind index is HMAC-SHA256 under a key of its own, which does not rotate: a new one would mean
indexing every row again.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import tink
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from tink import aead, json_proto_keyset_format, proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_pb2

aead.register()
streaming_aead.register()

FIELDS, CHILDREN, INDEX = "fields.json", "children.json", "index.key"
_TINK = b"\x01"  # the first byte of what a key of Tink's own format sealed; its number follows
_NONCE = 12  # bytes, chosen by chance for each value (NIST SP 800-38D, 8.2.2)
_HEAD = 2  # bytes that say how long the key at the head of a stream is


class Vault:
    """Seals, opens and indexes. Immutable after it is made; safe for threads."""

    def __init__(self, keyset: tink.KeysetHandle, index_key: bytes, children: tink.KeysetHandle | None = None) -> None:
        self._aead = keyset.primitive(aead.Aead)
        self._prefix, self._primary = _primary(keyset)
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
                write_secret(folder / name, json.dumps(_new_keyset()))
        fields, children = (
            json_proto_keyset_format.parse((folder / name).read_text(), secret_key_access.TOKEN)
            for name in (FIELDS, CHILDREN)
        )
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
        """What was sealed for this field of this resource. tink.TinkError for anything else."""
        text: str = self._aead.decrypt(sealed, f"{owner}/{field}".encode()).decode()
        return text

    def seal_stream(self, into: BinaryIO, owner: str) -> BinaryIO:
        """A file whose writes go encrypted into `into`; closing it ends both. For what is too large for `seal`.

        The stream has a key of its own, which stands sealed at its head: rotation costs what it costs for fields.
        """
        handle = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
        head = proto_keyset_format.serialize_encrypted(handle, self._aead, f"{owner}/key".encode())
        into.write(len(head).to_bytes(_HEAD) + head)
        primitive = handle.primitive(streaming_aead.StreamingAead)
        return cast(BinaryIO, primitive.new_encrypting_stream(into, owner.encode()))

    def unseal_stream(self, source: BinaryIO, owner: str) -> BinaryIO:
        """A file that reads what `seal_stream` wrote for this owner. tink.TinkError, now or while it is read, for
        anything else; what was read before the fault is as it was written.
        """
        head = source.read(int.from_bytes(source.read(_HEAD)))
        handle = proto_keyset_format.parse_encrypted(head, self._aead, f"{owner}/key".encode())
        primitive = handle.primitive(streaming_aead.StreamingAead)
        return cast(BinaryIO, primitive.new_decrypting_stream(source, owner.encode()))

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
        fresh = _new_keyset()
        keyset["key"] += fresh["key"]
        keyset["primaryKeyId"] = fresh["primaryKeyId"]
        write_secret(path, json.dumps(keyset))
    return len(keyset["key"])


def complete(folder: Path) -> None:
    """Makes the key of children's data where the keys are older than it is."""
    if (folder / FIELDS).exists() and not (folder / CHILDREN).exists():
        write_secret(folder / CHILDREN, json.dumps(_new_keyset()))


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only its owner reads (0600), whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _primary(keyset: tink.KeysetHandle) -> tuple[bytes, AESGCM]:
    """What stands before whatever the newest key seals, and that key."""
    found = json.loads(json_proto_keyset_format.serialize(keyset, secret_key_access.TOKEN))
    (key,) = (each for each in found["key"] if each["keyId"] == found["primaryKeyId"])
    if key["outputPrefixType"] != "TINK" or not key["keyData"]["typeUrl"].endswith(".AesGcmKey"):
        raise ValueError("the key that seals is no AES-GCM key with Tink's prefix")
    value = aes_gcm_pb2.AesGcmKey.FromString(base64.b64decode(key["keyData"]["value"])).key_value
    return _TINK + key["keyId"].to_bytes(4), AESGCM(value)


def _new_keyset() -> dict[str, Any]:
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    keyset: dict[str, Any] = json.loads(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))
    return keyset
