"""Who may do what to an exchange and to a secondment (挂职), RPC by RPC: the policies and a running server."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message_factory import GetMessageClass
from liancai.placement.v1 import placements_pb2 as pb

from docs import policies
from docs.policies import ENTERPRISE, HOME, INSTITUTION, PARTNER, POST_STANDPOINTS, Answer
from services import host
from services.platform.identity import issue
from services.platform.policy import Policy
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import Post, a_placement
from tests.platform.policy_tables import EXPECTED, EXPECTED_OF_SECONDMENTS
from tests.platform.test_policy_table import STALE, as_expected, has_handler
from tests.test_contract import PATHS, RPCS

ASKED = [rpc for rpc in RPCS if policies.standpoints(rpc) is POST_STANDPOINTS]
TABLES = {"EXCHANGE": EXPECTED, "SECONDMENT": EXPECTED_OF_SECONDMENTS}
ROLES = {"EXCHANGE": "science_officer", "SECONDMENT": "organisation_officer"}
NAME = "样例丙丁"
LISTS = ("ListPlacements", "SearchPlacements")
Ask = Callable[[MethodDescriptor, str, str], tuple[grpc.StatusCode, bytes]]


def ours(kind: str) -> pb.Placement:
    """From the enterprise of Gaotang to the institution of Shizhong."""
    return a_placement(
        kind=Post.Kind.Value(kind), full_name=NAME, home_unit_credit_code=ENTERPRISE, division=HOME,
        host_credit_code=INSTITUTION, host_division=PARTNER,
    )  # fmt: skip


@pytest.fixture(scope="module")
def names(new_desk: NewDesk) -> dict[str, str]:
    """One of each kind."""
    made = {}
    for kind, role in ROLES.items():
        request = pb.CreatePlacementRequest(placement=ours(kind), request_id=request_id())
        made[kind] = new_desk(HOME, role).placements.CreatePlacement(request).name
    return made


def filled(rpc: MethodDescriptor, kind: str, name: str) -> Any:
    """A request that is good but for its etag: each field by its name."""
    message: Any = GetMessageClass(rpc.input_type)()
    values = {
        "name": name,
        "etag": STALE,
        "request_id": request_id(),
        "reason": "说明理由",
        "purpose": "核对身份",
        "query": NAME,
        "begun_on": "2026-11-20",
        "ended_on": "2026-11-21",
        "end_date": "2028-01-01",
    }
    for field in rpc.input_type.fields:
        if field.type != FieldDescriptor.TYPE_MESSAGE and field.name in values:
            setattr(message, field.name, values[field.name])
    if rpc.name == "CreatePlacement":
        message.placement.CopyFrom(ours(kind))
    elif rpc.name == "UpdatePlacement":
        message.placement.CopyFrom(pb.Placement(name=name, etag=STALE, post="另一岗位"))
        message.update_mask.CopyFrom(FieldMask(paths=["post"]))
    elif rpc.name == "AddPlacementReport":
        message.report.CopyFrom(pb.PlacementReport(first_day="2026-11-20", last_day="2026-11-20", text="调试"))
    return message


@pytest.fixture(scope="module")
def ask(grpc_channel: grpc.Channel, settings: host.Settings, names: dict[str, str]) -> Ask:
    """Asks an RPC about one of a kind from a standpoint: the code, and the reply as bytes."""

    @functools.cache
    def token(who: str) -> str:
        return issue(host.local_key(settings), POST_STANDPOINTS[who], valid_for=timedelta(hours=1))

    def asked(rpc: MethodDescriptor, kind: str, who: str) -> tuple[grpc.StatusCode, bytes]:
        raw = filled(rpc, kind, names[kind]).SerializeToString()
        try:
            call = grpc_channel.unary_unary(PATHS[rpc.full_name])
            return grpc.StatusCode.OK, call(raw, metadata=(("authorization", f"Bearer {token(who)}"),), timeout=30)
        except grpc.RpcError as error:
            return error.code(), b""

    return asked


def test_every_rpc_has_a_line_for_a_secondment() -> None:
    assert EXPECTED_OF_SECONDMENTS.keys() == {rpc.name for rpc in ASKED}


def differences(policy: Policy, kind: str) -> list[str]:
    """Where the policies decide otherwise than the table."""
    return [
        f"{rpc.name}, {who}: {found}"
        for rpc in ASKED
        for who, caller in POST_STANDPOINTS.items()
        if (found := policies.answer(policy, rpc, caller, kind)) is not TABLES[kind][rpc.name][who]
    ]


@pytest.mark.parametrize("kind", TABLES)
def test_the_policies_decide_as_the_table_says(kind: str) -> None:
    assert differences(policies.policy(), kind) == []


def test_a_policy_that_lets_another_role_change_a_secondment_is_noticed() -> None:
    """The negative control: what keeps secondments from the science bureau is taken out."""
    text = "\n".join(
        path.read_text("utf-8") for path in (host.HERE / "policy.cedar", *(p.policy for p in host.parts()))
    )
    loose = text.replace('resource.kind == "SECONDMENT" ||', "false ||")
    assert loose != text
    assert {each.partition(":")[0].partition(", ")[2] for each in differences(Policy(loose), "SECONDMENT")} == {
        *("science, home", "science, host"),
    }
    assert differences(Policy(loose), "EXCHANGE") == []


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("rpc", ASKED, ids=lambda rpc: rpc.name)
def test_the_server_answers_as_the_table_says(
    rpc: MethodDescriptor, kind: str, ask: Ask, names: dict[str, str]
) -> None:
    assert has_handler(rpc), "declared and not served"
    mark = names[kind].encode() if rpc.name in LISTS else b""
    # whoever may do it comes last: what is done then is not in the others' way
    wrong = []
    for who, expected in sorted(TABLES[kind][rpc.name].items(), key=lambda item: item[1] is Answer.YES):
        code, reply = ask(rpc, kind, who)
        if not as_expected(expected, code, reply, mark):
            wrong.append(f"{who}: {code.name}, expected {expected}")
    assert not wrong, f"{rpc.name}: {wrong}"


@pytest.mark.parametrize("kind", TABLES)
def test_a_server_with_another_policy_would_not_pass(
    ask: Ask, kind: str, grpc_interceptors: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: everybody may do everything."""
    monkeypatch.setattr(grpc_interceptors[0], "_policy", Policy("permit (principal, action, resource);"))
    for rpc in ASKED:
        if TABLES[kind][rpc.name]["supervisor"] is Answer.NO:
            assert not as_expected(Answer.NO, *ask(rpc, kind, "supervisor"), b""), rpc.name
