"""What a PDF carries beside the words on its pages: metadata, attached files, and texts that stand for pictures."""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Callable, Iterator
from html import unescape
from itertools import islice
from typing import Any

from critic.proposal import Hidden
from critic.readers.gathering import GENERATED, count_words
from critic.readers.pdf_lines import clean

PROSE = 8  # words from which on a text is prose

_ELEMENTS, _DEEPEST, _FILES, _PACKETS = 20_000, 60, 50, 200  # that are looked at
_MOST, _EXCERPT = 1_000_000, 500  # bytes of a packet or a file, and characters of it that are told
_RIGHTS = re.compile(r"<((?:dc:rights|xmpRights:\w+)\b)[^>]*>.*?</\1>", re.DOTALL)
_VALUE = re.compile(r">([^<>]{20,})<|=\"([^\"<>]{20,})\"|='([^'<>]{20,})'")


def beside(pdf: Any, data: bytes, seen: str) -> list[Hidden]:
    """Metadata and attached files that hold prose: not a title that the text has too, and no list of names or keywords.

    Args:
        pdf: a pypdfium2 document.
        data: the file.
        seen: the text of the pages, `folded`.
    """
    values = [(f"{key}: ", pdf.get_metadata_value(key)) for key in ("Title", "Author", "Subject", "Keywords")]
    values += [("", value) for value in _packets(data)]
    found: dict[str, Hidden] = {}
    for label, value in values:
        text = clean(value)
        items = len(re.split(r"[,;]|\band\b", text))
        if len(text.split()) >= PROSE and len(text.split()) / items > 3.5 and folded(text) not in seen:
            found.setdefault(folded(text), Hidden(kind="metadata", text=label + text))
    for name, text in _attached(pdf):
        if count_words(text) >= PROSE and folded(text) not in seen:
            found.setdefault(folded(text), Hidden(kind="attached file", text=f"{name}: {text[:_EXCERPT]}"))
    return list(found.values())


def folded(text: str) -> str:
    """Letters and digits alone, to look a text up in another."""
    return re.sub(r"\W+", "", text.lower())


def alt_texts(page: Any) -> list[str]:
    """What the document's structure says should be read in place of pictures and words of a pypdfium2 page."""
    import pypdfium2.raw as c

    tree = c.FPDF_StructTree_GetForPage(page)
    if not tree:
        return []
    found: list[str] = []
    try:
        waiting = [(c.FPDF_StructTree_GetChildAtIndex(tree, i), 0) for i in range(c.FPDF_StructTree_CountChildren(tree))]
        for _ in range(_ELEMENTS):
            if not waiting:
                break
            element, depth = waiting.pop()
            if not element:
                continue
            for ask in (c.FPDF_StructElement_GetAltText, c.FPDF_StructElement_GetActualText):
                if said := GENERATED.sub("", string_of(ask, element)):
                    found.append(said)
            if depth < _DEEPEST:
                count = min(_ELEMENTS, max(0, c.FPDF_StructElement_CountChildren(element)))
                waiting += [(c.FPDF_StructElement_GetChildAtIndex(element, i), depth + 1) for i in range(count)]
    finally:
        c.FPDF_StructTree_Close(tree)
    return found


def _packets(data: bytes) -> Iterator[str]:
    """The values in the XMP packets of a file, but for what says who may use it."""
    for mark in islice(re.finditer(rb"/Type\s*/Metadata\b", data), _PACKETS):
        start = re.compile(rb"stream\r?\n").search(data, mark.end(), mark.end() + 4096)
        if start is None:
            continue
        packet = data[start.end() : start.end() + _MOST].partition(b"endstream")[0]
        if b"/Fl" in data[max(0, data.rfind(b" obj", 0, mark.start())) : start.start()]:
            try:
                packet = zlib.decompressobj().decompress(packet, _MOST)
            except zlib.error:
                continue
        coding = "utf-16" if packet[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        text = _RIGHTS.sub("", packet.decode(coding, "ignore"))
        yield from (unescape("".join(value)) for value in _VALUE.findall(text))


def _attached(pdf: Any) -> Iterator[tuple[str, str]]:
    """Name and text of each attached file that is text, or whose description is."""
    import pypdfium2.raw as c

    for index in range(min(_FILES, c.FPDFDoc_GetAttachmentCount(pdf))):
        attached = c.FPDFDoc_GetAttachment(pdf, index)
        name = clean(string_of(c.FPDFAttachment_GetName, attached))
        yield name, clean(string_of(c.FPDFAttachment_GetStringValue, attached, b"Desc"))
        length = ctypes.c_ulong()
        if c.FPDFAttachment_GetFile(attached, None, 0, length) and 0 < length.value <= 30 * _MOST:
            buffer = ctypes.create_string_buffer(length.value)
            c.FPDFAttachment_GetFile(attached, buffer, length.value, length)
            text = buffer.raw[:_MOST].decode("utf-8", "replace")
            if "\0" not in text and text.count("\ufffd") < 0.01 * len(text):
                yield name, clean(text)


def string_of(ask: Callable[..., int], *of: Any) -> str:
    """A string that a function of PDFium writes as UTF-16 into a buffer, asked for its length first."""
    import pypdfium2.raw as c

    length = min(200_000, ask(*of, None, 0))
    if length <= 2:
        return ""
    buffer = ctypes.create_string_buffer(length + 2)
    ask(*of, ctypes.cast(buffer, ctypes.POINTER(c.FPDF_WCHAR)), length)
    return buffer.raw[:length].decode("utf-16-le", "ignore").rstrip("\0")
