"""Which documents a step lacks: a table of every standing, stage and kind of document."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.reference.parameters import Title
from services.talent.rules.catalogue import Document, DocumentRank, Needed
from services.talent.rules.papers import (
    NOTHING,
    DocumentState,
    Held,
    Stage,
    Standing,
    gap,
    gaps,
    may_waive,
    standing,
)

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
TITLE = Title("材料", "Document")
BROUGHT, GOOD, BAD = (frozenset({state}) for state in DocumentState)
MIXED = frozenset({DocumentState.REJECTED, DocumentState.RECEIVED})


def a_document(key: str = "a", rank: DocumentRank = DocumentRank.MAIN, **more: object) -> Document:
    return Document(key, TITLE, rank, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "found", "to_accept", "to_complete"),
    [
        (NOTHING, Standing.MISSING, "TD-MISSING", "TD-MISSING"),
        (Held(BAD), Standing.REJECTED, "TD-REJECTED", "TD-REJECTED"),
        (Held(BROUGHT), Standing.RECEIVED, "", "TD-NOT-REVIEWED"),
        (Held(MIXED), Standing.RECEIVED, "", "TD-NOT-REVIEWED"),
        (Held(GOOD), Standing.ACCEPTED, "", ""),
        (Held(GOOD | BAD | BROUGHT), Standing.ACCEPTED, "", ""),
        (Held(due=TODAY + DAY), Standing.PROMISED, "", ""),
        (Held(due=TODAY), Standing.PROMISED, "", ""),
        (Held(due=TODAY - DAY), Standing.OVERDUE, "TD-PROMISE-OVERDUE", "TD-PROMISE-OVERDUE"),
        (Held(BAD, due=TODAY), Standing.PROMISED, "", ""),
        (Held(waived=True), Standing.WAIVED, "", ""),
        (Held(BAD, waived=True), Standing.WAIVED, "", ""),
    ],
)
def test_how_it_stands(held: Held, found: Standing, to_accept: str, to_complete: str) -> None:
    assert standing(held, TODAY) is found
    for stage, code in ((Stage.ACCEPT, to_accept), (Stage.COMPLETE, to_complete)):
        lacking = gap(a_document(), held, stage, TODAY)
        assert (lacking.code if lacking else "") == code


def test_whether_a_circumstance_holds_is_for_an_officer_to_say() -> None:
    document = a_document(when=TITLE)
    lacking = gap(document, NOTHING, Stage.ACCEPT, TODAY)
    assert lacking is not None
    assert lacking.code == "TD-CIRCUMSTANCE"
    assert gap(document, Held(waived=True), Stage.COMPLETE, TODAY) is None


def test_all_gaps_come_at_once_in_the_order_of_the_catalogue() -> None:
    documents = (a_document("c"), a_document("b", needed=Needed.FINISH), a_document("a"))
    held = {"c": Held(BROUGHT)}
    assert [each.document.key for each in gaps(documents, held, Stage.ACCEPT, TODAY)] == ["a"]
    found = gaps(documents, held, Stage.COMPLETE, TODAY)
    assert [(each.document.key, each.code) for each in found] == [
        ("c", "TD-NOT-REVIEWED"), ("b", "TD-MISSING"), ("a", "TD-MISSING"),
    ]  # fmt: skip


@pytest.mark.parametrize("rank", DocumentRank)
@pytest.mark.parametrize("deferrable", [True, False, None])
def test_only_what_the_catalogue_says_may_wait_and_never_who_somebody_is(
    rank: DocumentRank, deferrable: bool | None
) -> None:
    never = rank in (DocumentRank.IDENTITY, DocumentRank.GUARDIANSHIP)
    assert a_document(rank=rank, deferrable=deferrable).may_wait is (deferrable is True and not never)


def test_what_may_be_waived() -> None:
    assert not may_waive(a_document(), NOTHING)
    assert may_waive(a_document(), Held(due=TODAY))
    assert may_waive(a_document(when=TITLE), NOTHING)
