"""A case as its readers see it."""

from __future__ import annotations

from collections.abc import Sequence

from liancai.common.v1 import types_pb2
from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import clock_pb2
from sqlalchemy import Connection

from services.platform.boundary import Call
from services.platform.errors import NotFound
from services.platform.policy import Scope
from services.platform.requests import etag_of, stamp
from services.platform.vault import Vault
from services.talent.casefiles import CaseFile, MatterFile
from services.talent.cases import details, people
from services.talent.cases.details import CaseDetail, Whole
from services.talent.casework import messages
from services.talent.casework.editions import Editions
from services.talent.queries import let_in, scope_of, scope_of_reader


class Views:
    """Makes messages of cases."""

    def __init__(self, vault: Vault, editions: Editions) -> None:
        self._vault = vault
        self._editions = editions

    def get(self, connection: Connection, call: Call, number: str) -> pb.Case:
        """The case with this number. NotFound, or Denied, as policy says."""
        found = details.whole(connection, number)
        if found is None:
            raise NotFound(f"cases/{number}")
        call.require(scope_of_reader(found.file), found.file.name)
        return self._whole(connection, call, found)

    def whole(self, connection: Connection, call: Call, file: CaseFile) -> pb.Case:
        """A case that was read to be changed, with everything the caller may see of it."""
        return self._whole(connection, call, details.beside(connection, file))

    def _whole(self, connection: Connection, call: Call, known: Whole) -> pb.Case:
        file, hanging = known.file, known.hanging
        edition = self._editions.of(connection, file.catalogue_id)
        found = self.head(known.detail)
        found.family.extend(
            pb.FamilyMember(
                number=number,
                kind=pb.FamilyMember.Kind.Value(kind),
                masked_name=people.masked_member(self._vault, file.id, number, sealed),
            )
            for number, kind, sealed in hanging.family
        )
        found.relations.extend(
            pb.Relation(case_name=f"cases/{other}", kind=pb.Relation.Kind.Value(kind))
            for other, kind in hanging.relations
        )
        today, seen = self._editions.today(), _seen(call, file)
        found.matters.extend(messages.matter(call, file, each, edition, on=today) for each in seen)
        lit = [step.light for each in found.matters for step in each.steps if not step.HasField("finish_time")]
        found.light = max(lit, default=clock_pb2.LIGHT_UNSPECIFIED)
        found.findings.extend(
            types_pb2.Finding(
                level=types_pb2.Finding.WARNING,
                code="TC-DUPLICATE",
                message=call.say("TC-DUPLICATE", {"other": f"cases/{other}"}),
                others=[f"cases/{other}"],
            )
            for other, sides in hanging.others
            if call.may("talent.case.read", Scope(sides))
        )
        return found

    def heads(self, connection: Connection, rows: Sequence[CaseDetail]) -> list[pb.Case]:
        """Cases without what hangs on them, each with its light."""
        turns, today = details.turns(connection, [row.id for row in rows]), self._editions.today()
        heads = [self.head(row) for row in rows]
        for row, head in zip(rows, heads, strict=True):
            head.light = messages.light(turns[row.id].light(today) if row.id in turns else None)
        return heads

    def head(self, detail: CaseDetail) -> pb.Case:
        """A case without what hangs on it."""
        name, number, phone = people.masked(self._vault, detail)
        return pb.Case(
            name=f"cases/{detail.id}",
            state=pb.Case.State.Value(detail.state),
            origin=detail.origin,
            destination=detail.destination,
            custody=clock_pb2.Side.Value(detail.custody),
            catalogue=f"catalogues/{detail.catalogue_id}",
            masked_name=name,
            masked_resident_id=number,
            masked_phone=phone,
            employer_credit_code=detail.employer_credit_code,
            employer_name=detail.employer_name,
            brought_by=detail.brought_by,
            levels=detail.levels,
            owner=detail.owner,
            result=pb.Case.Result.Value(detail.result or "RESULT_UNSPECIFIED"),
            reason=detail.reason,
            merged_into=f"cases/{detail.merged_into}" if detail.merged_into else "",
            open_time=stamp(detail.open_time),
            close_time=stamp(detail.close_time),
            etag=etag_of(detail.version),
            create_time=stamp(detail.create_time),
            update_time=stamp(detail.update_time),
        )


def _seen(call: Call, file: CaseFile) -> Sequence[MatterFile]:
    """The matters a caller may see: all for the sides, for a bureau those it has a step of."""
    if call.may("talent.case.read", scope_of(file)):
        return file.matters
    sides, unit = let_in(file), call.caller.unit
    own = {step.matter for step in file.steps if step.unit == unit and step.division in sides}
    return [matter for matter in file.matters if matter.key in own]
