"""Both languages say the same things, every key that is used exists, and every command has help."""

from __future__ import annotations

import errno
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import (
    assignments_pb2,
    commissioners_pb2,
    evaluations_pb2,
    placements_pb2,
    requests_pb2,
    technology_transfers_pb2,
    visits_pb2,
)
from liancai.training.v1 import (
    agreements_pb2,
    errors_pb2,
    institutions_pb2,
    orders_pb2,
    registers_pb2,
    rosters_pb2,
)

import cli
from cli import (
    agreements,
    assignments,
    commissioners,
    evaluations,
    institutions,
    orders,
    placement_steps,
    placements,
    reports,
    requests,
    show,
    technology_transfers,
    visits,
)
from cli.app import NOUNS, app, main
from cli.texts import detect, t, words
from tests.test_contract import RPCS

SOURCES = sorted(Path(cli.__file__).parent.glob("*.py"))
PREFIXES = {"option": "option.", "argument": "argument.", "t": "", "_column": "", "_read": ""}


def test_both_files_have_the_same_keys() -> None:
    chinese, english = words("zh"), words("en")
    assert chinese.keys() == english.keys()
    assert all(value.strip() for value in [*chinese.values(), *english.values()])


def test_both_languages_fill_in_the_same_values() -> None:
    chinese, english = words("zh"), words("en")
    for key in chinese:
        assert placeholders(chinese[key]) == placeholders(english[key]), key


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def used_keys() -> Iterator[str]:
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        for call, prefix in PREFIXES.items():
            for first in re.findall(rf'(?<![\w.]){call}\(\s*(?:[^()"]*, )?"([\w.]+)"', text):
                yield prefix + first
        # keys in conditional expressions and tables
        yield from (
            key for key in re.findall(r'"((?:\w+\.)+\w+)"', text) if key.split(".")[0] in ("usage", "word", "help")
        )


def test_every_key_in_the_source_exists() -> None:
    used = set(used_keys())
    assert len(used) > 150
    assert used - words("zh").keys() == set()


def test_every_key_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    spoken = {f"{noun}.{verb.name}".replace(" ", ".").replace("-", "_") for noun, verb in verbs()}
    for key in words("zh"):
        table, _, leaf = key.rpartition(".")
        known = key in source or key in spoken or (table in ("option", "argument") and f'"{leaf}"' in source)
        known = known or (table == "errno" and hasattr(errno, leaf))
        assert known or table.startswith(("field", "value", "next", "howto")) or leaf == "help", key


def test_every_value_with_a_word_is_one_of_the_contract() -> None:
    """Tables of enums of the contract are told by their capital: [value.Order.State]."""
    enums = {enum.full_name.split(".v1.")[-1]: enum for enum in enums_of_the_contract()}
    for key in words("zh"):
        name, _, value = key.removeprefix("value.").rpartition(".")
        if key.startswith("value.") and name[0].isupper():
            assert value in enums[name].values_by_name, key


def enums_of_the_contract() -> Iterator[Any]:
    """Every enum of every message that goes over the wire, there or back."""
    waiting = [each for rpc in RPCS for each in (rpc.input_type, rpc.output_type)]
    seen: set[str] = set()
    while waiting:
        descriptor = waiting.pop()
        if descriptor.full_name not in seen:
            seen.add(descriptor.full_name)
            yield from (field.enum_type for field in descriptor.fields if field.enum_type)
            waiting += [field.message_type for field in descriptor.fields if field.message_type]


def test_what_is_said_next_fits_a_reason() -> None:
    """What to type next is filled with what the reason tells of, the class, and the options that would help."""
    contract = Path("protos/liancai/training/v1/errors.proto").read_text(encoding="utf-8")
    found = [key for key in words("zh") if key.startswith("next.")]
    assert len(found) > 5
    for key in found:
        reason = key.split(".")[1]
        assert reason in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name
        told = re.search(rf"// [A-Z_]+\. .*Metadata: (.*)\.\n +{reason} =", contract)
        assert told, reason
        names = {*re.findall(r"\w+", told[1]), "class_name", "accept"}
        assert placeholders(words("zh")[key]) <= names, key


def messages() -> Iterator[Any]:
    """Every message that is printed, with those inside it: what RPCs answer; of a stream the last part."""
    streams = (rosters_pb2.RosterSummary, registers_pb2.ImportRegisterResponse.Summary)
    waiting = [rpc.output_type for rpc in RPCS if not rpc.server_streaming]
    waiting += [message.DESCRIPTOR for message in (*streams, types_pb2.Finding)]
    seen: set[str] = set()
    while waiting:
        descriptor = waiting.pop()
        if descriptor.full_name in seen:
            continue
        seen.add(descriptor.full_name)
        yield descriptor
        waiting += [
            field.message_type
            for field in descriptor.fields
            if field.message_type is not None
            and field.message_type.full_name.startswith("liancai.")
            and not field.message_type.GetOptions().map_entry
        ]


