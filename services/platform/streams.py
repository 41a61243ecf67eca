"""What Tink itself does: new keysets, and files sealed as streams. Its library is loaded where it is asked for one.

A stream has a key of its own, which stands sealed at its head: rotation costs what it costs for fields.
"""

from __future__ import annotations

from typing import BinaryIO, cast

import tink
from tink import aead, json_proto_keyset_format, proto_keyset_format, secret_key_access, streaming_aead

aead.register()
streaming_aead.register()

_HEAD = 2  # bytes that say how long the key at the head of a stream is


class Streams:
    """Seals and opens files. Safe for threads."""

    def __init__(self, keyset: str) -> None:
        """`keyset` seals the keys of the streams, in Tink's JSON."""
        self._aead = json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN).primitive(aead.Aead)

    def seal(self, into: BinaryIO, owner: str) -> BinaryIO:
        """A file whose writes go encrypted into `into`; closing it ends both."""
        handle = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
        head = proto_keyset_format.serialize_encrypted(handle, self._aead, f"{owner}/key".encode())
        into.write(len(head).to_bytes(_HEAD) + head)
        primitive = handle.primitive(streaming_aead.StreamingAead)
        return cast(BinaryIO, primitive.new_encrypting_stream(into, owner.encode()))

    def unseal(self, source: BinaryIO, owner: str) -> BinaryIO:
        """A file that reads what `seal` wrote for this owner. tink.TinkError, now or while it is read, for anything
        else.
        """
        head = source.read(int.from_bytes(source.read(_HEAD)))
        handle = proto_keyset_format.parse_encrypted(head, self._aead, f"{owner}/key".encode())
        primitive = handle.primitive(streaming_aead.StreamingAead)
        return cast(BinaryIO, primitive.new_decrypting_stream(source, owner.encode()))


def new_keyset() -> str:
    """A keyset of one fresh AES-256-GCM key, in Tink's JSON."""
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    found: str = json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return found
