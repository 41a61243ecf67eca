"""Who is sent and what is asked for in the third part of the demo: 20 commissioners of 市中区, 60 requests of 高唐.

Everybody is invented; the identity numbers pass the checksum and are nobody's we know of. Towns and disciplines are
real: codes of `services/reference/data/towns.csv` and of GB/T 13745. Some requests cannot be served, on purpose.
"""

from __future__ import annotations

import csv
import os
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from liancai.placement.v1 import commissioners_pb2, requests_pb2, service_agreements_pb2
from liancai.placement.v1.commissioners_pb2_grpc import CommissionersStub
from liancai.placement.v1.requests_pb2_grpc import RequestsStub
from liancai.placement.v1.service_agreements_pb2_grpc import ServiceAgreementsStub

from cli.wire import Settings, Wire
from services.reference import credit_code, divisions, resident_id

SENDS, SERVED, CITY = "370103", "371526", "370100"
INSTITUTE, INSTITUTE_NAME = credit_code.make("12", SENDS, "49557300"), "市中区样例农业科学研究所"
BUREAU, BUREAU_NAME = credit_code.make("11", SERVED, "00437010"), "高唐县样例科学技术局"
# GB/T 13745: 农学, 植物保护学, 畜牧与兽医, 机械工程, 动力与电气, 食品, 计算机; the last is one person's
AGRONOMY, PROTECTION, ANIMALS, MACHINES, POWER, FOOD, COMPUTERS = "210", "21060", "230", "460", "470", "550", "520"
NOBODY_S = "430"  # 材料科学: nobody's
COMMISSIONER, AGREEMENT, REQUEST = (
    commissioners_pb2.Commissioner, service_agreements_pb2.ServiceAgreement, requests_pb2.Request,
)  # fmt: skip


class Expert(NamedTuple):
    """A person who may be sent."""

    name: str
    discipline: str
    level: int
    days: int  # a year


EXPERTS = (
    Expert("韩样启", AGRONOMY, 3, 24), Expert("冯样兰", AGRONOMY, 3, 20), Expert("曹样春", AGRONOMY, 2, 24),
    Expert("邓样秋", AGRONOMY, 2, 20), Expert("彭样勤", PROTECTION, 3, 24), Expert("吕样青", PROTECTION, 2, 20),
    Expert("苏样云", ANIMALS, 3, 24), Expert("蒋样平", ANIMALS, 2, 24), Expert("蔡样新", ANIMALS, 2, 16),
    Expert("魏样钢", MACHINES, 3, 24), Expert("丁样锋", MACHINES, 3, 20), Expert("任样钧", MACHINES, 2, 24),
    Expert("姚样鑫", MACHINES, 2, 16), Expert("卢样电", POWER, 3, 20), Expert("傅样明", POWER, 2, 16),
    Expert("钟样味", FOOD, 3, 20), Expert("崔样禾", FOOD, 2, 20), Expert("谭样算", COMPUTERS, 3, 20),
)  # fmt: skip
# how many requests, and of how many levels at most
ASKED = {AGRONOMY: (14, 3), PROTECTION: (8, 3), ANIMALS: (10, 3), MACHINES: (12, 3), POWER: (5, 2), FOOD: (5, 3)}
PROBLEMS = {
    AGRONOMY: "小麦越冬前苗情偏弱",
    PROTECTION: "大棚番茄病害反复",
    ANIMALS: "奶牛冬季产奶量下降",
    MACHINES: "收割机割台振动",
    POWER: "车间电机频繁跳闸",
    FOOD: "驴肉制品保质期短",
    COMPUTERS: "生产数据无法汇总",
    NOBODY_S: "铸件表面出现裂纹",
}


class Clerk:
    """Somebody with a token at the client's own connection, for what is done many times and not shown."""

    def __init__(self, token: str, language: str) -> None:
        self._link = Wire(Settings(os.environ["LIANCAI_TARGET"], token, language=language))

    def ask(self, stub: Any, kind: Any, **fields: Any) -> Any:
        """One call."""
        return self._link.ask(stub, kind(request_id=uuid.uuid4().hex, **fields))


