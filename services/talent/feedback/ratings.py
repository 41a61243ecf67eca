"""Handlers of ratings (好差评)."""

from __future__ import annotations

import base64
import hmac
from datetime import date, datetime
from typing import Any

import grpc
from liancai.talent.v1 import ratings_pb2 as pb
from liancai.talent.v1 import ratings_pb2_grpc
from sqlalchemy import literal, tuple_

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, NotFound, Refused, TooMuch
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import CaseFile, MatterFile
from services.talent.cases.progress import TRIES, WINDOW, Throttle
from services.talent.casework.editions import Editions
from services.talent.feedback.remarking import days_after, locked, of_cases, require, seal, tell, unseal
from services.talent.queries import read_matter
from services.talent.rules.rating import Unrated, unrated
from services.talent.rules.states import MatterState
from services.talent.tables import RatingRow

FOLLOW_UP = "rating.follow_up"
BAD = pb.Rating.DISSATISFIED  # and what is below it
LONGEST = 500  # characters of what was said
CODE_LENGTH = 10


class Ratings(ratings_pb2_grpc.RatingsServicer):
    """One for each matter that was decided, whoever writes it down."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._throttle = Throttle(TRIES, WINDOW)

    def GetRatingCode(self, request: pb.GetRatingCodeRequest, context: grpc.ServicerContext) -> pb.RatingCode:
        """For the notice of completion."""
        call, reading = Call.of(context), Reading()
        number, key = read_matter(reading, "name", request.name)
        reading.done()
        with self._database.reading() as session:
            matter = finished(require(session, call, number), key, request.name)
        return pb.RatingCode(matter=matter.name, code=code_of(self._database.vault, number, key))

    def RateMatter(self, request: pb.RateMatterRequest, context: grpc.ServicerContext) -> pb.RateMatterResponse:
        """By the applicant."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number, key = read_matter(reading, "matter", request.matter)
        reading.choices("level", [request.level], pb.Rating.Level)
        comment = reading.text("comment", request.comment, 0, LONGEST)
        given = reading.text("code", request.code, 1, 32).upper().replace("-", "").replace(" ", "")
        reading.done()
        if self._throttle.over(number):
            raise TooMuch("PROGRESS_TOO_OFTEN", minutes=WINDOW // 60)
        # whoever has no code learns nothing, not even whether there is such a case
        if not hmac.compare_digest(code_of(self._database.vault, number, key).encode(), given.encode()):
            raise NotFound(request.matter)

        def work(tx: Tx) -> pb.RateMatterResponse:
            file = casefiles.read(tx.connection, [number], lock=True).get(number)
            if file is None:
                raise NotFound(request.matter)
            # it is found in the trail of the division that holds the case
            told = Call.by_system("talent", call.action, file.division)
            told.request_id = request.request_id
            row = self._rate(tx, told, file, key, request.level, "CODE", comment, "", tx.now)
            return pb.RateMatterResponse(level=request.level, visit_due_date=_day(row))

        return self._database.write(call, request, work, key=f"cases/{number}")

    def RecordRating(self, request: pb.RecordRatingRequest, context: grpc.ServicerContext) -> pb.Rating:
        """What the applicant said on the phone."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number, key = read_matter(reading, "matter", request.matter)
        reading.choices("level", [request.level], pb.Rating.Level)
        comment = reading.text("comment", request.comment, 0, LONGEST)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()

        def work(tx: Tx) -> pb.Rating:
            file = locked(tx, call, number)
            actor = call.caller.subject
            row = self._rate(tx, call, file, key, request.level, "PHONE", comment, actor, occurred, late_reason)
            return self._rating(row)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def VisitRating(self, request: pb.VisitRatingRequest, context: grpc.ServicerContext) -> pb.Rating:
        """The return visit."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number, key = read_matter(reading, "name", request.name)
        result = reading.text("result", request.result, 1, LONGEST)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()

        def work(tx: Tx) -> pb.Rating:
            file = locked(tx, call, number)
            row = tx.session.get(RatingRow, (number, key))
            if row is None:
                raise NotFound(request.name)
            check_etag(request.etag, request.name, row.version)
            if row.visit_due is None or row.visit_time is not None:
                raise Refused("RATING_VISIT", matter=request.name)
            row.visit_time, row.visit_actor = occurred, call.caller.subject
            row.visit_sealed = seal(self._database.vault, result, request.name, "visit")
            tx.session.flush()
            late = day_of(occurred) > row.visit_due
            tell(tx, call, file, "rating.visited", occurred=occurred, late_reason=late_reason, matter=key, late=late)
            return self._rating(row)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def ListRatings(self, request: pb.ListRatingsRequest, context: grpc.ServicerContext) -> pb.ListRatingsResponse:
        """A page of those within reach."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = of_cases(call, RatingRow)
        if request.visit_due:
            key = (RatingRow.visit_due, RatingRow.case_id, RatingRow.matter)
            wanted = wanted.where(RatingRow.visit_due.is_not(None), RatingRow.visit_time.is_(None)).order_by(*key)
            if page.after:
                after = (date.fromisoformat(page.after[0]), *page.after[1:])
                wanted = wanted.where(tuple_(*key) > tuple_(*map(literal, after)))
        else:
            wanted = wanted.order_by(RatingRow.case_id.desc(), RatingRow.matter.desc())
            if page.after:
                wanted = wanted.where(tuple_(RatingRow.case_id, RatingRow.matter) < tuple_(*map(literal, page.after)))
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        token = ""
        if len(rows) > page.size:
            last = rows[page.size - 1]
            token = self._pages.token(
                call, request, [*([_day(last)] if request.visit_due else []), last.case_id, last.matter]
            )
        return pb.ListRatingsResponse(ratings=[self._rating(row) for row in rows[: page.size]], next_page_token=token)

    def _rate(
        self, tx: Tx, call: Call, file: CaseFile, key: str, level: int, channel: str, comment: str, actor: str,
        occurred: datetime, late_reason: str = "",
    ) -> RatingRow:  # fmt: skip
        """The one rating of a matter. Raises Exists RATING_EXISTS."""
        name = f"{file.name}/matters/{key}"
        finished(file, key, name)
        if tx.session.get(RatingRow, (file.id, key)) is not None:
            raise Exists("RATING_EXISTS", matter=name)
        due, provisional = None, False
        if level <= BAD:
            day = day_of(occurred)
            due, provisional = days_after(day, self._editions.pack.find(FOLLOW_UP, file.division, day))
        row = RatingRow(
            case_id=file.id,
            matter=key,
            level=level,
            channel=channel,
            comment_sealed=seal(self._database.vault, comment, name, "comment"),
            actor=actor,
            rate_time=occurred,
            visit_due=due,
            provisional=provisional,
            record_time=tx.now,
            visit_actor="",
        )
        tx.session.add(row)
        tx.session.flush()
        told: dict[str, Any] = {"matter": key, "level": level, "channel": channel, "visit_due": _day(row)}
        tell(tx, call, file, "matter.rated", occurred=occurred, late_reason=late_reason, **told)
        return row

    def _rating(self, row: RatingRow) -> pb.Rating:
        name = f"cases/{row.case_id}/matters/{row.matter}"
        vault = self._database.vault
        return pb.Rating(
            matter=name,
            level=row.level,  # type: ignore[arg-type]
            channel=pb.Rating.Channel.Value(row.channel),
            comment=unseal(vault, row.comment_sealed, name, "comment"),
            actor=row.actor,
            rate_time=stamp(row.rate_time),
            visit_due_date=_day(row),
            provisional=row.provisional,
            visit_time=stamp(row.visit_time),
            visit_result=unseal(vault, row.visit_sealed, name, "visit"),
            visit_actor=row.visit_actor,
            etag=etag_of(row.version),
        )


def finished(file: CaseFile, key: str, name: str) -> MatterFile:
    """A matter that can be rated. Raises Refused RATING_UNFINISHED or RATING_UNDECIDED."""
    matter = file.matter(key)
    if matter is None:
        raise NotFound(name)
    handled = any(step.start_time is not None for step in file.steps_of(key))
    why = unrated(MatterState(matter.state), handled=handled)
    if why is Unrated.UNFINISHED:
        raise Refused("RATING_UNFINISHED", matter=name, state=matter.state)
    if why is Unrated.UNDECIDED:
        raise Refused("RATING_UNDECIDED", matter=name, state=matter.state)
    return matter


def code_of(vault: Vault, number: str, key: str) -> str:
    """The code of a matter: 50 bits that only who has the index key can work out. Nothing of it is stored."""
    return base64.b32encode(vault.index("rating_code", f"{number}/{key}"))[:CODE_LENGTH].decode()


def _day(row: RatingRow) -> str:
    return row.visit_due.isoformat() if row.visit_due else ""
