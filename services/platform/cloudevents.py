"""Events as CloudEvents 1.0 in JSON (structured mode), with the documented extensions `sequence` and `recordedtime`.

Source: CloudEvents 1.0.2, JSON format, and cloudevents/extensions/{sequence,recorded-time}.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event ready to be sent. `key` is unique among all sources: the same event sent again has the same."""

    sequence: int
    key: str
    type: str
    body: bytes


def cloud_event(row: Any, source: str) -> CloudEvent:
    """The event of a row of the outbox."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(row.sequence),
        "source": source,
        "type": row.type,
        "subject": row.subject,
        "time": _instant(row.time),
        "datacontenttype": "application/json",
        "sequence": f"{row.sequence:020}",  # text that sorts as the numbers do
        "recordedtime": _instant(row.record_time),
    }
    if row.number:
        attributes["casesequence"] = row.number
    attributes["data"] = row.data
    body = json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode()
    return CloudEvent(row.sequence, f"{source}/{row.sequence}", row.type, body)


def _instant(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
