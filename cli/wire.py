"""The way to the server: one channel a target, its trust, its token, retries and deadlines."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

# grpc's own log lines mean nothing to the user; set before the library reads it
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc

from cli.grammar import Mistake
from cli.show import Rows
from cli.texts import ACCEPT, fault, t

Q = TypeVar("Q")
A = TypeVar("A")
S = TypeVar("S")

# Every mutating request carries a request_id, so trying again is safe; a read always is.
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
PAGE = 500


class Refused(Exception):
    """A call that did not come back with an answer; carries what is needed to say so and to try again."""

    def __init__(self, error: grpc.RpcError, request_id: str, target: str, class_name: str = "") -> None:
        super().__init__(request_id)
        self.error, self.request_id, self.target, self.class_name = error, request_id, target, class_name


@dataclass(frozen=True)
class Settings:
    """Where the server is and how to speak to it, as the root command was told."""

    target: str
    token_file: str = ""
    tls_ca: str = ""
    tls_name: str = ""
    insecure: bool = False
    language: str = "zh"
    timeout: float = 30.0


class Wire:
    """One command's connection. Nothing is opened before the first call."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def channel(self) -> grpc.Channel:
        """The channel. Mistake for a target or a certificate that cannot be used."""
        targets, local = self._targets, self._local
        if not targets:
            raise Mistake(t("wire.no_target"))
        options: list[tuple[str, str | int]] = [
            ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
            ("grpc.enable_http_proxy", 0 if local else 1),
        ]
        if self.settings.tls_ca:
            credentials = grpc.ssl_channel_credentials(_certificates(self.settings.tls_ca))
            if name := self.settings.tls_name:
                options.append(("grpc.ssl_target_name_override", name))
            elif len(targets) > 1:
                raise Mistake(t("wire.no_name"))
            return grpc.secure_channel(_address(targets), credentials, options)
        if not local and not self.settings.insecure:
            raise Mistake(t("wire.clear", target=self.settings.target))
        return grpc.insecure_channel(_address(targets), options)

    @property
    def _targets(self) -> list[str]:
        return [part.strip() for part in self.settings.target.split(",") if part.strip()]

    @property
    def _local(self) -> bool:
        """Whether nothing that is sent leaves this machine."""
        return all(map(is_local, self._targets))

    @cached_property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries: the language and, where there is one, the token."""
        language = ("accept-language", ACCEPT[self.settings.language])
        token = find_token(self.settings.token_file, local=self._local)
        return (language, ("authorization", f"Bearer {token}")) if token else (language,)

    def stub(self, make: Callable[[grpc.Channel], S]) -> S:
        """The stub of one service."""
        return make(self.channel)

    def call(self, method: grpc.UnaryUnaryMultiCallable[Q, A], request: Q) -> A:
        """One unary call. Refused when no answer came."""
        try:
            return method(request, timeout=self.settings.timeout, metadata=self.metadata)
        except grpc.RpcError as error:
            class_name = getattr(request, "into", "") or getattr(request, "class_name", "")
            raise Refused(error, getattr(request, "request_id", ""), self.settings.target, class_name) from None

    def stream(self, method: Callable[..., Iterable[A]], asked: object, request_id: str = "") -> Iterator[A]:
        """One call that answers with a stream, to a request or to a stream of parts; it may be long, so no deadline.

        Refused when it broke off.
        """
        try:
            yield from method(asked, metadata=self.metadata)
        except grpc.RpcError as error:
            raise Refused(error, request_id, self.settings.target) from None

    def ask(self, make: Callable[[grpc.Channel], Any], request: Any) -> Any:
        """The call that takes this request: `SubmitOrder` takes a `SubmitOrderRequest`."""
        return self.call(getattr(self.stub(make), request.DESCRIPTOR.name.removesuffix("Request")), request)

    def pages(self, make: Callable[[grpc.Channel], Any], request: Any, field: str, limit: int) -> Rows:
        """The rows of a list, page after page, up to `limit`; 0 means all."""
        return Rows(kind_of(request, field), self._pages(make, request, field, limit))

    def _pages(self, make: Callable[[grpc.Channel], Any], request: Any, field: str, limit: int) -> Iterator[Any]:
        left = limit or float("inf")
        while left > 0:
            request.page_size = int(min(left, PAGE))
            answer = self.ask(make, request)
            page = getattr(answer, field)[: request.page_size]
            yield from page
            left -= len(page)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    def close(self) -> None:
        """Closes the channel, if it was opened."""
        if "channel" in self.__dict__:
            self.channel.close()


def kind_of(request: Any, field: str) -> Any:
    """The descriptor of the rows in a `field` of the answer to a list's request."""
    asked = request.DESCRIPTOR
    methods = (rpc for service in asked.file.services_by_name.values() for rpc in service.methods)
    answer = next((rpc.output_type for rpc in methods if rpc.input_type is asked), None)
    if answer is None:  # what services share, such as lists of jobs, stands in a file without a service
        answer = asked.file.pool.FindMessageTypeByName(f"{asked.full_name.removesuffix('Request')}Response")
    return answer.fields_by_name[field].message_type


def is_local(target: str) -> bool:
    """Whether a target stays on this machine: a socket file, a loopback address or localhost."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    host = target.removeprefix("dns:///").removeprefix("dns:").removeprefix("ipv4:").removeprefix("ipv6:")
    host = host.rpartition(":")[0] if host.count(":") == 1 or "]" in host else host
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _address(targets: list[str]) -> str:
    """One grpc target for all of them; several are addresses of one service, balanced round robin."""
    if len(targets) == 1:
        return targets[0]
    bare = [target.removeprefix("ipv4:").removeprefix("ipv6:") for target in targets]
    for target in bare:
        try:
            ipaddress.ip_address(target.rpartition(":")[0].strip("[]"))
        except ValueError:
            raise Mistake(t("wire.several", target=target)) from None
    return ("ipv6:" if bare[0].startswith("[") else "ipv4:") + ",".join(bare)


def data_folder() -> Path:
    """The local server's folder: LIANCAI_DATA, else liancai in XDG_DATA_HOME or ~/.local/share."""
    if own := os.environ.get("LIANCAI_DATA"):
        return Path(own)
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "liancai"


def find_token(token_file: str, *, local: bool) -> str:
    """The token from the option, LIANCAI_TOKEN, LIANCAI_TOKEN_FILE or the local server; "" for none.

    What a server on this machine takes for its owner's word is for no other machine to see.
    """
    if token_file:
        token = _read(token_file, "wire.token_file").decode("utf-8", "replace")
    elif own := os.environ.get("LIANCAI_TOKEN"):
        token = own
    elif named := os.environ.get("LIANCAI_TOKEN_FILE"):
        token = _read(named, "wire.token_file").decode("utf-8", "replace")
    elif not local:
        return ""
    else:
        try:
            token = (data_folder() / "local.token").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
    token = token.strip()
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise Mistake(t("wire.bad_token"))
    return token


def _read(path: str, key: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise Mistake(t(key, path=path, why=fault(error))) from None


def _certificates(path: str) -> bytes:
    """The certificates in a file of PEM; Mistake where it holds none, which grpc would only tell a log."""
    import ssl

    found = _read(path, "wire.tls_ca")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found.decode("ascii", "ignore"))
    except ssl.SSLError:
        raise Mistake(t("wire.no_certificate", path=path)) from None
    return found


def of(ctx: Any) -> Wire:
    """The connection of the running command."""
    wire = ctx.obj
    assert isinstance(wire, Wire)  # the root command put it there
    return wire
