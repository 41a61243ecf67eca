"""The contract as a whole: every RPC says what it does, is served, is denied by default; refusals have their words."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from liancai.common.v1 import access_pb2
from liancai.placement.v1 import errors_pb2 as placement_errors
from liancai.talent.v1 import errors_pb2 as talent_errors
from liancai.training.v1 import errors_pb2 as training_errors

from services import host
from services.platform.boundary import Method, methods
from services.platform.identity import Caller
from services.platform.policy import Policy, Scope
from tests.conftest import fresh_settings, token_of

ROOT = Path(__file__).parents[1]
PROTOS = sorted((ROOT / "protos").rglob("*.proto"))
POLICIES = [ROOT / "services" / "policy.cedar", *(part.policy for part in host.parts())]
CEDAR = "\n".join(path.read_text(encoding="utf-8") for path in POLICIES)
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "services").rglob("*.py")))
RPCS: list[MethodDescriptor] = [
    rpc for file in host.contract(host.parts()) for service in file.services_by_name.values() for rpc in service.methods
]
_NAMES = Counter(rpc.name for rpc in RPCS)
PATHS = {rpc.full_name: f"/{rpc.containing_service.full_name}/{rpc.name}" for rpc in RPCS}
REASONS = [
    (service, value.name)
    for service, module in (
        ("training", training_errors),
        ("talent", talent_errors),
        ("placement", placement_errors),
    )
    for value in module.ErrorReason.DESCRIPTOR.values
    if value.number
]
ROLES = (
    *("hr_officer", "enterprise", "institution", "supervisor", "auditor"),
    *("caseworker", "bureau", "catalogue_editor", "science_officer", "organisation_officer"),
)


def called(rpc: MethodDescriptor) -> str:
    """What tests call an RPC: by its name, after that of its service where another one has the same."""
    return rpc.name if _NAMES[rpc.name] == 1 else f"{rpc.containing_service.name}.{rpc.name}"


BY_NAME = {called(rpc): rpc for rpc in RPCS}
PUBLIC = {rpc.full_name for rpc in RPCS if rpc.GetOptions().Extensions[access_pb2.access].public}


@pytest.fixture(scope="module")
def channel(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[grpc.Channel, host.Settings]]:
    """A server with the production wiring."""
    settings = fresh_settings(request, tmp_path_factory, "sqlite")
    with host.opened(host.parts(), settings, host.open_vault(settings)) as databases, ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, interceptors=[host.boundary(host.parts(), host.open_identity(settings))])
        host.mount(host.parts(), databases, settings, server)
        address = f"unix:{tmp_path_factory.mktemp('c')}/s"
        server.add_insecure_port(address)
        server.start()
        with grpc.insecure_channel(address) as opened:
            yield opened, settings
        server.stop(0).wait()


def ask(channel: grpc.Channel, rpc: MethodDescriptor, metadata: list[tuple[str, str]], raw: bytes = b"") -> None:
    """Sends a request, an empty one unless given, to any RPC."""
    if rpc.client_streaming:
        list(channel.stream_stream(PATHS[rpc.full_name])(iter([raw]), metadata=metadata, timeout=10))
    elif rpc.server_streaming:
        next(watched := channel.unary_stream(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=10))
        watched.cancel()
    else:
        channel.unary_unary(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=10)


def refusal(channel: grpc.Channel, rpc: MethodDescriptor, token: str | None) -> tuple[grpc.StatusCode, str]:
    """How an empty request to any RPC is refused: its code and reason."""
    metadata = [("authorization", f"Bearer {token}")] if token is not None else []
    with pytest.raises(grpc.RpcError) as refused:
        ask(channel, rpc, metadata)
    status = rpc_status.from_call(refused.value)
    assert status is not None, f"{refused.value.code()} without details"
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return refused.value.code(), info.reason


def test_every_service_of_every_proto_is_served_by_a_host() -> None:
    declared = {
        f"{re.search(r'^package (.+);', text, re.M)[1]}.{name}"  # type: ignore[index]
        for text in (path.read_text(encoding="utf-8") for path in PROTOS)
        for name in re.findall(r"^service (\w+)", text, re.M)
    }
    assert declared == {rpc.containing_service.full_name for rpc in RPCS}


@pytest.mark.parametrize("rpc", RPCS, ids=called)
def test_every_rpc_names_its_action_and_resource(rpc: MethodDescriptor) -> None:
    access = rpc.GetOptions().Extensions[access_pb2.access]
    assert re.fullmatch(rf"{rpc.containing_service.file.package.split('.')[1]}(\.[a-z]+)+", access.action)
    assert re.fullmatch(r"[A-Z][A-Za-z]+", access.resource)


@pytest.mark.parametrize("rpc", RPCS, ids=called)
def test_every_rpc_has_a_policy_that_lets_somebody_in(rpc: MethodDescriptor) -> None:
    action = rpc.GetOptions().Extensions[access_pb2.access].action
    assert f'Action::"{action}"' in CEDAR
    scope = Scope(("371526",), ("unit",))
    places = ("371526", "371500")  # some acts are those of the city
    callers = [Caller("somebody", "unit", place, frozenset({role})) for role in ROLES for place in places]
    assert any(Policy(CEDAR).may(caller, action, scope) for caller in callers)


def test_every_action_of_the_policies_is_asked_for_somewhere() -> None:
    named = set(re.findall(r'Action::"([^"]+)"', CEDAR))
    asked = {rpc.GetOptions().Extensions[access_pb2.access].action for rpc in RPCS}
    # asked by Call.may, not by an RPC of its own
    assert named - asked == {"training.backdate", "talent.backdate"}
    assert '.backdate"' in SOURCES


@pytest.mark.parametrize("rpc", RPCS, ids=called)
def test_every_rpc_is_unauthenticated_without_a_token(
    rpc: MethodDescriptor, channel: tuple[grpc.Channel, host.Settings]
) -> None:
    for token in (None, "", "nonsense"):
        if rpc.full_name in PUBLIC and not token:
            # whoever has no token gets past the door, and is asked for what they know
            assert refusal(channel[0], rpc, token)[0] is grpc.StatusCode.INVALID_ARGUMENT
            continue
        assert refusal(channel[0], rpc, token) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


def test_two_rpcs_alone_are_open_to_those_without_a_token() -> None:
    assert {"liancai.talent.v1.Cases.QueryProgress", "liancai.talent.v1.Ratings.RateMatter"} == PUBLIC


@pytest.mark.parametrize("rpc", RPCS, ids=called)
def test_every_rpc_is_denied_to_a_role_that_no_policy_knows(
    rpc: MethodDescriptor, channel: tuple[grpc.Channel, host.Settings]
) -> None:
    token = token_of(channel[1], roles=("visitor",))
    if PATHS[rpc.full_name].startswith("/liancai.reference."):
        # the civic vocabulary is open to whoever has a token: an empty look-up gets past the door
        caller = Caller("visitor", "", "371526", frozenset({"visitor"}))
        assert Policy(CEDAR).may_ever(caller, "reference.read")
        return
    if rpc.full_name in PUBLIC:
        return
    assert refusal(channel[0], rpc, token) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")


@pytest.mark.parametrize("rpc", RPCS, ids=called)
def test_every_rpc_has_a_handler(rpc: MethodDescriptor, channel: tuple[grpc.Channel, host.Settings]) -> None:
    metadata = [("authorization", f"Bearer {token_of(channel[1], roles=ROLES, division='371500')}")]
    code = grpc.StatusCode.OK
    try:
        ask(channel[0], rpc, metadata)
    except grpc.RpcError as refused:
        code = refused.code()
    assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


def test_an_rpc_that_the_contract_does_not_know_is_denied_to_everybody(
    channel: tuple[grpc.Channel, host.Settings], tmp_path: Path
) -> None:
    known = methods(host.contract(host.parts()))
    forgotten = PATHS["liancai.training.v1.Orders.GetOrder"]
    wall = host.boundary(host.parts(), host.open_identity(channel[1]))
    wall._known = {path: method for path, method in known.items() if path != forgotten}
    handler = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    generic = grpc.method_handlers_generic_handler("liancai.training.v1.Orders", {"GetOrder": handler})
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, handlers=[generic], interceptors=[wall])
        server.add_insecure_port(f"unix:{tmp_path}/s")
        server.start()
        with grpc.insecure_channel(f"unix:{tmp_path}/s") as other:
            assert refusal(other, BY_NAME["GetOrder"], token_of(channel[1]))[0] is grpc.StatusCode.PERMISSION_DENIED
        server.stop(0).wait()


def an_rpc(access: str) -> FileDescriptor:
    """A file with one RPC whose access option is as given."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"bare{len(access)}.proto", package="liancai.bare.v1", syntax="proto3"
    )
    file.dependency.append("liancai/common/v1/access.proto")
    file.message_type.add(name="Nothing")
    rpc = file.service.add(name="Bare").method.add(name="Do")
    rpc.input_type = rpc.output_type = ".liancai.bare.v1.Nothing"
    if "action" in access:
        rpc.options.Extensions[access_pb2.access].action = "bare.do"
    if "resource" in access:
        rpc.options.Extensions[access_pb2.access].resource = "Nothing"
    pool = descriptor_pool.DescriptorPool()
    for needed in (descriptor_pb2.DESCRIPTOR, access_pb2.DESCRIPTOR):
        pool.AddSerializedFile(needed.serialized_pb)
    return pool.AddSerializedFile(file.SerializeToString()) or pool.FindFileByName(file.name)


