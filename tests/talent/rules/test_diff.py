from __future__ import annotations

import pytest

from services.talent import catalogue as folder
from services.talent.rules.diff import Change, What, diff
from tests.talent.rules.documents import DOCUMENT, FIRST, HEAD, SECOND, changed, load

BEFORE = changed()
C = What.CHANGED


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (
            "n: 10, unit: working_days",
            "n: 8, unit: working_days",
            Change(C, "matters.first.steps.out.limit.n", "10", "8"),
        ),
        ("basis: sample", "basis: law", Change(C, "matters.first.steps.money.limit.basis", "SAMPLE", "LAW")),
        (
            "variants: {city: 3}",
            "variants: {city: 2}",
            Change(C, "matters.first.steps.side_track.limit.variants.city", "3", "2"),
        ),
        (
            'division: "371526", n: 3',
            'division: "371526", n: 2',
            Change(C, "matters.first.steps.check.promises.371526.n", "3", "2"),
        ),
        ("side: applicant", "side: origin", Change(C, "matters.first.steps.side_track.side", "APPLICANT", "ORIGIN")),
        (
            "after: [money, side_track]",
            "after: [money]",
            Change(C, "matters.first.steps.in.after", "money, side_track", "money"),
        ),
        ("opens: 07-01", "opens: 06-15", Change(C, "matters.second.windows.*.opens", "7, 1", "6, 15")),
        (
            "en: Sheet",
            "en: Form",
            Change(C, "matters.first.steps.out.result.sheet.title", "信息表 / Sheet", "信息表 / Form"),
        ),
        (
            "same_pool: not_required",
            "same_pool: full",
            Change(C, "matters.first.scopes.SAME_POOL.required", "False", "True"),
        ),
        ("version: 1.0.0", "version: 1.1.0", Change(C, "version", "1.0.0", "1.1.0")),
        (
            "[supplement, expert]",
            "[supplement]",
            Change(What.REMOVED, "matters.first.steps.check.suspensions.EXPERT.source", "行政许可法45"),
        ),
        (
            "limit: {n: null,",
            "limit: {n: 7,",
            Change(What.ADDED, "matters.second.steps.seat.limit.n", after="7"),
        ),
    ],
)
def test_one_change(before: str, after: str, change: Change) -> None:
    found = diff(BEFORE, changed((before, after)))
    assert change in found
    assert len(found) <= 2  # a suspension that is gone has a kind and a source


def test_a_new_matter_and_a_new_step_are_one_change_each() -> None:
    without = load(("x", HEAD + FIRST))
    assert diff(without, BEFORE) == (Change(What.ADDED, "matters.second", after="乙事项 / Second"),)
    assert diff(BEFORE, without) == (Change(What.REMOVED, "matters.second", before="乙事项 / Second"),)
    step = FIRST[FIRST.index("- step: side_track") : FIRST.index("- step: in\n")]
    shorter = changed((step, ""), ("after: [money, side_track]", "after: [money]"))
    assert diff(shorter, BEFORE) == (
        Change(C, "matters.first.steps.in.after", "money", "money, side_track"),
        Change(What.ADDED, "matters.first.steps.side_track", after="并行 / Beside"),
    )


def test_the_order_of_a_file_and_its_lines_mean_nothing() -> None:
    second_first = load(("x", HEAD + SECOND + FIRST))
    assert diff(BEFORE, second_first) == ()
    assert diff(BEFORE, load(("y", "# a remark\n" + DOCUMENT))) == ()


def test_what_is_the_same_has_no_difference() -> None:
    assert diff(folder.shipped(), folder.shipped()) == ()
