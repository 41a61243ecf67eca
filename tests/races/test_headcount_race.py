"""A headcount that is cut while people enrol: nobody loses a seat, no seat is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import grpc
from liancai.training.v1 import enrolments_pb2, orders_pb2

from services import host
from tests.office import request_id
from tests.races.crowd import together
from tests.races.servers import replica
from tests.training.journal import prove

NewSettings = Callable[..., host.Settings]


def test_cuts_among_enrolments_leave_everybody_their_seat(new_settings: NewSettings, folders: Iterator[Path]) -> None:
    settings = new_settings("postgresql")
    with ExitStack() as stack:
        replicas = [stack.enter_context(replica(settings, next(folders))) for _ in range(2)]
        offices, database = [office for office, _ in replicas], replicas[0][1]
        order = offices[0].contracted(headcount=30).name
        held = offices[0].open_class(order, capacity=24).name

        def cut(number: int) -> orders_pb2.Order:
            wanted = orders_pb2.ChangeOrderHeadcountRequest(
                name=order, headcount=24 - 2 * number, reason="减产", request_id=request_id()
            )
            done: orders_pb2.Order = offices[number % 2].orders.ChangeOrderHeadcount(wanted)
            return done

        acts: list[Callable[[], object]] = [partial(offices[number % 2].enrol, held) for number in range(20)]
        acts[3:3] = [partial(cut, number) for number in range(6)]
        answers = together(*acts)
        refused = [answer for answer in answers if isinstance(answer, grpc.RpcError)]
        assert all(answer.code() is grpc.StatusCode.FAILED_PRECONDITION for answer in refused)
        enrolled = [
            answer
            for answer in answers
            if isinstance(answer, enrolments_pb2.Enrolment) and answer.state == enrolments_pb2.Enrolment.ENROLLED
        ]
        now, ledger = offices[0].the_class(held), offices[0].ledger(order)
        assert now.enrolled == len(enrolled) <= now.capacity <= ledger.headcount < 30
        assert now.enrolled + now.waitlisted == 20
        prove(database, order)
