"""Finding commissioners: by the beginning of a name, its pinyin or initials, or by a whole number."""

from __future__ import annotations

from datetime import date

from services import fields
from services.fields import Sought
from services.placement.tables import CommissionerRow
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.platform.ways import Way, beginning

_TIES = (CommissionerRow.id,)


def read_query(reading: Reading, field: str, query: str, vault: Vault, today: date) -> list[Way]:
    """The ways to look for a query: a number has one, letters have two. Notes a violation if it is none of them."""
    sought = fields.read_query(reading, field, query, today)
    if sought is None:
        return []
    if sought.by is Sought.PHONE:
        return [Way(CommissionerRow.phone_index, _TIES, vault.index("phone", sought.text))]
    if sought.by is Sought.RESIDENT_ID:
        return [Way(CommissionerRow.resident_id_index, _TIES, vault.index("resident_id", sought.text))]
    if sought.by is Sought.LATIN:
        columns = (CommissionerRow.name_pinyin, CommissionerRow.name_initials)
        return [beginning(column, _TIES, sought.text) for column in columns]
    return [beginning(CommissionerRow.full_name, _TIES, sought.text)]
