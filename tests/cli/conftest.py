"""A real gRPC server in the process, whose services answer what a test gives them and remember what they got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from liancai.placement.v1 import (
    assignments_pb2_grpc,
    commissioners_pb2_grpc,
    evaluations_pb2_grpc,
    imports_pb2_grpc,
    jobs_pb2_grpc,
    placements_pb2_grpc,
    plans_pb2_grpc,
    requests_pb2_grpc,
    service_agreements_pb2_grpc,
    technology_transfers_pb2_grpc,
    visits_pb2_grpc,
)
from liancai.placement.v1 import (
    audit_pb2_grpc as placement_audit_pb2_grpc,
)
from liancai.placement.v1 import (
    events_pb2_grpc as dispatch_events_pb2_grpc,
)
from liancai.reference.v1 import reference_pb2_grpc
from liancai.talent.v1 import (
    audit_pb2_grpc as talent_audit_pb2_grpc,
)
from liancai.talent.v1 import (
    bulk_pb2_grpc,
    cases_pb2_grpc,
    catalogue_pb2_grpc,
    children_pb2_grpc,
    complaints_pb2_grpc,
    desks_pb2_grpc,
    documents_pb2_grpc,
    handovers_pb2_grpc,
    logs_pb2_grpc,
    notes_pb2_grpc,
    ratings_pb2_grpc,
    recalculation_pb2_grpc,
    statistics_pb2_grpc,
    steps_pb2_grpc,
    supervision_pb2_grpc,
    worklist_pb2_grpc,
)
from liancai.talent.v1 import (
    events_pb2_grpc as case_events_pb2_grpc,
)
from liancai.training.v1 import (
    agreements_pb2_grpc,
    audit_pb2_grpc,
    classes_pb2_grpc,
    enrolments_pb2_grpc,
    events_pb2_grpc,
    institutions_pb2_grpc,
    orders_pb2_grpc,
    quotas_pb2_grpc,
    registers_pb2_grpc,
    rosters_pb2_grpc,
    waitlist_pb2_grpc,
)

from cli.app import main

SERVICES = [
    (reference_pb2_grpc, "Reference"),
    (orders_pb2_grpc, "Orders"),
    (agreements_pb2_grpc, "Agreements"),
    (institutions_pb2_grpc, "Institutions"),
    (classes_pb2_grpc, "Classes"),
    (enrolments_pb2_grpc, "Enrolments"),
    (waitlist_pb2_grpc, "Waitlist"),
    (quotas_pb2_grpc, "Quotas"),
    (rosters_pb2_grpc, "Rosters"),
    (registers_pb2_grpc, "Registers"),
    (audit_pb2_grpc, "AuditTrail"),
    (catalogue_pb2_grpc, "Catalogues"),
    (cases_pb2_grpc, "Cases"),
    (steps_pb2_grpc, "Steps"),
    (documents_pb2_grpc, "Documents"),
    (worklist_pb2_grpc, "Worklist"),
    (recalculation_pb2_grpc, "Recalculations"),
    (handovers_pb2_grpc, "Handovers"),
    (children_pb2_grpc, "Children"),
    (supervision_pb2_grpc, "Supervision"),
    (statistics_pb2_grpc, "Statistics"),
    (logs_pb2_grpc, "CaseLogs"),
    (bulk_pb2_grpc, "Bulk"),
    (bulk_pb2_grpc, "Jobs"),
    (desks_pb2_grpc, "Desks"),
    (notes_pb2_grpc, "Notes"),
    (ratings_pb2_grpc, "Ratings"),
    (complaints_pb2_grpc, "Complaints"),
    (talent_audit_pb2_grpc, "CaseTrail"),
    (case_events_pb2_grpc, "CaseEvents"),
    (commissioners_pb2_grpc, "Commissioners"),
    (imports_pb2_grpc, "CommissionerImports"),
    (requests_pb2_grpc, "Requests"),
    (placements_pb2_grpc, "Placements"),
    (placement_audit_pb2_grpc, "PlacementTrail"),
    (service_agreements_pb2_grpc, "ServiceAgreements"),
    (assignments_pb2_grpc, "Assignments"),
    (visits_pb2_grpc, "Visits"),
    (technology_transfers_pb2_grpc, "TechnologyTransfers"),
    (evaluations_pb2_grpc, "Evaluations"),
    (plans_pb2_grpc, "Plans"),
    (jobs_pb2_grpc, "PlacementJobs"),
    (dispatch_events_pb2_grpc, "DispatchEvents"),
    (events_pb2_grpc, "Events"),
]


@dataclass
class Result:
    """What one command came to."""

    code: int
    out: str
    err: str


@dataclass
class Server:
    """The server: `answers` by method name, or by service and method, `calls` in order of arrival."""

    target: str = ""
    answers: dict[str, Callable[[Any, grpc.ServicerContext], Any]] = field(default_factory=dict)
    calls: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)

    def handler(self, service: str, method: str) -> Callable[..., Any]:
        """Answers one method and remembers the request; a stream is the answer's to read."""

        def answer(_: Any, request: Any, context: grpc.ServicerContext) -> Any:
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self.calls.append((method, request, metadata))
            name = f"{service}.{method}"
            return self.answers[name if name in self.answers else method](request, context)

        return answer

    def requests(self, method: str) -> list[Any]:
        """Every request of one method."""
        return [request for name, request, _ in self.calls if name == method]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port of this machine."""
    made = Server()
    running = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    for module, service in SERVICES:
        base = getattr(module, f"{service}Servicer")
        methods = {name: made.handler(service, name) for name in vars(base) if not name.startswith("_")}
        getattr(module, f"add_{service}Servicer_to_server")(type(service, (base,), methods)(), running)
    made.target = f"127.0.0.1:{running.add_insecure_port('127.0.0.1:0')}"
    running.start()
    yield made
    running.stop(0).wait()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No setting and no token of the machine the tests run on."""
    for name in ("TARGET", "TOKEN", "TOKEN_FILE", "TLS_CA", "LANG", "DEBUG"):
        monkeypatch.delenv(f"LIANCAI_{name}", raising=False)
    monkeypatch.setenv("LIANCAI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs one command as the shell would."""

    def command(*words: str) -> Result:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return command


@pytest.fixture
def liancai(run: Callable[..., Result], server: Server) -> Callable[..., Result]:
    """Runs one command against the server."""
    return lambda *words: run("--target", server.target, *words)
