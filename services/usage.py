"""The command line of `liancai-server` in both languages: what argparse says by itself is English only."""

from __future__ import annotations

import re
import sys
from argparse import Action, ArgumentParser, HelpFormatter
from collections.abc import Callable, Iterable
from typing import Any

# what argparse finds wrong, in the words of Python 3.11 to 3.14, and the Chinese for it
_SAID = (
    (r"the following arguments are required: (.+)", "缺少 {0}"),
    (r"unrecognized arguments: (.+)", "没有 {0} 这样的选项或参数"),
    (r"argument (.+?): expected one argument", "{0} 后面缺少值"),
    (r"argument (.+?): invalid choice: '?(.+?)'? \(choose from (.+)\)", "{0} 没有“{1}”这一项；有：{2}"),
    (r"ambiguous option: (.+?) could match (.+)", "{0} 不止一个意思：{1}"),
    (r"argument (.+?): ignored explicit argument (.+)", "{0} 不带值，不能写 {1}"),
)


def both(chinese: str, english: str) -> str:
    """The two languages side by side."""
    return f"{chinese} · {english}"


def chinese(fault: str) -> str:
    """What argparse found wrong, in Chinese; "" where it is told in both languages already, or not known here."""
    for pattern, words in _SAID:
        if match := re.fullmatch(pattern, fault, re.DOTALL):
            return words.format(*match.groups())
    return ""


class _Formatter(HelpFormatter):
    """Writes "usage" in both languages."""

    def add_usage(self, usage: str | None, actions: Iterable[Action], groups: Any, prefix: str | None = None) -> None:
        """Adds the usage."""
        super().add_usage(usage, actions, groups, f"{both('用法', 'usage')}: " if prefix is None else prefix)


class Parser(ArgumentParser):
    """A parser whose help and faults are in both languages; commands of a command are parsers of this kind, too."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog, description=description, add_help=False, formatter_class=_Formatter)
        self._positionals.title, self._optionals.title = both("参数", "arguments"), both("选项", "options")
        self.add_argument("-h", "--help", action="help", help=both("显示本帮助", "shows this help"))

    def commands(self, *, required: bool = False) -> Callable[[str, str, str], Parser]:
        """What adds a command: its name, and what it does in Chinese and in English."""
        found = self.add_subparsers(metavar="COMMAND", title=both("命令", "commands"), required=required)

        def add(name: str, chinese: str, english: str) -> Parser:
            said = both(chinese, english)
            return found.add_parser(name, help=said, description=said)

        return add

    def error(self, message: str) -> Any:
        """Says what cannot be meant and where help is; exit code 2."""
        said = chinese(message)
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}{f' ({said})' if said else ''}\n帮助 · help: {self.prog} --help\n")
