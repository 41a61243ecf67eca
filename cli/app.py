"""liancai: the root command, its global options, and how a failure becomes words and an exit code.

Exit codes: 0 done, 1 refused by the server, 2 usage, 3 unreachable, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from cli import show
from cli.grammar import Group, Mistake, Verb, option, seconds
from cli.texts import FILES, detect, fault, t
from cli.wire import Refused, Settings, Wire

# noun -> module[:attribute]; a module is imported when its noun is used, which keeps the start short
NOUNS = {
    "order": "orders",
    "agreement": "agreements",
    "institution": "institutions",
    "teacher": "institutions:teachers",
    "class": "circumstances",  # which adds its verbs to those of classes
    "enrolment": "exchanges",  # which adds its verbs to those of enrolments
    "waitlist": "waitlists",
    "quota": "quotas",
    "roster": "rosters",
    "register": "registers",
    "case": "case_logs",  # the last of those that add to its verbs: logs, counts, talk, steps
    "document": "documents",
    "desk": "desks",
    "complaint": "complaints",
    "bulk": "bulk",
    "commissioner": "commissioner_days",  # the last of those that add to its verbs: lists, days
    "request": "requests",
    "plan": "plan_views",  # the last of those that add to its verbs: runs, reasons, replans
    "service-agreement": "service_agreements",
    "assignment": "assignment_views",  # which adds its verbs to those of assignments
    "visit": "visits",
    "transfer": "technology_transfers",
    "evaluation": "evaluations",
    "subsidy": "evaluations:subsidies",
    "placement": "placement_steps",  # the last of those that add to its verbs
    "catalogue": "catalogues",
    "deadline": "catalogues:deadlines",
    "handover": "handovers",
    "child": "children",
    "supervision": "supervision",
    "calendar": "lookups:calendar",
    "id": "lookups:identity",
    "occupation": "lookups:occupation",
    "unit": "lookups:unit",
    "audit": "audit",
    "event": "events",
}
USAGE, INTERRUPTED = 2, 130
# what the system says of a file in its own language
# typer keeps its usage errors private; they are what Mistake descends from
_UsageError: Any = typer.BadParameter.__bases__[0]


class Root(Group):
    """The root command: nouns are loaded when they are named."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every noun, and the verbs of the root itself."""
        return [*NOUNS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The noun or verb of this name, or None."""
        if cmd_name not in NOUNS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = NOUNS[cmd_name].partition(":")
        noun = getattr(import_module(f"cli.{module}"), attribute or "app")
        return typer.main.get_group(noun)

    def nearest(self, ctx: Any, words: Sequence[str]) -> list[str]:
        """Near nouns; for a verb that stands before its noun, the two the right way round."""
        nouns = words[1:2] if words[1:2] and words[1] in NOUNS else [*NOUNS]
        turned = [f"{noun} {words[0]}" for noun in nouns if words[0] in self.get_command(ctx, noun).commands]
        return turned or super().nearest(ctx, words)


app = typer.Typer(cls=Root, help=t("root.help"), epilog=t("root.examples"))


def _language(word: str) -> str:
    if word and word not in FILES:
        raise Mistake(t("usage.language", word=word))
    return word


@app.callback()
def root(
    ctx: typer.Context,
    target: Annotated[
        str, option("target", "--target", envvar="LIANCAI_TARGET", metavar="HOST:PORT[,…]")
    ] = "127.0.0.1:50151",
    token_file: Annotated[str, option("token_file", "--token-file", metavar="FILE", show_default=False)] = "",
    tls_ca: Annotated[
        str, option("tls_ca", "--tls-ca", envvar="LIANCAI_TLS_CA", metavar="FILE", show_default=False)
    ] = "",
    tls_name: Annotated[
        str, option("tls_name", "--tls-name", envvar="LIANCAI_TLS_NAME", metavar="NAME", show_default=False)
    ] = "",
    insecure: Annotated[bool, option("insecure", "--insecure", show_default=False)] = False,
    lang: Annotated[
        str,
        option("lang", "--lang", envvar="LIANCAI_LANG", metavar="zh|en", parser=_language, show_default=False),
    ] = "",
    timeout: Annotated[float, option("timeout", "--timeout", metavar="SECONDS", parser=seconds)] = 30.0,
) -> None:
    """Takes the global options; the words of their help are in the locales."""
    ctx.obj = Wire(Settings(target, token_file, tls_ca, tls_name, insecure, lang or t.language, timeout))
    ctx.call_on_close(ctx.obj.close)


@app.command("version", cls=Verb, help=t("version.help"))
def version() -> None:
    """Prints the version of the client."""
    from importlib import metadata

    try:
        number = metadata.version("liancai")
    except metadata.PackageNotFoundError:
        number = t("version.source")
    show.put(f"liancai {number}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; every failure becomes words on standard error."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    t.speak(detect(given, os.environ))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal that cannot show a character shows its escape
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(given, prog_name="liancai", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Refused as refused:
        return _refused(refused)
    except _UsageError as error:
        return _usage(error)
    except BrokenPipeError:
        show.hush()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:
        show.note(t("error.file", path=error.filename or "-", why=fault(error)))
        return USAGE
    except Exception as error:
        if os.environ.get("LIANCAI_DEBUG"):
            raise
        # the type only: its text could hold a person's data
        show.note(t("error.unexpected", kind=type(error).__name__))
        return 1


def _refused(refused: Refused) -> int:
    from cli import refusals

    for line in refusals.lines(refused):
        show.note(line)
    return refusals.exit_code(refused)


def _usage(error: Any) -> int:
    """Says what cannot be meant, in the language spoken, and where help is."""
    ctx, param = error.ctx, getattr(error, "param", None)
    hint = max(param.opts, key=len) if param is not None and param.param_type_name == "option" else ""
    hint = hint or (param.metavar or param.name if param is not None else "")
    kind = type(error).__name__
    if isinstance(error, Mistake):
        words = f"{hint}: {error.message}" if hint else error.message
    elif kind == "NoSuchOption":
        near = "  ".join(sorted(error.possibilities or ()))
        words = t("usage.no_option_but" if near else "usage.no_option", word=error.option_name, near=near)
    elif kind == "BadOptionUsage":
        words = t("usage.no_value" if "does not take" in error.message else "usage.wants_value", word=error.option_name)
    elif kind == "MissingParameter":
        words = t("usage.missing", hint=hint)
    elif hint:
        words = t("usage.bad_value", hint=hint, why=error.message)
    else:
        words = error.format_message()
    show.note(t("usage.error", words=words))
    if ctx is not None:
        show.note(t("usage.help", command=f"{ctx.command_path} --help"))
    return USAGE


if __name__ == "__main__":
    raise SystemExit(main())
