"""The same acts over the wire: each method asks the running service and gives what its reply says."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import pytest
from liancai.training.v1 import agreements_pb2, classes_pb2, institutions_pb2, orders_pb2, rosters_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import quotas_pb2 as quota
from liancai.training.v1 import waitlist_pb2 as wait

from services.reference import credit_code
from tests.office import ENTERPRISE, Office, a_class, a_signature, an_institution, request_id
from tests.statuses import info_of, violations_of
from tests.training.machine.things import Answer

WHY = "按实际情况调整"
ATTEMPTS = 5  # of a client that is told to try again

_institutions = itertools.count(1)


class Desk:
    """The officers of one example, with an institution, people and a budget that no other example has."""

    def __init__(
        self,
        home: Office,
        partner: Office,
        upkeep: Callable[[], object],
        division: str,
        year: int,
        people: Sequence[pb.Applicant],
    ) -> None:
        self.home, self.partner, self.division, self.year = home, partner, division, year
        self.institution = credit_code.make("52", "370103", f"MJ{next(_institutions):06}")
        self.people = {f"p{number}": each for number, each in enumerate(people)}
        self.orders: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.places: dict[str, str] = {}  # enrolments, as the pictures of the tables name them
        self.substitutions: dict[str, str] = {}
        self.last: tuple[Any, Any, Any] | None = None  # call, request and reply of the last act that was done
        self.wrong: list[str] = []  # the fields of the last refusal
        self._upkeep = upkeep
        self._register()

    @property
    def quotas(self) -> dict[str, str]:
        """The limits of the example, by kind."""
        return {
            "HEADS": f"heads-{self.institution}-{self.year}",
            "BUDGET": f"budget-{self.division}-{self.year}-employment-subsidy",
        }

    def ask(self, act: str, **arguments: Any) -> Answer:
        """Does an act and says what came of it."""
        try:
            return Answer("", getattr(self, act)(**arguments))
        except grpc.RpcError as error:
            reason, about = info_of(error)
            self.wrong = [f"{each.field}: {each.description}" for each in violations_of(error)]
            return Answer(reason, _about(reason, about))

    def ask_again(self) -> None:
        """The last request once more gives its reply once more; with another body it is refused."""
        assert self.last is not None
        call, request, reply = self.last
        assert call(request) == reply
        for field in {"reason", "answer"} & {each.name for each in request.DESCRIPTOR.fields}:
            setattr(request, field, "另一个理由")
            with pytest.raises(grpc.RpcError) as error:
                call(request)
            assert info_of(error.value)[0] == "REQUEST_ID_REUSED"
            setattr(request, field, WHY)

    def _do(self, call: Callable[[Any], Any], request: Any) -> Any:
        """Sends a request, again if the service says so."""
        request.request_id = request_id()
        for _ in range(ATTEMPTS):
            try:
                reply = call(request)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            else:
                self.last = call, request, reply
                return reply
        raise AssertionError("the service never answered")

    def named(self, said: object) -> object:
        """What a reply says, with enrolments called as the pictures of the tables call them."""
        if isinstance(said, tuple):
            return tuple(self.named(each) for each in said)
        return next((key for key, each in self.places.items() if each == said), said)

    # ---- orders ----

    def _register(self) -> None:
        request = institutions_pb2.RegisterInstitutionRequest(
            institution=an_institution(credit_code=self.institution, division=self.division)
        )
        self._do(self.home.institutions.RegisterInstitution, request)

    def contract(self, headcount: int, covered: int) -> object:
        order = self.home.matched(
            institution=self.institution,
            division=self.division,
            partner_division="370103",
            headcount=headcount,
            start_date=f"{self.year}-06-01",
        )
        for heads in filter(None, (headcount, covered - headcount)):
            cover = agreements_pb2.Agreement.Cover(order=order.name, headcount=heads)
            agreement = self.home.agreement(order, orders=[cover])
            for party in agreement.parties:
                self.home.agreements.SignAgreement(a_signature(agreement.name, party, sign_date="2026-11-02"))
        self.orders[f"o{len(self.orders) + 1}"] = order.name
        found = self.home.orders.GetOrder(orders_pb2.GetOrderRequest(name=order.name))
        return orders_pb2.Order.State.Name(found.state)

    def change_headcount(self, order: str, headcount: int) -> object:
        request = orders_pb2.ChangeOrderHeadcountRequest(name=self.orders[order], headcount=headcount, reason=WHY)
        return self._do(self.home.orders.ChangeOrderHeadcount, request).headcount

    def cancel_order(self, order: str) -> object:
        request = orders_pb2.CancelOrderRequest(name=self.orders[order], reason=WHY)
        return orders_pb2.Order.State.Name(self._do(self.home.orders.CancelOrder, request).state)

    def close_order(self, order: str) -> object:
        request = orders_pb2.CloseOrderRequest(name=self.orders[order], reason=WHY)
        return orders_pb2.Order.State.Name(self._do(self.home.orders.CloseOrder, request).state)

    # ---- classes ----

    def create(self, order: str, capacity: int, slot: int, fen: int) -> object:
        days = {"start_date": f"{self.year}-03-01", "end_date": f"{self.year}-03-31"}
        session = classes_pb2.Session(
            date=f"{self.year}-03-{slot + 2:02}", start="09:00", end="11:00", topic="电工基础"
        )
        fields: dict[str, Any] = {**days, "capacity": capacity, "institution_credit_code": self.institution}
        if fen:
            session.teacher, session.place = self.home.teacher(self.institution), "101"
            kind = classes_pb2.Attachment
            wanted = (kind.TEACHING_PLAN, kind.TEACHERS, kind.TEXTBOOKS, kind.ASSESSMENT_PLAN, kind.COMMITMENT)
            fields |= {
                "fund": quota.EMPLOYMENT_SUBSIDY,
                "subsidy_fen": fen,
                "subsidy_standard": "样例标准-4",
                "attachments": [kind(kind=each, file_name="样例.pdf", sha256=f"{each:064x}") for each in wanted],
            }
        request = classes_pb2.CreateClassRequest(
            training_class=a_class(self.orders[order], sessions=[session], **fields)
        )
        made = self._do(self.home.classes.CreateClass, request)
        self.classes[f"c{len(self.classes) + 1}"] = made.name
        return _class_state(made)

    def advance(self, held: str, state: str) -> object:
        verb = {"DRAFT": "File", "FILED": "Review", "REVIEWED": "Approve", "APPROVED": "Open"}[state]
        desk = self.home.second if verb == "Approve" else self.home
        request = getattr(classes_pb2, f"{verb}ClassRequest")(name=self.classes[held])
        return _class_state(self._do(getattr(desk.classes, f"{verb}Class"), request))  # type: ignore[union-attr]

    def change_capacity(self, held: str, capacity: int) -> object:
        request = classes_pb2.ChangeClassCapacityRequest(name=self.classes[held], capacity=capacity, reason=WHY)
        return _class_state(self._do(self.home.classes.ChangeClassCapacity, request))

    def close_class(self, held: str) -> object:
        return _class_state(
            self._do(self.home.classes.CloseClass, classes_pb2.CloseClassRequest(name=self.classes[held]))
        )

    def cancel_class(self, held: str) -> object:
        request = classes_pb2.CancelClassRequest(name=self.classes[held], reason=WHY)
        return _class_state(self._do(self.home.classes.CancelClass, request))

    def split(self, held: str, capacity: int, people: Sequence[str]) -> object:
        names = [self.places[key] for key in people]
        request = classes_pb2.SplitClassRequest(
            name=self.classes[held], title="二班", capacity=capacity, enrolments=names, reason=WHY
        )
        made = self._do(self.home.classes.SplitClass, request)
        self.classes[f"c{len(self.classes) + 1}"] = made.target.name
        return made.target.enrolled + made.target.offered

    def merge(self, held: str, into: str, accept: bool) -> object:
        request = classes_pb2.MergeClassRequest(
            name=self.classes[held], into=self.classes[into], reason=WHY, accept_clashes="本人同意" if accept else ""
        )
        done = self._do(self.home.classes.MergeClass, request)
        return done.moved, done.doubled

    # ---- people ----

    def enrol(self, person: str, at: str, seat_only: bool = False) -> object:
        request = pb.EnrolRequest(class_name=self.classes[at], applicant=self.people[person], seat_only=seat_only)
        return _state(self._do(self.home.enrolments.Enrol, request))

    def enrol_party(self, people: Sequence[str], at: str, seat_only: bool = False) -> object:
        applicants = [self.people[person] for person in people]
        request = pb.EnrolPartyRequest(class_name=self.classes[at], applicants=applicants, seat_only=seat_only)
        return [_state(each) for each in self._do(self.home.enrolments.EnrolParty, request).enrolments]

    def import_roster(self, people: Sequence[str], at: str, mode: str, most: int = 0) -> object:
        rows = [
            rosters_pb2.RosterRow(
                row_number=number,
                **{
                    field: getattr(self.people[person], field)
                    for field in ("full_name", "resident_id", "phone", "category", "proof_kind", "proof_number")
                },
            )
            for number, person in enumerate(people, start=2)
        ]
        part = rosters_pb2.ImportRosterRequest
        header = part.Header(
            class_name=self.classes[at],
            mode=mode,  # type: ignore[arg-type]
            threshold_percent=most,
            file_sha256=hashlib.sha256(b"".join(row.SerializeToString() for row in rows)).hexdigest(),
            request_id=request_id(),
        )

        def parts() -> Iterator[rosters_pb2.ImportRosterRequest]:
            yield part(header=header)
            yield part(chunk=part.Chunk(rows=rows))
            yield part(end=part.End())

        verdicts = [
            verdict
            for answer in self.home.rosters.ImportRoster(parts())
            if answer.WhichOneof("part") == "verdicts"
            for verdict in answer.verdicts.rows
        ]
        self.wrong = [f"{each.row_number}: {said.code}" for each in verdicts for said in each.findings]
        return [rosters_pb2.RowVerdict.Result.Name(verdict.result) for verdict in verdicts]

    def withdraw(self, key: str) -> object:
        request = pb.WithdrawEnrolmentRequest(name=self.places[key], reason=WHY)
        left = self._do(self.home.enrolments.WithdrawEnrolment, request)
        return _state(left.enrolment), left.promoted.name

    def accept(self, key: str) -> object:
        return _state(self._do(self.home.waitlist.AcceptOffer, wait.AcceptOfferRequest(name=self.places[key])))

    def decline(self, key: str) -> object:
        request = wait.DeclineOfferRequest(name=self.places[key], reason=WHY)
        return _state(self._do(self.home.waitlist.DeclineOffer, request))

    def move(self, key: str, before: str) -> object:
        target = self.places[before] if before else ""
        request = wait.MoveOnWaitlistRequest(name=self.places[key], before=target, reason=WHY)
        self._do(self.home.waitlist.MoveOnWaitlist, request)
        return None

    def transfer(self, key: str, into: str) -> object:
        request = pb.TransferEnrolmentRequest(name=self.places[key], into=self.classes[into], reason=WHY)
        moved = self._do(self.home.enrolments.TransferEnrolment, request)
        return _state(moved.source), _state(moved.target), moved.promoted.name

    def hire(self, key: str) -> object:
        request = pb.ConfirmHireRequest(
            name=self.places[key], employer_credit_code=ENTERPRISE, contract_start="2026-11-01"
        )
        return _state(self._do(self.home.enrolments.ConfirmHire, request))

    def substitute(self, leaving: str, coming: str) -> object:
        request = pb.SubstituteTraineeRequest(name=self.places[leaving], coming=self.places[coming], reason=WHY)
        asked = self._do(self.home.enrolments.SubstituteTrainee, request)
        self.substitutions[f"s{len(self.substitutions) + 1}"] = asked.name
        return pb.Substitution.State.Name(asked.state)

    def answer(self, which: str, consent: bool, other_side: bool = True) -> object:
        desk = self.partner if other_side else self.home
        request = pb.AnswerSubstitutionRequest(name=self.substitutions[which], consent=consent, answer=WHY)
        return pb.Substitution.State.Name(self._do(desk.enrolments.AnswerSubstitution, request).state)

    def upkeep(self) -> object:
        return self._upkeep()

    # ---- limits and the institution ----

    def set_quota(self, limit: str, granted: int) -> object:
        heads = limit == "HEADS"
        request = quota.SetQuotaRequest(
            kind=quota.INSTITUTION_HEADS if heads else quota.DIVISION_BUDGET,
            institution_credit_code=self.institution if heads else "",
            division=self.division,
            year=self.year,
            fund=quota.FUND_UNSPECIFIED if heads else quota.EMPLOYMENT_SUBSIDY,
            granted=granted,
            source="样例文号",
        )
        return self._do(self.home.quotas.SetQuota, request).granted

    def suspend(self) -> object:
        return self._turn(institutions_pb2.SuspendInstitutionRequest, self.home.institutions.SuspendInstitution)

    def reinstate(self) -> object:
        return self._turn(institutions_pb2.ReinstateInstitutionRequest, self.home.institutions.ReinstateInstitution)

    def _turn(self, request: Any, call: Callable[[Any], Any]) -> object:
        made = self._do(call, request(name=f"institutions/{self.institution}", reason=WHY))
        return institutions_pb2.Institution.State.Name(made.state)


def _state(each: pb.Enrolment) -> str:
    return pb.Enrolment.State.Name(each.state)


def _class_state(each: classes_pb2.Class) -> str:
    return classes_pb2.Class.State.Name(each.state)


def _about(reason: str, about: dict[str, str]) -> object:
    """What the model says of a refusal too."""
    if reason == "NOT_ELIGIBLE":
        return sorted(about["codes"].split(", "))
    if reason == "PARTY_REFUSED":
        return [int(number) for number in about["refused"].split(", ")]
    return None
