"""Who may: by division, city and province, by unit, by role, and never by default."""

from __future__ import annotations

import pytest

from services.platform.errors import Denied, NotFound
from services.platform.identity import Caller
from services.platform.policy import Policy, Reach, Scope

READ, VERIFY, AUDIT = "training.order.read", "training.order.verify", "training.audit.read"
ENTERPRISE = "91371526MA3C00017A"
ORDER = Scope(("371526", "370103"), (ENTERPRISE,))  # the work is in Gaotang, the partner is Shizhong


def caller(division: str, *roles: str, unit: str = "") -> Caller:
    return Caller("somebody", unit, division, frozenset(roles))


@pytest.mark.parametrize(
    ("division", "allowed"),
    [
        ("371526", True),  # the county
        ("371500", True),  # its city
        ("370000", True),  # its province
        ("370103", True),  # the partner
        ("370100", True),
        ("371525", False),  # the neighbour
        ("370102", False),
        ("371400", False),
        ("130000", False),
        ("000000", False),
    ],
)
def test_an_officer_reads_what_has_a_part_in_the_division(policy: Policy, division: str, allowed: bool) -> None:
    assert policy.may(caller(division, "hr_officer"), READ, ORDER) is allowed


@pytest.mark.parametrize(("division", "allowed"), [("371526", True), ("371500", True), ("370103", False)])
def test_only_the_bureau_where_the_work_is_verifies(policy: Policy, division: str, allowed: bool) -> None:
    assert policy.may(caller(division, "hr_officer"), VERIFY, ORDER) is allowed


def test_an_enterprise_reads_its_own_orders_wherever_they_are(policy: Policy) -> None:
    assert policy.may(caller("110101", "enterprise", unit=ENTERPRISE), READ, ORDER)
    assert not policy.may(caller("371526", "enterprise", unit="91371526MA3C00018X"), READ, ORDER)
    assert not policy.may(caller("371526", "enterprise"), READ, ORDER)
    assert not policy.may(caller("371526", "enterprise", unit=ENTERPRISE), VERIFY, ORDER)


def test_nobody_is_in_the_unit_that_has_no_name(policy: Policy) -> None:
    assert not policy.may(caller("371526", "enterprise", unit=""), READ, Scope(("371526",), ("",)))


@pytest.mark.parametrize("action", [READ, VERIFY, AUDIT, "training.order.nothing", "", "*", 'x", Action::"y'])
@pytest.mark.parametrize("roles", [("visitor",), ("HR_OFFICER",), ("hr_officer ",), ("admin", "root")])
def test_what_no_policy_permits_is_denied(policy: Policy, action: str, roles: tuple[str, ...]) -> None:
    assert not policy.may(caller("371526", *roles), action, ORDER)
    assert not policy.may_ever(caller("371526", *roles), action)


@pytest.mark.parametrize("subject", ['"', "\\", 'x"; permit(principal,action,resource); //', "张三", "\n", "a" * 200])
def test_a_strange_name_neither_opens_nor_breaks_anything(policy: Policy, subject: str) -> None:
    assert policy.may(Caller(subject, subject, "371526", frozenset({"hr_officer"})), READ, ORDER)
    assert not policy.may(Caller(subject, subject, "371526", frozenset({subject})), READ, ORDER)
    assert not policy.may(Caller(subject, "", "371526", frozenset({"visitor"})), READ, Scope((subject,), (subject,)))


def test_whether_one_ever_may_is_asked_of_one_s_own_division_and_unit(policy: Policy) -> None:
    assert policy.may_ever(caller("371526", "hr_officer"), VERIFY)
    assert not policy.may_ever(caller("371526", "hr_officer"), AUDIT)
    assert policy.may_ever(caller("371526", "auditor"), AUDIT)
    assert policy.may_ever(caller("371526", "enterprise", unit=ENTERPRISE), READ)
    assert not policy.may_ever(caller("371526", "enterprise"), READ)


def test_a_list_reaches_as_far_as_its_caller_may_read(policy: Policy) -> None:
    assert policy.reach(caller("371500", "hr_officer"), READ) == Reach("371500", None)
    assert policy.reach(caller("371526", "enterprise", unit=ENTERPRISE), READ) == Reach(None, ENTERPRISE)
    both = caller("371526", "hr_officer", "enterprise", unit=ENTERPRISE)
    assert policy.reach(both, READ) == Reach("371526", ENTERPRISE)
    assert policy.reach(caller("371526", "visitor", unit=ENTERPRISE), READ) == Reach(None, None)
    assert policy.reach(caller("371526", "enterprise"), READ) == Reach(None, None)


def test_policies_may_tell_kinds_of_a_resource_apart() -> None:
    told = Policy(
        "permit (principal, action, resource) when { resource in principal.division } "
        'unless { resource has kind && resource.kind == "SECONDMENT" };'
    )
    officer, here = caller("371526", "hr_officer"), ("371526",)
    assert [told.may(officer, READ, Scope(here, (), kind)) for kind in ("", "EXCHANGE", "SECONDMENT")] == [
        True,
        True,
        False,
    ]
    assert told.may_ever(officer, READ)  # of some kind
    assert told.reach(officer, READ, "EXCHANGE") == Reach("371526", None)
    assert told.reach(officer, READ, "SECONDMENT") == Reach(None, None)


def test_what_one_may_not_read_is_not_there(policy: Policy) -> None:
    policy.require(caller("371526", "hr_officer"), VERIFY, READ, ORDER, "orders/1")
    with pytest.raises(Denied):
        policy.require(caller("370103", "hr_officer"), VERIFY, READ, ORDER, "orders/1")
    with pytest.raises(NotFound) as missing:
        policy.require(caller("371525", "hr_officer"), VERIFY, READ, ORDER, "orders/1")
    assert missing.value.metadata == {"resource": "orders/1"}


def test_a_policy_that_cannot_be_read_stops_the_host() -> None:
    with pytest.raises(ValueError, match="the Cedar policies cannot be read"):
        Policy("permit (principal, action, resource) when { oops")


def test_a_policy_that_fails_while_it_decides_denies() -> None:
    fails = 'permit (principal, action, resource) when { principal.nothing == "here" };'
    assert not Policy(fails).may(caller("371526", "hr_officer"), READ, ORDER)


def test_a_forbid_outweighs_a_permit() -> None:
    policy = Policy("permit (principal, action, resource); forbid (principal, action, resource);")
    assert not policy.may(caller("371526", "hr_officer"), READ, ORDER)
    assert Policy("permit (principal, action, resource);").may(caller("371526", "x"), READ, ORDER)
