"""What a class filing (开班备案) lacks: every gap at once, so that it is returned once (一次性告知).

Each gap has a stable code TF-... . An ERROR keeps the first review from passing it, a WARNING is for the officer to
weigh, a NOTE only tells. What public money pays for must be there; of a class without any the same gap is a warning. A
number that the bureau has still to confirm never blocks, and one that nobody knows yet is named as not checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.reference.conditions import Level
from services.reference.parameters import Confidence, Parameter
from services.reference.workdays import Calendar, CalendarNotPublished
from services.training.rules.findings import Finding
from services.training.rules.timetable import Slot

Numbers = Mapping[str, Parameter | None]

# what an application is made of (domain rules: class filing data set), by kind of attachment
DOCUMENTS = {
    "LICENCE": "TF-DOC-LICENCE",
    "FILING_FORM": "TF-DOC-FILING-FORM",
    "ROSTER": "TF-DOC-ROSTER",
    "TEACHING_PLAN": "TF-DOC-TEACHING-PLAN",
    "TEACHERS": "TF-DOC-TEACHERS",
    "TEXTBOOKS": "TF-DOC-TEXTBOOKS",
    "SITE_PROOF": "TF-DOC-SITE-PROOF",
    "ASSESSMENT_PLAN": "TF-DOC-ASSESSMENT-PLAN",
    "AGREEMENT": "TF-DOC-AGREEMENT",
    "COMMITMENT": "TF-DOC-COMMITMENT",
}
ALWAYS_USED = (
    *("class.max_size", "class.min_size", "class.filing_lead", "hour.minutes", "hours.per_day_max"),
    *("hours.practice_share", "filing.required", "filing.usual"),
)
LEVELS = ("5", "4", "3", "2", "1", "none")
PARAMETERS = (*ALWAYS_USED, *(f"hours.minimum.{level}" for level in LEVELS), "apprentice.contract_months")
# certificates that have one of the five levels
LEVELLED = ("SKILL_LEVEL", "QUALIFICATION")
TAKES_CLASSES = ("CONTRACTED", "TRAINING")
SHOWN = 5  # days or sessions that a gap names; more are counted


@dataclass(frozen=True, slots=True)
class Lesson:
    """A session of the timetable; `teacher` is a resource name or empty."""

    slot: Slot
    place: str
    teacher: str
    topic: str
    practice: bool

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.slot.end - self.slot.start


@dataclass(frozen=True, slots=True)
class Teacher:
    """What is on record of a teacher; not who it is."""

    qualification: str
    certificate_number: str


@dataclass(frozen=True, slots=True)
class Institution:
    """What the register has of the institution."""

    institution_name: str
    suspended: bool
    licence_number: str
    catalogue_number: str
    occupation_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What the order it serves allows. `seats` are those it has open, and those this class holds already."""

    state: str
    institution_credit_code: str
    start_date: date
    valid_until: date
    contract_months: int
    seats: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A teacher or a room (`kind` TEACHER or ROOM) that another class has at this time."""

    kind: str
    other_class: str
    day: date
    time: str


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as it stands. `filed_on` is the Asia/Shanghai date it was filed, or would be."""

    institution_credit_code: str
    institution_name: str
    institution: Institution | None
    order: Order
    occupation_code: str
    certificate_level: int
    start_date: date
    end_date: date
    capacity: int
    minimum: int
    training_kind: str
    certificate_kind: str
    fund: str
    subsidy_standard: str
    project_number: str
    hours_theory: int
    hours_practice: int
    site_address: str
    head_teacher: str
    assessment_plan: str
    attached: frozenset[str]
    lessons: Sequence[Lesson]
    teachers: Mapping[str, Teacher]
    filed_on: date
    today: date
    taken: Sequence[Taken] = field(default=())

    @property
    def subsidised(self) -> bool:
        """Whether public money pays for it."""
        return self.fund != "NONE"

    @property
    def hours(self) -> int:
        """Class hours (课时) in all."""
        return self.hours_theory + self.hours_practice


Check = Callable[[Filing, Numbers, Calendar], Iterator[Finding]]


