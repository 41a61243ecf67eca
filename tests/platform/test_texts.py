"""Whatever a service says, it can say in both languages, with the values it has."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
import yaml
from liancai.placement.v1 import errors_pb2 as placement_errors
from liancai.talent.v1 import errors_pb2 as talent_errors
from liancai.training.v1 import errors_pb2 as training_errors

from services import host
from services.placement.rules import checker, explain, fitting, unserved
from services.platform.texts import CORE, LANGUAGES, Texts, language_of
from services.reference import credit_code, resident_id
from services.talent.rules import balance, clock, days, filetypes, handover, ledger, lint, moves, reading, simulation

FILES = [CORE, host.HERE / "lookups.toml", *(part.texts for part in host.parts())]
SENTENCES = {key: value for path in FILES for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(host.HERE.rglob("*.py"))}
PACK = yaml.safe_load((host.HERE / "training/parameters/training.yaml").read_text(encoding="utf-8"))
POSTS = yaml.safe_load((host.HERE / "placement/parameters/other_placements.yaml").read_text(encoding="utf-8"))


def made_by_talent() -> set[str]:
    """The keys that the talent service makes up from the words of its rules."""
    made = {
        "LEDGER": ledger.Reason,
        "SUSPENSION": ledger.SuspensionKind,
        "ASSUME": days.Guess,
        "PHASE": clock.Phase,
        "BEGUN": reading.Begun,
        "GIVEN": simulation.Given,
        "TRACK": clock.Which,
        "HANDOVER": handover.Refusal,
        "ARCHIVE": filetypes.ArchiveFault,
        "MOVE": moves.Direction,
        "BALANCE": balance.Why,
    }
    found = {f"{prefix}_{word}" for prefix, words in made.items() for word in words}
    found |= {"BULK_DONE", "DAY_OFF_HOLIDAY", "DAY_OFF_WEEKEND", "DAY_COUNTED_MAKE_UP", "DAY_COUNTED_WORKDAY"}
    return found | set(lint.CODES) | {f"DAY_{why}" for why in clock.Why if why is not clock.Why.DAY_OFF}


def made_by_placement() -> set[str]:
    """The keys that the placement service makes up from the words of its rules."""
    found = {f"CAUSE_{word}" for word in unserved.Cause} | {f"REMEDY_{word}" for word in explain.Remedy}
    return found | {f"KEPT-{code}" for code in fitting.ORDER} | set(checker.RULES)


def named() -> set[str]:
    """Every key that a service can ask for: written in its code, or made up by it from codes."""
    code = "\n".join(SOURCES.values())
    found = set(re.findall(r'"((?:FIELD_|REMARK_|GAP_|TR-|TF-|TC-|CLOCK_)[A-Z0-9_-]*[A-Z0-9])"', code))
    found |= set(re.findall(r'(?:Fault|Refused|Exists|TooMuch)\(\s*"([A-Z_]+)"', code))
    found |= set(re.findall(r'super\(\).__init__\(\s*"([A-Z_]+)"', code))
    found |= set(re.findall(r'(?:Invalid\(|reason: str = )(?:reason=)?"([A-Z_]+)"', code))
    found |= {f"TR-ID-{code.replace('_', '-')}" for code in resident_id.Code}
    found |= {f"TR-USCC-{code}" for code in credit_code.Code}
    for module in (training_errors, talent_errors, placement_errors):
        found |= {value.name for value in module.ErrorReason.DESCRIPTOR.values if value.number}
    found |= made_by_talent() | made_by_placement()
    found |= {rule["code"] for rule in PACK["rules"] + POSTS["rules"]}
    return found


@pytest.mark.parametrize("key", sorted(named()))
def test_every_key_a_service_names_has_a_sentence_in_both_languages(key: str) -> None:
    assert key in SENTENCES
    assert set(SENTENCES[key]) == set(LANGUAGES)
    assert all(SENTENCES[key].values())


def test_the_scan_finds_keys_of_every_kind() -> None:
    expected = {
        "FIELD_REQUIRED",
        "REMARK_LATE",
        "TR-OVERLAP",
        "TF-IDLE",
        "TR-ID-CHECKSUM",
        "TR-USCC-CHECKSUM",
        "STALE_ETAG",
    }
    expected |= {"UNAUTHENTICATED", "INVALID_REQUEST", "MALFORMED_MESSAGE", "ORDER_SEATS", "REQUEST_ID_REUSED"}
    assert expected <= named()


def test_no_sentence_is_left_over() -> None:
    code = "\n".join(SOURCES.values())
    assert {key for key in SENTENCES if key not in named() and f'"{key}"' not in code} == set()


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_both_languages_of_a_sentence_need_the_same_values(key: str) -> None:
    needs = {
        language: {field for _, field, _, _ in string.Formatter().parse(SENTENCES[key][language]) if field}
        for language in LANGUAGES
    }
    assert needs["zh"] == needs["en"]


def test_every_rule_of_the_pack_is_said_with_what_the_rule_has() -> None:
    from services.training.rules.eligibility import RULES

    for rule in PACK["rules"]:
        has = {*RULES[rule["key"]].uses, *(key.replace(".", "_") for key in rule.get("parameters", []))}
        for sentence in SENTENCES[rule["code"]].values():
            assert set(re.findall(r"{(\w+)}", sentence)) <= has, rule["code"]


def test_every_rule_of_other_placements_is_said_with_its_source_alone() -> None:
    for rule in POSTS["rules"]:
        for sentence in SENTENCES[rule["code"]].values():
            assert set(re.findall(r"{(\w+)}", sentence)) <= {"source"}, rule["code"]


def test_every_field_rule_is_given_the_values_its_sentence_needs() -> None:
    for path, code in SOURCES.items():
        for call in re.findall(r'\bwrong\(\s*[^,]+,\s*"([A-Z_-]+)"((?:[^()]|\([^()]*\))*)\)', code):
            key, rest = call
            needs = set(re.findall(r"{(\w+)}", SENTENCES[key]["en"]))
            assert needs <= set(re.findall(r"(\w+)=", rest)), f"{path.name}: {key}"


def test_a_key_without_one_language_or_in_two_files_is_refused(tmp_path: Path) -> None:
    half, twice = tmp_path / "half.toml", tmp_path / "twice.toml"
    half.write_text('[ORDER_ODD]\nzh = "怪"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"half\.toml: ORDER_ODD has no en"):
        Texts.load(half)
    twice.write_text('[NOT_FOUND]\nzh = "无"\nen = "none"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"twice\.toml: NOT_FOUND stands in two files"):
        Texts.load(twice)


def test_a_sentence_wants_its_key_and_all_of_its_values() -> None:
    texts = Texts.load()
    assert texts.say("NOT_FOUND", "en", {"resource": "orders/1"}).startswith("orders/1 was not found")
    assert "orders/1" in texts.say("NOT_FOUND", "zh", {"resource": "orders/1"})
    with pytest.raises(KeyError):
        texts.say("NO_SUCH", "en")
    with pytest.raises(KeyError):
        texts.say("NOT_FOUND", "en", {"other": "1"})


def test_a_value_with_braces_is_only_text() -> None:
    assert "{0.__class__}" in Texts.load().say("NOT_FOUND", "en", {"resource": "{0.__class__}"})


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh-CN", "zh"),
        ("en", "en"),
        ("EN-gb;q=0.9, zh", "en"),
        (" en-US,zh;q=0.5", "en"),
        ("zh, en", "zh"),
        ("", "zh"),
        ("fr", "zh"),
        ("*", "zh"),
        (",en", "zh"),
    ],
)
def test_chinese_unless_english_is_asked_for_first(accept: str, language: str) -> None:
    assert language_of(accept) == language