def test_every_rpc_has_a_verb() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    asked = set(re.findall(r"\b(?:pb|\w+_pb2)\.(\w+)Request\b", source))
    declared = {rpc.name for rpc in RPCS}
    assert len(declared) > 70
    assert declared - asked == set()


def test_every_field_and_state_has_a_word() -> None:
    known = words("zh")
    for descriptor in messages():
        listed = re.match("List|Search|Compare", descriptor.name)  # its rows are shown, not it
        for field in () if listed else descriptor.fields:
            assert f"field.{field.name}" in known, f"{descriptor.full_name}.{field.name}"
            for value in field.enum_type.values if field.enum_type else ():
                key = f"value.{field.enum_type.full_name.split('.v1.')[-1]}.{value.name}"
                assert value.number == 0 or key in known, key
    results = rosters_pb2.RowVerdict.Result.keys()[1:]
    assert all(f"value.RowVerdict.Result.{name}" in known for name in results)
    assert all(f"field.{name}" in known for name in [*reports.GROUPS, *reports.SEATS, "orders", "fill_rate"])
    assert show.heading("no_such_field") == "no_such_field"


def verbs() -> Iterator[tuple[str, Any]]:
    """Every verb with its noun; the kinds of a verb have the verb beside their noun: "quota set"."""
    root: Any = typer.main.get_command(app)
    for noun in NOUNS:
        for verb in root.get_command(None, noun).commands.values():
            yield noun, verb
            for kind in getattr(verb, "commands", {}).values():
                yield f"{noun} {verb.name}", kind