def gaps(filing: Filing, numbers: Numbers, calendar: Calendar) -> list[Finding]:
    """Everything that is missing or odd, errors first. `numbers` has every key of PARAMETERS, None where unknown."""
    found = [finding for check in _CHECKS for finding in check(filing, numbers, calendar)]
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def blocking(found: Iterable[Finding]) -> list[Finding]:
    """Those that keep a filing from being reviewed."""
    return [finding for finding in found if finding.level is Level.ERROR]


def is_gap(finding: Finding) -> bool:
    """Whether a filing may be returned for it; a note is no gap."""
    return finding.level is not Level.NOTE


# ---- who and for whom ----------------------------------------------------------------------------


def _institution(filing: Filing, _numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    held, at = filing.institution, "institution_credit_code"
    if held is None:
        yield _gap(_funded(filing), "TF-INSTITUTION-UNKNOWN", at, institution=filing.institution_credit_code)
        return
    if held.suspended:
        yield _gap(Level.ERROR, "TF-INSTITUTION-SUSPENDED", at, institution=filing.institution_credit_code)
    if not held.licence_number and not held.catalogue_number:
        yield _gap(Level.ERROR, "TF-INSTITUTION-LICENCE", at)
    elif filing.subsidised and not held.catalogue_number:
        yield _gap(Level.ERROR, "TF-INSTITUTION-CATALOGUE", at)
    if held.occupation_codes and filing.occupation_code not in held.occupation_codes:
        yield _gap(_funded(filing), "TF-INSTITUTION-OCCUPATION", at, occupation=filing.occupation_code)
    if held.institution_name != filing.institution_name:
        yield _gap(Level.WARNING, "TF-INSTITUTION-NAME", "institution_name", registered=held.institution_name)


def _order(filing: Filing, _numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    order = filing.order
    if order.institution_credit_code and order.institution_credit_code != filing.institution_credit_code:
        yield _gap(
            *(Level.ERROR, "TF-INSTITUTION-ORDER", "institution_credit_code"), matched=order.institution_credit_code
        )
    if order.state not in TAKES_CLASSES:
        yield _gap(Level.ERROR, "TF-ORDER-STATE", "order", state=order.state)
    if order.valid_until < filing.today:
        yield _gap(Level.ERROR, "TF-ORDER-EXPIRED", "order", valid_until=order.valid_until)
    elif order.valid_until < filing.end_date:
        yield _gap(Level.ERROR, "TF-ORDER-VALIDITY", "end_date", valid_until=order.valid_until)
    if order.start_date < filing.end_date:
        yield _gap(Level.WARNING, "TF-ORDER-START", "end_date", start=order.start_date)
    if filing.capacity > order.seats:
        yield _gap(Level.ERROR, "TF-ORDER-SEATS", "capacity", seats=order.seats, capacity=filing.capacity)


def _head(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    if not filing.training_kind:
        yield _gap(Level.ERROR, "TF-TRAINING-KIND", "training_kind")
    if filing.training_kind == "PROJECT" and not filing.project_number:
        yield _gap(Level.ERROR, "TF-PROJECT-NUMBER", "project_number")
    least, months = _integer(numbers, "apprentice.contract_months"), filing.order.contract_months
    # 0 months is a contract without a fixed term
    if filing.training_kind == "APPRENTICESHIP" and least is not None and 0 < months < least:
        yield _by(numbers["apprentice.contract_months"], "TF-APPRENTICE-CONTRACT", "training_kind", months=months)
    if not filing.certificate_kind:
        yield _gap(Level.ERROR, "TF-CERTIFICATE-KIND", "certificate_kind")
    elif filing.certificate_kind in LEVELLED and not filing.certificate_level:
        yield _gap(Level.ERROR, "TF-CERTIFICATE-LEVEL", "certificate_kind")
    elif filing.certificate_kind not in LEVELLED and filing.certificate_level:
        yield _gap(Level.WARNING, "TF-CERTIFICATE-NONE", "certificate_kind", level=filing.certificate_level)
    if filing.subsidised and not filing.subsidy_standard:
        yield _gap(Level.ERROR, "TF-SUBSIDY-STANDARD", "subsidy_standard", fund=filing.fund)
    if not filing.site_address:
        yield _gap(Level.ERROR, "TF-SITE", "site_address")
    if not filing.head_teacher:
        yield _gap(Level.ERROR, "TF-HEAD-TEACHER", "head_teacher")
    if not filing.assessment_plan:
        yield _gap(Level.ERROR, "TF-ASSESSMENT-PLAN", "assessment_plan")


def _documents(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    for key, hard in (("filing.required", True), ("filing.usual", False)):
        listed = numbers[key]
        kinds = listed.value if listed is not None and isinstance(listed.value, tuple) else ()
        for kind in map(str, kinds):
            if kind in DOCUMENTS and kind not in filing.attached:
                blocks = hard and filing.subsidised and _confirmed(listed)
                yield _gap(
                    *(Level.ERROR if blocks else Level.WARNING, DOCUMENTS[kind], "attachments", listed),
                )


# ---- how many, when ------------------------------------------------------------------------------


def _size(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    most, least = _integer(numbers, "class.max_size"), _integer(numbers, "class.min_size")
    if most is not None and filing.capacity > most:
        yield _by(numbers["class.max_size"], "TF-SIZE-MAX", "capacity", capacity=filing.capacity)
    if least is not None and filing.capacity < least:
        yield _by(numbers["class.min_size"], "TF-SIZE-MIN", "capacity", capacity=filing.capacity)
    elif least is not None and filing.minimum < least:
        yield _by(numbers["class.min_size"], "TF-MINIMUM", "minimum", minimum=filing.minimum)


def _dates(filing: Filing, numbers: Numbers, calendar: Calendar) -> Iterator[Finding]:
    unpublished = set()
    lead = _integer(numbers, "class.filing_lead")
    if filing.start_date <= filing.filed_on:
        yield _gap(Level.WARNING, "TF-STARTED", "start_date", start=filing.start_date)
    elif lead is not None:
        try:
            if not calendar.has(filing.filed_on, filing.start_date, lead):
                left = calendar.count(filing.filed_on, filing.start_date)
                yield _by(numbers["class.filing_lead"], "TF-LEAD", "start_date", left=left)
        except CalendarNotPublished as fault:
            unpublished.add(fault.year)
    off = []
    for day in sorted({lesson.slot.day for lesson in filing.lessons}):
        try:
            if not calendar.is_workday(day):
                off.append(day)
        except CalendarNotPublished as fault:
            unpublished.add(fault.year)
    if off:
        yield _gap(Level.NOTE, "TF-SESSION-DAY-OFF", "sessions", count=len(off), days=_some(off))
    for year in sorted(unpublished):
        yield _gap(Level.NOTE, "TF-CALENDAR", "sessions", year=year)


# ---- hours and timetable -------------------------------------------------------------------------


def _hours(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    if not filing.hours:
        yield _gap(Level.ERROR, "TF-HOURS", "hours_theory")
        return
    least = _integer(numbers, _minimum_key(filing))
    if least is not None and filing.hours < least:
        yield _by(numbers[_minimum_key(filing)], "TF-HOURS-MINIMUM", "hours_theory", hours=filing.hours)
    share = numbers["hours.practice_share"]
    if share is not None and (part := share.decimal()) is not None and filing.hours_practice < part * filing.hours:
        # a share that is odd is never by itself a reason to refuse (domain rules: practice share, warn)
        filed = (Decimal(filing.hours_practice) / filing.hours).quantize(Decimal("0.01"))
        yield _gap(Level.WARNING, "TF-PRACTICE-SHARE", "hours_practice", share, filed=filed)


def _timetable(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    if not filing.lessons:
        yield _gap(_funded(filing), "TF-TIMETABLE", "sessions")
        return
    hour, minutes = numbers["hour.minutes"], _integer(numbers, "hour.minutes")
    if not minutes:
        return
    theory = sum(lesson.minutes for lesson in filing.lessons if not lesson.practice)
    practice = sum(lesson.minutes for lesson in filing.lessons if lesson.practice)
    held = theory + practice
    if held < filing.hours * minutes:
        yield _by(hour, "TF-TIMETABLE-SHORT", "sessions", held=held // minutes, filed=filing.hours)
    elif filing.hours and held // minutes > filing.hours:
        yield _gap(Level.NOTE, "TF-TIMETABLE-LONG", "sessions", hour, held=held // minutes, filed=filing.hours)
    if theory < filing.hours_theory * minutes:
        yield _by(hour, "TF-TIMETABLE-THEORY", "sessions", held=theory // minutes, filed=filing.hours_theory)
    if practice < filing.hours_practice * minutes:
        yield _by(hour, "TF-TIMETABLE-PRACTICE", "sessions", held=practice // minutes, filed=filing.hours_practice)
    if (most := _integer(numbers, "hours.per_day_max")) is not None:
        by_day: dict[date, int] = defaultdict(int)
        for lesson in filing.lessons:
            by_day[lesson.slot.day] += lesson.minutes
        if long := sorted(day for day, sum_ in by_day.items() if sum_ > most * minutes):
            yield _by(numbers["hours.per_day_max"], "TF-HOURS-DAY", "sessions", count=len(long), days=_some(long))


def _sessions(filing: Filing, _numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    for level, code, wants in (
        (_funded(filing), "TF-SESSION-TEACHER", "teacher"),
        (_funded(filing), "TF-SESSION-ROOM", "place"),
        (Level.WARNING, "TF-SESSION-TOPIC", "topic"),
    ):
        if without := [lesson.slot.day for lesson in filing.lessons if not getattr(lesson, wants)]:
            yield _gap(level, code, "sessions", count=len(without), days=_some(sorted(set(without))))
    for level, code, wants in (
        (_funded(filing), "TF-TEACHER-QUALIFICATION", "qualification"),
        (Level.WARNING, "TF-TEACHER-CERTIFICATE", "certificate_number"),
    ):
        if bare := [name for name in sorted(filing.teachers) if not getattr(filing.teachers[name], wants)]:
            yield _gap(level, code, "sessions", count=len(bare), teachers=_some(bare))
    for each in filing.taken:
        code = "TF-TEACHER-TAKEN" if each.kind == "TEACHER" else "TF-ROOM-TAKEN"
        yield _gap(Level.ERROR, code, "sessions", other_class=each.other_class, day=each.day, time=each.time)


# ---- what is not known ---------------------------------------------------------------------------


def _unknown(filing: Filing, numbers: Numbers, _calendar: Calendar) -> Iterator[Finding]:
    used = [*ALWAYS_USED, _minimum_key(filing)]
    if filing.training_kind == "APPRENTICESHIP":
        used.append("apprentice.contract_months")
    for key in used:
        number = numbers[key]
        if number is None or number.value is None:
            yield _gap(Level.NOTE, "TF-NUMBER-UNKNOWN", "", parameter=key)


_CHECKS: tuple[Check, ...] = (
    *(_institution, _order, _head, _documents, _size, _dates, _hours, _timetable, _sessions, _unknown),
)


def _minimum_key(filing: Filing) -> str:
    return f"hours.minimum.{filing.certificate_level or 'none'}"


def _integer(numbers: Numbers, key: str) -> int | None:
    number = numbers[key]
    return None if number is None else number.integer()


def _funded(filing: Filing) -> Level:
    return Level.ERROR if filing.subsidised else Level.WARNING


def _confirmed(number: Parameter | None) -> bool:
    return number is not None and number.confidence is Confidence.CONFIRMED


def _by(number: Parameter | None, code: str, at: str, /, **values: object) -> Finding:
    """A gap that a number makes: it blocks only where the number is confirmed."""
    return _gap(Level.ERROR if _confirmed(number) else Level.WARNING, code, at, number, **values)


def _gap(level: Level, code: str, at: str, number: Parameter | None = None, /, **values: object) -> Finding:
    said = {key: str(value) for key, value in values.items()}
    if number is not None:
        said |= {"source": number.source, "confidence": number.confidence.value}
        if not isinstance(number.value, tuple):
            said["limit"] = str(number.value)
    return Finding(level, code, at, values=said)


def _some(things: Sequence[date] | Sequence[str]) -> str:
    shown = ", ".join(str(each) for each in things[:SHOWN])
    return f"{shown} ..." if len(things) > SHOWN else shown
