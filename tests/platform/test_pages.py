"""Page tokens open only for the very query, method and caller that they were made for."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from liancai.training.v1 import orders_pb2

from services.platform.errors import Invalid
from services.platform.pages import DEFAULT_SIZE, LARGEST_SIZE, Pages
from services.platform.vault import Vault, rotate
from tests.platform.conftest import NewCall

KEY = ["20261100007", 3]


def a_list(**fields: object) -> orders_pb2.ListOrdersRequest:
    wanted = orders_pb2.ListOrdersRequest.Filter(division="371526", states=[1, 2])
    return orders_pb2.ListOrdersRequest(filter=wanted, **fields)  # type: ignore[arg-type]


@pytest.fixture
def pages(vault: Vault) -> Pages:
    return Pages(vault)


def test_a_token_leads_to_the_page_after_its_row_whatever_the_size(pages: Pages, new_call: NewCall) -> None:
    token = pages.token(new_call(), a_list(page_size=7), KEY)
    page = pages.read(new_call(), a_list(page_size=9, page_token=token))
    assert (page.size, page.after) == (9, KEY)
    assert "20261100007" not in token
    assert b"20261100007" not in base64.urlsafe_b64decode(token)


def test_the_last_page_has_no_next_one(pages: Pages, new_call: NewCall) -> None:
    rows = [SimpleNamespace(id="20261100007", place=place) for place in range(4)]
    page = pages.read(new_call(), a_list(page_size=3))
    for enough in (rows[:0], rows[:3]):
        assert pages.next_token(new_call(), a_list(), page, enough, "id", "place") == ""
    token = pages.next_token(new_call(), a_list(), page, rows, "id", "place")
    assert pages.read(new_call(), a_list(page_token=token)).after == ["20261100007", 2]


@pytest.mark.parametrize(("asked", "size"), [(0, DEFAULT_SIZE), (1, 1), (1000, 1000), (2**31 - 1, LARGEST_SIZE)])
def test_a_page_has_a_size_within_bounds(pages: Pages, new_call: NewCall, asked: int, size: int) -> None:
    page = pages.read(new_call(), a_list(page_size=asked))
    assert (page.size, page.after) == (size, None)


def test_a_negative_size_is_invalid(pages: Pages, new_call: NewCall) -> None:
    with pytest.raises(Invalid) as refused:
        pages.read(new_call(), a_list(page_size=-1))
    assert [each.field for each in refused.value.violations] == ["page_size"]


def refused_token(pages: Pages, call: object, request: orders_pb2.ListOrdersRequest) -> bool:
    try:
        pages.read(call, request)  # type: ignore[arg-type]
    except Invalid as fault:
        return [(each.field, each.rule) for each in fault.violations] == [("page_token", "FIELD_PAGE_TOKEN")]
    return False


def test_a_token_is_refused_for_any_other_query_method_or_caller(pages: Pages, new_call: NewCall) -> None:
    token = pages.token(new_call(), a_list(), KEY)
    assert not refused_token(pages, new_call(), a_list(page_token=token))
    other_filter = a_list(page_token=token)
    other_filter.filter.division = "370103"
    assert refused_token(pages, new_call(), other_filter)
    assert refused_token(pages, new_call(), orders_pb2.ListOrdersRequest(page_token=token))
    assert refused_token(pages, new_call(subject="colleague"), a_list(page_token=token))
    assert refused_token(pages, new_call(path="/liancai.training.v1.Classes/ListClasses"), a_list(page_token=token))


def test_a_token_with_any_byte_changed_is_refused(pages: Pages, new_call: NewCall) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(pages.token(new_call(), a_list(), KEY)))
    for place in range(len(sealed)):
        forged = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        token = base64.urlsafe_b64encode(forged).decode()
        assert refused_token(pages, new_call(), a_list(page_token=token)), place


@pytest.mark.parametrize("token", ["x", "====", "令牌", "A" * 4000, "AAAA", "null", "../../etc", " ", "\x00"])
def test_garbage_is_no_token(pages: Pages, new_call: NewCall, token: str) -> None:
    assert refused_token(pages, new_call(), a_list(page_token=token))


def test_a_token_outlives_the_rotation_of_the_keys_and_not_their_loss(
    new_call: NewCall, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, elsewhere = tmp_path_factory.mktemp("k"), tmp_path_factory.mktemp("k")
    token = Pages(Vault.open(folder, create=True)).token(new_call(), a_list(), KEY)
    rotate(folder)
    assert Pages(Vault.open(folder, create=False)).read(new_call(), a_list(page_token=token)).after == KEY
    assert refused_token(Pages(Vault.open(elsewhere, create=True)), new_call(), a_list(page_token=token))
