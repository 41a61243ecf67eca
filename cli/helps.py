"""Help in the language spoken: usage, options and commands, wrapped by the width characters really take."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from cli.texts import t

# typer's own options have English help; these are said in our words
_OURS = {"--help": "help.help", "--install-completion": "help.install", "--show-completion": "help.show"}


def render(command: Any, ctx: Any) -> str:
    """The help of a verb, a noun or the root."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 100
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False)

    def section(title: str, lines: Iterable[tuple[str, str]]) -> None:
        given = list(lines)
        if given:
            console.print(Text(f"\n{title}", style="bold"))
        # what takes more than half of the width has a line of its own, so that the words have the other half
        column = max((cell_len(left) for left, _ in given if cell_len(left) <= width // 2), default=0)
        for left, right in given:
            beside = cell_len(left) <= column
            if not beside:
                for line in wrap(left.replace("|", "| "), width - 2, break_long_words=False, break_on_hyphens=False):
                    console.print(Padding(Text(line.replace("| ", "|"), style="cyan"), (0, 0, 0, 2)))
            table = Table.grid(padding=(0, 2))
            table.add_column(width=column, style="cyan")
            table.add_column(overflow="fold")
            table.add_row(Text(left if beside else ""), Text(right))
            console.print(Padding(table, (0, 0, 0, 2)))

    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    console.print(Text(t("help.usage", usage=usage)), Text(f"\n{command.help}"), sep="\n", overflow="fold")
    params = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option"]
    section(t("help.arguments"), ((param.metavar or param.name, param.help or "") for param in arguments))
    section(t("help.options"), ((_option(param), _words(param, ctx)) for param in options))
    if hasattr(command, "list_commands"):
        found = ((name, command.get_command(ctx, name)) for name in command.list_commands(ctx))
        section(t("help.commands"), ((name, verb.help or "") for name, verb in found))
    if command.epilog:
        console.print(Text(f"\n{command.epilog}"), soft_wrap=True)
    rendered: io.StringIO = console.file  # type: ignore[assignment]
    return "\n".join(line.rstrip() for line in rendered.getvalue().splitlines()) + "\n"


def _option(param: Any) -> str:
    flags = ", ".join(sorted(param.opts, key=len))
    if param.secondary_opts:  # one of two: --consent or --refuse
        return "/".join([flags, *param.secondary_opts])
    return flags if param.is_flag else f"{flags} {param.metavar or ''}".rstrip()


def _words(param: Any, ctx: Any) -> str:
    key = next((key for option, key in _OURS.items() if option in param.opts), "")
    notes = [t(key) if key else param.help or ""]
    if param.required:
        notes.append(t("help.required"))
    default = param.get_default(ctx, call=False)
    if param.show_default and default not in (None, "", False, ()) and not callable(default):
        notes.append(t("help.default", value=getattr(default, "value", default)))
    if param.envvar:
        notes.append(t("help.variable", name=param.envvar))
    return " ".join(notes)
