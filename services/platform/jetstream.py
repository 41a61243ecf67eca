"""Events to NATS JetStream. An event counts as delivered once a stream has acknowledged that it keeps it.

Core NATS alone cannot promise that: what nobody listens to is gone. So a stream must take the subjects `liancai.>`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.platform.cloudevents import CONTENT_TYPE, CloudEvent
from services.platform.delivery import Undelivered

if TYPE_CHECKING:
    from nats.aio.client import Client

TIMEOUT = 5.0  # seconds to connect, and for each acknowledgement


class JetStream:
    """One NATS server or cluster. The subject is the event's type; for one thread."""

    def __init__(self, url: str) -> None:
        """`url` is `nats://...` or `tls://...`, several with commas. ValueError if it is not, or without nats-py."""
        self._servers = url.split(",")
        if not all(each.startswith(("nats://", "tls://", "ws://", "wss://")) for each in self._servers):
            raise ValueError("LIANCAI_EVENTS_NATS must be nats:// or tls:// (须为 nats:// 或 tls:// 地址)")
        try:
            import nats
        except ImportError:
            raise ValueError(
                "LIANCAI_EVENTS_NATS needs the NATS client: pip install 'liancai[nats]' (请先安装 liancai[nats])"
            ) from None
        self._nats = nats
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None

    def send(self, event: CloudEvent) -> None:
        """Returns once a stream keeps it. Undelivered otherwise."""
        for kept in (True, False):
            reused = self._client is not None and kept
            try:
                return self._loop.run_until_complete(asyncio.wait_for(self._publish(event), 3 * TIMEOUT))
            except Exception as fault:  # noqa: BLE001  whatever it is, it was not delivered
                self._drop()
                # a connection that lay idle answers no ping and is closed by the server
                if not reused:
                    raise Undelivered(type(fault).__name__) from None
        raise AssertionError("tried twice")

    def close(self) -> None:
        """Ends the connection."""
        self._drop()
        self._loop.close()

    async def _publish(self, event: CloudEvent) -> None:
        if self._client is None:
            self._client = await self._nats.connect(
                self._servers, allow_reconnect=False, connect_timeout=int(TIMEOUT), error_cb=_quietly
            )
        headers = {"Nats-Msg-Id": event.key, "content-type": CONTENT_TYPE}  # the stream drops what it has already
        await self._client.jetstream(timeout=TIMEOUT).publish(event.type, event.body, headers=headers)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._loop.run_until_complete(client.close())


async def _quietly(_: Exception) -> None:
    """The client's own log would repeat what is raised."""
