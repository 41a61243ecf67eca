"""Who may do what, asked of the Cedar policies themselves: the page docs/policy.md, and what its test compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from itertools import groupby

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from liancai.common.v1 import access_pb2

from services import host
from services.platform.boundary import ANYBODY
from services.platform.identity import Caller
from services.platform.policy import Policy, Scope

HOME, PARTNER, THIRD, FAR = "371526", "370103", "371525", "110101"
CITY = "371500"
ENTERPRISE, OTHER_ENTERPRISE, INSTITUTION = "91371526MA3C000119", "91371526MA3C00018X", "52370103MJE0001019"
UNIT, OTHER_UNIT = "371526-sic", "371526-ybj"
POSTS = "liancai.placement.v1.Placements"
ROLES = (
    *("hr_officer", "institution", "enterprise", "supervisor", "auditor"),
    *("caseworker", "bureau", "catalogue_editor", "science_officer", "organisation_officer", "anybody"),
)


class Answer(StrEnum):
    """Whether somebody may do something to one resource."""

    YES = "yes"
    OWN = "own"  # not to this one, but to one of their own division or unit
    NO = "no"


# who stands where to an order of 371526 with the partner 370103
STANDPOINTS = {
    "HR, home": Caller("hr-home", "371526-hrss", HOME, frozenset({"hr_officer"})),
    "HR, partner": Caller("hr-partner", "370103-hrss", PARTNER, frozenset({"hr_officer"})),
    "HR, third": Caller("hr-third", "371525-hrss", THIRD, frozenset({"hr_officer"})),
    "institution": Caller("school", INSTITUTION, PARTNER, frozenset({"institution"})),
    "enterprise": Caller("boss", ENTERPRISE, HOME, frozenset({"enterprise"})),
    "another enterprise": Caller("other-boss", OTHER_ENTERPRISE, HOME, frozenset({"enterprise"})),
    "supervisor": Caller("supervisor", "371526-gov", HOME, frozenset({"supervisor"})),
    "auditor": Caller("auditor", "371526-audit", HOME, frozenset({"auditor"})),
}
# who stands where to a case of 371526 that 370103 was let into, and to a step of 371526-sic in it
CASE_STANDPOINTS = {
    "caseworker, holding": Caller("case-home", "371526-tf", HOME, frozenset({"caseworker"})),
    "caseworker, let in": Caller("case-partner", "370103-tf", PARTNER, frozenset({"caseworker"})),
    "caseworker, third": Caller("case-third", "371525-tf", THIRD, frozenset({"caseworker"})),
    "bureau": Caller("bureau", UNIT, HOME, frozenset({"bureau"})),
    "another bureau": Caller("other-bureau", OTHER_UNIT, HOME, frozenset({"bureau"})),
    "supervisor": STANDPOINTS["supervisor"],
    "auditor": STANDPOINTS["auditor"],
    "catalogue editor": Caller("editor", "371526-hrss", HOME, frozenset({"catalogue_editor"})),
    "without a token": ANYBODY,
}
# who stands where to a commissioner whom the institution of 371526 sends to 370103, to a request of the enterprise, and
# to an agreement and an assignment of that enterprise and a commissioner of 370103 whom the institution sends
DISPATCH_STANDPOINTS = {
    "science, home": Caller("science-home", "371526-sci", HOME, frozenset({"science_officer"})),
    "science, its city": Caller("science-city", "371500-sci", CITY, frozenset({"science_officer"})),
    "science, partner": Caller("science-partner", "370103-sci", PARTNER, frozenset({"science_officer"})),
    "science, third": Caller("science-third", "371525-sci", THIRD, frozenset({"science_officer"})),
    "institution": STANDPOINTS["institution"],
    "enterprise": STANDPOINTS["enterprise"],
    "another enterprise": STANDPOINTS["another enterprise"],
    "supervisor": STANDPOINTS["supervisor"],
    "auditor": STANDPOINTS["auditor"],
}
# who stands where to an exchange, or a secondment, of the enterprise of 371526 with the institution of 370103
POST_STANDPOINTS = {
    "organisation, home": Caller("org-home", "371526-org", HOME, frozenset({"organisation_officer"})),
    "organisation, host": Caller("org-host", "370103-org", PARTNER, frozenset({"organisation_officer"})),
    "organisation, third": Caller("org-third", "371525-org", THIRD, frozenset({"organisation_officer"})),
    "science, home": DISPATCH_STANDPOINTS["science, home"],
    "science, host": DISPATCH_STANDPOINTS["science, partner"],
    "science, third": DISPATCH_STANDPOINTS["science, third"],
    "HR, home": STANDPOINTS["HR, home"],
    "HR, host": STANDPOINTS["HR, partner"],
    "home unit": STANDPOINTS["enterprise"],
    "host": STANDPOINTS["institution"],
    "another unit": STANDPOINTS["another enterprise"],
    "supervisor": STANDPOINTS["supervisor"],
    "auditor": STANDPOINTS["auditor"],
}
WORK = Scope((HOME, PARTNER), (ENTERPRISE, INSTITUTION))  # an order, and whatever hangs on it
# what has a part in a resource where it is not an order's
SCOPES = {
    "Register": Scope((HOME,)),
    "Quota": Scope((HOME,), (INSTITUTION,)),
    "Institution": Scope((HOME,), (INSTITUTION,)),
    "AuditTrail": Scope((HOME,)),
    "Reference": Scope(),
    "Case": Scope((HOME, PARTNER), (UNIT,)),
    "CaseEvent": Scope((HOME, PARTNER), (UNIT,)),
    "Commissioner": Scope((HOME, PARTNER), (INSTITUTION,)),
    "Request": Scope((HOME, PARTNER), (ENTERPRISE,)),
    "Plan": Scope((HOME, PARTNER)),
    "ServiceAgreement": Scope((HOME, PARTNER), (INSTITUTION, ENTERPRISE)),
    "ServiceAgreementText": Scope((HOME, PARTNER), (INSTITUTION,)),
    "DispatchEvent": Scope((HOME, PARTNER), (INSTITUTION, ENTERPRISE)),
    "Assignment": Scope((HOME, PARTNER), (INSTITUTION, ENTERPRISE)),
    "SentAssignment": Scope((HOME, PARTNER), (INSTITUTION,)),
    "ServedAssignment": Scope((HOME, PARTNER), (ENTERPRISE,)),
    "Transfer": Scope((HOME, PARTNER), (INSTITUTION,)),
    "Placement": Scope((HOME, PARTNER), (ENTERPRISE, INSTITUTION), "EXCHANGE"),
    "HomeSide": Scope((HOME, PARTNER), (ENTERPRISE,), "EXCHANGE"),
    "HostSide": Scope((PARTNER,), (INSTITUTION,), "EXCHANGE"),
    "Step": Scope((HOME,), (UNIT,)),
    "Ledger": Scope((HOME, PARTNER), (UNIT,)),
    "Handover": Scope((HOME, PARTNER)),
    "Child": Scope((HOME, PARTNER), (UNIT,)),
    "Document": Scope((HOME, PARTNER), (UNIT,)),
    "Requirements": Scope((HOME, PARTNER), (UNIT,)),
    "Deadlines": Scope((HOME, PARTNER)),
    "Board": Scope((HOME, PARTNER), (UNIT,)),
    "SupervisionOrder": Scope((HOME, PARTNER), (UNIT,)),
    "Statistics": Scope((HOME, PARTNER)),
    "Desk": Scope((HOME,), (UNIT,)),
    "Job": Scope((HOME,)),
    "Note": Scope((HOME, PARTNER)),
    "Rating": Scope((HOME, PARTNER)),
    "Complaint": Scope((HOME, PARTNER)),
    "Catalogue": Scope(),
    "Progress": Scope(),
}
INTRODUCTION = """\
# Who may do what

