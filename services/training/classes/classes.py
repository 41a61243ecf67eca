"""Handlers of classes (培训班): made, read, changed; their filing and opening are in modules of their own."""

from __future__ import annotations

import secrets
from typing import Any

import grpc
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import classes_pb2_grpc
from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training import messages, queries
from services.training.agreements import covering
from services.training.classes.circumstances import Circumstances
from services.training.classes.fields import EDITABLE, FIXED, read_class, read_sessions, sessions_of, store_sessions
from services.training.classes.filing import Filing
from services.training.classes.opening import Opening
from services.training.classes.steps import require_order, require_state
from services.training.rules import states
from services.training.rules.states import CLASS_VERBS, ClassState, OrderState
from services.training.tables import ClassRow, OrderRow


class Classes(classes_pb2_grpc.ClassesServicer):
    """A class holds seats of its order from its filing to its end; each change of either is one transaction."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._filing = Filing(database, pack)
        self._opening = Opening(database, pack)
        self._circumstances = Circumstances(database, pack)
        self._pack = pack

    def CreateClass(self, request: pb.CreateClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """A draft; it holds no seats yet."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        asked = request.training_class
        order_name = reading.name("training_class.order", asked.order, "orders")
        values = read_class(reading, asked)
        planned = read_sessions(reading, asked, values["start_date"], values["end_date"])
        reading.done()

        def work(tx: Tx) -> pb.Class:
            order = self._order_for(tx, call, order_name, values["institution_credit_code"])
            number = queries.next_number(tx, f"classes/{day_of(tx.now):%Y%m}")
            row = ClassRow(
                id=number,
                state=ClassState.DRAFT,
                order_id=order.id,
                division=order.division,
                partner_division=order.partner_division,
                enterprise_credit_code=order.enterprise_credit_code,
                occupation_code=order.occupation_code,
                skill_level=order.skill_level,
                certificate_level=order.certificate_level,
                lottery_seed=secrets.token_hex(8),
                create_time=tx.now,
                update_time=tx.now,
                remarks=[],
                gaps=[],
                **values,
            )
            call.require(queries.scope_of(row), order_name)
            tx.session.add(row)
            tx.session.flush()
            sessions = store_sessions(tx, number, row.institution_credit_code, planned)
            tx.record(call, f"classes/{number}", event="class.created", detail=_created(row))
            return messages.training_class(call, row, sessions)

        return self._database.write(call, request, work, key=order_name)

    def GetClass(self, request: pb.GetClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """One class with its timetable."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "classes")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, ClassRow, request.name)
            return messages.training_class(call, row, sessions_of(session, row.id))

    def ListClasses(self, request: pb.ListClassesRequest, context: grpc.ServicerContext) -> pb.ListClassesResponse:
        """A page of the classes within reach, newest first, without timetables."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked = request.filter
        wanted = select(ClassRow).where(queries.within_reach(call, ClassRow)).order_by(ClassRow.id.desc())
        reading = Reading()
        if states_asked := reading.choices("filter.states", asked.states, pb.Class.State):
            wanted = wanted.where(ClassRow.state.in_(states_asked))
        if order := reading.optional_name("filter.order", asked.order, "orders"):
            wanted = wanted.where(ClassRow.order_id == order.partition("/")[2])
        if institution := reading.text("filter.institution_credit_code", asked.institution_credit_code, 0, 18):
            wanted = wanted.where(ClassRow.institution_credit_code == institution)
        reading.done()
        if page.after is not None:
            wanted = wanted.where(ClassRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListClassesResponse(
            classes=[messages.training_class(call, row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateClass(self, request: pb.UpdateClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """New values for the fields the mask names; a filing that was under review is filed anew."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        reading.name("training_class.name", request.training_class.name, "classes")
        paths = reading.mask(request.update_mask.paths, EDITABLE | FIXED)
        reading.done()
        name = request.training_class.name

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, name, request.training_class.etag)
            require_state(row, CLASS_VERBS["update"][0])
            wished = messages.training_class(call, row, sessions_of(tx.session, row.id))
            fixed = {path: getattr(wished, path) for path in FIXED}
            request.update_mask.MergeMessage(
                request.training_class, wished, replace_message_field=True, replace_repeated_field=True
            )
            checked = Reading()
            for path in FIXED & set(paths):
                if getattr(wished, path) != fixed[path]:
                    checked.wrong("update_mask", "FIELD_NOT_EDITABLE", path=path)
            values = read_class(checked, wished)
            planned = read_sessions(checked, wished, values["start_date"], values["end_date"])
            checked.done()
            held = row.capacity if row.state in states.HOLDS_SEATS else 0
            if "sessions" in paths:
                store_sessions(tx, row.id, row.institution_credit_code, planned)
                values["timetable_version"] = row.timetable_version + 1
            _set(row, {**values, "update_time": tx.now})
            tx.session.flush()
            if held:
                _set(row, self._filing.take(tx, row, held=held))
                tx.session.flush()
            detail = {"fields": sorted(paths), "state": row.state, "capacity": row.capacity}
            tx.record(call, name, event="class.updated", detail=detail)
            tx.session.refresh(row)
            return messages.training_class(call, row, sessions_of(tx.session, row.id))

        return self._database.write(call, request, work, key=name)

    def CheckFiling(self, request: pb.CheckFilingRequest, context: grpc.ServicerContext) -> pb.FilingReport:
        """What a filing lacks."""
        return self._filing.check(Call.of(context), request)

    def FileClass(self, request: pb.FileClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Draft or returned -> filed."""
        return self._filing.file(Call.of(context), request)

    def ReviewClass(self, request: pb.ReviewClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Filed -> reviewed."""
        return self._filing.review(Call.of(context), request)

    def ReturnClass(self, request: pb.ReturnClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Filed or reviewed -> returned."""
        return self._filing.send_back(Call.of(context), request)

    def ApproveClass(self, request: pb.ApproveClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Reviewed -> approved."""
        return self._filing.approve(Call.of(context), request)

    def OpenClass(self, request: pb.OpenClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Approved -> open."""
        return self._opening.open(Call.of(context), request)

    def ChangeClassCapacity(self, request: pb.ChangeClassCapacityRequest, context: grpc.ServicerContext) -> pb.Class:
        """Another capacity."""
        return self._opening.change_capacity(Call.of(context), request)

    def MoveClass(self, request: pb.MoveClassRequest, context: grpc.ServicerContext) -> pb.MoveClassResponse:
        """Other days, hours or rooms."""
        return self._circumstances.move(Call.of(context), request)

    def SplitClass(self, request: pb.SplitClassRequest, context: grpc.ServicerContext) -> pb.SplitClassResponse:
        """Part of it becomes a class of its own."""
        return self._circumstances.split(Call.of(context), request)

    def MergeClass(self, request: pb.MergeClassRequest, context: grpc.ServicerContext) -> pb.MergeClassResponse:
        """It goes into another class."""
        return self._circumstances.merge(Call.of(context), request)

    def CancelClass(self, request: pb.CancelClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """It is not held."""
        return self._circumstances.cancel(Call.of(context), request)

    def CloseClass(self, request: pb.CloseClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Open -> closed."""
        return self._opening.close(Call.of(context), request)

    def _order_for(self, tx: Tx, call: Call, name: str, institution: str) -> OrderRow:
        """The order of a new class, if it takes classes; whether the caller may file one is asked of the class."""
        order = tx.session.get(OrderRow, name.partition("/")[2])
        if order is None:
            raise NotFound(name)
        call.require(queries.scope_of(order), name)
        queries.active_institution(tx.session, institution, keep=True)
        if order.state == OrderState.MATCHED:  # an agreement that was signed before may be in force since today
            order = tx.session.get_one(OrderRow, order.id, with_for_update=True, populate_existing=True)
            covering.contract_if_covered(tx, call, self._pack, order)
        require_order(order)
        return order


def _created(row: ClassRow) -> dict[str, Any]:
    """What an event tells of a new class."""
    return {"order": f"orders/{row.order_id}", "state": row.state, "capacity": row.capacity}


def _set(row: ClassRow, values: dict[str, Any]) -> None:
    for column, value in values.items():
        setattr(row, column, value)
