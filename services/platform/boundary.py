"""The one interceptor: who calls, may they, what do they say; and every fault becomes a status here and nowhere else.

Handlers get a `Call` where gRPC passes its context. They raise `Fault`s; any other exception is a fault of ours,
answered with an incident number and logged by class and place, never by text: exception texts carry personal data.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from liancai.common.v1 import access_pb2

from services.platform import later
from services.platform.errors import Denied, Fault, Internal, Invalid, TooLate
from services.platform.identity import Caller, Identity
from services.platform.policy import Policy, Reach, Scope
from services.platform.texts import Texts, language_of

LONGEST_CALL = 30.0  # seconds a unary call may take, whatever deadline the caller sets
OPEN_TO_ALL = ("/grpc.health.v1.Health/", "/grpc.reflection.")
BEARER = "Bearer "
LARGEST_STATUS = 7_000  # bytes; clients refuse trailers of more than 8 KiB, at first now and then, at 16 always
ENVELOPE = 80  # bytes that a detail takes beside its own
SYSTEM = "system"  # the subject of what a service does by itself
# who calls without a token, where the contract lets them
ANYBODY = Caller("anybody", "", "000000", frozenset({"anybody"}))

Handler = Any  # grpc.RpcMethodHandler of whatever messages

log = logging.getLogger("liancai.boundary")


@dataclass(frozen=True, slots=True)
class Method:
    """An RPC as the boundary sees it. `service` is the liancai service (`training`) that answers for it.

    `public`: somebody without a token may call it, as ANYBODY.
    """

    path: str
    service: str
    action: str
    reply: type[Message]
    public: bool = False


class Call:
    """What a handler may know of the call it answers."""

    __slots__ = ("_context", "_policy", "at_once", "caller", "language", "method", "request_id", "texts")

    def __init__(
        self, method: Method, caller: Caller, language: str, policy: Policy, texts: Texts, context: grpc.ServicerContext
    ) -> None:
        self.method = method
        self.caller = caller
        self.language = language
        self.texts = texts
        self.request_id = ""  # of a mutating call, once it is read
        self.at_once = False  # whether the thread that takes the calls answers
        self._policy = policy
        self._context = context

    @classmethod
    def of(cls, context: grpc.ServicerContext) -> Call:
        """The call behind the `context` of a servicer method: the boundary passes it in its place."""
        return cast(Call, context)

    @classmethod
    def by_system(cls, service: str, action: str, division: str) -> Call:
        """A call that nobody made, for what a service does by itself; the trail has it under `division`."""
        return cls.on_behalf(service, action, Caller(SYSTEM, "", division, frozenset()), Policy(""))

    @classmethod
    def on_behalf(cls, service: str, action: str, caller: Caller, policy: Policy, request_id: str = "") -> Call:
        """A call that nobody made now, for what a service does later for somebody, with their rights."""
        method = Method(f"/{SYSTEM}", service, action, Empty)
        call = cls(method, caller, "zh", policy, Texts({}), cast(grpc.ServicerContext, _Nobody()))
        call.request_id = request_id
        return call

    @property
    def action(self) -> str:
        """The Cedar action of the RPC, such as `training.order.verify`."""
        return self.method.action

    @property
    def seconds_left(self) -> float:
        """Until the caller's deadline, or ours if that is sooner."""
        remaining = self._context.time_remaining()
        return LONGEST_CALL if remaining is None else min(LONGEST_CALL, remaining)

    @property
    def over(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return not self._context.is_active()

    def may_wait(self) -> None:
        """To be said before anything is waited for, while nothing is done yet: if this is the thread that takes the
        calls, another one answers this call, from its beginning.
        """
        if self.at_once:
            raise later.Waits

    def when_over(self, act: Callable[[], None]) -> None:
        """Has `act` called once the call is over, by whatever end, at once if it is."""
        if not self._context.add_callback(act):
            act()

    def may(self, action: str, scope: Scope | None = None) -> bool:
        """Whether the caller may do something else than this RPC; without a scope, whether it ever may."""
        if scope is None:
            return self._policy.may_ever(self.caller, action)
        return self._policy.may(self.caller, action, scope)

    def require(self, scope: Scope, resource: str) -> None:
        """Raises NotFound, or Denied if the caller may read `resource`, unless the caller may do this to it."""
        read = f"{self.action.rpartition('.')[0]}.read"
        self._policy.require(self.caller, self.action, read, scope, resource)

    def reach(self, action: str = "", kind: str = "") -> Reach:
        """What a list answered to this caller may hold; of what `action` reads, if that is not this RPC."""
        return self._policy.reach(self.caller, action or self.action, kind)

    def say(self, key: str, values: Mapping[str, str] | None = None) -> str:
        """A sentence in the caller's language."""
        return self.texts.say(key, self.language, values)


class _Nobody:
    """The context of a call that nobody made: it has no deadline."""

    def time_remaining(self) -> None:
        return None


def methods(files: Iterable[FileDescriptor]) -> dict[str, Method]:
    """Every RPC of `files` by path. ValueError names an RPC that does not say its action."""
    found: dict[str, Method] = {}
    for file in files:
        for service in file.services_by_name.values():
            for rpc in service.methods:
                access = rpc.GetOptions().Extensions[access_pb2.access]
                if not access.action or not access.resource:
                    raise ValueError(f"{rpc.full_name} has no (liancai.common.v1.access)")
                path = f"/{service.full_name}/{rpc.name}"
                owner = file.package.split(".")[1]
                found[path] = Method(path, owner, access.action, GetMessageClass(rpc.output_type), access.public)
    return found


class Boundary(grpc.ServerInterceptor):
    """Wraps every handler once and keeps it. An RPC that is not in `known` is denied to everybody."""

    def __init__(self, known: Mapping[str, Method], identity: Identity, policy: Policy, texts: Texts) -> None:
        self._known = known
        self._identity = identity
        self._policy = policy
        self._texts = texts
        self._wrapped: dict[str, Handler] = {}

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The handler of the method, with the boundary around it."""
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is None:
            handler = continuation(handler_call_details)
            if handler is None or path.startswith(OPEN_TO_ALL):
                return handler
            wrapped = self._wrapped[path] = self._wrap(handler, self._known.get(path))
        return wrapped

    def _wrap(self, handler: Any, method: Method | None) -> Handler:
        parse = _parser(handler.request_deserializer)

        def unary_unary(raw: bytes, context: grpc.ServicerContext) -> bytes:
            token, language = _metadata(context)
            try:
                call = self._admit(method, token, language, context)
                reply: bytes = handler.unary_unary(parse(raw), call).SerializeToString()
                return reply
            except Exception as error:  # noqa: BLE001  whatever it is, no word of it may leave
                fault = _fault_of(error, method)
            self._abort(context, fault, method, language)

        def streaming(source: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
            token, language = _metadata(context)
            try:
                call = self._admit(method, token, language, context)
                if handler.request_streaming:
                    replies = handler.stream_stream(map(parse, source), call)
                else:
                    replies = handler.unary_stream(parse(source), call)
                for reply in replies:
                    yield reply.SerializeToString()
                return
            except Exception as error:  # noqa: BLE001  whatever it is, no word of it may leave
                fault = _fault_of(error, method)
            self._abort(context, fault, method, language)

        def replying_later(raw: bytes, context: grpc.ServicerContext, *, at_once: bool) -> None:
            token, language = _metadata(context)

            def finish(outcome: Any) -> None:
                try:
                    if not isinstance(outcome, BaseException):
                        return later.reply(context, outcome.SerializeToString())
                    fault = _fault_of(outcome, method)
                except Exception as error:  # noqa: BLE001  the caller waits: it gets an answer, whatever happens
                    fault = _fault_of(error, method)
                return later.refuse(context, rpc_status.to_status(self._status(fault, method, language)))

            try:
                if at_once and not self._identity.remembers(token):
                    raise later.Waits  # keys may have to be fetched from the issuer
                call = self._admit(method, token, language, context)
                call.at_once = at_once
                answer = handler.unary_unary(parse(raw), call)
            except later.Waits:
                raise
            except Exception as error:  # noqa: BLE001  whatever it is, no word of it may leave
                finish(error)
            else:
                answer.then(finish)

        # parsing and serialising happen inside, where a malformed message can become INVALID_ARGUMENT
        if handler.request_streaming and handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(streaming)
        if handler.response_streaming:
            if later.is_lasting(handler.unary_stream):
                # threads of its own, which every server makes only as they are needed
                threads = ThreadPoolExecutor(later.LASTING, thread_name_prefix="lasting")
                cast(Any, streaming).experimental_thread_pool = threads
            return grpc.unary_stream_rpc_method_handler(streaming)
        if handler.request_streaming:
            raise TypeError("no client-streaming RPC is known here; answer with a stream")
        if later.is_later(handler.unary_unary):
            return later.handler(replying_later)
        return grpc.unary_unary_rpc_method_handler(unary_unary)

    def _admit(self, method: Method | None, token: str, language: str, context: grpc.ServicerContext) -> Call:
        anybody = method is not None and method.public and not token
        caller = ANYBODY if anybody else self._identity.caller(token)
        if method is None:
            raise Denied("")
        if not self._policy.may_ever(caller, method.action):
            raise Denied(method.action)
        call = Call(method, caller, language, self._policy, self._texts, context)
        if call.seconds_left <= 0:
            raise TooLate
        return call

    def _abort(self, context: grpc.ServicerContext, fault: Fault, method: Method | None, language: str) -> NoReturn:
        context.abort_with_status(rpc_status.to_status(self._status(fault, method, language)))
        raise AssertionError("abort returned")

    def _status(self, fault: Fault, method: Method | None, language: str) -> status_pb2.Status:
        """The status of AIP-193: a developer's English message, ErrorInfo, every violation, the user's sentence.

        What would make it larger than a client takes is left out, from the end: nobody would get any of it.
        """
        details: list[Message] = [
            error_details_pb2.ErrorInfo(
                reason=fault.reason,
                domain=f"{method.service if method else 'platform'}.liancai",
                metadata=fault.metadata,
            ),
            error_details_pb2.LocalizedMessage(
                locale="zh-CN" if language == "zh" else "en",
                message=self._texts.say(fault.reason, language, fault.metadata),
            ),
        ]
        status = status_pb2.Status(
            code=fault.code.value[0], message=self._texts.say(fault.reason, "en", fault.metadata)
        )
        if fault.violations:
            room = LARGEST_STATUS - status.ByteSize() - sum(each.ByteSize() + ENVELOPE for each in details) - ENVELOPE
            details.append(self._violations(fault, language, room))
        for number, detail in enumerate((*details, *fault.details)):
            packed = AnyMessage()
            packed.Pack(detail)
            if number >= len(details) and status.ByteSize() + packed.ByteSize() > LARGEST_STATUS:
                break
            status.details.append(packed)
        return status

    def _violations(self, fault: Fault, language: str, room: int) -> error_details_pb2.BadRequest:
        """The fields that are wrong: the first of them, and as many more as fit into `room` bytes."""
        bad = error_details_pb2.BadRequest()
        for violation in fault.violations:
            each = error_details_pb2.BadRequest.FieldViolation(
                field=violation.field,
                description=self._texts.say(violation.rule, language, violation.values),
                reason=violation.rule,
            )
            room -= each.ByteSize() + 4
            if room < 0 and bad.field_violations:
                break
            bad.field_violations.append(each)
        return bad


def _metadata(context: grpc.ServicerContext) -> tuple[str, str]:
    token, language = "", "zh"
    for key, value in context.invocation_metadata():
        if key == "authorization" and isinstance(value, str):
            token = value.removeprefix(BEARER)
        elif key == "accept-language" and isinstance(value, str):
            language = language_of(value)
    return token, language


def _parser(deserialize: Callable[[bytes], Message]) -> Callable[[bytes], Message]:
    def parse(raw: bytes) -> Message:
        try:
            return deserialize(raw)
        except DecodeError:
            raise Invalid(reason="MALFORMED_MESSAGE") from None

    return parse


def _fault_of(error: BaseException, method: Method | None) -> Fault:
    if isinstance(error, Fault):
        # it holds the frames it came through, and one of them holds it: in that circle the call would stay, and its
        # stream, until the collector comes by
        error.__traceback__ = error.__context__ = None
        return error
    incident = secrets.token_hex(6)
    # where, never what: the text of an exception may hold an identity number
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-8:])
    )
    log.error(
        "incident=%s method=%s error=%s at=%s", incident, method.path if method else "?", type(error).__name__, places
    )
    return Internal(incident)
