from __future__ import annotations

import pytest

from services.reference import codelists, files
from services.reference.codelists import LISTS
from services.reference.parameters import Confidence


@pytest.mark.parametrize("name", LISTS)
def test_every_spelling_means_one_line_only(name: str) -> None:
    spoken = [
        spelling
        for row in files.rows("roster_codes.csv")
        if row["list"] == name
        for spelling in {row["code"], row["name"], *row["aliases"].split()}
        if spelling
    ]
    assert len(spoken) == len(set(spoken))
    assert all(codelists.find(name, spelling) for spelling in spoken)
    assert len(codelists.entries(name)) >= 2


def test_every_line_belongs_to_a_list_and_has_a_source() -> None:
    for row in files.rows("roster_codes.csv"):
        assert row["list"] in LISTS
        assert row["source"]
        Confidence(row["confidence"])


def test_ethnicities() -> None:
    assert len([each for each in codelists.entries("ethnicity") if each.code < "57"]) == 56
    for text in ("汉", "汉族", "01", " 汉 族 "):
        found = codelists.find("ethnicity", text)
        assert found is not None
        assert found.code == "01"
    assert codelists.find("ethnicity", "汗族") is None


def test_categories_are_those_of_the_contract_with_their_proofs() -> None:
    codes = [each.code for each in codelists.categories()]
    assert " ".join(codes) == "POV GRAD JHS RUR UNE DIF EMP VET DIS CAP YRR PRI DRG STU OTH"
    assert {each.code for each in codelists.categories() if each.sensitive} == {"DIS", "PRI", "DRG"}
    assert all(each.proofs for each in codelists.categories() if each.code != "OTH")
    spoken = [
        spelling
        for row in files.rows("trainee_categories.csv")
        for spelling in {row["code"], row["name"], *row["aliases"].split()}
    ]
    assert len(spoken) == len(set(spoken))


@pytest.mark.parametrize(("text", "code"), [("une", "UNE"), ("登记失业人员", "UNE"), ("农民工", "RUR"), ("老板", None)])
def test_a_category_by_code_name_or_usual_word(text: str, code: str | None) -> None:
    found = codelists.find_category(text)
    assert (found and found.code) == code


def test_an_unknown_list_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        codelists.entries("shoe_size")
