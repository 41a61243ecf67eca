"""A class written down in a file (.yaml or .json), its attachments and its sessions as one types them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liancai.training.v1 import classes_pb2 as pb

from cli.grammar import Mistake, day, one_of, resource
from cli.texts import t

CHUNK = 1 << 20  # bytes read at once
YES = frozenset({"true", "yes", "y", "1", "是", "√", "✓", "实操", "实训", "practice"})


@dataclass(frozen=True)
class Attached:
    """A document as one names it: what it is, and where the file is."""

    kind: int
    path: Path


def session(word: str) -> pb.Session:
    """A session from "2026-12-01 08:30-11:30 教室一"; the place may be left out."""
    match = re.fullmatch(r"(\S+)\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(?:\s+(.*\S))?\s*", word)
    if match is None:
        raise Mistake(t("usage.session", word=word))
    date, start, end, place = match.groups(default="")
    return pb.Session(date=day(date), start=start.zfill(5), end=end.zfill(5), place=place)


def attached(word: str) -> Attached:
    """A document from "teaching-plan=教学计划.pdf"."""
    kind, equals, path = word.partition("=")
    if not equals or not path.strip():
        raise Mistake(t("usage.attachment", word=word))
    return Attached(one_of(pb.Attachment.Kind)(kind.strip()), Path(path.strip()))


def attachment(document: Attached) -> pb.Attachment:
    """The document by its name, hash and size; the file itself stays where it is. OSError if it cannot be read."""
    digest, size = hashlib.sha256(), 0
    with document.path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
            size += len(part)
    kind: Any = document.kind
    return pb.Attachment(kind=kind, file_name=document.path.name, sha256=digest.hexdigest(), size=size)


def timetable(path: Path) -> list[pb.Session]:
    """The sessions of a timetable file (.xlsx or .csv)."""
    from cli.workbook import read_timetable  # only this needs a spreadsheet

    return [
        pb.Session(
            date=row["date"], start=row["start"], end=row["end"], place=row["place"], topic=row.get("topic", ""),
            teacher=teacher(row.get("teacher", "")), practice=is_yes(row.get("practice", "")),
        )
        for row in read_timetable(path)
    ]  # fmt: skip


def read(path: Path) -> tuple[pb.Class, list[str]]:
    """The class in a file, and which of its fields the file gives. Mistake for what no class has."""
    import yaml
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        # every scalar as it is written: 14:00 is a time and 007 a number of a project
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  it makes texts only
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        mark = getattr(fault, "problem_mark", None)
        raise Mistake(
            t("file.no_class", path=path, why=t("file.line", line=mark.line + 1) if mark else t("file.not_text"))
        ) from None
    if not isinstance(given, dict):
        raise Mistake(t("file.no_class", path=path, why=t("file.no_fields")))
    known = {name for field in pb.Class.DESCRIPTOR.fields for name in (field.name, field.json_name)}
    if unknown := [str(field) for field in given if field not in known]:
        raise Mistake(t("file.no_class", path=path, why=t("file.no_field", field=unknown[0])))
    values = dict(given)
    held = pb.Class()
    try:
        if "order" in values:
            held.order = resource("orders")(str(values.pop("order")))
        held.sessions.extend(_sessions(values.pop("sessions", [])))
        held.attachments.extend(_attachments(values.pop("attachments", []), path.parent))
        for field, enum in (
            *(("training_kind", pb.Class.TrainingKind), ("certificate_kind", pb.Class.CertificateKind)),
            ("fund", _fund()),
        ):
            if field in values:
                setattr(held, field, one_of(enum)(str(values.pop(field))))
        ParseDict(values, held)
    except (ParseError, TypeError, ValueError, AttributeError, KeyError) as fault:
        raise Mistake(t("file.no_class", path=path, why=_why(fault))) from None
    return held, [str(field) for field in given]


def teacher(word: str) -> str:
    """The name of a teacher: "01JAB..." is "teachers/01JAB..."."""
    return resource("teachers")(word)


def is_yes(word: str) -> bool:
    """Whether a cell says yes."""
    return word.strip().lower() in YES


def _fund() -> Any:
    from liancai.training.v1 import quotas_pb2

    return quotas_pb2.Fund


def _sessions(given: Sequence[Any]) -> list[pb.Session]:
    found = []
    for each in given:
        if isinstance(each, str):
            found.append(session(each))
            continue
        entry = dict(each)
        practice, who = is_yes(str(entry.pop("practice", ""))), teacher(str(entry.pop("teacher", "")))
        found.append(pb.Session(**entry, practice=practice, teacher=who))
    return found


def _attachments(given: Sequence[Any], folder: Path) -> list[pb.Attachment]:
    """Each either by `path`, beside the file, or by `file_name` and `sha256`."""
    found = []
    for each in given:
        entry = dict(each)
        kind: Any = one_of(pb.Attachment.Kind)(str(entry.pop("kind", "")))
        if "path" in entry:
            found.append(attachment(Attached(kind, folder / str(entry["path"]))))
        else:
            size = int(entry.pop("size", 0))
            found.append(pb.Attachment(kind=kind, size=size, **entry))
    return found


def _why(fault: Exception) -> str:
    """What a parser found, in one line."""
    return str(fault).splitlines()[0][:200]
