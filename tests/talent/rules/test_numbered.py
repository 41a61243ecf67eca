from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from services.talent import rules
from services.talent.rules.clock import Why
from services.talent.rules.days import Guess
from services.talent.rules.handover import Refusal
from services.talent.rules.ledger import Reason
from services.talent.rules.moves import Direction
from services.talent.rules.numbered import RULES
from services.talent.rules.simulation import Given

TEXTS = tomllib.loads((Path(rules.__file__).parents[1] / "texts.toml").read_text(encoding="utf-8"))
SPOKEN = [
    *(f"LEDGER_{reason}" for reason in Reason),
    *(f"ASSUME_{guess}" for guess in Guess),
    *(f"GIVEN_{given}" for given in Given),
    *(f"HANDOVER_{refusal}" for refusal in Refusal),
    *(f"MOVE_{direction}" for direction in Direction),
]


def test_the_rules_are_numbered_without_a_gap() -> None:
    assert [rule.number for rule in RULES] == [f"GC-{number:03}" for number in range(1, len(RULES) + 1)]
    assert len({rule.number for rule in RULES}) == len(RULES) == 60


def test_every_rule_is_said_in_both_languages_and_has_a_source() -> None:
    for rule in RULES:
        assert rule.title.zh.endswith("。")
        assert rule.title.en.endswith(".")
        assert rule.source


def test_every_refusal_of_an_entry_rests_on_a_rule() -> None:
    assert {reason for rule in RULES for reason in rule.reasons} == set(Reason)


def test_what_is_only_our_reading_says_so() -> None:
    assert {rule.number for rule in RULES if "推定" in rule.source or "类推" in rule.source} <= {
        rule.number for rule in RULES if rule.own
    }
    assert 20 < sum(rule.own for rule in RULES) < len(RULES)


@pytest.mark.parametrize("key", SPOKEN)
def test_what_the_rules_answer_has_a_sentence(key: str) -> None:
    assert TEXTS[key]["zh"]
    assert TEXTS[key]["en"]


def test_every_kind_of_day_has_a_sentence() -> None:
    said = {key for key in TEXTS if key.startswith("DAY_")}
    assert {f"DAY_{why}" for why in Why} - {"DAY_DAY_OFF"} <= said
    assert {"DAY_OFF_WEEKEND", "DAY_OFF_HOLIDAY", "DAY_COUNTED_WORKDAY", "DAY_COUNTED_MAKE_UP"} <= said
