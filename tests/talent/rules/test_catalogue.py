from __future__ import annotations

from datetime import date

import pytest

from services.reference.divisions import DivisionFault
from services.reference.parameters import Confidence, Title
from services.reference.yamlfile import FileFaults
from services.talent import catalogue as folder
from services.talent.rules import catalogue as model
from services.talent.rules.catalogue import (
    Branch,
    DocumentRank,
    Pool,
    ResultType,
    Scope,
    WindowState,
    scope_of,
    window_on,
)
from services.talent.rules.catalogue_file import load
from services.talent.rules.ledger import SuspensionKind
from services.talent.rules.limits import Basis, Extension, Limit, Promise, Span, Unit
from services.talent.rules.lint import lint, publishable
from services.talent.rules.states import MatterState, Side
from tests.talent.rules.documents import DOCUMENT, FIRST, HEAD, SECOND, changed, text

SHIPPED = folder.shipped()
KEYS = [
    "anchor_enrol",
    "pension",
    "medical",
    "unemployment",
    "housing_fund",
    "school_new",
    "school_transfer",
    "hukou",
    "residence_permit",
    "archive",
    "spouse_job",
]


def faults_of(*texts: str) -> list[str]:
    with pytest.raises(FileFaults) as caught:
        load(*((f"{number}.yaml", each) for number, each in enumerate(texts)))
    return [str(fault) for fault in caught.value.faults]


def test_the_eleven_matters_ship() -> None:
    assert [matter.key for matter in SHIPPED.matters] == KEYS
    assert sum(len(matter.steps) for matter in SHIPPED.matters) == 42
    assert publishable(lint(SHIPPED))


def test_what_is_unknown_is_said_to_be() -> None:
    unknown = [step for matter in SHIPPED.matters for step in matter.steps if step.limit.n is None]
    assert len(unknown) == 17
    assert {step.limit.basis for step in unknown} == {Basis.UNKNOWN, Basis.INTERNAL}
    assert not any(step.promises for matter in SHIPPED.matters for step in matter.steps)


def test_every_number_of_law_or_policy_names_its_source() -> None:
    binding = [s.limit for m in SHIPPED.matters for s in m.steps if s.limit.binding]
    assert len(binding) == 17
    assert all(limit.source for limit in binding)


def test_a_pension_passes_fifteen_days_three_times() -> None:
    pension = SHIPPED.matter("pension")
    legs = [step for step in pension.steps if step.limit.binding]
    assert [(step.side, step.limit.n) for step in legs] == [
        (Side.DESTINATION, 15),
        (Side.ORIGIN, 15),
        (Side.DESTINATION, 15),
    ]
    assert pension.total == Limit(45, Unit.WORKING_DAYS, Basis.POLICY, "国办发〔2009〕66号第8条（三段合计）")


def test_the_words_are_chinese_and_english() -> None:
    for matter in SHIPPED.matters:
        for title in (matter.title, *(step.title for step in matter.steps)):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in title.zh)
            assert title.en.isascii()


def test_nothing_that_ships_may_wait_for_proof_of_who_somebody_is() -> None:
    papers = [paper for matter in SHIPPED.matters for step in matter.steps for paper in step.documents]
    assert [paper.key for paper in papers if paper.rank is DocumentRank.GUARDIANSHIP] == ["guardianship"] * 2
    assert not any(paper.may_wait for paper in papers)


def test_one_text_and_several_say_the_same() -> None:
    assert load(("whole", folder.document())) == SHIPPED
    assert load(("whole", folder.document())).fingerprint == SHIPPED.fingerprint
    assert load(("a", HEAD), ("b", FIRST), ("c", SECOND)) == load(("d", DOCUMENT))


def test_the_fingerprint_names_the_text() -> None:
    one, other = changed(), changed(("n: 10, unit: working_days", "n: 9, unit: working_days"))
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint.startswith("sample@1.0.0+")


def test_a_step_as_it_is_read() -> None:
    step = changed().matter("first").step("in")
    assert step == model.Step(
        key="in",
        title=Title("转入", "In"),
        side=Side.DESTINATION,
        bureau="sic",
        limit=Limit(15, Unit.DAYS, Basis.LAW, "法3", Extension(15, "法3")),
        after=("money", "side_track"),
        result=(model.ResultField("months", Title("月数", "Months"), ResultType.INTEGER, required=False),),
    )
    assert step.place == "sample.yaml:55"


def test_a_step_comes_after_the_one_before_it_unless_it_says_otherwise() -> None:
    assert {step.key: step.after for step in changed().matter("first").steps} == {
        "check": (),
        "out": ("check",),
        "money": ("out",),
        "side_track": ("check",),
        "in": ("money", "side_track"),
    }
    assert SHIPPED.matter("archive").step("emp_hand").after == ()


