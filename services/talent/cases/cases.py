"""Handlers of cases (个案)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import cases_pb2_grpc

from services.fields import read_credit_code
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import casefiles, queries
from services.talent.casefiles import CaseFile
from services.talent.cases import details
from services.talent.cases.ending import Ending
from services.talent.cases.intake import MOST_LEVELS, Intake, add, check_choice, read_open
from services.talent.cases.merging import merge, relate
from services.talent.cases.progress import ProgressDesk
from services.talent.cases.views import Views
from services.talent.casework.advancing import Desk
from services.talent.casework.editions import Editions
from services.talent.fields import read_words
from services.talent.queries import read_case
from services.talent.rules.states import CaseState
from services.talent.tables import CaseRow

EDITABLE = frozenset({"employer_credit_code", "employer_name", "brought_by", "levels"})

Change = Callable[[Tx, Desk], tuple[str, dict[str, Any]]]


class Cases(cases_pb2_grpc.CasesServicer):
    """Each mutating RPC is one transaction that holds the case."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._intake = Intake(database.vault, editions)
        self._views = Views(database.vault, editions)
        self._ending = Ending()
        self._progress = ProgressDesk(database, editions)

    def OpenCase(self, request: pb.OpenCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """With whatever can begin begun."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        now = self._database.clock()
        occurred, late_reason = reading.occurred(call, request, now)
        wanted = read_open(reading, call, request, day_of(now))
        reading.done()

        def work(tx: Tx) -> pb.Case:
            file = self._intake.open(tx, call, wanted, occurred, late_reason)
            tx.flush()
            return self._views.whole(tx.connection, call, file)

        return self._database.write(call, request, work, key="cases")

    def GetCase(self, request: pb.GetCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """One case with its matters."""
        call, reading = Call.of(context), Reading()
        number = read_case(reading, "name", request.name)
        reading.done()
        with self._database.glancing() as connection:
            return self._views.get(connection, call, number)

    def ListCases(self, request: pb.ListCasesRequest, context: grpc.ServicerContext) -> pb.ListCasesResponse:
        """A page of the cases within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked, reading = request.filter, Reading()
        wanted = details.selected().order_by(CaseRow.id.desc()).limit(page.size + 1)
        if states := reading.choices("filter.states", asked.states, pb.Case.State):
            wanted = wanted.where(CaseRow.state.in_(states))
        if owner := reading.text("filter.owner", asked.owner, 0, 200):
            wanted = wanted.where(CaseRow.owner == owner)
        if employer := reading.text("filter.employer_credit_code", asked.employer_credit_code, 0, 18):
            wanted = wanted.where(CaseRow.employer_credit_code == employer)
        if brought_by := reading.text("filter.brought_by", asked.brought_by, 0, 64):
            wanted = wanted.where(CaseRow.brought_by == brought_by)
        reading.done()
        if page.after is not None:
            wanted = wanted.where(CaseRow.id < page.after[0])
        with self._database.reading() as session:
            found = {
                row[0]: details.CaseDetail(*row)
                for part in queries.parts_of_reach(call)
                for row in session.execute(wanted.where(part))
            }
            rows = [found[number] for number in sorted(found, reverse=True)[: page.size + 1]]
            heads = self._views.heads(session.connection(), rows[: page.size])
        return pb.ListCasesResponse(
            cases=heads,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateCase(self, request: pb.UpdateCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """New values for the fields that the mask names."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number = read_case(reading, "case.name", request.case.name)
        asked = request.case
        paths = reading.mask(request.update_mask.paths, EDITABLE)
        code = asked.employer_credit_code
        values: dict[str, Any] = {
            "employer_credit_code": read_credit_code(reading, "case.employer_credit_code", code) if code else "",
            "employer_name": reading.text("case.employer_name", asked.employer_name, 0, 100),
            "brought_by": reading.text("case.brought_by", asked.brought_by, 1 if "brought_by" in paths else 0, 64),
            "levels": read_words(reading, "case.levels", asked.levels, MOST_LEVELS),
        }
        reading.done()

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            desk.file.values.update({path: values[path] for path in paths})
            return "case.updated", {"fields": sorted(paths)}

        return self._change(call, request, number, asked.etag, change)

    def AddMatter(self, request: pb.AddMatterRequest, context: grpc.ServicerContext) -> pb.Case:
        """One more matter."""
        call, reading = Call.of(context), Reading()

        def change(tx: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            matter = add(tx, desk, *check_choice(tx, desk.file, desk.edition, request.matter))
            desk.settle()
            return "matter.added", {"matter": matter.key}

        return self._act(call, request, reading, change)

    def WithdrawMatter(self, request: pb.WithdrawMatterRequest, context: grpc.ServicerContext) -> pb.Case:
        """One matter less."""
        return self._act(*self._ending.withdraw(Call.of(context), request))

    def CloseMatter(self, request: pb.CloseMatterRequest, context: grpc.ServicerContext) -> pb.Case:
        """Refused, or not required."""
        return self._act(*self._ending.close_matter(Call.of(context), request))

    def CloseCase(self, request: pb.CloseCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """Open -> closed."""
        return self._act(*self._ending.close(Call.of(context), request))

    def ReopenCase(self, request: pb.ReopenCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """Closed -> open."""
        return self._act(*self._ending.reopen(Call.of(context), request), allowed=CaseState.CLOSED)

    def RelateCase(self, request: pb.RelateCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """To another case."""
        call, reading = Call.of(context), Reading()
        return self._act(call, request, reading, relate(reading, request))

    def MergeCase(self, request: pb.MergeCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """Into another case."""
        call, reading = Call.of(context), Reading()
        number, into = read_case(reading, "name", request.name), read_case(reading, "into", request.into)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.request_id(request.request_id)
        if number and number == into:
            reading.wrong("into", "FIELD_OTHER_CASE")
        reading.done()

        def work(tx: Tx) -> pb.Case:
            file = merge(tx, call, self._editions, (number, request.etag), into, reason)
            tx.flush()
            return self._views.whole(tx.connection, call, file)

        return self._database.write(call, request, work, key=f"cases/{into}")

    def AssignCase(self, request: pb.AssignCaseRequest, context: grpc.ServicerContext) -> pb.Case:
        """Another first-contact owner."""
        call, reading = Call.of(context), Reading()
        owner = reading.text("owner", request.owner, 1, 200)
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            before = desk.file.owner
            desk.file.values["owner"] = owner
            for step in desk.file.steps:
                desk.file.touch(step, desk.now, owner=owner)
            return "case.assigned", {"reason": reason, "noted": {"from": before, "to": owner}}

        return self._act(call, request, reading, change)

    def QueryProgress(self, request: pb.QueryProgressRequest, context: grpc.ServicerContext) -> pb.Progress:
        """States and nothing else."""
        return self._progress.query(Call.of(context), request)

    def _act(
        self, call: Call, request: Any, reading: Reading, change: Change, *, allowed: CaseState = CaseState.OPEN
    ) -> pb.Case:
        """A change that wants the case, or one of its matters, and nothing else that is not read yet."""
        name = request.name.partition("/matters/")[0]
        number = read_case(reading, "name", name)
        reading.request_id(request.request_id)
        now = self._database.clock()
        occurred, late_reason = reading.occurred(call, request, now) if hasattr(request, "occur_time") else (now, "")
        reading.done()
        return self._change(call, request, number, request.etag, change, occurred, late_reason, allowed)

    def _change(
        self, call: Call, request: Any, number: str, etag: str, change: Change, occurred: Any = None,
        late_reason: str = "", allowed: CaseState = CaseState.OPEN,
    ) -> pb.Case:  # fmt: skip
        def work(tx: Tx) -> pb.Case:
            file = queries.for_change(tx, call, number, etag)
            require_state(file, allowed)
            casefiles.read_ledgers(tx.connection, {file.id: file}, file.steps)
            desk = self._editions.desk(tx.session, call, file, tx.now, occurred or tx.now)
            event, told = change(tx, desk)
            file.values.setdefault("update_time", tx.now)
            desk.record(tx, event, late_reason=late_reason, **told)
            casefiles.write(tx, [file])
            tx.flush()
            return self._views.whole(tx.connection, call, file)

        return self._database.write(call, request, work, key=f"cases/{number}")


def require_state(file: CaseFile, allowed: CaseState) -> None:
    """Raises Refused CASE_STATE unless the case is in this state."""
    if file.state != allowed:
        raise Refused("CASE_STATE", case_name=file.name, state=file.state, allowed=allowed)
