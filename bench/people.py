"""People nobody is: as many as a bench needs, all different, of working age, with identity numbers that check."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from liancai.training.v1 import enrolments_pb2, rosters_pb2

from services.reference import resident_id

FIRST_BIRTH = date(1970, 1, 1)
SEQUENCES = 1000  # identity numbers a day and division
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "甲乙丙丁戊己庚辛壬癸"


class People:
    """An endless line of people; no two of one line are the same."""

    def __init__(self) -> None:
        self._count = 0

    def requests(self, class_name: str, count: int) -> list[bytes]:
        """Serialised EnrolRequests of `count` people for a class."""
        return [
            enrolments_pb2.EnrolRequest(
                class_name=class_name,
                applicant=enrolments_pb2.Applicant(full_name=name, resident_id=number, phone=phone),
                request_id=uuid.uuid4().hex,
            ).SerializeToString()
            for name, number, phone in self._take(count)
        ]

    def roster(self, count: int, chunk: int) -> list[rosters_pb2.ImportRosterRequest]:
        """The chunks of a roster of `count` people."""
        rows = [
            rosters_pb2.RosterRow(row_number=place, full_name=name, resident_id=number, phone=phone)
            for place, (name, number, phone) in enumerate(self._take(count), start=2)
        ]
        return [
            rosters_pb2.ImportRosterRequest(
                chunk=rosters_pb2.ImportRosterRequest.Chunk(rows=rows[start : start + chunk])
            )
            for start in range(0, count, chunk)
        ]

    def _take(self, count: int) -> Iterator[tuple[str, str, str]]:
        for number in range(self._count, self._count + count):
            born = FIRST_BIRTH + timedelta(days=number // SEQUENCES)
            # nobody born on one day has another's name: a roster would ask whether it is a slip
            name = SURNAMES[number % 10] + GIVEN[number // 10 % 10] + GIVEN[number // 100 % 10]
            yield name, resident_id.make("370103", born, number % SEQUENCES), f"138{number % 10**8:08}"
        self._count += count
