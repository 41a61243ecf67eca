"""The endpoints that the settings name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from services.platform.clear import refuse_clear
from services.platform.delivery import Endpoint
from services.platform.jetstream import JetStream
from services.platform.webhook import Webhook

NAMED = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,39})=(?P<url>.*)")
WEBHOOK, NATS = "webhook", "nats"


def endpoints(settings: Mapping[str, str], secret: Callable[[], str]) -> list[Endpoint]:
    """Those of LIANCAI_EVENTS_WEBHOOK (URLs with spaces between, each may be `name=URL`) and LIANCAI_EVENTS_NATS.

    `secret()` signs what goes to webhooks. ValueError says what is wrong with a setting.
    """
    found: dict[str, Endpoint] = {}
    for word in settings.get("LIANCAI_EVENTS_WEBHOOK", "").split():
        named = NAMED.fullmatch(word)
        name, url = (named["name"], named["url"]) if named else (WEBHOOK, word)
        if name in found or name == NATS:
            raise ValueError(
                f"LIANCAI_EVENTS_WEBHOOK has two receivers called {name}: name each, such as city=https://... "
                f"(有两个名为 {name} 的接收方,请以 名称=地址 区分)"
            )
        refuse_clear(url, settings, "events", "事件")
        make = partial(Webhook, url, secret())
        make().close()  # what is wrong is said at the start
        found[name] = Endpoint(name, make)
    if url := settings.get("LIANCAI_EVENTS_NATS", ""):
        JetStream(url).close()
        found[NATS] = Endpoint(NATS, partial(JetStream, url))
    return list(found.values())
