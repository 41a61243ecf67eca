"""What must not cross a network in clear."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def refuse_clear(url: str, settings: Mapping[str, str], what: str, said: str) -> None:
    """ValueError for http to another machine, unless LIANCAI_CLEARTEXT allows it. `said` is `what` in Chinese."""
    parts = urlsplit(url)
    local = (parts.hostname or "").startswith("127.") or parts.hostname in ("localhost", "::1")
    if parts.scheme == "http" and not local and settings.get("LIANCAI_CLEARTEXT", "") not in ("1", "true", "yes"):
        raise ValueError(
            f"{what} must not cross a network in clear: use https for {parts.hostname}, or LIANCAI_CLEARTEXT=1 where "
            f"the network is trusted ({said}不得明文外传,请用 https)"
        )