@pytest.mark.parametrize("access", ["", "action", "resource"])
def test_an_rpc_that_does_not_say_all_of_its_access_stops_the_host(access: str) -> None:
    with pytest.raises(ValueError, match=r"liancai\.bare\.v1\.Bare\.Do has no \(liancai\.common\.v1\.access\)"):
        methods([an_rpc(access)])


READS = re.compile("Get|List|Check|Explain|Search|Watch|Lint|Diff|Simulate|Query|Export|Compare")
OURS = [rpc for rpc in RPCS if rpc.containing_service.name != "Reference"]  # which is looked up and has no rows


@pytest.mark.parametrize("rpc", OURS, ids=called)
def test_what_changes_something_is_made_once_and_seen_first(rpc: MethodDescriptor) -> None:
    asked = rpc.input_type
    fields = set((asked.fields_by_name["header"].message_type if rpc.client_streaming else asked).fields_by_name)
    assert ("request_id" in fields) is not bool(READS.match(rpc.name))
    if "request_id" in fields and "name" in fields and "purpose" not in fields:  # AIP-154; to reveal changes nothing
        assert "etag" in fields
    if "update_mask" in fields:
        (changed,) = (
            field.message_type for field in asked.fields if field.message_type and field.name != "update_mask"
        )
        assert "etag" in changed.fields_by_name


