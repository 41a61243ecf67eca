"""The civic vocabulary over the wire: the gRPC face of `services.reference`, served by every host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import grpc
from liancai.reference.v1 import reference_pb2 as pb
from liancai.reference.v1 import reference_pb2_grpc

from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.reference import credit_code, divisions, occupations, resident_id, units, workdays
from services.reference.clock import day_of
from services.reference.workdays import CalendarNotPublished, DayKind

MOST_DAYS = 400
LONGEST_SPAN = 3660  # days
MOST_SHOWN = 60


class Reference(reference_pb2_grpc.ReferenceServicer):
    """Look-ups."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def AddWorkdays(self, request: pb.AddWorkdaysRequest, context: grpc.ServicerContext) -> pb.AddWorkdaysResponse:
        """The day, and the special days on the way."""
        reading = Reading()
        start = reading.day("date", request.date)
        reading.number("days", request.days, -MOST_DAYS, MOST_DAYS)
        reading.done()
        calendar = workdays.published()
        try:
            end = calendar.add(start, request.days)
            first, last = min(start, end), max(start, end)
            notes = [calendar.explain(first + timedelta(days=step)) for step in range((last - first).days + 1)]
        except CalendarNotPublished as fault:
            raise Refused(fault.code, year=fault.year) from None
        special = [note for note in notes if note.kind in (DayKind.HOLIDAY, DayKind.MAKE_UP)]
        return pb.AddWorkdaysResponse(
            date=end.isoformat(),
            calendar_version=calendar.version,
            special_days=[_note(note) for note in special[:MOST_SHOWN]],
        )

    def CountWorkdays(
        self, request: pb.CountWorkdaysRequest, context: grpc.ServicerContext
    ) -> pb.CountWorkdaysResponse:
        """The number of working days in (start, end]."""
        reading = Reading()
        start, end = reading.day("start_date", request.start_date), reading.day("end_date", request.end_date)
        if not reading.violations and not 0 <= (end - start).days <= LONGEST_SPAN:
            reading.wrong("end_date", "FIELD_SPAN", most=LONGEST_SPAN)
        reading.done()
        calendar = workdays.published()
        try:
            return pb.CountWorkdaysResponse(days=calendar.count(start, end), calendar_version=calendar.version)
        except CalendarNotPublished as fault:
            raise Refused(fault.code, year=fault.year) from None

    def ListDays(self, request: pb.ListDaysRequest, context: grpc.ServicerContext) -> pb.ListDaysResponse:
        """What each day is, as far as notices go."""
        reading = Reading()
        start, end = reading.day("start_date", request.start_date), reading.day("end_date", request.end_date)
        if not reading.violations and not 0 <= (end - start).days <= MOST_DAYS:
            reading.wrong("end_date", "FIELD_SPAN", most=MOST_DAYS)
        reading.done()
        calendar = workdays.published()
        first, last = max(start, calendar.first), min(end, calendar.last)
        span = range((last - first).days + 1)
        return pb.ListDaysResponse(
            days=[_note(calendar.explain(first + timedelta(days=step))) for step in span],
            calendar_version=calendar.version,
        )

    def CheckResidentId(
        self, request: pb.CheckResidentIdRequest, context: grpc.ServicerContext
    ) -> pb.CheckResidentIdResponse:
        """What an identity number says of itself."""
        call, reading = Call.of(context), Reading()
        reading.text("resident_id", request.resident_id, 0, 64)
        reading.done()
        try:
            number = resident_id.parse(request.resident_id, day_of(self._clock()))
        except resident_id.ResidentIdFault as fault:
            code = f"TR-ID-{fault.code.replace('_', '-')}"
            return pb.CheckResidentIdResponse(valid=False, code=code, message=call.say(code))
        code = "" if resident_id.division_known(number) else "TR-ID-DIVISION"
        if not code and resident_id.maybe_rounded(number):
            code = "TR-ID-ROUNDED"
        return pb.CheckResidentIdResponse(
            valid=True,
            masked=resident_id.mask(number.number),
            code=code,
            message=call.say(code) if code else "",
            division_name=divisions.full_name(number.division) or "",
            birth_date=number.birth.isoformat(),
            sex=number.sex.name.lower(),
        )

    def CheckCreditCode(
        self, request: pb.CheckCreditCodeRequest, context: grpc.ServicerContext
    ) -> pb.CheckCreditCodeResponse:
        """Whether both check digits hold."""
        call, reading = Call.of(context), Reading()
        reading.text("credit_code", request.credit_code, 0, 64)
        reading.done()
        try:
            credit_code.parse(request.credit_code)
        except credit_code.CreditCodeFault as fault:
            code = f"TR-USCC-{fault.code}"
            return pb.CheckCreditCodeResponse(valid=False, code=code, message=call.say(code))
        return pb.CheckCreditCodeResponse(valid=True)

    def SearchOccupations(
        self, request: pb.SearchOccupationsRequest, context: grpc.ServicerContext
    ) -> pb.SearchOccupationsResponse:
        """Occupations by code or name."""
        reading = Reading()
        text = reading.text("text", request.text, 1, 50)
        reading.number("page_size", request.page_size, 0, 2**31)
        reading.done()
        found = occupations.search(text, min(request.page_size or 20, 100))
        return pb.SearchOccupationsResponse(
            occupations=[
                pb.Occupation(code=each.code, name=each.name, level=each.level, green=each.green, digital=each.digital)
                for each in found
            ]
        )

    def ListUnits(self, request: pb.ListUnitsRequest, context: grpc.ServicerContext) -> pb.ListUnitsResponse:
        """The unit register."""
        found = units.of_division(request.division) if request.division else units.register()
        return pb.ListUnitsResponse(
            units=[
                pb.Unit(
                    id=each.id,
                    name=each.full_name or "",
                    division=each.division,
                    named_in_plan=each.named_in_plan,
                    confidence=each.confidence,
                )
                for each in sorted(found, key=lambda each: (each.division, each.id))
            ]
        )


def _note(note: workdays.DayNote) -> pb.DayNote:
    return pb.DayNote(date=note.day.isoformat(), workday=note.works, kind=note.kind, holiday=note.holiday or "")
