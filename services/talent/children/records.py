"""Children's data as it is kept: sealed, logged in a chain, deleted with a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from liancai.talent.v1 import children_pb2 as pb
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.policy import Scope
from services.platform.requests import etag_of, stamp
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.talent.casefiles import CaseFile
from services.talent.queries import let_in, next_number
from services.talent.rules import children as rules
from services.talent.rules.children import Entry
from services.talent.tables import CaseRow, CertificateRow, ChildAccessRow, ChildEntryRow, ChildRow

Key = tuple[str, int]  # the case, and the child's number among the family


def name_of(key: Key) -> str:
    """The resource name of a child."""
    return f"cases/{key[0]}/children/{key[1]}"


def scope_of_child(file: CaseFile, member: int) -> Scope:
    """Who has a part in a child's data: the sides that were let in, and the bureaus of the child's own matters."""
    sides = let_in(file)
    own = {matter.key for matter in file.matters if matter.member == member}
    units = {step.unit for step in file.steps if step.matter in own and step.unit and step.division in sides}
    return Scope(sides, tuple(sorted(units)))


def locked(session: Session, key: Key) -> ChildRow | None:
    """The record of a child, locked: its log goes on from here."""
    return session.get(ChildRow, key, with_for_update=True, populate_existing=True)


def seal(vault: Vault, key: Key, values: dict[str, str]) -> dict[str, bytes]:
    """Grade and school in the columns of their record, under the key of children's data alone."""
    return {f"{field}_sealed": vault.children.seal(value, name_of(key), field) for field, value in values.items()}


def unsealed(vault: Vault, row: ChildRow) -> pb.ChildData:
    """What is kept of a child."""
    assert row.grade_sealed is not None
    assert row.school_sealed is not None
    name = name_of((row.case_id, row.member))
    grade, school = (
        vault.children.unseal(sealed, name, field)
        for field, sealed in (("grade", row.grade_sealed), ("school", row.school_sealed))
    )
    return pb.ChildData(name=name, grade=pb.Grade.Value(grade), school=school, etag=etag_of(row.version))


def enter(tx: Tx, call: Call, row: ChildRow, act: str, about: str = "") -> None:
    """Adds an entry to a child's log, in the transaction that does what it tells of."""
    caller, name = call.caller, name_of((row.case_id, row.member))
    entry = Entry(row.entries + 1, act, caller.subject, caller.unit, tx.now, about)
    digest = rules.digest(name, entry, row.head)
    tx.session.add(
        ChildEntryRow(
            case_id=row.case_id, member=row.member, number=entry.number, act=act, actor=entry.actor, unit=entry.unit,
            record_time=entry.at, about=about, digest=digest,
        )
    )  # fmt: skip
    row.entries, row.head = entry.number, digest


def retention(pack: Pack, row: CaseRow, today: date) -> date | None:
    """The last day children's data of a case may be kept; None while it is open, or where nobody said how long."""
    found = pack.find("child.retention", row.division, today)
    days = found.integer() if found else None
    if row.close_time is None or days is None:
        return None
    return day_of(row.close_time) + timedelta(days=days)


def expired(session: Session, pack: Pack, within: ColumnElement[bool], today: date, most: int) -> list[Key]:
    """Children whose data has been kept for long enough, the longest ended first."""
    wanted = (
        select(ChildRow.case_id, ChildRow.member, CaseRow)
        .join(CaseRow, CaseRow.id == ChildRow.case_id)
        .where(within, ChildRow.certificate == "", CaseRow.close_time.is_not(None))
        .order_by(CaseRow.close_time, ChildRow.case_id, ChildRow.member)
    )
    found: list[Key] = []
    for case_id, member, case in session.execute(wanted):
        until = retention(pack, case, today)
        if until is not None and until < today and len(found) < most:
            found.append((case_id, member))
    return found


def delete(tx: Tx, call: Call, rows: Sequence[ChildRow], basis: str, reason: str) -> CertificateRow:
    """Deletes what is kept of children; their logs stay, and end with this."""
    certificate = f"certificates/{next_number(tx, f'certificates/{day_of(tx.now):%Y%m}')}"
    gone = [
        {
            "child": name_of((row.case_id, row.member)),
            "grade": bytes(row.grade_sealed or b"").hex(),
            "school": bytes(row.school_sealed or b"").hex(),
        }
        for row in rows
    ]
    stays: list[dict[str, Any]] = []
    for row in rows:
        row.grade_sealed = row.school_sealed = None
        row.certificate, row.update_time, row.version = certificate, tx.now, row.version + 1
        enter(tx, call, row, "deleted", certificate)
        name = name_of((row.case_id, row.member))
        stays.append({"child": name, "head": row.head, "entries": row.entries})
    made = CertificateRow(
        id=certificate.partition("/")[2],
        count=len(rows),
        sha256=rules.deleted_sha256(gone),
        basis=basis,
        reason=reason,
        officer=call.caller.subject,
        unit=call.caller.unit,
        division=call.caller.division,
        deleted=stays,
        record_time=tx.now,
    )
    tx.session.add(made)
    return made


def record(row: ChildRow, until: date | None) -> pb.ChildRecord:
    """That something is kept, or was."""
    return pb.ChildRecord(
        name=name_of((row.case_id, row.member)),
        state=pb.ChildRecord.DELETED if row.certificate else pb.ChildRecord.KEPT,
        keep_until=until.isoformat() if until and not row.certificate else "",
        certificate=row.certificate,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def access(row: ChildAccessRow) -> pb.ChildAccess:
    """An access as its readers see it."""
    return pb.ChildAccess(
        name=f"childAccesses/{row.id}",
        child=name_of((row.case_id, row.member)),
        state=pb.ChildAccess.State.Value(row.state),
        purpose=row.purpose,
        requester=row.requester,
        unit=row.unit,
        approver=row.approver,
        reason=row.reason,
        expire_time=stamp(row.expire_time),
        request_time=stamp(row.request_time),
        etag=etag_of(row.version),
    )


def certificate(row: CertificateRow) -> pb.DeletionCertificate:
    """A certificate as its readers see it."""
    return pb.DeletionCertificate(
        name=f"certificates/{row.id}",
        count=row.count,
        sha256=row.sha256,
        basis=row.basis,
        reason=row.reason,
        officer=row.officer,
        unit=row.unit,
        division=row.division,
        delete_time=stamp(row.record_time),
        deleted=[
            pb.DeletionCertificate.Deleted(child=each["child"], trail_head=each["head"], trail_entries=each["entries"])
            for each in row.deleted
        ],
    )


def entries(session: Session, key: Key, after: int, size: int) -> list[pb.ChildEntry]:
    """Entries of a child's log after a number, each with whether it fits what comes before it."""
    of = (ChildEntryRow.case_id == key[0], ChildEntryRow.member == key[1])
    wanted = select(ChildEntryRow).where(*of, ChildEntryRow.number > after).order_by(ChildEntryRow.number).limit(size)
    rows = list(session.scalars(wanted))
    before = session.scalars(select(ChildEntryRow.digest).where(*of, ChildEntryRow.number == after)).one_or_none()
    told = [(Entry(row.number, row.act, row.actor, row.unit, row.record_time, row.about), row) for row in rows]
    fits = rules.intact(name_of(key), [(entry, row.digest) for entry, row in told], before or rules.START, after)
    return [
        pb.ChildEntry(
            number=entry.number,
            act=entry.act,
            actor=entry.actor,
            unit=entry.unit,
            record_time=stamp(row.record_time),
            about=entry.about,
            digest=row.digest,
            intact=good,
        )
        for (entry, row), good in zip(told, fits, strict=True)
    ]
