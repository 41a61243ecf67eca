"""The manifest of a hand-over (移交清单): what goes over, as it is stored, as the rules compare it, as it is read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from liancai.talent.v1 import clock_pb2, matters_pb2
from liancai.talent.v1 import handovers_pb2 as pb
from sqlalchemy import Connection, Select, select

from services.platform.boundary import Call
from services.reference.clock import day_of
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework.advancing import type_of
from services.talent.rules.catalogue import Catalogue
from services.talent.rules.handover import Discrepancy, Manifest
from services.talent.rules.papers import DocumentState, PromiseState
from services.talent.rules.states import STEP_OPEN, Side, StepState
from services.talent.tables import DocumentPromiseRow, DocumentRow

Stored = dict[str, Any]  # documents, obligations and clocks, each a list of entries


def written(connection: Connection, file: CaseFile, edition: Catalogue) -> Stored:
    """The manifest of a case as it is now."""
    running = {matter.key for matter in file.matters if not matter.ended}
    steps = [step for step in file.steps if step.matter in running]
    obligations = [{"name": matter.name, "state": matter.state} for matter in file.matters if not matter.ended]
    obligations += [_obligation(step) for step in steps if not step.ended]
    obligations += _promises(connection, steps)
    return {
        "documents": documents(connection, file, edition),
        "obligations": sorted(obligations, key=lambda each: str(each["name"])),
        "clocks": [_clock(step) for step in steps if step.state in STEP_OPEN],
    }


def documents(connection: Connection, file: CaseFile, edition: Catalogue) -> list[dict[str, str]]:
    """The documents that the steps of open matters want, each file with its SHA-256; "" where none was handed in."""
    steps = _steps(file)
    held: dict[tuple[int, str], list[str]] = {}
    for step_id, key, sha256 in connection.execute(_files(steps)):
        held.setdefault((step_id, key), []).append(bytes(sha256).hex())
    return [
        {"step": step.name, "key": each.key, "sha256": sha256}
        for step in steps
        for each in edition.matter(type_of(step.matter)).step(step.key).documents
        for sha256 in held.get((step.id, each.key), [""])
    ]


def files(connection: Connection, file: CaseFile) -> list[tuple[str, bytes]]:
    """Name and SHA-256 of every file that goes over."""
    wanted = _files(_steps(file)).with_only_columns(DocumentRow.id, DocumentRow.sha256)
    return [(f"documents/{row[0]}", bytes(row[1])) for row in connection.execute(wanted)]


def _steps(file: CaseFile) -> list[StepFile]:
    """The steps of open matters that were not left out."""
    running = {matter.key for matter in file.matters if not matter.ended}
    return [step for step in file.steps if step.matter in running and step.state != StepState.SKIPPED]


def _files(steps: list[StepFile]) -> Select[Any]:
    """The files of steps in the order they were brought, but for those that were rejected."""
    columns: list[Any] = [DocumentRow.step_id, DocumentRow.key, DocumentRow.sha256]
    return (
        select(*columns)
        .where(DocumentRow.step_id.in_([step.id for step in steps]), DocumentRow.state != DocumentState.REJECTED)
        .order_by(DocumentRow.id)
    )


def _promises(connection: Connection, steps: list[StepFile]) -> list[dict[str, Any]]:
    """The documents that are still to be brought (容缺), each by its day."""
    named = {step.id: step for step in steps}
    wanted = (
        select(DocumentPromiseRow.step_id, DocumentPromiseRow.key, DocumentPromiseRow.due)
        .where(DocumentPromiseRow.step_id.in_(named), DocumentPromiseRow.state == PromiseState.OPEN)
        .order_by(DocumentPromiseRow.id)
    )
    return [
        {
            "name": f"{named[row.step_id].name}/documents/{row.key}",
            "state": PromiseState.OPEN,
            "side": named[row.step_id].side,
            "unit": named[row.step_id].unit,
            "provisional": False,
            "planned": "",
            "promised": _day(row.due),
            "statutory": "",
        }
        for row in connection.execute(wanted)
    ]


def _obligation(step: StepFile) -> dict[str, Any]:
    return {
        "name": step.name,
        "state": step.state,
        "side": step.side,
        "unit": step.unit,
        "provisional": step.provisional,
        **{each: _day(getattr(step, each)) for each in ("planned", "promised", "statutory")},
    }


def _clock(step: StepFile) -> dict[str, Any]:
    return {
        "name": step.name,
        "state": step.state,
        "side": step.side,
        "bureau": step.bureau,
        "entries": step.entries,
        "received": _day(step.received),
        "base": _day(step.base),
    }


def sha256(stored: Stored) -> str:
    """What both signatures stand under: SHA-256 of the manifest as JSON with sorted keys and without spaces."""
    return hashlib.sha256(_text(stored).encode()).hexdigest()


def of_rules(stored: Stored) -> Manifest:
    """A manifest as the rules compare it."""
    return Manifest(
        documents={name: ", ".join(sorted(found)) for name, found in _by_document(stored).items()},
        obligations={each["name"]: _text(each) for each in stored["obligations"]},
        clocks={each["name"]: _text(each) for each in stored["clocks"]},
    )


def _by_document(stored: Stored) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in stored["documents"]:
        found.setdefault(f"{each['step']}/{each['key']}", []).append(each["sha256"])
    return found


def summarised(stored: Stored, file: CaseFile, receiver: Side) -> Stored:
    """What the other side may know before it accepts: counts by type of matter and dates, nobody's."""
    kinds = dict.fromkeys(matter.type for matter in file.matters)
    count = Counter(matter.type for matter in file.matters)
    running = Counter(matter.type for matter in file.matters if not matter.ended)
    work = Counter(type_of(_matter(each["name"])) for each in stored["clocks"])
    due = [each["promised"] or each["planned"] or each["statutory"] for each in stored["obligations"] if "unit" in each]
    return {
        "origin": file.origin,
        "destination": file.destination,
        "open_date": day_of(file.open_time).isoformat(),
        "lines": [{"type": kind, "count": count[kind], "open": running[kind], "steps": work[kind]} for kind in kinds],
        "documents": len(stored["documents"]),
        "receiver_steps": sum(each["side"] in (receiver, Side.BOTH) for each in stored["clocks"]),
        "clocks": sum(bool(each["received"]) for each in stored["clocks"]),
        "due": min(filter(None, due), default=""),
    }


