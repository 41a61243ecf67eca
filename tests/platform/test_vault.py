"""Sealed fields: a ciphertext opens where it was sealed and nowhere else, before and after a rotation."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tink import TinkError, aead, json_proto_keyset_format, secret_key_access

from services.platform.vault import CHILDREN, FIELDS, INDEX, DoesNotOpen, Vault, complete, rotate, write_secret

NUMBER = "370103198706054321"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Vault.open(tmp_path / "keys", create=True)
    return tmp_path / "keys"


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice(folder: Path) -> None:
    vault = Vault.open(folder, create=False)
    one, other = (vault.seal(NUMBER, "trainees/1", "resident_id") for _ in range(2))
    assert one != other
    assert NUMBER.encode() not in one
    assert vault.unseal(one, "trainees/1", "resident_id") == vault.unseal(other, "trainees/1", "resident_id") == NUMBER


@pytest.mark.parametrize(("owner", "field"), [("trainees/2", "resident_id"), ("trainees/1", "phone"), ("", "")])
def test_a_ciphertext_moved_to_another_row_or_column_does_not_open(folder: Path, owner: str, field: str) -> None:
    vault = Vault.open(folder, create=False)
    with pytest.raises(DoesNotOpen):
        vault.unseal(vault.seal(NUMBER, "trainees/1", "resident_id"), owner, field)


def test_a_changed_ciphertext_does_not_open(folder: Path) -> None:
    vault = Vault.open(folder, create=False)
    sealed = vault.seal(NUMBER, "trainees/1", "resident_id")
    for forged in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed * 2):
        with pytest.raises(DoesNotOpen):
            vault.unseal(forged, "trainees/1", "resident_id")


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(folder: Path) -> None:
    before = Vault.open(folder, create=False)
    old, index = before.seal(NUMBER, "a", "b"), before.index("resident_id", NUMBER)
    assert rotate(folder) == 2
    after = Vault.open(folder, create=False)
    assert after.unseal(old, "a", "b") == NUMBER
    new = after.seal(NUMBER, "a", "b")
    assert new[:5] != old[:5]  # Tink's prefix names the key
    with pytest.raises(DoesNotOpen):
        before.unseal(new, "a", "b")
    assert rotate(folder) == 3
    assert Vault.open(folder, create=False).unseal(new, "a", "b") == NUMBER
    # people are found by it: it must never move
    assert after.index("resident_id", NUMBER) == index


def test_what_is_sealed_is_what_tink_seals(folder: Path) -> None:
    rotate(folder)
    vault = Vault.open(folder, create=False)
    handle = json_proto_keyset_format.parse((folder / FIELDS).read_text(), secret_key_access.TOKEN)
    its = handle.primitive(aead.Aead)
    assert its.decrypt(vault.seal(NUMBER, "a", "b"), b"a/b") == NUMBER.encode()
    assert vault.unseal(its.encrypt(NUMBER.encode(), b"a/b"), "a", "b") == NUMBER
    with pytest.raises(TinkError):
        its.decrypt(vault.seal(NUMBER, "a", "c"), b"a/b")


def test_a_key_that_is_disabled_opens_nothing_more(folder: Path) -> None:
    sealed = Vault.open(folder, create=False).seal(NUMBER, "a", "b")
    rotate(folder)
    keyset = json.loads((folder / FIELDS).read_text())
    keyset["key"][0]["status"] = "DISABLED"
    write_secret(folder / FIELDS, json.dumps(keyset))
    with pytest.raises(DoesNotOpen):
        Vault.open(folder, create=False).unseal(sealed, "a", "b")


def spoilt(change: Callable[[Any], None]) -> Callable[[str], str]:
    def text(good: str) -> str:
        keyset = json.loads(good)
        change(keyset)
        return json.dumps(keyset)

    return text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda good: good[:40], "JSONDecodeError"),
        (lambda _good: "[]", "TypeError"),
        (spoilt(lambda keyset: keyset["key"].clear()), "primary key is not enabled"),
        (spoilt(lambda keyset: keyset["key"][0].update(status="DISABLED")), "primary key is not enabled"),
        (spoilt(lambda keyset: keyset["key"][0].update(outputPrefixType="RAW")), "Tink's prefix"),
        (spoilt(lambda keyset: keyset["key"][0].pop("keyId")), "KeyError"),
        (spoilt(lambda keyset: keyset["key"][0]["keyData"].update(value="GgEA")), "128, 192, or 256 bits"),
        (spoilt(lambda keyset: keyset["key"][0]["keyData"].update(value="CAEaAQA=")), "version 0"),
        (spoilt(lambda keyset: keyset["key"][0]["keyData"].update(value="Gg==")), "not enough values"),
        (spoilt(lambda keyset: keyset.update(primaryKeyId="first")), "AttributeError"),
    ],
)
@pytest.mark.parametrize("name", [FIELDS, CHILDREN])
def test_keys_that_cannot_be_used_are_refused_at_once(
    folder: Path, name: str, spoil: Callable[[str], str], said: str
) -> None:
    good = (folder / name).read_text()
    write_secret(folder / name, spoil(good))
    with pytest.raises(ValueError, match=said) as refused:
        Vault.open(folder, create=False)
    assert json.loads(good)["key"][0]["keyData"]["value"] not in str(refused.value)
    assert "fields.json" in str(refused.value)


def test_an_index_is_stable_keyed_and_of_its_kind(folder: Path, tmp_path: Path) -> None:
    vault, other = Vault.open(folder, create=False), Vault.open(tmp_path / "other", create=True)
    index = vault.index("resident_id", NUMBER)
    assert len(index) == 32
    assert index == Vault.open(folder, create=False).index("resident_id", NUMBER.encode())
    assert index != vault.index("phone", NUMBER)
    assert index != other.index("resident_id", NUMBER)
    assert vault.index("a", "b") != vault.index("", "a\0b")


def test_keys_are_read_by_their_owner_only(folder: Path) -> None:
    rotate(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {FIELDS, CHILDREN, INDEX}
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_was_readable_by_others_is_replaced_by_one_that_is_not(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


def test_opening_twice_keeps_the_keys_and_a_missing_key_is_never_made_up(folder: Path, tmp_path: Path) -> None:
    sealed = Vault.open(folder, create=True).seal(NUMBER, "a", "b")
    assert Vault.open(folder, create=True).unseal(sealed, "a", "b") == NUMBER
    with pytest.raises(FileNotFoundError, match=r"fields\.json"):
        Vault.open(tmp_path / "nowhere", create=False)
    (folder / INDEX).unlink()
    with pytest.raises(FileNotFoundError, match=r"index\.key"):
        Vault.open(folder, create=True)


def test_data_of_children_opens_with_a_key_of_its_own(folder: Path) -> None:
    vault = Vault.open(folder, create=False)
    sealed = vault.children.seal("PRIMARY_3", "cases/1/children/2", "grade")
    with pytest.raises(DoesNotOpen):
        vault.unseal(sealed, "cases/1/children/2", "grade")
    rotate(folder)
    assert Vault.open(folder, create=False).children.unseal(sealed, "cases/1/children/2", "grade") == "PRIMARY_3"


def test_keys_that_are_older_than_the_key_of_children_get_one_when_asked_and_not_before(folder: Path) -> None:
    (folder / CHILDREN).unlink()
    for create in (False, True):
        with pytest.raises(FileNotFoundError, match=r"children\.json"):
            Vault.open(folder, create=create)
    fields = (folder / FIELDS).read_text()
    complete(folder)
    made = (folder / CHILDREN).read_text()
    complete(folder)
    assert ((folder / CHILDREN).read_text(), (folder / FIELDS).read_text()) == (made, fields)
    Vault.open(folder, create=False)
