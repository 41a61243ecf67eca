"""What a list of commissioners (科技特派员名册) must be, cell by cell, row by row and as a whole.

`conditions` declares everything that may be said; `words` knows how offices write the choices; `rows` reads a row and
compares rows. Whether a row could be an application is not decided here but by what decides of any application: its
violations are conditions by `conditions.of_violation`.
"""

from services.placement.rules.listing.columns import TITLES
from services.placement.rules.listing.conditions import CONDITIONS, of_violation
from services.placement.rules.listing.rows import LONGEST_CELL, Row, compare, read, whole

__all__ = ["CONDITIONS", "LONGEST_CELL", "TITLES", "Row", "compare", "of_violation", "read", "whole"]
