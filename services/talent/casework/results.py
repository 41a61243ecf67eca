"""The result of a step: the fields that the catalogue wants, each of its type. No personal data belongs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.platform.requests import Reading
from services.talent.fields import UNWANTED
from services.talent.rules.catalogue import ResultField, ResultType
from services.talent.rules.children import Identifier, recognised

LONGEST = 200  # characters of a value
_FLAGS = ("true", "false")


def check_result(fields: Sequence[ResultField], given: Mapping[str, str]) -> dict[str, str]:
    """The values by field. Raises Invalid for one that is missing, unknown or of another type."""
    reading = Reading()
    known = {each.key: each for each in fields}
    for key in given:
        if key not in known:
            reading.wrong(f"result[{key[:32]}]", "FIELD_RESULT_UNKNOWN", allowed=", ".join(known) or "-")
    values = {}
    for key, each in known.items():
        field = f"result[{key}]"
        value = reading.text(field, given.get(key, ""), 1 if each.required else 0, LONGEST)
        if not value:
            continue
        if recognised(value) is Identifier.STUDENT_NUMBER:
            reading.wrong(field, UNWANTED[Identifier.STUDENT_NUMBER])
        elif each.type is ResultType.DATE:
            reading.day(field, value)
        elif each.type is ResultType.INTEGER and not (value.isascii() and value.isdigit()):
            reading.wrong(field, "FIELD_RESULT_NUMBER")
        elif each.type is ResultType.FLAG and value not in _FLAGS:
            reading.wrong(field, "FIELD_CHOICE", allowed=", ".join(_FLAGS))
        values[key] = value
    reading.done()
    return values
