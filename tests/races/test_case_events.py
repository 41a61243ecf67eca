"""Two replicas work on the same cases: a webhook, a stream of NATS and a watcher are each told all, in order."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import nats
import pytest
from liancai.common.v1 import event_pb2
from liancai.talent.v1 import cases_pb2, matters_pb2

from services import host
from tests.conftest import token_of
from tests.office import request_id
from tests.platform.receivers import NatsServer, receiver
from tests.platform.test_delivery import make_stream
from tests.races.servers import QUICK, served
from tests.talent.conftest import ROLES
from tests.talent.desk import Desk, a_case

NewSettings = Callable[..., host.Settings]
CASES = 6
TOGETHER = 8  # calls at once
READY = matters_pb2.Step.READY
Told = Iterable[tuple[str, int, str]]  # subject, number within its case, kind


def work(desks: list[Desk]) -> list[str]:
    """Cases that both replicas open and act on at once; of two that are one, one is merged into the other."""
    with ThreadPoolExecutor(TOGETHER) as pool:

        def at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
            return [done.result(timeout=120) for done in [pool.submit(call) for call in calls]]

        asked = [a_case("pension", "archive", "hukou", "spouse_job") for _ in range(CASES)]
        made = at_once(lambda n=n, each=each: desks[n % 2].cases.OpenCase(each) for n, each in enumerate(asked))
        double = desks[0].open("pension", "unemployment", talent=asked[0].talent)
        ready = [step.name for case in made for matter in case.matters for step in matter.steps if step.state == READY]
        at_once(lambda n=n, name=name: desks[n % 2].act("StartStep", name) for n, name in enumerate(ready))
        merge = cases_pb2.MergeCaseRequest(
            name=double.name, into=made[0].name, reason="重复登记", request_id=request_id()
        )
        letters = [name for name in ready if name.endswith("/archive/steps/letter")]
        at_once(
            [
                lambda: desks[1].cases.MergeCase(merge),
                *(lambda n=n, name=name: desks[n % 2].finish(name) for n, name in enumerate(letters)),
            ]
        )
    return [*(case.name for case in made), double.name]


def numbers_of(told: Told) -> Mapping[str, list[int]]:
    """The numbers of each case's events, as they were told; what came again counts once."""
    found: dict[str, list[int]] = defaultdict(list)
    for subject, number, _ in dict.fromkeys(told):
        if subject.startswith("cases/"):
            found[subject].append(number)
    return found


def published(url: str, most: int) -> list[dict[str, Any]]:
    """The first events of the talent service that the stream keeps."""

    async def read() -> list[dict[str, Any]]:
        client = await nats.connect(url, connect_timeout=5)
        try:
            kept = await client.jetstream().subscribe("liancai.talent.>", ordered_consumer=True)
            return [json.loads((await kept.next_msg(timeout=60)).data) for _ in range(most)]
        finally:
            await client.close()

    return asyncio.run(read())


def as_told(events: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    return [(event["subject"], event.get("casesequence", 0), event["type"]) for event in events]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_two_replicas_do_to_cases_is_told_in_order(
    kind: str, new_settings: NewSettings, folders: Iterator[Path], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        listening = stack.enter_context(receiver())
        jetstream = NatsServer(tmp_path / "nats")
        stack.callback(jetstream.stop)
        make_stream(jetstream.url)
        more = {"LIANCAI_EVENTS_WEBHOOK": listening.url, "LIANCAI_EVENTS_NATS": jetstream.url}
        settings = new_settings(kind, **more)
        host.events_secret(settings, create=True)
        servers = stack.enter_context(served(settings, next(folders), next(folders)))
        token = token_of(settings, roles=ROLES, unit="371526-tf", subject="caseworker")
        channels = [stack.enter_context(grpc.insecure_channel(each.address, options=QUICK)) for each in servers]
        desks = [Desk(channel, token) for channel in channels]
        names = work(desks)
        request = event_pb2.WatchEventsRequest(stop_at_end=True)
        watched = [[event for part in desk.events.WatchEvents(request) for event in part.events] for desk in desks]
        assert watched[0] == watched[1], "either replica tells the same"
        seen = [(event.subject, event.case_sequence, event.type) for event in watched[0]]

        def posted() -> list[tuple[str, int, str]]:
            talent = (post.event for post in list(listening.taken))
            return as_told(event for event in talent if event["source"] == "/liancai/talent")

        listening.until(lambda: len(set(posted())) >= len(set(seen)))
        for told in (seen, posted(), as_told(published(jetstream.url, len(seen)))):
            numbers = numbers_of(told)
            assert sorted(numbers) == sorted(names)
            for name, counted in numbers.items():
                assert counted == list(range(1, len(counted) + 1)), name
            assert list(dict.fromkeys(told)) == seen
        last = {event.subject: event.type for event in watched[0]}
        assert last[names[-1]] in ("liancai.talent.case.merged", "liancai.talent.matter.merged")
