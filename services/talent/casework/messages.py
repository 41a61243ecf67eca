"""Rows to messages, personal data masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from liancai.talent.v1 import catalogue_pb2, clock_pb2, matters_pb2

from services.platform.boundary import Call
from services.platform.requests import etag_of, stamp
from services.talent.casefiles import CaseFile, MatterFile, StepFile
from services.talent.casework import clocks
from services.talent.casework.advancing import waits_for
from services.talent.rules import catalogue
from services.talent.rules.catalogue import Applicant, Catalogue
from services.talent.rules.lights import Light
from services.talent.rules.reading import Begun
from services.talent.rules.states import StepState
from services.talent.tables import CatalogueRow

MOST_KINDS = 4096  # that are remembered
_KINDS: dict[tuple[str, str, str, str], matters_pb2.Step] = {}
_STATES, _SIDES = dict(matters_pb2.Step.State.items()), dict(clock_pb2.Side.items())


def step(
    call: Call, each: StepFile, kind: catalogue.Step, edition: Catalogue, opened: Iterable[StepFile] = (), *, on: date
) -> matters_pb2.Step:
    """A step as its readers see it, with its light on a day."""
    found = matters_pb2.Step(
        name=each.name,
        state=_STATES[each.state],
        side=_SIDES[each.side],
        bureau=each.bureau,
        division=each.division,
        unit=each.unit,
        assignee=each.assignee,
        deadline=clocks.of_step(each, edition.fingerprint) if each.base else None,
        receive_date=_day(each.received),
        base_date=_day(each.base),
        deemed_accepted=each.begun == Begun.DEEMED,
        start_time=stamp(each.start_time),
        finish_time=stamp(each.finish_time),
        outcome=each.outcome,
        result=each.result,
        reason=each.reason,
        etag=etag_of(each.version),
        opened=[other.name for other in opened],
        light=light(clocks.light(each, on)),
        yellow_date=_day(each.yellow),
        red_date=_day(each.red),
    )
    found.MergeFrom(_of_kind(call.language, kind, edition, each))
    return found


def _of_kind(language: str, kind: catalogue.Step, edition: Catalogue, each: StepFile) -> matters_pb2.Step:
    """What the catalogue says of a step, which is the same for every step of its kind."""
    place = (edition.fingerprint, each.matter, each.key, language)
    known = _KINDS.get(place)
    if known is None:
        known = matters_pb2.Step(
            title=getattr(kind.title, language),
            limit=clocks.limit(kind.limit),
            after=kind.after,
            result_fields=[getattr(field.title, language) for field in kind.result],
            outcomes=[outcome.key for outcome in kind.outcomes],
        )
        if len(_KINDS) >= MOST_KINDS:
            _KINDS.clear()
        _KINDS[place] = known
    return known


def light(colour: Light | None) -> clock_pb2.Light.ValueType:
    """A light as its readers see it."""
    return clock_pb2.Light.Value(f"LIGHT_{colour}") if colour else clock_pb2.LIGHT_UNSPECIFIED


def matter(call: Call, file: CaseFile, each: MatterFile, edition: Catalogue, *, on: date) -> matters_pb2.Matter:
    """A matter with its steps as its readers see it."""
    kind = edition.matter(each.type)
    steps = sorted(file.steps_of(each.key), key=lambda one: one.position)
    return matters_pb2.Matter(
        name=each.name,
        type=each.type,
        title=getattr(kind.title, call.language),
        member=each.member,
        state=matters_pb2.Matter.State.Value(each.state),
        scope=matters_pb2.Matter.Scope.Value(each.scope),
        waits_for=waits_for(file, edition, each),
        reason=each.reason,
        evidence=each.evidence,
        steps=[step(call, one, kind.step(one.key), edition, on=on) for one in steps],
        start_time=stamp(each.start_time),
        finish_time=stamp(each.finish_time),
    )


def edition_head(call: Call, row: CatalogueRow, edition: Catalogue) -> catalogue_pb2.Catalogue:
    """A version of the catalogue without its content."""
    return catalogue_pb2.Catalogue(
        name=f"catalogues/{row.id}",
        state=catalogue_pb2.Catalogue.State.Value(row.state),
        title=getattr(edition.title, call.language),
        valid_from=_day(row.valid_from),
        valid_to=_day(row.valid_to),
        fingerprint=row.fingerprint,
        source=row.source,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        publish_time=stamp(row.publish_time),
    )


def matter_type(call: Call, kind: catalogue.Matter) -> catalogue_pb2.MatterType:
    """A type of matter as its readers see it."""
    return catalogue_pb2.MatterType(
        key=kind.key,
        title=getattr(kind.title, call.language),
        optional=kind.optional,
        per_member=kind.applicant is Applicant.GUARDIAN,
        after=kind.after,
        steps=[
            catalogue_pb2.StepType(
                key=each.key,
                title=getattr(each.title, call.language),
                side=clock_pb2.Side.Value(each.side),
                bureau=each.bureau or "",
                after=each.after,
                limit=clocks.limit(each.limit),
                result_fields=[getattr(known.title, call.language) for known in each.result],
            )
            for each in kind.steps
        ],
    )


def ended(steps: Sequence[StepFile]) -> int:
    """How many steps have ended."""
    return sum(each.state in (StepState.DONE, StepState.SKIPPED) for each in steps)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
