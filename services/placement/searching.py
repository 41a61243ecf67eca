"""Finding commissioners and placements: by the beginning of a name, its pinyin or initials, or by a whole number."""

from __future__ import annotations

from datetime import date

from services import fields
from services.fields import Sought
from services.placement.tables import CommissionerRow, PlacementRow
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.platform.ways import Way, beginning


def read_query(
    reading: Reading,
    field: str,
    query: str,
    vault: Vault,
    today: date,
    table: type[CommissionerRow] | type[PlacementRow] = CommissionerRow,
) -> list[Way]:
    """The ways to look for a query: a number has one, letters have two. Notes a violation if it is none of them."""
    sought = fields.read_query(reading, field, query, today)
    if sought is None:
        return []
    ties = (table.id,)
    if sought.by is Sought.PHONE:
        return [Way(table.phone_index, ties, vault.index("phone", sought.text))]
    if sought.by is Sought.RESIDENT_ID:
        return [Way(table.resident_id_index, ties, vault.index("resident_id", sought.text))]
    if sought.by is Sought.LATIN:
        columns = (table.name_pinyin, table.name_initials)
        return [beginning(column, ties, sought.text) for column in columns]
    return [beginning(table.full_name, ties, sought.text)]
