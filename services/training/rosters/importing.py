"""What becomes of the rows of a roster: taken as the mode says, each with its verdict, and a summary.

Rows without errors and open warnings take the same path as any enrolment, a slice at a time. Only what a verdict needs
is kept of a decision: a roster may have 200,000 rows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2
from liancai.training.v1 import rosters_pb2 as pb
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference import resident_id
from services.reference.conditions import Level
from services.training.enrolments import messages
from services.training.packs import Packs
from services.training.rosters.answers import COUNTED, Answer, Answers, Tally, Undone
from services.training.rosters.rehearsal import Rehearsal
from services.training.rules.eligibility import RULES
from services.training.rules.roster import Finding, Row, Rows
from services.training.rules.roster import conditions as c
from services.training.rules.states import EnrolmentState
from services.training.seats import people
from services.training.seats.decisions import Application
from services.training.seats.enrolling import Desk
from services.training.seats.limits import Binding
from services.training.seats.people import Named, Person
from services.training.tables import RosterFileRow

SLICE = 3_000  # rows decided in one transaction: of more each page of an index is written fewer times
SECONDS = 120.0  # that one slice, or a whole roster that goes in at once, may wait and take

Header = pb.ImportRosterRequest.Header
Result = pb.RowVerdict

_LEVELS = {
    Level.ERROR: types_pb2.Finding.ERROR,
    Level.WARNING: types_pb2.Finding.WARNING,
    Level.NOTE: types_pb2.Finding.NOTE,
}
_STATES = {state: enrolments_pb2.Enrolment.State.Value(state) for state in EnrolmentState}
_RESULTS = {EnrolmentState.ENROLLED: Result.ENROLLED, EnrolmentState.WAITLISTED: Result.WAITLISTED}
# what a row says itself is not said again by the rule that looks at the same cell
_SAID = {"TR-CATEGORY-GIVEN": "TR-CATEGORY-MISSING", "TR-CATEGORY-PROOF": "TR-PROOF-MISSING"}


class Import:
    """One import, once its file was read. `accepted` says why a warning is let pass, by its code."""

    def __init__(
        self, database: Database, desk: Desk, packs: Packs, call: Call, header: Header, accepted: Mapping[str, str]
    ) -> None:
        self._database = database
        self._desk = desk
        self._packs = packs
        self._call = call
        self._header = header
        self._accepted = accepted
        self._class_id = header.class_name.partition("/")[2]
        self._now = database.clock()
        self._nothing = False  # whether the mode lets nobody in

    def decide(self, rows: Rows, about_file: Iterable[Finding]) -> Iterator[pb.ImportRosterResponse]:
        """Verdicts in file order, with progress, then the summary."""
        stored, count = self._header.mode != Header.CHECK_ONLY, len(rows)
        tally = Tally(pb.RosterSummary(rows=count, rule_pack=self._packs.current.fingerprint))
        summary = tally.summary
        summary.findings.extend(self._finding(each) for each in about_file)
        if self._seen():
            summary.seen_before = True
            summary.findings.append(self._finding(Finding(c.FILE_SEEN)))
        for answers, part in self._slices(rows):
            verdicts = [self._verdict(row, answers.get(row.row_number)) for row in part]
            tally.count(verdicts)
            if not summary.binding_quota:
                bound = (answer.binding for answer in answers.values() if answer.binding)
                summary.binding_quota = next((each.quota for each in bound), "")
            yield pb.ImportRosterResponse(verdicts=pb.ImportRosterResponse.Verdicts(rows=verdicts))
            yield progress(count, tally.decided())
        summary.changed = stored and bool(summary.enrolled or summary.waitlisted)
        summary.findings.extend(self._finding(each) for each in self._conclusions(summary))
        if stored and not self._nothing:
            self._remember(summary)
        yield pb.ImportRosterResponse(summary=tally.finish())

    def _slices(self, rows: Rows) -> Iterator[tuple[Answers, Sequence[Row]]]:
        """Rows in file order with what was decided of them, stored as the mode says."""
        if self._header.mode == Header.VALID_ROWS:
            yield from self._stored(_parts(rows))
            return
        every = self._rehearse(_parts(rows)) if self._only_asked(rows) else self._ask(rows) | self._write_all(rows)
        for part in _parts(rows):
            yield {row.row_number: every[row.row_number] for row in part if row.row_number in every}, part

    def _stored(self, slices: Iterator[list[Row]]) -> Iterator[tuple[Answers, Sequence[Row]]]:
        """Each slice in a transaction of its own. While one is written, the next is sealed and the last is told."""
        over = threading.Event()  # one could not be written, or nobody listens: what comes after is not written either
        with ThreadPoolExecutor(1) as sealing, ThreadPoolExecutor(1) as writing:

            def write(sealed: Future[tuple[list[Row], list[Application]]]) -> Answers:
                if over.is_set():
                    return {}
                try:
                    return self._write(*sealed.result())
                except BaseException:
                    over.set()
                    raise

            def begin(part: list[Row]) -> tuple[list[Row], Future[Answers]]:
                return part, writing.submit(write, sealing.submit(self._prepared, part))

            try:
                begun = deque(map(begin, islice(slices, 2)))
                while begun:
                    part, written = begun.popleft()
                    answers = written.result()
                    begun.extend(map(begin, islice(slices, 1)))
                    yield self._ask(part) | answers, part
            finally:
                over.set()

    def _only_asked(self, rows: Rows) -> bool:
        """Whether the rows alone tell that nothing will be stored."""
        mode = self._header.mode
        if mode == Header.CHECK_ONLY:
            return True
        if mode == Header.ALL_OR_NOTHING:
            self._nothing = not all(map(self._is_candidate, rows))
        else:
            self._nothing = self._too_many(sum(row.refused for row in rows.noted()), len(rows))
        return self._nothing

    def _too_many(self, errors: int, rows: int) -> bool:
        """Whether more of the rows have errors than THRESHOLD allows."""
        return errors * 100 > self._header.threshold_percent * rows

    def _is_candidate(self, row: Row) -> bool:
        """Whether nothing about the row itself stands against taking it."""
        return not row.findings or not (row.refused or self._open(row))

    def _open(self, row: Row) -> list[str]:
        """The warnings of a row that nobody has given a reason to let pass."""
        return [code for code in row.warnings if code not in self._accepted]

    # ---- deciding ----

    def _prepared(self, part: Sequence[Row]) -> tuple[list[Row], list[Application]]:
        """The candidates of a slice, and what they apply for."""
        wanted = [row for row in part if self._is_candidate(row)]
        sealed = people.seal_all(self._database.vault, [_named(row) for row in wanted])
        return wanted, [self._application(person) for person in sealed]

    def _write(self, wanted: list[Row], applications: list[Application]) -> Answers:
        """Enrols the candidates of a slice in a transaction of its own."""
        if not wanted:
            return {}
        decisions = self._database.write_again(
            self._call,
            lambda tx: self._desk.enrol_many(tx, applications),
            key=self._header.class_name,
            seconds=SECONDS,
        )
        return {row.row_number: Answer.of(each, stored=True) for row, each in zip(wanted, decisions, strict=True)}

    def _write_all(self, rows: Rows) -> Answers:
        """Enrols every candidate in one transaction, or nobody."""
        refused = sum(row.refused for row in rows.noted())

        def work(tx: Tx) -> Answers:
            answers: Answers = {}
            for part in _parts(rows):
                wanted, applications = self._prepared(part)
                if not wanted:
                    continue
                decisions = self._desk.enrol_many(tx, applications)
                for row, decision in zip(wanted, decisions, strict=True):
                    answers[row.row_number] = Answer.of(decision, stored=True)
                tx.flush()  # what is written need not be kept, and the next slice is to see it
            blocked = sum(answer.blocked and not answer.present for answer in answers.values())
            if self._header.mode == Header.ALL_OR_NOTHING:
                undo = not all(answer.taken for answer in answers.values())
            else:
                undo = self._too_many(refused + blocked, len(rows))
            if undo:
                raise Undone(answers)
            return answers

        try:
            return self._database.write_again(self._call, work, key=self._header.class_name, seconds=SECONDS)
        except Undone as undone:
            self._nothing = True
            for answer in undone.answers.values():
                if not answer.present:
                    answer.enrolment = ""
            return undone.answers

    def _rehearse(self, slices: Iterable[Sequence[Row]]) -> Answers:
        """What would come of every row, as if those before it had been taken."""
        answers: Answers = {}
        with self._database.reading() as session:
            connection = session.connection()
            rehearsal = Rehearsal(connection, self._class_id)
            for part in slices:
                wanted = [row for row in part if self._is_candidate(row)]
                applications = [self._application(self._glance(row)) for row in wanted]
                if applications:
                    decisions = self._desk.judge(connection, applications, self._now)
                    for row, decision in zip(wanted, decisions, strict=True):
                        rehearsal.follow(decision)
                        answers[row.row_number] = Answer.of(decision, stored=False)
                answers |= self._ask(part)
        return answers

    def _ask(self, part: Iterable[Row]) -> Answers:
        """What the rules say of rows that are not taken as they stand, so that everything is said at once."""
        asked: dict[str, Row] = {}
        for row in part:
            if row.number is None or not row.full_name or self._is_candidate(row):
                continue
            if all(each.condition is not c.ROW_DUPLICATE for each in row.findings):
                asked.setdefault(row.number.number, row)
        if not asked:
            return {}
        answers: Answers = {}
        rows = list(asked.values())
        with self._database.reading() as session:
            for start in range(0, len(rows), SLICE):
                few = rows[start : start + SLICE]
                applications = [self._application(self._glance(row)) for row in few]
                decisions = self._desk.judge(session.connection(), applications, self._now)
                for row, decision in zip(few, decisions, strict=True):
                    answers[row.row_number] = Answer.of(decision, stored=False)
        return answers

    def _application(self, person: Person) -> Application:
        return Application(self._call, self._class_id, person, self._now, accepted=self._accepted, arrived=self._now)

    def _glance(self, row: Row) -> Person:
        """Somebody who is only asked about: found by the index, nothing is sealed."""
        assert row.number is not None
        return Person(
            full_name=row.full_name,
            number=row.number.number,
            birth=row.number.birth,
            division_known=resident_id.division_known(row.number),
            phone="",
            index=self._database.vault.index("resident_id", row.number.number),
            trainee_id=f"row-{row.row_number}",
            enrolment_id=f"row-{row.row_number}",
            number_sealed=b"",
            phone_sealed=b"",
            phone_index=b"",
            category=row.category,
            proof_sealed=b"?" if people.proof_of(*row.proof) else b"",
        )

    # ---- saying ----

    def _verdict(self, row: Row, answer: Answer | None) -> pb.RowVerdict:
        """What became of one row, in words."""
        if answer is not None and answer.state is EnrolmentState.ENROLLED and answer.plain and not row.findings:
            return pb.RowVerdict(
                row_number=row.row_number,
                result=Result.ENROLLED,
                enrolment=f"enrolments/{answer.enrolment}",
                state=_STATES[answer.state],
            )
        verdict = pb.RowVerdict(row_number=row.row_number, result=Result.REFUSED)
        findings = [self._finding(each) for each in row.findings]
        open_warnings = self._open(row) if row.findings else []
        refused = bool(row.findings) and row.refused
        if answer is not None:
            findings += self._objections(row, answer)
            open_warnings += answer.unaccepted
            if answer.present:
                assert answer.state is not None
                verdict.enrolment, verdict.state = f"enrolments/{answer.enrolment}", _STATES[answer.state]
                findings.append(self._finding(Finding(c.ALREADY_IN_CLASS)))
            if not refused:
                verdict.result = self._result(answer, bool(open_warnings))
        if verdict.result == Result.NEEDS_REASON:
            values = {"codes": ", ".join(dict.fromkeys(open_warnings))}
            findings.append(self._finding(Finding(c.NEEDS_REASON, values=values)))
        elif answer is not None and verdict.result == Result.NO_QUOTA:
            findings.append(self._no_quota(answer.binding))
        elif answer is not None and verdict.result in (Result.ENROLLED, Result.WAITLISTED):
            assert answer.state is not None
            if answer.enrolment:
                verdict.enrolment, verdict.state = f"enrolments/{answer.enrolment}", _STATES[answer.state]
            if verdict.result == Result.WAITLISTED:
                findings.append(self._finding(Finding(c.WAITLISTED)))
        if findings:
            findings.sort(key=lambda each: each.level)
            verdict.findings.extend(findings)
        return verdict

    def _result(self, answer: Answer, warned: bool) -> pb.RowVerdict.Result.ValueType:
        """The result of a row without errors of its own."""
        if answer.present:
            return Result.UNCHANGED
        if answer.blocked:
            return Result.REFUSED
        if warned:
            return Result.NEEDS_REASON
        if answer.binding is not None:
            return Result.NO_QUOTA
        if self._nothing or answer.state is None:
            return Result.NOT_TAKEN
        return _RESULTS[answer.state]

    def _objections(self, row: Row, answer: Answer) -> list[types_pb2.Finding]:
        if not answer.objections:
            return []
        codes = {each.code for each in row.findings}
        return [
            messages.finding(self._call, said, RULES[said.declaration.key].field)
            for said in answer.objections
            if _SAID.get(said.declaration.code) not in codes
        ]

    def _no_quota(self, bound: Binding | None) -> types_pb2.Finding:
        assert bound is not None
        left, asked = (messages.amount(self._call, bound.kind, each) for each in (bound.left, bound.asked))
        values = {"quota": bound.quota, "left": left, "asked": asked}
        return self._finding(Finding(c.NO_QUOTA, others=(bound.quota,), values=values))

    def _finding(self, found: Finding) -> types_pb2.Finding:
        return types_pb2.Finding(
            level=_LEVELS[found.condition.level],
            code=found.code,
            field=found.column,
            message=self._call.say(found.code, found.values),
            value=found.value,
            others=found.others,
        )

    def _conclusions(self, summary: pb.RosterSummary) -> Iterator[Finding]:
        """What the results say of the file."""
        if self._nothing and self._header.mode == Header.THRESHOLD:
            share = summary.refused * 100 / summary.rows
            values = {"share": f"{share:.1f}", "most": str(self._header.threshold_percent)}
            yield Finding(c.FILE_THRESHOLD, values=values)
        if summary.waitlisted:
            yield Finding(c.FILE_OVER_CAPACITY, values={"waiting": str(summary.waitlisted)})

    # ---- the file ----

    def _seen(self) -> bool:
        with self._database.reading() as session:
            return session.get(RosterFileRow, (self._class_id, self._header.file_sha256)) is not None

    def _remember(self, summary: pb.RosterSummary) -> None:
        """Notes the file, and the import in the audit trail with the warnings that were let pass."""

        def work(tx: Tx) -> None:
            insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
            file = {
                "class_id": self._class_id,
                "sha256": self._header.file_sha256,
                "rows": summary.rows,
                "record_time": tx.now,
            }
            tx.connection.execute(insert(RosterFileRow).values(file).on_conflict_do_nothing())
            detail: dict[str, object] = {name: getattr(summary, name) for name in ("rows", *COUNTED)}
            detail["file_sha256"] = self._header.file_sha256
            if self._accepted:
                detail["accepted"] = [{"code": code, "reason": reason} for code, reason in self._accepted.items()]
            tx.record(self._call, self._header.class_name, detail=detail)

        self._database.write_again(self._call, work, key=self._header.class_name)


def _named(row: Row) -> Named:
    assert row.number is not None
    return Named(row.full_name, row.number, row.phone, row.category, people.proof_of(*row.proof))


def _parts(rows: Rows) -> Iterator[list[Row]]:
    """The rows in slices."""
    return (rows.part(start, SLICE) for start in range(0, len(rows), SLICE))


def progress(received: int, decided: int) -> pb.ImportRosterResponse:
    """How far the server is, in rows."""
    return pb.ImportRosterResponse(progress=pb.ImportRosterResponse.Progress(received=received, decided=decided))
