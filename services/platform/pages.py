"""Keyset pages (AIP-158). A token is the last key, encrypted and bound to method, filter and caller."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.platform.boundary import Call
from services.platform.errors import Invalid, Violation
from services.platform.vault import DoesNotOpen, Vault

DEFAULT_SIZE, LARGEST_SIZE = 50, 1000


class ListRequest(Protocol):
    """A request of AIP-158."""

    page_size: int
    page_token: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # noqa: D102

    def CopyFrom(self, other: Any) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows to read: `size` of them, after the row whose key is `after` (None for the first page)."""

    size: int
    after: list[Any] | None


class Pages:
    """Reads and makes page tokens."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def read(self, call: Call, request: ListRequest) -> Page:
        """The page asked for. Invalid for a negative size or a token that is not for this call."""
        if request.page_size < 0:
            raise Invalid(Violation("page_size", "FIELD_RANGE", {"least": "0", "most": str(LARGEST_SIZE)}))
        size = min(request.page_size or DEFAULT_SIZE, LARGEST_SIZE)
        if not request.page_token:
            return Page(size, None)
        try:
            sealed = base64.urlsafe_b64decode(request.page_token.encode())
            key = json.loads(self._vault.unseal(sealed, self._bound_to(call, request), "page"))
        except (ValueError, DoesNotOpen):
            raise Invalid(Violation("page_token", "FIELD_PAGE_TOKEN")) from None
        return Page(size, key)

    def token(self, call: Call, request: ListRequest, key: list[Any]) -> str:
        """The token of the page after the row whose key is `key` (JSON values)."""
        sealed = self._vault.seal(json.dumps(key), self._bound_to(call, request), "page")
        return base64.urlsafe_b64encode(sealed).decode()

    def next_token(self, call: Call, request: ListRequest, page: Page, rows: Sequence[Any], *key: str) -> str:
        """The token of the page after `page`, empty if that is the last one.

        `rows` are those that were read, one more than the page has if there are more; `key` are their attributes that
        pages go by.
        """
        if len(rows) <= page.size:
            return ""
        return self.token(call, request, [getattr(rows[page.size - 1], each) for each in key])

    def _bound_to(self, call: Call, request: Any) -> str:
        asked = type(request)()
        asked.CopyFrom(request)
        asked.page_size, asked.page_token = 0, ""
        digest = self._vault.index("page", asked.SerializeToString(deterministic=True)).hex()
        return f"{call.method.path}/{call.caller.subject}/{digest}"
