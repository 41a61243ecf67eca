"""Finding people over the wire: by the beginning of a name, by pinyin, by initials, by whole numbers, within reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import true, update

from services import host
from services.platform.database import Database
from services.training.enrolments import searching
from services.training.reindexing import reindex
from services.training.tables import EnrolmentRow, TraineeRow
from tests.conftest import token_of
from tests.office import ENTERPRISE, INSTITUTION, Office, somebody
from tests.statuses import status_of

State = pb.Enrolment
PEOPLE = (
    *("张三丰", "张三", "章三", "张\U00020000", "周杰", "单雄信", "丹雄", "尉迟恭"),
    *("阿卜杜拉·买买提", "John Smith", "吕布"),
)
Desk = Callable[..., Office]


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """Whoever is wanted, at a desk: `desk(division="370103")`."""
    return lambda **who: Office(grpc_channel, token_of(settings, **who))


@pytest.fixture(scope="module")
def people(office: Office, database: Database) -> dict[str, pb.Applicant]:
    """Everybody in one class of Gaotang and Shizhong; 张三 in a second one too."""
    order = office.contracted(headcount=100)
    held = office.open_class(order.name, capacity=20, start_date="2026-10-01", end_date="2026-10-31").name
    found = {name: somebody(full_name=name) for name in PEOPLE}
    for each in found.values():
        office.enrol(held, each)
    second = office.open_class(order.name, capacity=20).name
    office.enrol(second, found["张三"])
    office.withdraw(office.enrol(second, found["周杰"]).name)
    reindex(database)
    return found


def search(office: Office, query: str, **fields: Any) -> list[pb.Enrolment]:
    """Every page of what a query finds."""
    request = pb.SearchEnrolmentsRequest(query=query, **fields)
    found: list[pb.Enrolment] = []
    while True:
        answer = office.enrolments.SearchEnrolments(request)
        found += answer.enrolments
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found


def names(office: Office, people: dict[str, pb.Applicant], query: str, **fields: Any) -> set[str]:
    """Whom a query finds; the reply has them masked, and numbers tell them apart."""
    masked = {each.resident_id[:6] + "*" * 8 + each.resident_id[14:]: name for name, each in people.items()}
    found = search(office, query, **fields)
    assert len({each.name for each in found}) == len(found), "somebody is shown twice"
    return {masked[each.masked_resident_id] for each in found}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("张三", {"张三丰", "张三"}),
        (" 张 三 ", {"张三丰", "张三"}),
        ("张", {"张三丰", "张三", "张\U00020000"}),
        ("张\U00020000", {"张\U00020000"}),
        ("三", set()),
        ("zhangsan", {"张三丰", "张三", "章三"}),
        ("Zhang San", {"张三丰", "张三", "章三"}),
        ("zhāng sān f", {"张三丰"}),
        ("zs", {"张三丰", "张三", "章三"}),
        ("ZSF", {"张三丰"}),
        ("zj", {"周杰"}),
        ("z", {"张三丰", "张三", "章三", "张\U00020000", "周杰"}),
        ("shan", {"单雄信"}),
        ("dan", {"丹雄"}),
        ("yuchi", {"尉迟恭"}),
        ("尉迟", {"尉迟恭"}),
        ("阿卜杜拉·买", {"阿卜杜拉·买买提"}),
        ("abdl", {"阿卜杜拉·买买提"}),
        ("john s", {"John Smith"}),
        ("js", {"John Smith"}),
        ("lü", {"吕布"}),
        ("lv", {"吕布"}),
        ("wang", set()),
        ("王", set()),
    ],
)
def test_a_person_is_found_by_the_beginning_of_the_name(
    query: str, found: set[str], office: Office, people: dict[str, pb.Applicant]
) -> None:
    assert names(office, people, query) == found


def test_a_person_is_found_by_a_whole_number_only(office: Office, people: dict[str, pb.Applicant]) -> None:
    someone = people["章三"]
    number, phone = someone.resident_id, someone.phone
    full_width = str.maketrans("0123456789", "０１２３４５６７８９")
    for query in (number, number.lower(), f" {number.translate(full_width)} ", phone, f"+86 {phone[:3]}-{phone[3:]}"):
        assert names(office, people, query) == {"章三"}, query
    assert names(office, people, somebody().resident_id) == set()
    assert names(office, people, "13012345678") == set()
    for query in (number[:17], number[6:14], number[-4:], phone[:10], phone[-4:], "1"):
        assert refused(office, query) == ["FIELD_WHOLE_NUMBER"], query
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    assert refused(office, wrong) == ["TR-ID-CHECKSUM"]


@pytest.mark.parametrize("query", ["", " "])
def test_an_empty_query_is_refused(query: str, office: Office) -> None:
    assert refused(office, query) == ["FIELD_REQUIRED"]


@pytest.mark.parametrize("query", ["%", "_", "张%", "zh_ng", "*", "张三;", "'", "·", "-", "zs1", "张3", "\\", '"zs"'])
def test_what_is_no_name_and_no_number_is_refused(query: str, office: Office) -> None:
    assert refused(office, query) == ["FIELD_SEARCH"]


def refused(office: Office, query: str, **fields: Any) -> list[str]:
    """The rules that a search breaks."""
    with pytest.raises(grpc.RpcError) as refusal:
        office.enrolments.SearchEnrolments(pb.SearchEnrolmentsRequest(query=query, **fields))
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    assert [each for each in status_of(refusal.value).details if each.Unpack(bad)]
    return [each.reason for each in bad.field_violations]


def test_every_page_goes_on_where_the_last_one_ended(office: Office, people: dict[str, pb.Applicant]) -> None:
    for query in ("z", "zhang", "张", "zs", people["张三"].phone, people["张三"].resident_id):
        whole = [each.name for each in search(office, query)]
        assert len(whole) >= 2
        for size in (1, 2, 3):
            assert [each.name for each in search(office, query, page_size=size)] == whole


def test_a_page_is_for_the_query_it_was_made_for(office: Office, people: dict[str, pb.Applicant]) -> None:
    first = office.enrolments.SearchEnrolments(pb.SearchEnrolmentsRequest(query="z", page_size=1))
    assert refused(office, "zh", page_size=1, page_token=first.next_page_token) == ["FIELD_PAGE_TOKEN"]


def test_pinyin_comes_before_initials_and_nobody_comes_twice(office: Office, database: Database) -> None:
    held = office.open_class(office.contracted().name, start_date="2026-08-01", end_date="2026-08-31").name
    # baiai and ba, bian and ba, baiyian and bya, bate and bt
    enrolled = {name: office.enrol(held, somebody(full_name=name)).name for name in ("毕安", "白艾", "巴特", "白一安")}
    reindex(database)
    found = [each.name for each in search(office, "ba", class_name=held, page_size=1)]
    assert found == [enrolled[name] for name in ("白艾", "白一安", "巴特", "毕安")]


def test_filters(office: Office, people: dict[str, pb.Applicant]) -> None:
    everything = search(office, "zs") + search(office, "zj")
    (second,) = {each.class_name for each in everything if each.state == State.WITHDRAWN}
    assert names(office, people, "z", class_name=second) == {"张三", "周杰"}
    assert names(office, people, "z", class_name=second, states=[State.WITHDRAWN]) == {"周杰"}
    assert names(office, people, "z", states=[State.HIRED]) == set()
    (order,) = {each.order for each in everything}
    assert len(search(office, "z", order=order)) == len(search(office, "z"))
    assert refused(office, "z", states=[99]) == ["FIELD_CHOICE"]
    assert refused(office, "%", class_name="orders/1") == ["FIELD_SEARCH", "FIELD_NAME"]
    for fields in ({"class_name": "classes/20991199999"}, {"order": "orders/20991199999"}):
        with pytest.raises(grpc.RpcError) as refusal:
            search(office, "z", **fields)
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


def test_only_what_is_within_reach_is_found(desk: Desk, people: dict[str, pb.Applicant]) -> None:
    number = people["张三"].resident_id
    for who in (
        {"division": "371526"},
        {"division": "370103"},
        {"division": "370000"},
        {"roles": ("supervisor",)},
        {"roles": ("enterprise",), "unit": ENTERPRISE, "division": "110101"},
        {"roles": ("institution",), "unit": INSTITUTION, "division": "110101"},
    ):
        assert len(search(desk(**who), "zhangsan")) == 4, who
        assert len(search(desk(**who), number)) == 2, who
    for who in (
        {"division": "371525"},
        {"division": "110101"},
        {"roles": ("enterprise",), "unit": "91371526MA3C00018X"},
        {"roles": ("institution",), "unit": "52370103MJE0001099"},
    ):
        for query in ("zhangsan", "zs", "张", number, people["张三"].phone):
            assert search(desk(**who), query) == [], who


def test_without_the_reach_strangers_would_find_them(
    desk: Desk, people: dict[str, pb.Applicant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the one above."""
    monkeypatch.setattr(searching.queries, "within_reach", lambda *_: true())
    assert search(desk(division="110101"), "zhangsan")


def test_a_name_that_was_stored_without_its_pinyin_is_found_after_a_reindex(
    office: Office, database: Database, people: dict[str, pb.Applicant]
) -> None:
    with database.writing_engine.begin() as connection:
        connection.execute(update(TraineeRow).values(name_pinyin="", name_initials=""))
        connection.execute(update(EnrolmentRow).values(phone_index=b""))
    assert names(office, people, "zs") == set()
    assert names(office, people, people["章三"].phone) == set()
    assert reindex(database) > 20
    assert names(office, people, "zs") == {"张三丰", "张三", "章三"}
    assert names(office, people, people["章三"].phone) == {"章三"}
    assert reindex(database) == 0


def test_what_is_found_is_masked(office: Office, people: dict[str, pb.Applicant]) -> None:
    found = search(office, "zhangsanfeng")
    assert [each.masked_name for each in found] == ["张**"]
    said = str(found)
    assert people["张三丰"].resident_id not in said
    assert people["张三丰"].phone not in said