@pytest.mark.parametrize("rpc", [rpc for rpc in OURS if re.match("List|Search", rpc.name)], ids=called)
def test_every_list_comes_in_pages(rpc: MethodDescriptor) -> None:
    assert {"page_size", "page_token"} <= set(rpc.input_type.fields_by_name)
    assert "next_page_token" in rpc.output_type.fields_by_name
    assert sum(field.is_repeated for field in rpc.output_type.fields) == 1


def test_every_path_is_known_to_the_boundary_with_the_service_that_answers_for_it() -> None:
    known = methods(host.contract(host.parts()))
    assert set(known) == set(PATHS.values())
    assert {method.service for method in known.values()} == {"training", "talent", "placement", "reference"}
    assert all(isinstance(method, Method) and method.reply for method in known.values())


@pytest.mark.parametrize(("service", "reason"), REASONS)
def test_every_reason_has_words_and_is_given_somewhere(service: str, reason: str) -> None:
    texts = tomllib.loads((ROOT / "services" / service / "texts.toml").read_text(encoding="utf-8"))
    assert set(texts[reason]) == {"zh", "en"}
    assert f'"{reason}"' in SOURCES, f"{reason} is never given"


@pytest.mark.parametrize(("service", "reason"), REASONS)
def test_the_metadata_of_a_reason_is_what_the_contract_says(service: str, reason: str) -> None:
    text = (ROOT / f"protos/liancai/{service}/v1/errors.proto").read_text(encoding="utf-8")
    found = re.search(rf"// (?P<comment>[^\n]*(?:\n\s*//[^\n]*)*)\n\s*{reason} = ", text)
    assert found is not None
    said = re.search(r"Metadata: ([\w, ]+)\.", found["comment"])
    assert said is not None
    declared = set(said[1].split(", "))
    sentences = tomllib.loads((ROOT / "services" / service / "texts.toml").read_text(encoding="utf-8"))[reason]
    for sentence in sentences.values():
        assert set(re.findall(r"{(\w+)}", sentence)) <= declared
    for call in re.findall(rf'"{reason}",([^)]*(?:\([^)]*\)[^)]*)*)\)', SOURCES):
        given = set(re.findall(r"\b(\w+)=", call)) - {"details", "violations"}
        assert given <= declared, call


def test_the_statuses_of_the_contract_are_the_ones_faults_are_sent_with() -> None:
    by_code = {"FAILED_PRECONDITION": "Refused", "ALREADY_EXISTS": "Exists", "INVALID_ARGUMENT": "Invalid"}
    by_code |= {"RESOURCE_EXHAUSTED": "TooMuch", "DATA_LOSS": "Damaged"}
    for service, reason in REASONS:
        text = (ROOT / f"protos/liancai/{service}/v1/errors.proto").read_text(encoding="utf-8")
        found = re.search(rf"// ([A-Z_]+)\. [^=]*?\n\s*{reason} = ", text)
        assert found is not None, reason
        assert re.search(rf'{by_code[found[1]]}\(\s*(reason=)?"{reason}"', SOURCES), f"{reason} is not {found[1]}"


COMMENTED = re.compile(
    r"^\s*(?:rpc|message|enum|service|oneof|(?:repeated |optional )?[\w.<>, ]+ \w+ = \d+|\w+ = \d+)\b.*[;{}]\s*$"
)


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_every_declaration_of_a_proto_has_a_comment(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if COMMENTED.match(line) and not before.strip().startswith("//")
    ]
    assert not bare


def test_buf_finds_nothing_to_say_about_the_contract() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("buf"), "lint"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


def test_a_declaration_without_a_comment_is_noticed() -> None:
    declared = ("string name = 1;", "message Order {", "rpc GetOrder(A) returns (B) {", "DRAFT = 1;")
    for line in (*declared, "  repeated Order orders = 1;", "  map<string, string> inputs = 2;"):
        assert COMMENTED.match(line), line
    for line in ("// string name = 1;", "option (x) = {", "}", '      action: "a"', 'syntax = "proto3";', "  }"):
        assert not COMMENTED.match(line), line