class Desks(NamedTuple):
    """Everybody who has a part in it."""

    unit: Clerk
    county: Clerk
    city: Clerk
    served: Clerk


def hosts() -> list[tuple[str, str, str]]:
    """A host in each town of 高唐: its credit code, its name, the code of the town."""
    path = Path(divisions.__file__).parent / "data" / "towns.csv"
    with path.open(encoding="utf-8", newline="") as file:
        towns = [row for row in csv.DictReader(file) if row["county"] == SERVED]
    return [
        (
            credit_code.make("93", SERVED, f"MA3H{number:04}"),
            f"{row['name'].removesuffix('镇').removesuffix('街道')}样例合作社",
            row["code"],
        )
        for number, row in enumerate(towns)
    ]


def register(desks: Desks, today: date) -> list[str]:
    """Brings the commissioners onto the register, each with an agreement in force; their names."""
    people = [_filed(desks, today, **_person(number, expert)) for number, expert in enumerate(EXPERTS)]
    skill = commissioners_pb2.Discipline
    team = _filed(
        desks, today, kind=COMMISSIONER.TEAM, group_name="样例小麦服务团", leader=people[0], members=people[2:4],
        disciplines=[skill(code=AGRONOMY, level=3)], days_a_year=12,
    )  # fmt: skip
    unit = _filed(
        desks, today, kind=COMMISSIONER.LEGAL_PERSON, group_name="市中区样例农机研究院", phone="13755551099",
        disciplines=[skill(code=MACHINES, level=3)], days_a_year=20,
    )  # fmt: skip
    found = [*people, team, unit]
    for each in found:
        _agreed(desks, today, each)
    return found


def _person(number: int, expert: Expert) -> dict[str, Any]:
    industry = expert.discipline in (MACHINES, POWER, COMPUTERS)
    born = date(1974 + number, 1 + number % 12, 3 + number)
    return {
        "kind": COMMISSIONER.INDIVIDUAL,
        "full_name": expert.name,
        "resident_id": resident_id.make(SENDS, born, 601 + number),
        "phone": f"137555510{number:02}",
        "field": COMMISSIONER.INDUSTRY if industry else COMMISSIONER.AGRICULTURE,
        "disciplines": [commissioners_pb2.Discipline(code=expert.discipline, level=expert.level)],
        "title": COMMISSIONER.INTERMEDIATE,
        "education": COMMISSIONER.MASTER,
        "days_a_year": expert.days,
    }


def _filed(desks: Desks, today: date, **fields: Any) -> str:
    """From the application to the register, by everybody whose step it is."""
    values = {
        "direction": COMMISSIONER.FORWARD, "field": COMMISSIONER.AGRICULTURE, "home_unit_credit_code": INSTITUTE,
        "home_unit_name": INSTITUTE_NAME, "division": SENDS, "partner_division": SERVED, "home_place": SENDS,
    }  # fmt: skip
    pb, stub = commissioners_pb2, CommissionersStub
    commissioner = COMMISSIONER(**{**values, **fields})
    name: str = desks.unit.ask(stub, pb.ApplyCommissionerRequest, commissioner=commissioner).name
    desks.unit.ask(stub, pb.RecommendCommissionerRequest, name=name)
    desks.county.ask(stub, pb.VetCommissionerRequest, name=name)
    desks.city.ask(stub, pb.EndorseCommissionerRequest, name=name)
    certificate = f"鲁科特-{name.rpartition('/')[2]}"
    desks.city.ask(
        stub, pb.FileCommissionerRequest, name=name, certificate_number=certificate, term_start=today.isoformat()
    )
    return name


