"""What a file is, by its content: its name and what its sender says of it are not asked.

Looked at as it comes, in bounded memory. Nothing is ever unpacked here: of an office file only the list of its parts is
read, and refused when whoever unpacks it would be harmed.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zipfile
from collections.abc import Sequence
from enum import StrEnum

HEAD = 16  # bytes at the beginning that tell types apart
TAIL = 1024 * 1024  # bytes at the end that hold the list of parts of an office file
MOST_PARTS = 5_000
MOST_UNPACKED = 200 * 1024 * 1024  # bytes
MOST_RATIO = 100  # unpacked to packed; text packs ten to twenty times
SMALL_UNPACKED = 10 * 1024 * 1024  # bytes that may be packed however densely
_LOCAL_HEADER = 30  # bytes before the name of a part
_ENCRYPTED = 0x1


class FileType(StrEnum):
    """The types that are taken."""

    PDF = "PDF"
    JPEG = "JPEG"
    PNG = "PNG"
    OFD = "OFD"  # GB/T 33190, the national fixed-layout format
    DOCX = "DOCX"
    XLSX = "XLSX"


class ArchiveFault(StrEnum):
    """Why an office file is not taken."""

    BROKEN = "BROKEN"  # its list of parts cannot be read
    PARTS = "PARTS"  # too many
    NAMES = "NAMES"  # parts that would be written elsewhere, or twice
    ENCRYPTED = "ENCRYPTED"  # nobody could look into it
    MACROS = "MACROS"  # programs that run when it is opened
    BOMB = "BOMB"  # more comes out than anybody has room for


class NotTaken(Exception):
    """A file that is none of the types; `fault` says why, for an office file that is one but cannot be trusted."""

    def __init__(self, fault: ArchiveFault | None = None) -> None:
        super().__init__(fault)
        self.fault = fault


# the ending a file gets, whatever it was called
ENDINGS = {
    FileType.PDF: ".pdf",
    FileType.JPEG: ".jpg",
    FileType.PNG: ".png",
    FileType.OFD: ".ofd",
    FileType.DOCX: ".docx",
    FileType.XLSX: ".xlsx",
}
LONGEST_STEM = 100  # characters
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])")
_MAGIC = ((b"%PDF-", FileType.PDF), (b"\xff\xd8\xff", FileType.JPEG), (b"\x89PNG\r\n\x1a\n", FileType.PNG))
_ZIP = b"PK\x03\x04"
_PARTS = (
    ("OFD.xml", FileType.OFD),
    ("word/document.xml", FileType.DOCX),
    ("xl/workbook.xml", FileType.XLSX),
)


def file_name(given: str, kind: FileType) -> str:
    """A name that can be written on any disk: the last part of the one given, with the ending of what it is."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    visible = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    stem, dot, _ = _UNSAFE.sub("_", visible).rpartition(".")
    stem = (stem if dot else _UNSAFE.sub("_", visible)).strip(" .")[:LONGEST_STEM].rstrip(" .")
    if not stem or _DEVICES.fullmatch(stem):
        stem = f"document{stem and '-'}{stem}"
    return stem + ENDINGS[kind]


class Look:
    """A look at a file that comes in pieces."""

    def __init__(self) -> None:
        self._size = 0
        self._head = b""
        self._tail = bytearray()

    def at(self, piece: bytes) -> None:
        """The next piece."""
        self._size += len(piece)
        if len(self._head) < HEAD:
            self._head = (self._head + piece[:HEAD])[:HEAD]
        if self._head.startswith(_ZIP):
            self._tail += piece
            del self._tail[:-TAIL]

    def file_type(self) -> FileType:
        """What it is. Raises NotTaken."""
        for magic, found in _MAGIC:
            if self._head.startswith(magic):
                return found
        if not self._head.startswith(_ZIP):
            raise NotTaken
        parts = self._parts()
        names = {part.filename for part in parts}
        office = next((kind for name, kind in _PARTS if name in names), None)
        if office is None or (office is not FileType.OFD and "[Content_Types].xml" not in names):
            raise NotTaken
        _check(parts, self._size)
        return office

    def _parts(self) -> Sequence[zipfile.ZipInfo]:
        """The list of parts at the end of an archive, as the archive gives it."""
        try:
            with zipfile.ZipFile(_Window(bytes(self._tail), self._size)) as archive:
                return archive.infolist()
        except _OutOfSight:
            raise NotTaken(ArchiveFault.PARTS) from None
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error):
            raise NotTaken(ArchiveFault.BROKEN) from None


def _check(parts: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Raises NotTaken for an archive that would harm whoever unpacks it."""
    names = [part.filename for part in parts]
    if len(parts) > MOST_PARTS:
        raise NotTaken(ArchiveFault.PARTS)
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise NotTaken(ArchiveFault.ENCRYPTED)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise NotTaken(ArchiveFault.MACROS)
    if len({name.lower() for name in names}) < len(names) or any(map(_strays, names)):
        raise NotTaken(ArchiveFault.NAMES)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or (unpacked > SMALL_UNPACKED and unpacked > MOST_RATIO * size):
        raise NotTaken(ArchiveFault.BOMB)
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        if part.header_offset < end:  # parts that share their bytes: small, and endless when unpacked
            raise NotTaken(ArchiveFault.BOMB)
        end = part.header_offset + _LOCAL_HEADER + len(part.filename) + part.compress_size
    if end > size or min(part.header_offset for part in parts):
        raise NotTaken(ArchiveFault.BROKEN)


def _strays(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


class _OutOfSight(Exception):
    """Something before the tail was asked for."""


class _Window(io.RawIOBase):
    """A file of which only the end is there."""

    def __init__(self, tail: bytes, size: int) -> None:
        super().__init__()
        self._tail = tail
        self._size = size
        self._place = 0

    def seekable(self) -> bool:
        """Zip files are read from their end."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where it is read next."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes there, if it is not before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._place = base + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        """The bytes there. Raises _OutOfSight."""
        start = self._place - (self._size - len(self._tail))
        if start < 0:
            raise _OutOfSight
        found = self._tail[start:] if size < 0 else self._tail[start : start + size]
        self._place += len(found)
        return found