def test_outcomes_and_suspensions() -> None:
    check = changed().matter("first").step("check")
    assert [(outcome.key, outcome.ends, outcome.skips) for outcome in check.outcomes] == [
        ("needed", None, ()),
        ("needless", MatterState.NOT_REQUIRED, ()),
        ("moneyless", None, ("money",)),
    ]
    assert [(each.kind, each.source) for each in check.suspensions] == [
        (SuspensionKind.EXPERT, "行政许可法45"),
        (SuspensionKind.SUPPLEMENT, "行政许可法32"),
    ]
    assert check.checks
    assert not changed().matter("first").step("out").checks


def test_a_suspension_of_its_own_source_and_maximum() -> None:
    own = "[supplement, {kind: expert, source: 法45, maximum: {n: 20, unit: working_days}}]"
    expert = changed(("[supplement, expert]", own)).matter("first").step("check").suspensions[0]
    assert (expert.source, expert.maximum) == ("法45", Span(20, Unit.WORKING_DAYS))


def test_the_terms_of_a_step() -> None:
    first = changed().matter("first")
    terms = first.step("check").terms("371526")
    assert (terms.promise, terms.checks, terms.completeness) == (3, True, Span(5, Unit.WORKING_DAYS))
    assert first.step("check").terms("370103").promise is None
    assert first.step("side_track").terms("371526", "city").limit.span("city") == Span(3, Unit.DAYS)
    assert first.step("side_track").limit.span("village") == Span(10, Unit.DAYS)
    reminder = Span(10, Unit.WORKING_DAYS)
    assert first.step("check").terms("371526", plan=reminder).plan is None
    assert changed().matter("second").step("seat").terms("371526", plan=reminder).plan == reminder


def test_the_most_specific_promise_holds() -> None:
    wider = '[{division: "*", n: 5, source: 全}, {division: "371500", n: 4, source: 市}, '
    step = changed(('[{division: "371526", n: 3,', wider + '{division: "371526", n: 3,')).matter("first").step("check")
    assert [step.terms(division).promise for division in ("370103", "371502", "371526")] == [5, 4, 3]
    assert step.promises[2] == Promise("371526", 3, "承诺")


@pytest.mark.parametrize(
    ("pool", "origin", "destination", "scope"),
    [
        (Pool.CITY, "370103", "371526", Scope.SAME_PROVINCE),
        (Pool.CITY, "370103", "370102", Scope.SAME_POOL),
        (Pool.COUNTY, "370103", "370102", Scope.SAME_PROVINCE),
        (Pool.COUNTY, "370103", "370103", Scope.SAME_POOL),
        (Pool.PROVINCE, "370103", "371526", Scope.SAME_POOL),
        (Pool.PROVINCE, "370103", "511002", Scope.CROSS_PROVINCE),
        (Pool.NATION, "370103", "511002", Scope.SAME_POOL),
        (Pool.CITY, "370103", "370402", Scope.SAME_PROVINCE),
        (None, "370103", "370103", Scope.SAME_PROVINCE),
        (None, "370103", "511102", Scope.CROSS_PROVINCE),
    ],
)
def test_how_far_a_move_goes(pool: Pool | None, origin: str, destination: str, scope: Scope) -> None:
    assert scope_of(pool, origin, destination) is scope


def test_a_damaged_division_goes_nowhere() -> None:
    with pytest.raises(DivisionFault):
        scope_of(Pool.NATION, "37010", "371526")


def test_what_a_move_takes() -> None:
    first = changed().matter("first")
    assert first.branch("370103", "370102") == Branch(required=False)
    assert first.branch("370103", "371526") == Branch(skips=("money",), source="省内")
    assert first.branch("370103", "511002") == Branch()
    assert SHIPPED.matter("pension").branch("370103", "371526") == Branch()
    assert SHIPPED.matter("pension").branch("370103", "511002").skips == ("check",)
    assert SHIPPED.matter("medical").branch("370103", "371526").required
    assert not SHIPPED.matter("medical").branch("371502", "371526").required
    assert SHIPPED.matter("unemployment").branch("370103", "371526").skips == ("fund",)


@pytest.mark.parametrize(
    ("division", "day", "state", "opens"),
    [
        ("370103", "2026-06-30", WindowState.CLOSED, "2026-07-01"),
        ("370103", "2026-07-01", WindowState.OPEN, None),
        ("370103", "2026-08-31", WindowState.OPEN, None),
        ("370103", "2026-09-01", WindowState.CLOSED, "2027-07-01"),
        ("371526", "2026-07-01", WindowState.CLOSED, "2026-12-15"),
        ("371526", "2026-12-31", WindowState.OPEN, None),
        ("371526", "2027-01-15", WindowState.OPEN, None),
        ("371526", "2027-01-16", WindowState.CLOSED, "2027-12-15"),
    ],
)
def test_when_a_window_is_open(division: str, day: str, state: WindowState, opens: str | None) -> None:
    window = changed().matter("second").window(division)
    expected = date.fromisoformat(opens) if opens else None
    assert window_on(window, date.fromisoformat(day)) == (state, expected)


