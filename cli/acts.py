"""Verbs that take a resource one step further in its life, and want nothing but its name, or a reason as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from cli.grammar import Etag, Format, Noun, Output, Reason, RequestId

Do = Callable[[typer.Context, Any, Format], None]  # one call, and what it answered


class Acts:
    """Makes such verbs of one noun. `name` is its annotated argument, `do` asks the server."""

    def __init__(self, noun: Noun, name: Any, do: Do) -> None:
        self._noun, self._name, self._do = noun, name, do

    def step(self, verb: str, request: Any) -> None:
        """A verb that wants nothing but the name."""

        def step(
            ctx: typer.Context, name: str, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
        ) -> None:
            self._do(ctx, request(name=name, etag=etag, request_id=request_id), output)

        step.__annotations__["name"] = self._name
        self._noun.verb(verb)(step)

    def reasoned(self, verb: str, request: Any) -> None:
        """A verb that wants a reason."""

        def step(
            ctx: typer.Context,
            name: str,
            reason: Reason,
            etag: Etag = "",
            *,
            request_id: RequestId,
            output: Output = Format.table,
        ) -> None:
            self._do(ctx, request(name=name, etag=etag, request_id=request_id, reason=reason), output)

        step.__annotations__["name"] = self._name
        self._noun.verb(verb)(step)
