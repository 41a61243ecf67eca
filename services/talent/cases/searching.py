"""Finding cases: by receipt, by the beginning of the talent's name, its pinyin or initials, or by a whole number."""

from __future__ import annotations

from datetime import date

from liancai.talent.v1 import cases_pb2
from liancai.talent.v1 import worklist_pb2 as pb

from services import fields
from services.fields import Sought
from services.platform import ways
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.platform.ways import Way, beginning
from services.reference.clock import day_of
from services.reference.text import compact
from services.talent import queries
from services.talent.cases import details
from services.talent.cases.details import CaseDetail
from services.talent.cases.views import Views
from services.talent.rules import receipt
from services.talent.rules.receipt import ReceiptFault
from services.talent.tables import CaseRow, TalentRow

_TIES = (TalentRow.id, CaseRow.id)


def search(
    database: Database, pages: Pages, views: Views, call: Call, request: pb.SearchCasesRequest
) -> pb.SearchCasesResponse:
    """A page of the cases within reach that the query finds."""
    page = pages.read(call, request)
    reading = Reading()
    known = read_query(reading, "query", request.query, database.vault, day_of(database.clock()))
    states = reading.choices("states", request.states, cases_pb2.Case.State)
    reading.done()
    wanted = details.selected().where(queries.filtered_by_reach(call))
    if states:
        wanted = wanted.where(CaseRow.state.in_(states))
    with database.reading() as session:
        rows, key = ways.search(session, wanted, known, page)
        heads = views.heads(session.connection(), [CaseDetail(*row[: details.WIDTH]) for row in rows])
    return pb.SearchCasesResponse(cases=heads, next_page_token=pages.token(call, request, key) if key else "")


def read_query(reading: Reading, field: str, query: str, vault: Vault, today: date) -> list[Way]:
    """The ways to look for a query. Notes a violation if there are none."""
    named = query.strip().removeprefix("cases/")
    if compact(named).startswith("LT") and any(character.isdigit() for character in named):
        try:
            return [Way(CaseRow.id, (CaseRow.id,), receipt.parse(named).number)]
        except ReceiptFault:
            reading.wrong(field, "FIELD_RECEIPT")
            return []
    sought = fields.read_query(reading, field, query, today)
    if sought is None:
        return []
    if sought.by is Sought.PHONE:
        return [Way(CaseRow.phone_index, _TIES, vault.index("phone", sought.text))]
    if sought.by is Sought.RESIDENT_ID:
        return [Way(TalentRow.resident_id_index, _TIES, vault.index("resident_id", sought.text))]
    if sought.by is Sought.LATIN:
        return [beginning(column, _TIES, sought.text) for column in (TalentRow.name_pinyin, TalentRow.name_initials)]
    return [beginning(TalentRow.full_name, _TIES, sought.text)]
