"""What becomes of the rows of a roster: taken as the mode says, each with its verdict, and a summary.

Rows without errors and open warnings take the same path as any enrolment, a slice at a time, several slices in one
transaction. Only what a verdict needs is kept of a decision: a roster may have 200,000 rows.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from liancai.training.v1 import rosters_pb2 as pb
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference import resident_id
from services.training.packs import Packs
from services.training.rosters.ahead import Ahead, Prepared
from services.training.rosters.answers import COUNTED, Answer, Answers, Tally, Undone
from services.training.rosters.rehearsal import Rehearsal
from services.training.rosters.verdicts import Verdicts, progress
from services.training.rules.roster import Finding, Row, Rows
from services.training.rules.roster import conditions as c
from services.training.seats import people
from services.training.seats.decisions import Application
from services.training.seats.enrolling import Desk
from services.training.seats.people import Named, Person
from services.training.tables import RosterFileRow

SLICE = 2_000  # rows decided at once
SLICES = 6  # in one transaction: of more rows each page of an index is written fewer times
SECONDS = 120.0  # that one transaction, or a whole roster that goes in at once, may wait and take

Header = pb.ImportRosterRequest.Header


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
        self._verdicts = Verdicts(call, accepted)
        self._class_id = header.class_name.partition("/")[2]
        self._now = database.clock()

    def decide(self, rows: Rows, about_file: Iterable[Finding]) -> Iterator[pb.ImportRosterResponse]:
        """Verdicts in file order, with progress, then the summary."""
        stored, count, say = self._header.mode != Header.CHECK_ONLY, len(rows), self._verdicts
        tally = Tally(pb.RosterSummary(rows=count, rule_pack=self._packs.current.fingerprint))
        summary = tally.summary
        summary.findings.extend(map(say.finding, about_file))
        if self._seen():
            summary.seen_before = True
            summary.findings.append(say.finding(Finding(c.FILE_SEEN)))
        for answers, starts in self._answers(rows):
            if not summary.binding_quota:
                bound = (answer.binding for answer in answers.values() if answer.binding)
                summary.binding_quota = next((each.quota for each in bound), "")
            for start in starts:
                verdicts = [say.verdict(row, answers.get(row.row_number)) for row in rows.told(start, SLICE)]
                tally.count(verdicts)
                yield pb.ImportRosterResponse(verdicts=pb.ImportRosterResponse.Verdicts(rows=verdicts))
                yield progress(count, tally.decided())
        summary.changed = stored and bool(summary.enrolled or summary.waitlisted)
        summary.findings.extend(map(say.finding, say.conclusions(summary, self._header)))
        if stored and not say.nothing:
            self._remember(summary)
        yield pb.ImportRosterResponse(summary=tally.finish())

    def _answers(self, rows: Rows) -> Iterator[tuple[Answers, range]]:
        """What was decided, stored as the mode says, with the places in file order where its slices begin."""
        every = range(0, len(rows), SLICE)
        if self._header.mode != Header.VALID_ROWS:
            if self._only_asked(rows):
                yield self._rehearse(rows, every), every
            else:
                with self._ahead(rows, every) as ahead:
                    yield self._ask(rows.noted()) | self._write_all(rows, every, ahead), every
            return
        groups = [every[place : place + SLICES] for place in range(0, len(every), SLICES)]
        with self._ahead(rows, every) as ahead, closing(self._written(groups, ahead)) as written:
            for group, answers in zip(groups, written, strict=True):
                noted = (row for start in group for row in rows.told(start, SLICE) if row.findings)
                yield self._ask(noted) | answers, group

    def _written(self, groups: Sequence[range], ahead: Ahead) -> Generator[Answers]:
        """What was decided of each group of slices. While one is told the next is written; after one that cannot be
        written none is.
        """
        with ThreadPoolExecutor(1) as writing:
            begun: Future[Answers] | None = None
            for group in groups:
                answers = begun.result() if begun else None
                begun = writing.submit(self._write, group, ahead)
                if answers is not None:
                    yield answers
            if begun:
                yield begun.result()

    def _only_asked(self, rows: Rows) -> bool:
        """Whether the rows alone tell that nothing will be stored."""
        mode = self._header.mode
        if mode == Header.CHECK_ONLY:
            return True
        if mode == Header.ALL_OR_NOTHING:
            self._verdicts.nothing = not all(map(self._is_candidate, rows.noted()))
        else:
            self._verdicts.nothing = self._too_many(sum(row.refused for row in rows.noted()), len(rows))
        return self._verdicts.nothing

    def _too_many(self, errors: int, rows: int) -> bool:
        """Whether more of the rows have errors than THRESHOLD allows."""
        return errors * 100 > self._header.threshold_percent * rows

    def _is_candidate(self, row: Row) -> bool:
        """Whether nothing about the row itself stands against taking it."""
        return not row.findings or not (row.refused or self._verdicts.open_warnings(row))

    # ---- deciding ----

    def _ahead(self, rows: Rows, starts: range) -> Ahead:
        return Ahead(lambda start: self._prepared(rows.part(start, SLICE)), starts)

    def _prepared(self, part: Sequence[Row]) -> Prepared:
        """The candidates of a slice: what they apply for, and what is known of them before it is their turn."""
        wanted = [row for row in part if self._is_candidate(row)]
        sealed = people.seal_all(self._database.vault, [_named(row) for row in wanted])
        applications = [self._application(person) for person in sealed]
        with self._database.reading(by_key=True) as session:
            seen = self._desk.glance(session.connection(), applications)
        return Prepared([row.row_number for row in wanted], applications, seen)

    def _enrol(self, tx: Tx, starts: range, ahead: Ahead) -> Answers:
        """Enrols the candidates of several slices."""
        answers: Answers = {}
        series = self._desk.series(tx, self._class_id)
        for start in starts:
            wanted, applications, seen = ahead(start)
            for row_number, decision in zip(wanted, series.enrol(applications, seen), strict=True):
                answers[row_number] = Answer.of(decision, stored=True)
        series.end()
        return answers

    def _write(self, starts: range, ahead: Ahead) -> Answers:
        """Enrols the candidates of several slices in one transaction."""
        return self._database.write_again(
            self._call, lambda tx: self._enrol(tx, starts, ahead), key=self._header.class_name, seconds=SECONDS
        )

    def _write_all(self, rows: Rows, starts: range, ahead: Ahead) -> Answers:
        """Enrols every candidate in one transaction, or nobody."""
        refused = sum(row.refused for row in rows.noted())

        def work(tx: Tx) -> Answers:
            answers = self._enrol(tx, starts, ahead)
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
            self._verdicts.nothing = True
            for answer in undone.answers.values():
                if not answer.present:
                    answer.enrolment = ""
            return undone.answers

    def _rehearse(self, rows: Rows, starts: range) -> Answers:
        """What would come of every row, as if those before it had been taken."""
        answers: Answers = {}
        with self._database.reading(by_key=True) as session:
            connection = session.connection()
            rehearsal = Rehearsal(connection, self._class_id)
            for start in starts:
                part = rows.part(start, SLICE)
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
        with self._database.reading(by_key=True) as session:
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
