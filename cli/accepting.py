"""Warnings that an officer lets pass, as options: `--accept TR-AGE-MAX=已核实`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from liancai.training.v1 import enrolments_pb2 as pb

from cli.grammar import Mistake, option
from cli.texts import t


def accepted(word: Any) -> pb.AcceptedWarning:
    """A warning that may pass and why, from "TR-AGE-MAX=已核实"."""
    if isinstance(word, pb.AcceptedWarning):
        return word
    match = re.fullmatch(r"\s*(TR-[A-Z0-9-]+)\s*[=＝]\s*(.+\S)\s*", word, re.IGNORECASE)
    if match is None:
        raise Mistake(t("usage.accept", word=word))
    return pb.AcceptedWarning(code=match[1].upper(), reason=match[2])


Accepted = Annotated[
    list[Any] | None, option("accept", "--accept", metavar="CODE=REASON", parser=accepted, show_default=False)
]