Worked out from `services/policy.cedar` and that of each service by deciding every RPC for everybody; a test
holds a table written by hand, the policies and a running server against one another.

The resource is one of 371526 (where the work is) with the partner 370103, its enterprise and its institution. A
register of other bureaus, a quota and an entry in the register of institutions belong to 371526 alone. In the green
channel it is a case that 371526 holds and 370103 was let into by a hand-over, or a step in it of the bureau 371526-sic.
In dispatch it is a commissioner whom the institution of 371526 sends to 370103, a request of the enterprise of
371526 for one of 370103, or an agreement of that enterprise with a commissioner of 370103 whom the institution sends;
an assignment, a visit and a technology transfer are of these two.
Of other placements it is an exchange, and then a secondment, of the enterprise of 371526 with the institution of
370103.

| who | role | division |
| --- | --- | --- |"""
LEGEND = """
- **yes**: may.
- own: may not do it to this one, which is NOT_FOUND, or PERMISSION_DENIED for who may at least read it; may do it to
  what belongs to the own division or unit. Lists leave it out.
- a dot: may not do it to anything; PERMISSION_DENIED.
"""


def policy() -> Policy:
    """The policies of every service that a host serves."""
    files = (host.HERE / "policy.cedar", *(part.policy for part in host.parts()))
    return Policy("\n".join(path.read_text(encoding="utf-8") for path in files))


def rpcs(files: Iterable[FileDescriptor]) -> list[MethodDescriptor]:
    """Every RPC of the contract, in its order."""
    return [rpc for file in files for service in file.services_by_name.values() for rpc in service.methods]


def action_of(rpc: MethodDescriptor) -> str:
    """The Cedar action of an RPC."""
    return rpc.GetOptions().Extensions[access_pb2.access].action


def standpoints(rpc: MethodDescriptor) -> dict[str, Caller]:
    """Who is asked about an RPC."""
    if rpc.containing_service.full_name == POSTS:
        return POST_STANDPOINTS
    packages = {"liancai.talent.v1": CASE_STANDPOINTS, "liancai.placement.v1": DISPATCH_STANDPOINTS}
    return packages.get(rpc.containing_service.file.package, STANDPOINTS)


def answer(policies: Policy, rpc: MethodDescriptor, caller: Caller, kind: str = "") -> Answer:
    """What the policies say of one caller and the resource of one RPC, or of the same of another kind."""
    access = rpc.GetOptions().Extensions[access_pb2.access]
    # what is on a worklist is the caller's own
    own = Scope((caller.division,), (caller.unit,)) if access.resource == "Worklist" else None
    scope = own or SCOPES.get(access.resource, WORK)
    if policies.may(caller, access.action, replace(scope, kind=kind or scope.kind)):
        return Answer.YES
    return Answer.OWN if policies.may_ever(caller, access.action) else Answer.NO


def where(policies: Policy, role: str, action: str) -> str:
    """Where one with this role may do it: asked of resources that one thing ties to them, or nothing."""
    caller = Caller("somebody", "unit", HOME, frozenset({role}))
    if policies.may(caller, action, Scope((FAR,))):
        return "everywhere"
    found = []
    if policies.may(caller, action, Scope((HOME,))):
        either = policies.may(caller, action, Scope((FAR, HOME)))
        found.append("own division, either side" if either else "own division, where the work is")
    elif policies.may(replace(caller, division=CITY), action, Scope((HOME,))):
        found.append("own city, where the work is")
    if policies.may(caller, action, Scope((FAR,), ("unit",))):
        found.append("own unit")
    return "; ".join(found) or "."


def page() -> str:
    """docs/policy.md."""
    policies, methods = policy(), rpcs(host.contract(host.parts()))
    words = {Answer.YES: "**yes**", Answer.OWN: "own", Answer.NO: "."}
    lines = [INTRODUCTION]
    everybody = {**STANDPOINTS, **CASE_STANDPOINTS, **DISPATCH_STANDPOINTS, **POST_STANDPOINTS}
    for name, caller in everybody.items():
        lines.append(f"| {name} | `{', '.join(caller.roles)}` | {caller.division} |")
    lines.append(LEGEND)
    for service, those in groupby(methods, key=lambda rpc: rpc.containing_service.full_name):
        table = list(those)
        for title, kind in ((service, ""), (f"{service}, of a secondment", "SECONDMENT"))[
            : 2 if service == POSTS else 1
        ]:
            who = standpoints(table[0])
            lines += ["", f"## {title}", "", f"| RPC | {' | '.join(who)} |", "| --- |" + " --- |" * len(who)]
            for rpc in table:
                cells = (words[answer(policies, rpc, caller, kind)] for caller in who.values())
                lines.append(f"| `{rpc.name}` | {' | '.join(cells)} |")
    lines += [
        "",
        "## Where",
        "",
        "A division lies in its city and its province: an officer of 370000 covers Shandong.",
        "",
    ]
    lines += [f"| action | {' | '.join(f'`{role}`' for role in ROLES)} |", "| --- |" + " --- |" * len(ROLES)]
    for action in dict.fromkeys(map(action_of, methods)):
        lines.append(f"| `{action}` | {' | '.join(where(policies, role, action) for role in ROLES)} |")
    return "\n".join(lines) + "\n"
