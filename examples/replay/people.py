"""Invented people: each student of the dataset is a trainee with an identity number that checks and is nobody's."""

from __future__ import annotations

from datetime import date, timedelta

from liancai.training.v1.enrolments_pb2 import Applicant

from services.reference import resident_id

FIRST_BIRTH = date(1975, 1, 1)
DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def trainee(student: int) -> Applicant:
    """The same person for the same student, another for another; adults, for a student is at most 2,716,795."""
    days, sequence = divmod(student, 1000)
    return Applicant(
        full_name=f"学员{str(student).translate(DIGITS)}",
        resident_id=resident_id.make("370103", FIRST_BIRTH + timedelta(days=days), sequence),
        phone=f"139{student:08}",
    )
