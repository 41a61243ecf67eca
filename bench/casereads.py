"""What is read of many cases in a day, as serialised requests: by an ordinary caseworker, and by one of a county that
has no part in any of them, who searches as much and must be told as soon that there is nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from google.protobuf.message import Message
from liancai.talent.v1 import cases_pb2, statistics_pb2, supervision_pb2, worklist_pb2
from sqlalchemy import select

from services.platform.database import Database
from services.talent.cases.people import phone_of
from services.talent.tables import CaseRow, TalentRow

SAMPLES = 200  # cases whose talents are searched for
SOME, FEW = 10, 2  # requests in a round: of what takes milliseconds, and of what counts very much
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reads:
    """Requests of one kind: `make(draw)` gives one; `who` is "" for the caseworker, or the stranger."""

    name: str
    path: str
    count: int
    make: Callable[[random.Random], Message]
    who: str = ""

    def requests(self, draw: random.Random) -> list[bytes]:
        """Those of one round."""
        return [self.make(draw).SerializeToString() for _ in range(self.count)]


STRANGER = "stranger"


def of(database: Database, every: Sequence[str], today: date) -> list[Reads]:
    """Everything that is read, of a database in which the caseworker's county has `every` case."""
    picked = random.Random(2).sample(every, min(SAMPLES, len(every)))
    columns = (CaseRow.id, CaseRow.phone_sealed, TalentRow.full_name, TalentRow.name_pinyin, TalentRow.name_initials)
    with database.reading() as session:
        wanted = select(*columns).join(TalentRow, TalentRow.id == CaseRow.talent_id).where(CaseRow.id.in_(picked))
        known = session.execute(wanted).all()
    span = statistics_pb2.StatisticsSpan(from_date=str(today - MONTH), to_date=str(today))
    vault = database.vault

    def search(name: str, text: Callable[[Any], str], who: str = "") -> Reads:
        def make(draw: random.Random) -> Message:
            return worklist_pb2.SearchCasesRequest(query=text(draw.choice(known)))

        return Reads(f"search by {name}", "/liancai.talent.v1.Worklist/SearchCases", SOME, make, who)

    def count(name: str, path: str, asked: Message) -> Reads:
        return Reads(name, f"/liancai.talent.v1.{path}", FEW, lambda _: asked)

    by_matter = supervision_pb2.GetBoardRequest.MATTER
    return [
        Reads(
            "get a case", "/liancai.talent.v1.Cases/GetCase", 40,
            lambda draw: cases_pb2.GetCaseRequest(name=f"cases/{draw.choice(every)}"),
        ),
        Reads(
            "today, first page", "/liancai.talent.v1.Worklist/ListToday", 40, lambda _: worklist_pb2.ListTodayRequest()
        ),
        Reads(
            "today, counted", "/liancai.talent.v1.Worklist/GetTodayCounts", SOME,
            lambda _: worklist_pb2.GetTodayCountsRequest(),
        ),
        search("receipt", lambda row: row[0]),
        search("phone", lambda row: phone_of(vault, row[0], row[1])),
        search("name", lambda row: row[2]),
        search("surname", lambda row: row[2][:1]),
        search("pinyin", lambda row: row[3]),
        search("initials", lambda row: row[4]),
        search("surname, of another county", lambda row: row[2][:1], STRANGER),
        search("initials, of another county", lambda row: row[4], STRANGER),
        count("board by unit", "Supervision/GetBoard", supervision_pb2.GetBoardRequest()),
        count("board by matter", "Supervision/GetBoard", supervision_pb2.GetBoardRequest(by=by_matter)),
        count("watched steps", "Supervision/ListWatchedSteps", supervision_pb2.ListWatchedStepsRequest()),
        count("throughput of a month", "Statistics/GetThroughput", statistics_pb2.GetThroughputRequest(span=span)),
        count("hand-overs of a month", "Statistics/GetHandOvers", statistics_pb2.GetHandOversRequest(span=span)),
        count("custody of a month", "Statistics/GetCustody", statistics_pb2.GetCustodyRequest(span=span)),
        count("lateness of a month", "Statistics/GetLateness", statistics_pb2.GetLatenessRequest(span=span)),
        count(
            "in progress on a day", "Statistics/GetWorkInProgress",
            statistics_pb2.GetWorkInProgressRequest(date=str(today - MONTH)),
        ),
    ]  # fmt: skip
