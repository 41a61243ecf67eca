"""Points, and what a bureau's own file may say."""

from __future__ import annotations

from math import dist
from pathlib import Path

import pytest

from services.reference import places
from services.reference.places import Located, Places, PlacesFault, Precision

SHIZHONG, GAOTANG, TOWN = "370103", "371526", "371526001"


def test_counties_lie_where_the_map_has_them() -> None:
    found = [Places.load().locate(code) for code in (SHIZHONG, GAOTANG)]
    known = [each for each in found if each is not None]
    where = places.plane(known)
    here, there = (where[each] for each in known)
    assert 68 < dist(here, there) < 76  # by the map about 72 km
    assert there[0] < here[0], "Gaotang lies to the west"
    assert there[1] > here[1], "and to the north"


def test_a_town_lies_where_its_county_does_until_somebody_knows_better(tmp_path: Path) -> None:
    town = Places.load().locate(TOWN)
    county = Places.load().locate(GAOTANG)
    assert town
    assert county
    assert town.precision is Precision.COUNTY
    assert county.precision is Precision.OWN
    assert (town.longitude, town.latitude) == (county.longitude, county.latitude)
    file = tmp_path / "places.csv"
    file.write_text(f"\ufeffcode,longitude,latitude\n{TOWN},116.24,36.87\n", encoding="utf-8")
    assert Places.load(file).locate(TOWN) == Located(116.24, 36.87, Precision.OWN)


def test_what_nobody_knows_is_none() -> None:
    assert Places.load().locate("999999") is None
    assert Places.load().locate("") is None
    assert places.plane([]) == {}


def test_each_fault_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text(
        f"code,longitude,latitude\n123,116,36\n{TOWN},116,x\n{GAOTANG},36,116\n{SHIZHONG},116,36\n{SHIZHONG},116,36\n",
        encoding="utf-8",
    )
    with pytest.raises(PlacesFault) as refused:
        Places.load(file)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == ["line 2", "line 3", "line 4", "line 6"]
    file.write_text("code;longitude;latitude\n", encoding="utf-8")
    with pytest.raises(PlacesFault, match="columns are missing"):
        Places.load(file)
