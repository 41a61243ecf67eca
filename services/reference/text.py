"""What spreadsheets do to identifiers, undone or recognised (表格文本整理).

Rosters arrive from Excel and from input methods: full-width digits, pasted spaces, a leading
apostrophe that forced a cell to text, or a number that Excel has already rounded to 15 digits.
"""

from __future__ import annotations

import re
import unicodedata

# A spreadsheet's rendering of a long number: 3.70103E+17, 1.10101e+17, 3.70103199001010E17.
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{1,3}")
# A long number that went through a float: 370103199001010000.0
_FLOAT = re.compile(r"\d{16,}\.0+")
# Unicode categories: control, format (zero-width, direction marks), and every separator.
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_APOSTROPHES = "'\u2018\u2019`"
# what stands in a cell and is no data
EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "####", "#########"})
NOTHING = frozenset({"无", "/", "\\", "-", "--", "---", "—", "——", "_", "没有填写"})
PLACEHOLDERS = frozenset(
    {"不详", "未知", "待补", "待定", "暂无", "暂缺", "NULL", "NONE", "NAN", "N/A", "NA", "XX", "XXX"}
)
DITTO = frozenset({"同上", "〃", "″", '"', "''", "同上行", "同前"})


def compact(text: str) -> str:
    """Return `text` half-width (NFKC), without any space or invisible character, upper-case.

    Removes every Unicode space (U+3000, NBSP ...), control and format character (zero-width space,
    BOM, direction marks) and the leading apostrophes that mark a text cell. Nothing else is
    removed: a hyphen or a stray letter stays, for the caller to refuse.
    """
    # letters and digits only, as they should be: nothing to fold, nothing invisible
    if text.isalnum() and (text.isascii() or unicodedata.is_normalized("NFKC", text)):
        return text.upper()
    folded = unicodedata.normalize("NFKC", text)
    kept = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in _INVISIBLE)
    return kept.lstrip(_APOSTROPHES).upper()


def is_spreadsheet_number(text: str) -> bool:
    """Whether compacted `text` is a long number as a spreadsheet shows it: the last digits are lost."""
    return not text.isdigit() and bool(_SCIENTIFIC.fullmatch(text) or _FLOAT.fullmatch(text))
