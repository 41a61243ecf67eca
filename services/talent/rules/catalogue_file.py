"""Reading a catalogue document from YAML and reporting every fault in it at once, each with its line and column.

A document is a YAML stream: first its head (catalogue, version, title, bureaus, suspensions), then one YAML document a
matter. It may be one text or several; several are read one after another. Whether what it says makes sense is `lint`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from services.reference import files
from services.reference.parameters import Title
from services.reference.yamlfile import REQUIRED, Bad, FileFault, FileFaults, Grammar, Reader, documents
from services.talent.rules import catalogue_fields as fields
from services.talent.rules.catalogue import (
    Branch,
    Bureau,
    Catalogue,
    Document,
    Matter,
    Outcome,
    ResultField,
    Scope,
    Step,
    Window,
)
from services.talent.rules.ledger import Suspension, SuspensionKind
from services.talent.rules.limits import Basis, Extension, Limit, Promise, Span, Unit

T = TypeVar("T")


def load(*texts: tuple[str, str]) -> Catalogue:
    """Reads a document from (where, content) of one text or of several. Raises FileFaults with all faults."""
    faults: list[FileFault] = []
    head: dict[str, Any] | None = None
    matters: list[Matter] = []
    suspensions: dict[SuspensionKind, Suspension] = {}
    bureaus: list[Bureau] = []
    for where, content in texts:
        reader = _Reader(where)
        try:
            nodes = documents(content, where)
        except FileFaults as syntax:
            faults += syntax.faults
            continue
        for node in nodes:
            if not isinstance(node, yaml.MappingNode):
                reader.fault(node, "a catalogue is a head and then matters, each a mapping")
            elif head is None:
                head = reader.fields(node, fields.HEAD)
                bureaus = reader.each(head.get("bureaus") or (), fields.BUREAU, reader.bureau)
                stopping = reader.each(head.get("suspensions") or (), fields.SUSPENSION, reader.suspension)
                suspensions = reader.suspensions = {suspension.kind: suspension for suspension in stopping}
            else:
                reader.suspensions = suspensions
                reader.known = {matter.key for matter in matters}
                matter = reader.one(node, fields.MATTER, reader.matter)
                matters += [matter] if matter else []
        faults += reader.faults
    if head is None:
        faults.append(FileFault(texts[0][0] if texts else "<text>", 1, 1, "a catalogue begins with its head"))
    if faults:
        raise FileFaults(faults)
    assert head is not None
    digest = files.digest("---\n".join(content for _, content in texts))
    return Catalogue(
        name=head["catalogue"],
        version=head["version"],
        title=Title(*head["title"]),
        bureaus=tuple(bureaus),
        suspensions=tuple(suspensions.values()),
        matters=tuple(matters),
        fingerprint=f"{head['catalogue']}@{head['version']}+{digest}",
    )


class _Reader(Reader):
    """One reading of one text of a catalogue."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.suspensions: dict[SuspensionKind, Suspension] = {}
        self.known: set[str] = set()

    def one(self, node: yaml.Node, grammar: Grammar, make: Callable[[yaml.Node, dict[str, Any]], T]) -> T | None:
        """What `make` makes of a mapping; None, with the faults reported, when it cannot be read."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"want a mapping of {', '.join(grammar)}")
            return None
        before = len(self.faults)
        entry = self.fields(node, grammar)
        # what could not be read is None, so that the faults further inside are found too
        missing = {key: None if default is REQUIRED else default for key, (_, default) in grammar.items()}
        made = make(node, missing | entry)
        return made if len(self.faults) == before else None

    def each(
        self, nodes: Iterable[yaml.Node], grammar: Grammar, make: Callable[[yaml.Node, dict[str, Any]], T]
    ) -> list[T]:
        """What can be read of a list; no two of one key."""
        made, seen = [], set()
        for node in nodes:
            thing = self.one(node, grammar, make)
            if thing is None:
                continue
            name = getattr(thing, "key", None) or getattr(thing, "kind", None) or getattr(thing, "division", None)
            if name in seen:
                self.fault(node, f"{name} is given twice")
            seen.add(name)
            made.append(thing)
        return made

    def bureau(self, _: yaml.Node, entry: dict[str, Any]) -> Bureau:
        return Bureau(entry["key"], _both(entry["title"]), entry["unit"])

    def span(self, _: yaml.Node, entry: dict[str, Any]) -> Span:
        return Span(entry["n"], entry["unit"])

    def suspension(self, _: yaml.Node, entry: dict[str, Any]) -> Suspension:
        general = self.suspensions.get(entry["kind"])
        maximum = self.one(entry["maximum"], fields.SPAN, self.span) if entry["maximum"] else None
        return Suspension(
            kind=entry["kind"],
            source=entry["source"] or (general.source if general else ""),
            maximum=maximum or (general.maximum if general else None),
        )

    def stops(self, nodes: Iterable[yaml.Node]) -> tuple[Suspension, ...]:
        """The suspensions of a step: a kind of the head by name, or one with its own source or maximum."""
        own = [node for node in nodes if not isinstance(node, yaml.ScalarNode)]
        made = {each.kind: each for each in self.each(own, fields.SUSPENSION, self.suspension)}
        for node in nodes:
            if not isinstance(node, yaml.ScalarNode):
                continue
            try:
                kind = SuspensionKind(fields.word(SuspensionKind)(node))
            except Bad as bad:
                self.fault(node, f"suspensions: {bad}")
                continue
            if kind in made:
                self.fault(node, f"{kind} is given twice")
            elif kind not in self.suspensions:
                self.fault(node, f"suspensions: the head of the catalogue does not say what {node.value} rests on")
            else:
                made[kind] = self.suspensions[kind]
        return tuple(sorted(made.values(), key=lambda suspension: suspension.kind))

    def extension(self, _: yaml.Node, entry: dict[str, Any]) -> Extension:
        return Extension(entry["n"], entry["source"])

    def limit(self, _: yaml.Node, entry: dict[str, Any]) -> Limit:
        extension = self.one(entry["extension"], fields.EXTENSION, self.extension) if entry["extension"] else None
        variants = MappingProxyType(entry["variants"] or {})
        return Limit(entry["n"], entry["unit"], entry["basis"], entry["source"], extension, variants)

    def promise(self, _: yaml.Node, entry: dict[str, Any]) -> Promise:
        return Promise(entry["division"], entry["n"], entry["source"])

    def document(self, _: yaml.Node, entry: dict[str, Any]) -> Document:
        return Document(
            key=entry["key"],
            title=_both(entry["title"]),
            rank=entry["rank"],
            needed=entry["needed"],
            deferrable=entry["deferrable"],
            when=_title(entry["when"]),
            source=entry["source"],
        )

    def outcome(self, _: yaml.Node, entry: dict[str, Any]) -> Outcome:
        return Outcome(entry["key"], _both(entry["title"]), entry["ends"], entry["skips"])

    def result(self, _: yaml.Node, entry: dict[str, Any]) -> ResultField:
        return ResultField(entry["key"], _both(entry["title"]), entry["type"], entry["required"])

    def branch(self, node: yaml.Node) -> Branch | None:
        """`full`, `not_required`, or a mapping with what is skipped and who says so."""
        if isinstance(node, yaml.ScalarNode):
            if node.value not in ("full", "not_required"):
                self.fault(node, "want full, not_required, or a mapping of required, skips, source")
            return Branch(required=node.value != "not_required")
        return self.one(node, fields.BRANCH, lambda _, entry: Branch(**entry))

    def scopes(self, node: yaml.MappingNode | None) -> MappingProxyType[Scope, Branch]:
        entry = self.fields(node, fields.SCOPES) if node else {}
        read = {Scope(name.upper()): self.branch(branch) for name, branch in entry.items() if branch is not None}
        return MappingProxyType({scope: branch for scope, branch in read.items() if branch is not None})

    def window(self, _: yaml.Node, entry: dict[str, Any]) -> Window:
        return Window(**{**entry, "usual": _title(entry["usual"]), "excludes": _title(entry["excludes"])})

    def matter(self, node: yaml.Node, entry: dict[str, Any]) -> Matter:
        if entry["matter"] in self.known:
            self.fault(node, f"matter {entry['matter']} is given twice")
        steps = self.steps(entry["steps"] or ())
        scopes = self.scopes(entry["scopes"])
        windows = self.each(entry["windows"], fields.WINDOW, self.window)
        total = self.one(entry["total"], fields.LIMIT, self.limit) if entry["total"] else None
        promises = self.each(entry["promises"], fields.PROMISE, self.promise)
        return Matter(
            key=entry["matter"],
            title=_both(entry["title"]),
            applicant=entry["applicant"],
            steps=tuple(steps),
            optional=entry["optional"],
            after=entry["after"],
            pool=entry["pool"],
            scopes=scopes,
            preconditions=tuple(map(_both, entry["preconditions"])),
            windows=tuple(windows),
            total=total,
            promises=tuple(promises),
            place=self.place(node),
        )

    def steps(self, nodes: Iterable[yaml.Node]) -> list[Step]:
        previous: tuple[str, ...] = ()

        def step(node: yaml.Node, entry: dict[str, Any]) -> Step:
            nonlocal previous
            after = previous if entry["after"] is None else entry["after"]
            previous = (entry["step"],)
            limit = self.one(entry["limit"], fields.LIMIT, self.limit) if entry["limit"] else None
            promises = self.each(entry["promises"], fields.PROMISE, self.promise)
            papers = self.each(entry["documents"], fields.DOCUMENT, self.document)
            outcomes = self.each(entry["outcomes"], fields.OUTCOME, self.outcome)
            result = self.each(entry["result"], fields.RESULT, self.result)
            stops = self.stops(entry["suspensions"])
            return Step(
                key=entry["step"],
                title=_both(entry["title"]),
                side=entry["side"],
                bureau=entry["bureau"],
                limit=limit or Limit(None, Unit.WORKING_DAYS, Basis.UNKNOWN),
                after=after,
                promises=tuple(promises),
                starts_on=_title(entry["starts_on"]),
                documents=tuple(papers),
                suspensions=stops,
                outcomes=tuple(outcomes),
                result=tuple(result),
                refuse_when=tuple(map(_both, entry["refuse_when"])),
                place=self.place(node),
            )

        return self.each(nodes, fields.STEP, step)

    def place(self, node: yaml.Node) -> str:
        return f"{self.where}:{node.start_mark.line + 1}"


def _both(words: tuple[str, str] | None) -> Title:
    return Title(*words) if words else Title("", "")


def _title(words: tuple[str, str] | None) -> Title | None:
    return Title(*words) if words else None
