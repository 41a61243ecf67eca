"""Small files of every type that is taken."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from services.talent.rules.filetypes import FileType


def an_office_file(parts: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


TYPES: Mapping[FileType, bytes] = {
    FileType.PDF: b"%PDF-1.7\n%%EOF\n",
    FileType.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xd9",
    FileType.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    FileType.OFD: an_office_file({"OFD.xml": b"<ofd:OFD/>", "Doc_0/Document.xml": b"<ofd:Document/>"}),
    FileType.DOCX: an_office_file({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}),
    FileType.XLSX: an_office_file({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}),
}