def summary(call: Call, stored: Stored, edition: Catalogue) -> pb.Handover.Summary:
    """A summary as both sides see it."""
    return pb.Handover.Summary(
        origin=stored["origin"],
        destination=stored["destination"],
        open_date=stored["open_date"],
        lines=[
            pb.Handover.Summary.Line(
                type=each["type"],
                title=getattr(edition.matter(each["type"]).title, call.language),
                count=each["count"],
                open=each["open"],
                open_steps=each["steps"],
            )
            for each in stored["lines"]
        ],
        documents=stored["documents"],
        receiver_steps=stored["receiver_steps"],
        clocks=stored["clocks"],
        due_date=stored["due"],
    )


def message(call: Call, stored: Stored, edition: Catalogue) -> pb.Manifest:
    """A manifest as those see it who were let into the case."""
    return pb.Manifest(
        documents=[
            pb.Manifest.Document(
                step=each["step"], key=each["key"], title=_document_title(call, edition, each), sha256=each["sha256"]
            )
            for each in stored["documents"]
        ],
        obligations=[
            pb.Manifest.Obligation(
                name=each["name"],
                title=_title(call, edition, each["name"]),
                state=each["state"],
                side=clock_pb2.Side.Value(each.get("side", "SIDE_UNSPECIFIED")),
                unit=each.get("unit", ""),
                deadline=_deadline(each),
            )
            for each in stored["obligations"]
        ],
        clocks=[
            pb.Manifest.Clock(
                step=each["name"],
                state=matters_pb2.Step.State.Value(each["state"]),
                side=clock_pb2.Side.Value(each["side"]),
                bureau=each["bureau"],
                entries=each["entries"],
                receive_date=each["received"],
                base_date=each["base"],
            )
            for each in stored["clocks"]
        ],
    )


def differences(found: tuple[Discrepancy, ...]) -> pb.HandoverDifferences:
    """What has changed, by type of matter: whose matter it is stays unsaid."""
    kinds = pb.HandoverDifferences.Difference
    return pb.HandoverDifferences(
        differences=[
            kinds(part=each.part, about=about(each.name), kind=kinds.Kind.Value(each.difference)) for each in found
        ]
    )


def about(name: str) -> str:
    """The type of matter and what of it: `cases/…/matters/school_new-2/steps/place` is about `school_new/place`."""
    tail = "/".join(part for part in name.split("/")[4:] if part not in ("steps", "documents"))
    return f"{type_of(_matter(name))}/{tail}".rstrip("/")


def _matter(name: str) -> str:
    return name.split("/")[3]


def _title(call: Call, edition: Catalogue, name: str) -> str:
    parts = name.split("/")
    kind = edition.matter(type_of(parts[3]))
    if len(parts) > 7:
        return _document_title(call, edition, {"step": "/".join(parts[:6]), "key": parts[7]})
    found = kind.step(parts[5]).title if len(parts) > 5 else kind.title
    return str(getattr(found, call.language))


def _document_title(call: Call, edition: Catalogue, each: Mapping[str, str]) -> str:
    parts = each["step"].split("/")
    wanted = edition.matter(type_of(parts[3])).step(parts[5]).documents
    return next((str(getattr(known.title, call.language)) for known in wanted if known.key == each["key"]), each["key"])


def _deadline(each: Mapping[str, Any]) -> clock_pb2.Deadline | None:
    dates = {f"{name}_date": each.get(name, "") for name in ("planned", "promised", "statutory")}
    return clock_pb2.Deadline(**dates, provisional=each["provisional"]) if any(dates.values()) else None


def _text(part: Mapping[str, Any]) -> str:
    return json.dumps(part, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