@pytest.mark.parametrize(("noun", "verb"), [pytest.param(n, v, id=f"{n} {v.name}") for n, v in verbs()])
def test_every_command_and_option_has_help(noun: str, verb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*noun.split(), verb.name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert verb.help in re.sub(r"\s*\n\s*", "", shown)
    for param in verb.params:
        assert param.help, param.name
        assert (max(param.opts, key=len) in shown) or param.metavar in shown


def test_every_command_of_the_job_is_there() -> None:
    listed = {
        noun: {verb.name for other, verb in verbs() if other == noun} for noun in [*NOUNS, "quota set", "case stats"]
    }
    assert listed["order"] == {
        "create",
        "show",
        "list",
        "update",
        "submit",
        "return",
        "verify",
        "match",
        "close",
        "cancel",
        "headcount",
        "ledger",
        "report",
    }
    assert listed["agreement"] == {"create", "show", "list", "update", "sign", "terminate", "coverage"}
    assert listed["institution"] == {"register", "show", "list", "update", "suspend", "reinstate"}
    assert listed["teacher"] == {"add", "list"}
    assert listed["event"] == {"watch"}
    assert listed["class"] == {
        *("create", "show", "list", "update", "check", "file", "review", "return", "approve", "open", "capacity"),
        *("close", "move", "split", "merge", "cancel"),
    }
    assert listed["enrolment"] == {
        *("add", "party", "check", "show", "list", "search", "withdraw", "hire", "explain", "reveal"),
        *("transfer", "substitute", "answer", "substitutions", "correct"),
    }
    assert listed["waitlist"] == {"list", "why", "move", "accept", "decline"}
    assert listed["quota"] == {"set", "show", "list", "seats"}
    assert listed["quota set"] == {"heads", "budget"}
    assert listed["roster"] == {"import", "check", "template"}
    assert listed["register"] == {"import", "list"}
    assert listed["case"] == {
        *("open", "show", "list", "update", "add", "withdraw", "refuse", "waive", "close", "reopen", "relate", "merge"),
        *("owner", "progress", "trail", "advance", "receive", "gaps", "supply", "accept", "suspend", "resume"),
        *("extend", "correct", "return", "skip", "assign", "explain", "relay", "today", "watch", "stats", "import-log"),
        *("search", "counts", "note", "notes", "rating-code", "rate", "rated", "visit", "ratings"),
    }
    assert listed["case stats"] == {"throughput", "hand-overs", "custody", "lateness", "progress"}
    assert listed["supervision"] == {
        *("board", "watched", "reminders", "issue", "show", "list", "answer", "return", "sign-off", "withdraw"),
    }
    assert listed["document"] == {
        *("upload", "download", "show", "list", "check", "accept", "reject", "promise", "waive"),
    }
    assert listed["desk"] == {"officer", "officers", "cover", "uncover", "covers", "why", "balance"}
    assert listed["bulk"] == {"reassign", "suspend", "notify", "show", "list", "items", "cancel", "watch"}
    assert listed["complaint"] == {"file", "extend", "answer", "list"}
    assert listed["catalogue"] == {"lint", "diff", "simulate", "create", "publish", "show", "list"}
    assert listed["commissioner"] == {
        *("apply", "show", "list", "search", "update", "availability", "recommend", "vet", "endorse", "file"),
        *("refuse", "withdraw", "renew", "reveal", "trail", "import", "template", "absences"),
    }
    assert listed["request"] == {
        *("create", "show", "list", "update", "submit", "return", "accept", "cancel", "unserved", "extend"),
    }
    assert listed["placement"] == {
        *("create", "show", "list", "search", "update", "explain", "submit", "consent", "return", "approve", "begin"),
        *("report", "reports", "extend", "end", "cancel", "reveal", "trail"),
    }
    assert listed["assignment"] == {
        *("create", "show", "list", "accept", "decline", "cancel", "rate", "calendar", "gantt", "ics"),
    }
    assert listed["plan"] == {
        *("create", "show", "list", "update", "pin", "unpin", "pins", "ban", "lift", "bans", "review", "return"),
        *("publish", "discard", "solve", "watch", "stop", "jobs", "broken", "visits", "unserved", "export"),
        *("explain", "why-not", "prices", "compare", "check", "replan", "improve", "steps", "promises"),
        *("calendar", "gantt", "ics"),
    }
    assert listed["visit"] == {"log", "show", "list", "confirm", "dispute", "correct", "countersign"}
    assert listed["transfer"] == {"record", "show", "list"}
    assert listed["evaluation"] == {"inputs", "record", "list"}
    assert listed["subsidy"] == {"record", "list"}
    assert listed["deadline"] == {"moving", "recalculate"}
    assert listed["handover"] == {"offer", "accept", "return", "recall", "show", "list"}
    assert listed["child"] == {
        *("add", "update", "list", "request", "approve", "refuse", "accesses", "view", "delete", "delete-expired"),
        *("certificate", "trail"),
    }
    assert listed["calendar"] == {"add", "count", "list"}
    assert listed["id"] == {"check", "credit-code"}


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "zh"),
        ([], {"LANG": "C"}, "zh"),
        ([], {"LANG": "POSIX"}, "zh"),
        ([], {"LANG": "en_GB.UTF-8"}, "en"),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ([], {"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LC_ALL": "", "LANG": "en_US"}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LIANCAI_LANG": "en"}, "en"),
        (["--lang", "zh", "order"], {"LIANCAI_LANG": "en"}, "zh"),
        (["--lang=en", "order"], {}, "en"),
        (["--lang", "tlh"], {"LANG": "en_US"}, "en"),
        (["--lang"], {}, "zh"),
    ],
)
def test_the_language(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert detect(arguments, environment) == language


def test_help_in_english() -> None:
    """In a process of its own: help is in the language the process began with."""
    command = [sys.executable, "-m", "cli", "--lang", "en", "order", "list", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    assert "Usage: liancai order list" in said
    assert "Lists orders, newest first." in said
    assert not re.search(r"[\u4e00-\u9fff]", said)


def test_long_choices_leave_the_words_their_half_of_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["visit", "log", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("  --category "))
    assert lines[at].split() == ["--category", f"{visits.CATEGORIES}"]
    assert lines[at + 1].split() == [t("option.visit_category")]
    assert any(line.split()[:2] == ["--day", "YYYY-MM-DD"] and len(line.split()) > 2 for line in lines)


def test_the_root_shows_five_examples_that_parse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in t("root.examples").splitlines() if line.strip().startswith("liancai")]
    assert len(lines) == 5
    listed = {(noun, verb.name) for noun, verb in verbs()}
    for line in lines:
        assert " ".join(line) in shown
        assert (line[1], line[2]) in listed


def test_what_importing_costs() -> None:
    """The root and a noun bring neither tables, spreadsheets nor anything of the servers."""
    code = (
        "import sys, cli.app, cli.orders, cli.agreements, cli.institutions, cli.classes, cli.enrolments, cli.rosters; "
        "import cli.registers, cli.commissioner_days; "
        "dear = ('pandas', 'openpyxl', 'icalendar', 'numpy', 'sqlalchemy', 'services'); "
        "print(*(name for name in dear if name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == ""


def test_nothing_of_the_servers_is_imported() -> None:
    for source in SOURCES:
        assert not re.search(r"^\s*(from|import) services\b", source.read_text(encoding="utf-8"), re.MULTILINE)


def test_columns_are_fields() -> None:
    for columns, message in (
        (orders.COLUMNS, orders_pb2.Order),
        (agreements.COLUMNS, agreements_pb2.Agreement),
        (institutions.COLUMNS, institutions_pb2.Institution),
        (institutions.TEACHER_COLUMNS, institutions_pb2.Teacher),
        (commissioners.COLUMNS, commissioners_pb2.Commissioner),
        (requests.COLUMNS, requests_pb2.Request),
        (placements.COLUMNS, placements_pb2.Placement),
        (placement_steps.REPORTS, placements_pb2.PlacementReport),
        (assignments.COLUMNS, assignments_pb2.Assignment),
        (visits.COLUMNS, visits_pb2.Visit),
        (technology_transfers.COLUMNS, technology_transfers_pb2.TechnologyTransfer),
        (evaluations.COLUMNS, evaluations_pb2.Evaluation),
        (evaluations.SUBSIDY_COLUMNS, evaluations_pb2.Subsidy),
    ):
        assert set(columns) <= set(message.DESCRIPTOR.fields_by_name)
