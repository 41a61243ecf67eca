"""A refusal in words: google.rpc status details, or the bare status, as lines; and the exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from cli.show import heading
from cli.texts import t
from cli.wire import Refused, is_local

REFUSED, UNREACHABLE = 1, 3
_ORDERS = {"Supervision": "SupervisionOrder"}  # messages that a reason calls by less than their name
_UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
# what grpc says of a connection that could not be made -> the sentence; tests/cli/test_tls.py has them said
_HANDSHAKES = {
    "certificate has expired": "refused.tls_date",
    "certificate is not yet valid": "refused.tls_date",
    "CERTIFICATE_VERIFY_FAILED": "refused.tls_ca",
    "Hostname Verification Check failed": "refused.tls_name",
    "WRONG_VERSION_NUMBER": "refused.no_tls",
    "last error: UNAVAILABLE: ": "refused.closed",
}


def exit_code(refused: Refused) -> int:
    """3 when the server could not be reached or did not answer in time, else 1."""
    return UNREACHABLE if _code(refused) in _UNREACHABLE else REFUSED


def lines(refused: Refused) -> Iterator[str]:
    """What to tell the user: the reason in words, every field, every rule that blocks, what to do next."""
    code = _code(refused)
    away = code is grpc.StatusCode.UNAVAILABLE and not any(_status_details(refused.error))
    if away:
        yield t("refused.unreachable", target=refused.target)
        yield _why_away(refused)
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        yield t("refused.deadline", target=refused.target)
    else:
        yield from _details(refused, code)
    if code is grpc.StatusCode.UNAUTHENTICATED:
        yield t("refused.token")
    if exit_code(refused) == UNREACHABLE and refused.request_id:
        # whether it was done is not known: the same id asks for the same thing, not for another
        yield t("refused.again", request_id=refused.request_id)


def _why_away(refused: Refused) -> str:
    """What kept a server from being reached, by the words of grpc for it, and what to do."""
    said = _bare(refused.error)
    key = next((key for words, key in _HANDSHAKES.items() if words in said), "")
    if key:
        return t(key)
    here = all(is_local(target.strip()) for target in refused.target.split(","))
    return t("refused.start") if here else t("refused.elsewhere")


def _code(refused: Refused) -> grpc.StatusCode:
    code = getattr(refused.error, "code", lambda: None)()
    return code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.UNKNOWN


def _details(refused: Refused, code: grpc.StatusCode) -> Iterator[str]:
    from google.rpc import error_details_pb2 as rpc
    from liancai.common.v1 import types_pb2
    from liancai.training.v1 import classes_pb2, enrolments_pb2

    from cli import decisions

    parts = list(_status_details(refused.error))
    info = next((info for part in parts if (info := _unpack(part, rpc.ErrorInfo))), rpc.ErrorInfo(reason=code.name))
    about = {"class_name": refused.class_name, **info.metadata}
    reason, numbers = info.reason, iter(about.get("refused", "").split(", "))
    accept: list[str] = []
    said = next((local.message for part in parts if (local := _unpack(part, rpc.LocalizedMessage))), "")
    yield t("refused.reason", reason=reason, words=said or _bare(refused.error) or t("refused.no_words"))
    if states := _states(reason, about):
        yield t("refused.states", states=states)
    for part in parts:
        if bad := _unpack(part, rpc.BadRequest):
            for violation in bad.field_violations:
                words = violation.localized_message.message or violation.description
                yield t("refused.field", field=_field(violation.field), words=words)
        elif decision := _unpack(part, enrolments_pb2.EnrolmentDecision):
            if number := next(numbers, ""):  # one of a party
                yield t("refused.member", number=number)
            yield from decisions.reasons(decision)
            accept += decisions.warnings(decision)
        elif finding := _unpack(part, types_pb2.Finding):
            yield t("refused.rule", code=finding.code, words=finding.message)
        elif clash := _unpack(part, classes_pb2.MoveClassResponse.Clash):
            yield t("refused.clash", enrolment=clash.enrolment, other_class=clash.other_class)
    if rest := list(filter(None, numbers)):  # a refusal has room for so many
        yield t("refused.members", numbers=", ".join(rest))
    yield from _next(reason, about | {"accept": decisions.accepting(accept)})


def _states(reason: str, about: Mapping[str, str]) -> str:
    """The states that a refusal such as STEP_STATE names, which are the contract's, with the words of the tables."""
    if not reason.endswith("_STATE"):
        return ""
    message = "".join(map(str.capitalize, reason.split("_")[:-1]))
    named = dict.fromkeys(filter(None, [about.get("state", ""), *about.get("allowed", "").split(", ")]))
    words = {name: t.word(f"value.{_ORDERS.get(message, message)}.State.{name}", "") for name in named}
    plain = {name: name.replace("_", " ").lower() for name in named}
    return ", ".join(f"{name} {word}" for name, word in words.items() if word not in ("", plain[name]))


def _field(path: str) -> str:
    """A field's path; one of a party is counted from one, as people count."""
    match = re.fullmatch(r"applicants\[(\d+)\]\.(\w+)", path)
    return t("refused.of_member", number=int(match[1]) + 1, field=heading(match[2])) if match else path


def _next(reason: str, about: Mapping[str, str]) -> Iterator[str]:
    """What to type next, where there is something that helps: a command with the names filled in."""
    for key in (f"next.{reason}", f"next.{reason}.accept"):
        words = t.word(key, "")
        needs = [name for _, name, _, _ in Formatter().parse(words) if name]
        if words and all(about.get(name) for name in needs):
            yield t("refused.next", words=words.format(**about))


def _bare(error: Any) -> str:
    return str(getattr(error, "details", lambda: "")() or "")


def _status_details(error: Any) -> Iterator[Any]:
    """The details of the status; none when the server sent none, or sent what cannot be read."""
    from grpc_status import rpc_status

    try:
        status = rpc_status.from_call(error)
    except (ValueError, DecodeError, AttributeError):
        return
    if status is not None:
        yield from status.details


def _unpack(detail: Any, kind: Any) -> Any:
    """The detail as a message of this kind; None when it is another, or cannot be read."""
    if not detail.Is(kind.DESCRIPTOR):
        return None
    message = kind()
    try:
        detail.Unpack(message)
    except DecodeError:
        return None
    return message
