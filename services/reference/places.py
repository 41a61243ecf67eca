"""Where divisions lie (地理位置), for distances between a commissioner's home and a host.

Data: ``data/places.csv`` has a point in provinces, cities and counties, in degrees (see ``data/SOURCES.md``); towns
have none until a bureau gives its own. A town without a point lies where its county does: `Located.precision` says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import cos, isfinite, radians
from pathlib import Path

from services.reference import divisions, files

EARTH_KM = 6371.0088  # mean radius, IUGG 1980
# what a point in China can be, in degrees
EASTMOST, WESTMOST, NORTHMOST, SOUTHMOST = 136.0, 73.0, 54.0, 3.0


class PlacesFault(ValueError):
    """A file of points that cannot be used (坐标文件有误); `faults` says what is wrong, by line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Precision(StrEnum):
    """How closely a place is known."""

    OWN = "OWN"  # its own point
    COUNTY = "COUNTY"  # that of the county it is in


@dataclass(frozen=True, slots=True)
class Located:
    """A point in degrees."""

    longitude: float
    latitude: float
    precision: Precision


@dataclass(frozen=True, slots=True)
class Places:
    """Points by division code: those that ship, and before them a bureau's own."""

    own: Mapping[str, tuple[float, float]]

    @classmethod
    def load(cls, path: Path | None = None) -> Places:
        """The points of a CSV file with the columns code, longitude, latitude; only those that ship if there is none.

        Raises PlacesFault for a code that is no division or town, a number that is none, and a point outside China.
        """
        return cls({} if path is None else _read(path))

    def locate(self, code: str) -> Located | None:
        """Where a county (six digits) or town (nine) lies; None when nobody knows."""
        if point := self.own.get(code) or _shipped().get(code):
            return Located(*point, Precision.OWN)
        if len(code) == 9 and (point := self.own.get(code[:6]) or _shipped().get(code[:6])):
            return Located(*point, Precision.COUNTY)
        return None


def plane(points: Iterable[Located], around: Located | None = None) -> dict[Located, tuple[float, float]]:
    """Kilometres east and north of `around`, or else of the middle of the points.

    An equirectangular projection: within a province the distances are right to about one part in a hundred.
    """
    listed = list(points)
    if not listed:
        return {}
    centre = [around] if around else listed
    middle = sum(each.latitude for each in centre) / len(centre)
    west = sum(each.longitude for each in centre) / len(centre)
    across = EARTH_KM * cos(radians(middle))
    return {
        each: (across * radians(each.longitude - west), EARTH_KM * radians(each.latitude - middle)) for each in listed
    }


@cache
def _shipped() -> Mapping[str, tuple[float, float]]:
    return {row["code"]: (float(row["longitude"]), float(row["latitude"])) for row in files.rows("places.csv")}


def _read(path: Path) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    faults: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := {"code", "longitude", "latitude"} - set(reader.fieldnames or ()):
            raise PlacesFault([f"columns are missing (缺少列): {', '.join(sorted(missing))}"])
        for row in reader:
            code, point = (row["code"] or "").strip(), _point(row["longitude"], row["latitude"])
            if divisions.name_of(code) is None:
                faults.append(f"line {reader.line_num}: {code[:12]!r} is no division or town (不是区划代码)")
            elif code in found:
                faults.append(f"line {reader.line_num}: {code} stands twice (重复)")
            elif point is None:
                faults.append(f"line {reader.line_num}: not a point in China, in degrees (不是我国境内的经纬度)")
            else:
                found[code] = point
    if faults:
        raise PlacesFault(faults)
    return found


def _point(longitude: str | None, latitude: str | None) -> tuple[float, float] | None:
    try:
        east, north = float(longitude or ""), float(latitude or "")
    except ValueError:
        return None
    inside = isfinite(east) and isfinite(north)
    return (east, north) if inside and WESTMOST <= east <= EASTMOST and SOUTHMOST <= north <= NORTHMOST else None
