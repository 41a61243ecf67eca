"""People nobody is: as many as a bench needs, all different, of working age, with identity numbers that check."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from liancai.training.v1 import enrolments_pb2, registers_pb2, rosters_pb2

from services.reference import resident_id

FIRST_BIRTH = date(1970, 1, 1)
SEQUENCES = [each for each in range(1000) if each % 100]  # a number that ends in zeros looks rounded
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
CATEGORY, PROOF = "UNE", "就业创业证"


class People:
    """An endless line of people; no two of one line are the same. It may begin after the first so many."""

    def __init__(self, after: int = 0) -> None:
        self._count = after

    def requests(self, class_name: str, count: int) -> list[bytes]:
        """Serialised EnrolRequests of `count` people for a class."""
        return [
            enrolments_pb2.EnrolRequest(
                class_name=class_name,
                applicant=enrolments_pb2.Applicant(
                    full_name=name,
                    resident_id=number,
                    phone=phone,
                    category=CATEGORY,
                    proof_kind=PROOF,
                    proof_number=proof,
                ),
                request_id=uuid.uuid4().hex,
            ).SerializeToString()
            for name, number, phone, proof in self._take(count)
        ]

    def roster(self, count: int, chunk: int) -> list[rosters_pb2.ImportRosterRequest]:
        """The chunks of a roster of `count` people."""
        rows = [
            rosters_pb2.RosterRow(
                row_number=place,
                full_name=name,
                resident_id=number,
                phone=phone,
                category=CATEGORY,
                proof_kind=PROOF,
                proof_number=proof,
                proof_date="2026-11-01",
            )
            for place, (name, number, phone, proof) in enumerate(self._take(count), start=2)
        ]
        return [
            rosters_pb2.ImportRosterRequest(
                chunk=rosters_pb2.ImportRosterRequest.Chunk(rows=rows[start : start + chunk])
            )
            for start in range(0, count, chunk)
        ]

    def register(self, count: int) -> list[registers_pb2.ImportRegisterRequest]:
        """The rows of a register of `count` people, in one chunk; nobody of this line is in it."""
        born = FIRST_BIRTH - timedelta(days=1)
        rows = [
            registers_pb2.RegisterEntry(
                row_number=place, resident_id=resident_id.make("370103", born, sequence), since="2020-01-01"
            )
            for place, sequence in enumerate(SEQUENCES[:count], start=2)
        ]
        return [registers_pb2.ImportRegisterRequest(chunk=registers_pb2.ImportRegisterRequest.Chunk(rows=rows))]

    def _take(self, count: int) -> Iterator[tuple[str, str, str, str]]:
        """Name, identity number, phone and the number of a proof."""
        for number in range(self._count, self._count + count):
            born = FIRST_BIRTH + timedelta(days=number // len(SEQUENCES))
            # no two of one day have one name
            name = SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400 % 20]
            sequence = SEQUENCES[number % len(SEQUENCES)]
            phone, proof = f"137{number % 10**8:08}", f"37152620{number:08}"
            yield name, resident_id.make("370103", born, sequence), phone, proof
        self._count += count