def test_no_window_is_open_and_an_unknown_one_is_unknown() -> None:
    assert window_on(changed().matter("first").window("370103"), date(2026, 1, 1)) == (WindowState.OPEN, None)
    school = SHIPPED.matter("school_new").window("371526")
    assert school is not None
    assert school.confidence is Confidence.UNCONFIRMED
    assert window_on(school, date(2026, 7, 1)) == (WindowState.UNKNOWN, None)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    broken = text(
        ("unit: hrss", "unti: hrss"),
        ("applicant: person", "applicant: anybody"),
        ("pool: city", "pool: village"),
        ("{n: 5, unit: working_days", "{n: 5, unit: hours"),
        ("rank: identity", "rank: vital"),
        ("ends: not_required", "ends: done"),
        ("side: origin", "side: elsewhere"),
        ("opens: 07-01", "opens: 02-30"),
        ("n: null", "n: 0"),
    )
    assert faults_of(broken) == [
        "0.yaml:5:45: unknown field; the fields are key, title, unit",
        "0.yaml:14:12: applicant: want person, employer, person_or_employer, guardian",
        "0.yaml:15:7: pool: want county, city, province, nation",
        "0.yaml:25:23: unit: want working_days, days, months",
        "0.yaml:29:64: rank: want identity, guardianship, main, secondary",
        "0.yaml:33:58: ends: want not_required, refused",
        "0.yaml:38:9: side: want origin, destination, both, applicant",
        "0.yaml:68:26: opens: want a day of every year, MM-DD",
        "0.yaml:75:14: n: want a whole number, 1 at least",
    ]


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("- step: out", "- step: check", "0.yaml:36:3: check is given twice"),
        ("matter: second", "matter: first", "0.yaml:63:1: matter first is given twice"),
        ("- {key: edu,", "- {key: sic,", "0.yaml:6:3: sic is given twice"),
        ("[supplement, expert]", "[supplement, supplement]", "0.yaml:27:29: SUPPLEMENT is given twice"),
        (
            "[supplement, expert]",
            "[supplement, force]",
            "0.yaml:27:29: suspensions: the head of the catalogue does not say what force rests on",
        ),
        (
            "[supplement, expert]",
            "[supplement, lunch]",
            "0.yaml:27:29: suspensions: want supplement, window, external, expert, applicant, force",
        ),
        (
            "same_pool: not_required",
            "same_pool: perhaps",
            "0.yaml:17:14: want full, not_required, or a mapping of required, skips, source",
        ),
        (
            "same_pool: not_required",
            "next_door: full",
            "0.yaml:17:3: unknown field; the fields are same_pool, same_province, cross_province",
        ),
        ("required: false", "required: maybe", "0.yaml:61:80: required: want true or false"),
        ("variants: {city: 3}", "variants: {city: none}", "0.yaml:52:64: variants: want a whole number, 1 at least"),
        (
            'division: "371526", n: 3',
            'division: "99", n: 3',
            "0.yaml:26:25: division: want a division code of GB/T 2260, or * for everywhere",
        ),
        ("  title: {zh: 转出, en: Out}\n", "", "0.yaml:36:3: field title is missing"),
        ("version: 1.0.0", "version: new", "0.yaml:2:10: version: want a date or a version such as 1.2.0"),
        ("- step: out\n", "- out\n- step: out\n", "0.yaml:36:3: want a mapping of step"),
    ],
)
def test_a_fault_and_its_place(before: str, after: str, fault: str) -> None:
    found = faults_of(text((before, after)))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([], "<text>:1:1: a catalogue begins with its head"),
        ([""], "0.yaml:1:1: a catalogue begins with its head"),
        (["- a list"], "0.yaml:1:1: a catalogue is a head and then matters, each a mapping"),
        ([HEAD, "matter: ["], "1.yaml:1:10: not YAML: expected the node content, but found '<stream end>'"),
        ([HEAD, "\x00"], "1.yaml:1:1: not YAML: a character that YAML forbids"),
        (["[" * 5000], "0.yaml:1:1: nested too deeply"),
    ],
)
def test_what_is_no_catalogue_at_all(texts: list[str], fault: str) -> None:
    assert fault in faults_of(*texts)


def test_what_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        SHIPPED.matter("marriage")
    with pytest.raises(KeyError):
        SHIPPED.matter("pension").step("later")
    with pytest.raises(KeyError):
        SHIPPED.bureau("moon")
    assert SHIPPED.bureau("sic").unit == "hrss"
