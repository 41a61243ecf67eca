"""What a file is, by its content; what is not taken, and what would harm whoever opens it."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from services.talent.rules import filetypes
from services.talent.rules.filetypes import ArchiveFault, FileType, Look, NotTaken, file_name
from tests.talent.files import TYPES, an_office_file

PARTS = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}


def look(content: bytes, piece: int = 1000) -> FileType:
    found = Look()
    for place in range(0, len(content), piece):
        found.at(content[place : place + piece])
    return found.file_type()


def fault_of(content: bytes) -> ArchiveFault | None:
    with pytest.raises(NotTaken) as refused:
        look(content)
    return refused.value.fault


@pytest.mark.parametrize(("kind", "content"), TYPES.items())
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_type_is_known_by_its_content_however_it_comes(kind: FileType, content: bytes, piece: int) -> None:
    assert look(content, piece) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00", b"#!/bin/sh\n", b"<html><script>", b"GIF89a", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", b"PK",
        b" %PDF-1.7", b"%PD", an_office_file({"mimetype": b"application/epub+zip"}),
        an_office_file({"word/document.xml": b"<w:document/>"}),
    ],
)  # fmt: skip
def test_what_is_none_of_the_types_is_not_taken(content: bytes) -> None:
    assert fault_of(content) is None


def test_a_list_of_parts_is_read_from_the_end_of_a_large_file() -> None:
    content = an_office_file({**PARTS, "word/media/a.bin": bytes(3_000_000)}, zipfile.ZIP_STORED)
    assert look(content, 256 * 1024) is FileType.DOCX


def encrypted(content: bytes) -> bytes:
    """The same archive with the flag of encryption on its first part in the list."""
    at = content.index(b"PK\x01\x02")
    flags = struct.unpack_from("<H", content, at + 8)[0] | 1
    return content[: at + 8] + struct.pack("<H", flags) + content[at + 10 :]


def overlapping() -> bytes:
    """An archive whose list names one part's bytes twice."""
    content = an_office_file({**PARTS, "word/a.xml": b"a" * 50, "word/b.xml": b"b" * 50}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, second = archive.getinfo("word/a.xml"), archive.getinfo("word/b.xml")
    entry = content.index(b"word/b.xml", content.index(b"PK\x01\x02")) - 46
    assert struct.unpack_from("<I", content, entry + 42)[0] == second.header_offset
    return content[: entry + 42] + struct.pack("<I", first.header_offset) + content[entry + 46 :]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (an_office_file(PARTS)[:-30], ArchiveFault.BROKEN),
        (b"PK\x03\x04" + bytes(5000), ArchiveFault.BROKEN),
        (b"PK\x03\x04junk" + an_office_file(PARTS), ArchiveFault.BROKEN),
        (an_office_file({**PARTS, **{f"word/{n}.xml": b"" for n in range(5001)}}), ArchiveFault.PARTS),
        (an_office_file({**PARTS, **{f"word/{'n' * 200}{n}.xml": b"" for n in range(4900)}}), ArchiveFault.PARTS),
        (an_office_file({**PARTS, "../outside.xml": b""}), ArchiveFault.NAMES),
        (an_office_file({**PARTS, "/etc/passwd": b""}), ArchiveFault.NAMES),
        (an_office_file({**PARTS, "Word/Document.XML": b""}), ArchiveFault.NAMES),
        (an_office_file({**PARTS, "word/vbaProject.bin": b"macro"}), ArchiveFault.MACROS),
        (encrypted(an_office_file(PARTS)), ArchiveFault.ENCRYPTED),
        (an_office_file({**PARTS, "word/bomb.xml": bytes(30_000_000)}), ArchiveFault.BOMB),
        (overlapping(), ArchiveFault.BOMB),
    ],
    ids=range(12),
)  # fmt: skip
def test_an_office_file_that_would_harm_somebody_is_not_taken(content: bytes, fault: ArchiveFault) -> None:
    assert fault_of(content) is fault


def test_memory_is_bounded_however_long_a_file_is() -> None:
    found = Look()
    for _ in range(100):
        found.at(b"PK\x03\x04" + bytes(256 * 1024))
    assert len(found._tail) == filetypes.TAIL


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("身份证.PDF", "身份证.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\证件\\扫描.exe", "扫描.pdf"),
        ("", "document.pdf"),
        (".pdf", "document.pdf"),
        ("con.pdf", "document-con.pdf"),
        ("a<b>|c?.pdf", "a_b__c_.pdf"),
        ("evil\u202efdp.exe", "evilfdp.pdf"),
        ("长" * 300 + ".pdf", "长" * 100 + ".pdf"),
        ("name. .pdf", "name.pdf"),
    ],
)
def test_a_name_can_be_written_on_any_disk(given: str, name: str) -> None:
    assert file_name(given, FileType.PDF) == name
