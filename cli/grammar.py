"""The grammar of the command line: nouns and verbs, shared options, and how words become values."""

from __future__ import annotations

import re
import sys
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from typer.core import TyperCommand, TyperGroup

from cli import helps
from cli.texts import t

F = TypeVar("F", bound=Callable[..., Any])

# China has had one time zone without summer time since 1992.
SHANGHAI = timezone(timedelta(hours=8))


class Mistake(typer.BadParameter):
    """What the user typed cannot be meant; the message is in their language. Exit code 2."""


# ---- nouns and verbs -----------------------------------------------------------------------------


class Verb(TyperCommand):
    """A verb: its help is in the language spoken."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        formatter.write(helps.render(self, ctx))


class Group(TyperGroup):
    """A noun, or the root: no word shows the help, a mistyped word gets the nearest ones suggested."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the words; none at all means help."""
        return super().parse_args(ctx, args or ["--help"])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        formatter.write(helps.render(self, ctx))

    def nearest(self, ctx: Any, words: Sequence[str]) -> list[str]:
        """The commands that the first of `words` may have been meant for, best first."""
        known, word = self.list_commands(ctx), words[0]
        begun = [name for name in known if name.startswith(word) or word.startswith(name)]
        close = get_close_matches(word, known, n=3, cutoff=0.6)
        return list(dict.fromkeys([*begun, *close]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Finds the command the words begin with."""
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            near = self.nearest(ctx, args)
            key = "usage.no_command_but" if near else "usage.no_command"
            raise Mistake(t(key, word=word, near="  ".join(near)), ctx=ctx)
        return super().resolve_command(ctx, args)


class Noun(typer.Typer):
    """The verbs of one noun."""

    def __init__(self, name: str) -> None:
        self.noun = name.replace("-", "_")
        super().__init__(name=name, cls=Group, help=t(f"{self.noun}.help"), add_completion=False)

    def verb(self, name: str, **settings: Any) -> Callable[[F], F]:
        """Makes a function the verb `name`; its help is the text "<noun>.<verb>"."""
        return self.command(name, cls=Verb, help=t(f"{self.noun}.{name.replace('-', '_')}"), **settings)

    def kinds(self, name: str) -> Noun:
        """Makes the verb `name`, which wants one more word to say of what: its kinds are verbs of the Noun returned."""
        inner = Noun(f"{self.noun}.{name}")
        self.add_typer(inner, name=name)
        return inner


# ---- words to values -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Wage:
    """A monthly wage from lowest to highest, in fen."""

    low: int
    high: int


def resource(collection: str) -> Callable[[str], str]:
    """A reader of resource names of one collection: "20261100001" is "orders/20261100001"."""

    def read(word: str) -> str:
        word = word.strip().strip("/")
        if not word or word.startswith(f"{collection}/"):
            return word
        if "/" in word:
            raise Mistake(t("usage.wrong_name", wanted=f"{collection}/…", word=word))
        return f"{collection}/{word}"

    return read


def matter(word: str) -> str:
    """The resource name of a matter: "LT…/pension" is "cases/LT…/matters/pension"."""
    return _inside_case(word, ("matters",))


def step(word: str) -> str:
    """The resource name of a step: "LT…/pension/review" is "cases/LT…/matters/pension/steps/review"."""
    return _inside_case(word, ("matters", "steps"))


def handover(word: str) -> str:
    """The resource name of a hand-over: "LT…/2" is "cases/LT…/handovers/2"."""
    return _inside_case(word, ("handovers",))


def child(word: str) -> str:
    """The resource name of a child: "LT…/2" is "cases/LT…/children/2"."""
    return _inside_case(word, ("children",))


def _inside_case(word: str, collections: Sequence[str]) -> str:
    parts = [part for part in word.strip().strip("/").split("/") if part not in ("cases", *collections)]
    if len(parts) != len(collections) + 1:
        wanted = "/".join(("LT…", *(f"{{{each.removesuffix('s')}}}" for each in collections)))
        raise Mistake(t("usage.wrong_name", wanted=wanted, word=word))
    return "/".join(["cases", parts[0], *(f"{name}/{part}" for name, part in zip(collections, parts[1:], strict=True))])


def day(word: str) -> str:
    """A date as YYYY-MM-DD."""
    try:
        if not word or (len(word) == 10 and date.fromisoformat(word)):
            return word
    except ValueError:
        pass
    raise Mistake(t("usage.date", word=word))


def moment(word: str) -> Timestamp | None:
    """An instant from a Shanghai date with or without a time, such as "2026-11-01 09:30". None of ""."""
    if not word:
        return None
    try:
        read = datetime.fromisoformat(word)
    except ValueError:
        raise Mistake(t("usage.moment", word=word)) from None
    stamp = Timestamp()
    stamp.FromDatetime(read if read.tzinfo else read.replace(tzinfo=SHANGHAI))
    return stamp


def fen(yuan: str) -> int:
    """Fen from yuan with at most two decimals, by digits: no binary fraction comes near money."""
    match = re.fullmatch(r"(\d{1,12})(?:\.(\d{1,2}))?", yuan)
    if match is None:
        raise Mistake(t("usage.money", word=yuan))
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def wage(word: str) -> Wage:
    """A wage range in yuan a month: "4500-6500", "4500.50-6500" or "5000" for one wage."""
    low, dash, high = unicodedata.normalize("NFKC", word).replace(" ", "").partition("-")
    return Wage(fen(low), fen(high if dash else low))


def whole(word: str | int) -> int:
    """A whole number."""
    try:
        return int(word)
    except ValueError:
        raise Mistake(t("usage.whole", word=word)) from None


def at_most(word: str | int) -> int:
    """How many rows at most; 0 for all."""
    if (number := whole(word)) < 0:
        raise Mistake(t("usage.at_most", word=word))
    return number


def quoted(word: str) -> str:
    """An etag with the quotes that belong to it (AIP-154) and that a shell takes away."""
    return word if not word or word.endswith('"') else f'"{word}"'


def seconds(word: str | float) -> float:
    """A time to wait, in seconds, above zero."""
    try:
        if 0 < (value := float(word)) < 1e6:
            return value
    except ValueError:
        pass
    raise Mistake(t("usage.seconds", word=word))


def typed_or_read(word: str) -> str:
    """The word itself; "-" reads one line of standard input, so that it stays out of the shell's history."""
    return sys.stdin.readline().strip() if word == "-" else word


def states(enum: Any) -> Callable[[str], int]:
    """A reader of one state by name, in any case."""

    def read(word: str) -> int:
        known = [name for name in enum.DESCRIPTOR.values_by_name if not name.endswith("_UNSPECIFIED")]
        if word.upper() not in known:
            raise Mistake(t("usage.state", word=word, known=", ".join(known)))
        return int(enum.Value(word.upper()))

    return read


def one_of(enum: Any) -> Callable[[str], int]:
    """A reader of one value of an enum by name, in any case, with hyphens or underscores: "post-skills"."""

    def read(word: str) -> int:
        known = [name for name, number in enum.items() if number]
        name = word.strip().upper().replace("-", "_")
        if name not in known:
            shown = ", ".join(each.lower().replace("_", "-") for each in known)
            raise Mistake(t("usage.choice", word=word, known=shown))
        return int(enum.Value(name))

    return read


class Format(StrEnum):
    """How data is printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


def form(word: str) -> Format:
    """A form of output."""
    try:
        return Format(word)
    except ValueError:
        raise Mistake(t("usage.form", word=word, known=", ".join(Format))) from None


# ---- shared options ------------------------------------------------------------------------------


def option(key: str, *names: str, **settings: Any) -> Any:
    """An option whose help is the text `option.<key>`."""
    return typer.Option(*names, help=t(f"option.{key}"), **settings)


def argument(key: str, **settings: Any) -> Any:
    """An argument whose help is the text `argument.<key>`."""
    return typer.Argument(help=t(f"argument.{key}"), **settings)


FORMS = "|".join(Format)
Output = Annotated[Format, option("output", "--output", "-o", metavar=FORMS, parser=form)]
Limit = Annotated[int, option("limit", "--limit", parser=at_most, metavar="N")]
# made once a command, so that a retry, or the same command with the same id, cannot act twice
RequestId = Annotated[
    str,
    option(
        "request_id",
        "--request-id",
        metavar="ID",
        default_factory=lambda: uuid.uuid4().hex,
        show_default=False,
    ),
]
Etag = Annotated[str, option("etag", "--etag", metavar="ETAG", parser=quoted, show_default=False)]
InDivision = Annotated[str, option("in_division", "--division", metavar="CODE", show_default=False)]
OfCommissioner = Annotated[
    str,
    option(
        "of_commissioner", "--commissioner", metavar="COMMISSIONER", parser=resource("commissioners"),
        show_default=False,
    ),
]  # fmt: skip
Purpose = Annotated[str, option("purpose", "--purpose", metavar="TEXT")]
Reason = Annotated[str, option("reason", "--reason", metavar="TEXT")]
Occurred = Annotated[str, option("occurred", "--occurred", metavar="YYYY-MM-DD[ HH:MM]", show_default=False)]
LateReason = Annotated[str, option("late_reason", "--late-reason", metavar="TEXT", show_default=False)]
OrderName = Annotated[str, argument("order", metavar="ORDER", parser=resource("orders"))]
ClassName = Annotated[str, argument("class", metavar="CLASS", parser=resource("classes"))]
EnrolmentName = Annotated[str, argument("enrolment", metavar="ENROLMENT", parser=resource("enrolments"))]
SubstitutionName = Annotated[str, argument("substitution", metavar="SUBSTITUTION", parser=resource("substitutions"))]
OfOrder = Annotated[str, option("of_order", "--order", metavar="ORDER", parser=resource("orders"), show_default=False)]
OfClass = Annotated[str, option("of_class", "--class", metavar="CLASS", parser=resource("classes"), show_default=False)]
