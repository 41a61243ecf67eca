"""What a roster (实名制花名册) must be, cell by cell, row by row and as a whole, before anybody asks who may enrol.

`conditions` declares everything that may be said; a file a subject says it; `reader` reads a row, `duplicates` compares
rows, `whole` judges the file.
"""

from services.reference.conditions import Condition, Finding, Kind
from services.reference.writing import NAME, PHONE, code_of, normalise_name, normalise_phone
from services.training.rules.roster import whole
from services.training.rules.roster.columns import TITLES
from services.training.rules.roster.conditions import CONDITIONS
from services.training.rules.roster.dates import read_date
from services.training.rules.roster.draft import LONGEST_CELL, About, Row
from services.training.rules.roster.duplicates import compare
from services.training.rules.roster.reader import REQUIRED, read
from services.training.rules.roster.rows import Rows

__all__ = [
    "CONDITIONS",
    "LONGEST_CELL",
    "NAME",
    "PHONE",
    "REQUIRED",
    "TITLES",
    "About",
    "Condition",
    "Finding",
    "Kind",
    "Row",
    "Rows",
    "code_of",
    "compare",
    "normalise_name",
    "normalise_phone",
    "read",
    "read_date",
    "whole",
]
