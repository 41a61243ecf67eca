"""Placements, their reports and what rules say of them as messages, personal data masked."""

from __future__ import annotations

from liancai.common.v1 import types_pb2
from liancai.placement.v1 import commissioners_pb2
from liancai.placement.v1 import placements_pb2 as pb

from services.placement.rules import placements as rules
from services.placement.rules.placements import Outcome, Verdict
from services.placement.tables import PlacementReportRow, PlacementRow
from services.platform.boundary import Call
from services.platform.requests import etag_of, stamp
from services.platform.vault import Vault
from services.reference import resident_id, writing
from services.reference.parameters import Pack

_BEARER, _NOT_STATED = pb.Placement.Bearer, "BEARER_UNSPECIFIED"
_LEVELS = {Outcome.BLOCKED: types_pb2.Finding.ERROR, Outcome.WARNED: types_pb2.Finding.WARNING}


def placement(vault: Vault, pack: Pack, row: PlacementRow) -> pb.Placement:
    """A placement as its readers see it."""
    name, number, phone = clear(vault, row)
    stays = rules.stays_home(pack, row.kind, row.host_division, row.start_date)
    return pb.Placement(
        name=f"placements/{row.id}",
        state=pb.Placement.State.Value(row.state),
        kind=pb.Placement.Kind.Value(row.kind),
        masked_name=writing.mask_name(name),
        masked_resident_id=resident_id.mask(number),
        masked_phone=writing.mask_phone(phone),
        title=commissioners_pb2.Commissioner.Title.Value(row.title),
        education=commissioners_pb2.Commissioner.Education.Value(row.education),
        home_unit_credit_code=row.home_unit_credit_code,
        home_unit_name=row.home_unit_name,
        division=row.division,
        host_credit_code=row.host_credit_code,
        host_name=row.host_name,
        host_division=row.host_division,
        post=row.post,
        start_date=row.start_date.isoformat(),
        end_date=row.end_date.isoformat(),
        approval_number=row.approval_number,
        approving_unit=row.approving_unit,
        agreement=_agreement(row),
        documents=[
            pb.Placement.Document(kind=pb.Placement.Document.Kind.Value(each["kind"]), sha256=each["sha256"])
            for each in row.documents
        ],
        pay_bearer=_BEARER.Value(row.pay_bearer or _NOT_STATED),
        injury_bearer=_BEARER.Value(row.injury_bearer or _NOT_STATED),
        personnel_relation=pb.Placement.STAYS_HOME if stays else pb.Placement.PERSONNEL_RELATION_UNSPECIFIED,
        benefit_basis=row.benefit_basis,
        school=pb.Placement.School.Value(row.school or "SCHOOL_UNSPECIFIED"),
        study_months=row.study_months,
        host_staff=row.host_staff,
        host_interns=row.host_interns,
        consent_time=stamp(row.consent_time),
        consent_unit=row.consent_unit,
        begun_on=row.begun_on.isoformat() if row.begun_on else "",
        ended_on=row.ended_on.isoformat() if row.ended_on else "",
        report_count=row.report_count,
        reason=row.reason,
        rule_pack=row.rule_pack,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def clear(vault: Vault, row: PlacementRow) -> tuple[str, str, str]:
    """Name, identity number and phone in full."""
    owner = f"placements/{row.id}"
    number = vault.unseal(row.resident_id_sealed, owner, "resident_id")
    return row.full_name, number, vault.unseal(row.phone_sealed, owner, "phone")


def report(row: PlacementReportRow) -> pb.PlacementReport:
    """A report as its readers see it."""
    return pb.PlacementReport(
        name=f"placements/{row.placement_id}/reports/{row.number}",
        first_day=row.first_day.isoformat(),
        last_day=row.last_day.isoformat(),
        text=row.text,
        file_sha256=row.file_sha256,
        unit=row.unit,
        create_time=stamp(row.create_time),
    )


def verdict(call: Call, said: Verdict) -> types_pb2.RuleVerdict:
    """One rule of an explanation."""
    declaration = said.declaration
    return types_pb2.RuleVerdict(
        rule=declaration.key,
        code=declaration.code,
        title=getattr(declaration.title, call.language),
        outcome=types_pb2.RuleVerdict.Outcome.Value(said.outcome),
        inputs=said.inputs,
        parameters=said.parameters,
        source=declaration.source,
        confidence=declaration.confidence,
    )


def finding(call: Call, said: Verdict) -> types_pb2.Finding:
    """One rule of a refusal: what is wrong and what to do."""
    code = said.declaration.code
    return types_pb2.Finding(
        level=_LEVELS.get(said.outcome, types_pb2.Finding.WARNING),
        code=code,
        message=call.say(code, {"source": said.declaration.source}),
    )


def _agreement(row: PlacementRow) -> pb.Placement.Agreement | None:
    if not row.agreement_title:
        return None
    signed_on = row.agreement_signed_on
    return pb.Placement.Agreement(
        title=row.agreement_title,
        sha256=row.agreement_sha256,
        signed_on=signed_on.isoformat() if signed_on else "",
    )
