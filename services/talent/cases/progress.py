"""How a case stands, for the talent: by receipt number and the end of the phone, without a token (办理进度查询)."""

from __future__ import annotations

import hmac
import re
import time
import zlib
from threading import Lock

from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import matters_pb2

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, TooMuch
from services.platform.requests import Reading
from services.talent.cases import details, people
from services.talent.casework.editions import Editions
from services.talent.casework.messages import ended
from services.talent.rules import receipt
from services.talent.rules.receipt import ReceiptFault

TRIES, WINDOW = 10, 15 * 60  # of one receipt, in so many seconds: four digits would else be tried out in an hour
_CELLS = 1 << 16


class Throttle:
    """Counts tries by receipt, whole windows at a time, in so many cells that nobody can fill the memory."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most, self._seconds = most, seconds
        self._cells = bytearray(_CELLS)
        self._until = 0.0
        self._lock = Lock()

    def over(self, subject: str) -> bool:
        """Whether this try is one too many."""
        cell = zlib.crc32(subject.encode()) % _CELLS
        with self._lock:
            if time.monotonic() > self._until:
                self._cells, self._until = bytearray(_CELLS), time.monotonic() + self._seconds
            if self._cells[cell] >= self._most:
                return True
            self._cells[cell] += 1
            return False


class ProgressDesk:
    """Answers whoever has the receipt and knows the phone."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions
        self._throttle = Throttle(TRIES, WINDOW)

    def query(self, call: Call, request: pb.QueryProgressRequest) -> pb.Progress:
        """States and nothing else. NotFound, always the same, for an unknown receipt and a wrong phone."""
        reading = Reading()
        number = ""
        try:
            number = receipt.parse(request.receipt.removeprefix("cases/")).number
        except ReceiptFault:
            reading.wrong("receipt", "FIELD_RECEIPT")
        if not re.fullmatch(r"[0-9]{4}", request.phone_tail):
            reading.wrong("phone_tail", "FIELD_PHONE_TAIL")
        reading.done()
        if self._throttle.over(number):
            raise TooMuch("PROGRESS_TOO_OFTEN", minutes=WINDOW // 60)
        with self._database.glancing() as connection:
            found = details.whole(connection, number)
            tail = people.phone_of(self._database.vault, number, found.detail.phone_sealed)[-4:] if found else ""
            if found is None or not hmac.compare_digest(tail, request.phone_tail):
                raise NotFound(f"cases/{number}")
            file = found.file
            edition = self._editions.of(connection, file.catalogue_id)
        return pb.Progress(
            state=pb.Case.State.Value(file.state),
            matters=[
                pb.Progress.Line(
                    title=getattr(edition.matter(matter.type).title, call.language),
                    state=matters_pb2.Matter.State.Value(matter.state),
                    steps_done=ended(file.steps_of(matter.key)),
                    steps=len(file.steps_of(matter.key)),
                )
                for matter in file.matters
            ],
        )
