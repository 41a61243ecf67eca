"""Events by HTTP POST, signed so that the receiver knows whom they are from (Standard Webhooks 1.0).

The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` carry an HMAC-SHA256 over `id.timestamp.body`;
libraries that check it exist for every common language (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from services.platform.cloudevents import CONTENT_TYPE, CloudEvent
from services.platform.delivery import Undelivered

TIMEOUT = 5.0  # seconds to connect, and to be answered; two tries of both end within a lease
PREFIX = "whsec_"
SHORTEST = 24  # bytes of a secret, as Standard Webhooks wants it


class Webhook:
    """One receiver, over one connection that is kept open. For one thread."""

    def __init__(self, url: str, secret: str) -> None:
        """`url` is http or https; `secret` is `whsec_` and base64. ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError(f"not a URL that events can be sent to: {url} (事件接收地址须为 http 或 https)")
        self._key = read_secret(secret)
        self._host, self._port, self._tls = parts.hostname, parts.port, parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection: HTTPConnection | None = None

    def send(self, event: CloudEvent) -> None:
        """Returns once the receiver has answered 2xx. Undelivered otherwise."""
        for kept in (True, False):
            try:
                return self._post(event)
            except (HTTPException, OSError) as fault:
                reused = self._connection is not None and kept
                self.close()
                # a connection that lay idle may have been closed at the other end; nothing is said twice that the
                # receiver could not tell by its id
                if not reused:
                    raise Undelivered(type(fault).__name__) from None
        raise AssertionError("tried twice")

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, event: CloudEvent) -> None:
        connection = self._connection or self._connect()
        connection.request("POST", self._path, event.body, self._headers(event))
        answer = connection.getresponse()
        answer.read(65_536)
        self._connection = connection
        if not answer.isclosed():  # more than anybody needs to say
            self.close()
        if not 200 <= answer.status < 300:
            raise Undelivered(f"HTTP {answer.status}")

    def _connect(self) -> HTTPConnection:
        if self._tls:
            return HTTPSConnection(self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context())
        return HTTPConnection(self._host, self._port, timeout=TIMEOUT)

    def _headers(self, event: CloudEvent) -> dict[str, str]:
        now = str(int(time.time()))
        return {
            "content-type": CONTENT_TYPE,
            "webhook-id": event.key,
            "webhook-timestamp": now,
            "webhook-signature": signature(self._key, event.key, now, event.body),
        }


def read_secret(text: str) -> bytes:
    """The key in `whsec_` and base64. ValueError if it is none or too short."""
    try:
        key = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < SHORTEST:
        raise ValueError(
            f"the secret that signs events must be {PREFIX} and at least {SHORTEST} bytes of base64 "
            f"(事件签名密钥须为 {PREFIX} 开头的 base64,至少 {SHORTEST} 字节)"
        )
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 over id, timestamp and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