def _agreed(desks: Desks, today: date, commissioner: str) -> None:
    """A framework for every host of the county, signed by all three and filed."""
    pb, stub = service_agreements_pb2, ServiceAgreementsStub
    paper = "5" * 64
    agreement = AGREEMENT(
        kind=AGREEMENT.FRAMEWORK, commissioner=commissioner, bureau_credit_code=BUREAU, bureau_name=BUREAU_NAME,
        division=SERVED, valid_from=today.isoformat(), valid_to=(today + timedelta(days=364)).isoformat(),
        services=[AGREEMENT.TECHNICAL_GUIDANCE], min_days_a_year=10, deliverables="技术规程一份，培训不少于两次",
        expense_bearer=AGREEMENT.SENDING_UNIT, insurance_bearer=AGREEMENT.SENDING_UNIT,
        exit_terms="提前三十日书面通知", file_sha256=paper,
    )  # fmt: skip
    made = desks.served.ask(stub, pb.CreateServiceAgreementRequest, service_agreement=agreement)
    for each in made.signatures:
        signed = {"role": each.role, "sign_date": today.isoformat(), "file_sha256": paper}
        desks.served.ask(stub, pb.SignServiceAgreementRequest, name=made.name, **signed)
    desks.served.ask(stub, pb.FileServiceAgreementRequest, name=made.name)


def requests(desks: Desks, people: Sequence[str], first: date, last: date) -> list[str]:
    """Sixty requests for the time from `first` to `last`, each accepted; their names."""
    pb, stub = requests_pb2, RequestsStub
    names = []
    for request in _wanted(people, first, last):
        name = desks.served.ask(stub, pb.CreateRequestRequest, request=request).name
        desks.served.ask(stub, pb.SubmitRequestRequest, name=name)
        desks.served.ask(stub, pb.AcceptRequestRequest, name=name)
        names.append(name)
    return names


def _wanted(people: Sequence[str], first: date, last: date) -> Iterator[requests_pb2.Request]:
    """The requests: what hosts usually ask, and what cannot be served."""
    chance, places = random.Random(5), hosts()  # noqa: S311  the same demo each time
    by_discipline = {
        code: [who for who, expert in zip(people, EXPERTS, strict=False) if expert.discipline == code] for code in ASKED
    }
    weeks = [first + timedelta(days=days) for days in range(0, (last - first).days - 9, 7)]
    for code, (count, level) in ASKED.items():
        for _ in range(count):
            start = chance.choice(weeks)
            days, priority = chance.randint(1, 4), chance.choice((1, 1, 2, 2, 3, 4))
            yield _request(
                chance.choice(places), code, chance.randint(1, level), start,
                min(last, start + timedelta(days=chance.choice((11, 18, 25)))), days, priority,
                may_split=days > 2 and chance.random() < 0.3,
                wished_commissioner=chance.choice(by_discipline[code]) if chance.random() < 0.25 else "",
            )  # fmt: skip
    # a team is asked for
    yield _request(places[3], AGRONOMY, 2, weeks[1], last, 2, 3, team_needed=True)
    # three want the one who knows computers in the same week
    for place in places[:3]:
        yield _request(place, COMPUTERS, 2, weeks[2], weeks[2] + timedelta(days=4), 4, 2)
    # nobody knows it; too few working days are left in the year
    yield _request(places[4], NOBODY_S, 1, weeks[0], last, 2, 4)
    yield _request(places[5], FOOD, 1, last - timedelta(days=1), last + timedelta(days=15), 6, 3)


def _request(
    host: tuple[str, str, str], code: str, level: int, first: date, last: date, days: int, priority: int, **more: Any
) -> requests_pb2.Request:
    return REQUEST(
        kind=REQUEST.ON_SITE_GUIDANCE, problem=PROBLEMS[code], host_credit_code=host[0], host_name=host[1],
        discipline=commissioners_pb2.Discipline(code=code, level=level), division=SERVED, partner_division=SENDS,
        place=host[2], window_start=first.isoformat(), window_end=last.isoformat(), working_days=days,
        priority=priority, priority_reason="合作社集中反映" if priority > 1 else "", **more,
    )  # fmt: skip
