"""The pages of a PDF, read in this process. `critic.readers.pdf` does so in one of its own, which may crash or hang."""

from __future__ import annotations

import re
import threading
from typing import Any

from critic.errors import InputError
from critic.proposal import Hidden
from critic.readers.blocks import Document
from critic.readers.pdf_glyphs import Glyph, PageText, read_glyphs
from critic.readers.pdf_layout import blocks_of
from critic.readers.pdf_lines import Line, clean, lines_of, without_running
from critic.readers.pdf_visibility import REPEAT, verdicts

MAX_PAGES = 500
MAX_CHARACTERS = 3_000_000

_PROSE = 8  # words
_LOCK = threading.Lock()  # PDFium may be used by one thread at a time


def read_pages(data: bytes, name: str) -> Document:
    """Read a PDF: the text is PDFium's, in the order in which the page draws it; what the page does not show is kept apart.

    Raises:
        InputError: encrypted, corrupt, without text, or too large.
    """
    with _LOCK:
        return _read(data, name)


def _read(data: bytes, name: str) -> Document:
    import pypdfium2
    import pypdfium2.raw as c

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if b"/Encrypt" in data and getattr(error, "err_code", None) in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY):
            raise InputError(f"{name} is encrypted; save it without a password.") from None
        raise InputError(f"{name} is a corrupt PDF, or has no pages; export it again.") from None
    try:
        count = len(pdf)
        if not 0 < count <= MAX_PAGES:
            raise InputError(f"{name} has {count} pages, and from 1 to {MAX_PAGES} can be read; leave out annexes.")
        left = MAX_CHARACTERS
        pages: list[list[Line]] = []
        heights: list[float] = []
        hidden: list[Hidden] = []
        replaced: list[tuple[int, str]] = []
        pictures = False
        for number in range(1, count + 1):
            try:
                lines, text, unseen, picture = _page(pdf, number, left)
            except (pypdfium2.PdfiumError, ValueError, OverflowError, MemoryError) as error:
                raise InputError(f"Page {number} of {name} is corrupt; export the PDF again.") from error
            left -= len(text.glyphs)
            if left <= 0:
                raise InputError(f"{name} is too large to read (stopped at page {number}); leave out annexes.")
            pages.append(lines)
            heights.append(text.height)
            hidden += unseen
            replaced += [(number, clean(said)) for said in text.replaced if len(said.split()) >= _PROSE]
            pictures |= picture
        words = sum(len(line.text.split()) for lines in pages for line in lines)
        if words < 3 * count and (pictures or not words) and not (words and hidden):
            _refuse_empty(name, pictures=pictures, hidden=bool(hidden))
        blocks = blocks_of(without_running(pages, heights))
        seen = _folded(" ".join(block.text for block in blocks))
        hidden += [Hidden(kind="alt text", text=said, page=page) for page, said in replaced if _folded(said) not in seen]
        return Document(blocks=blocks, hidden=[*hidden, *_metadata(pdf, seen)])
    finally:
        pdf.close()


def _refuse_empty(name: str, *, pictures: bool, hidden: bool) -> None:
    if pictures:
        raise InputError(
            f"{name} is a scan without text that can be read; add a text layer first, for example with: ocrmypdf {name} out.pdf"
        )
    raise InputError(f"{name} is empty: there is no {'visible ' if hidden else ''}text to review.")


def _page(pdf: Any, number: int, limit: int) -> tuple[list[Line], PageText, list[Hidden], bool]:
    """The visible lines of a page, its text, what is hidden on it, and whether it has pictures."""
    import pypdfium2.raw as c

    page = pdf[number - 1]
    try:
        comments, drawn = _annotations(page, number)
        own = None
        if drawn:
            own = _length(page)
        if (
            drawn and c.FPDFPage_Flatten(page, c.FLAT_NORMALDISPLAY) == c.FLATTEN_SUCCESS
        ):  # what is written in forms and text boxes becomes part of the page
            page.close()
            page = pdf[number - 1]
        text = read_glyphs(page, limit, own)
        picture = any(each.type == c.FPDF_PAGEOBJ_IMAGE for each in page.get_objects(max_depth=4))
        shown: list[Glyph] = []
        unseen: list[tuple[str, list[str]]] = []
        after: str | None = None
        for unit, kind in verdicts(page, text):
            if kind is None:
                shown.extend(unit)
            else:
                shown.extend(glyph for glyph in unit if not glyph.char.strip())
                if kind != REPEAT:
                    if kind != after:
                        unseen.append((kind, []))
                    unseen[-1][1].extend("-" if glyph.char == "\x02" else glyph.char for glyph in unit)
            after = after if kind == REPEAT else kind
    finally:
        page.close()
    found = [Hidden(kind=kind, text=clean("".join(chars)), page=number) for kind, chars in unseen]
    found = [each for each in found if sum(char.isalpha() for char in each.text) > 1]
    return lines_of(shown, number), text, [*found, *comments], picture


def _length(page: Any) -> int:
    text = page.get_textpage()
    try:
        return int(text.count_chars())
    finally:
        text.close()


def _annotations(page: Any, number: int) -> tuple[list[Hidden], bool]:
    """Comments, and whether there are annotations with words that the page shows."""
    import ctypes

    import pypdfium2.raw as c

    comments: list[Hidden] = []
    drawn = False
    for index in range(min(2000, c.FPDFPage_GetAnnotCount(page))):
        note = c.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        kind = c.FPDFAnnot_GetSubtype(note)
        showing = not c.FPDFAnnot_GetFlags(note) & (c.FPDF_ANNOT_FLAG_HIDDEN | c.FPDF_ANNOT_FLAG_NOVIEW)
        written = kind in (c.FPDF_ANNOT_WIDGET, c.FPDF_ANNOT_FREETEXT, c.FPDF_ANNOT_STAMP) and bool(
            c.FPDFAnnot_GetAP(note, c.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > 2
        )
        drawn |= written and showing
        key = b"V" if kind == c.FPDF_ANNOT_WIDGET else b"Contents"
        if not (written and showing) and kind not in (c.FPDF_ANNOT_LINK, c.FPDF_ANNOT_POPUP):
            length = min(200_000, c.FPDFAnnot_GetStringValue(note, key, None, 0))
            buffer = ctypes.create_string_buffer(length + 2)
            c.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(c.FPDF_WCHAR)), length)
            words = clean(buffer.raw[:length].decode("utf-16-le", "ignore").rstrip("\0"))
            if sum(char.isalpha() for char in words) > 1:
                comments.append(Hidden(kind="comment" if key == b"Contents" else "form field", text=words, page=number))
        c.FPDFPage_CloseAnnot(note)
    return comments, drawn


def _metadata(pdf: Any, seen: str) -> list[Hidden]:
    """Metadata that hold prose: not a title that the text has too, and no list of names or keywords."""
    found = []
    for key in ("Title", "Author", "Subject", "Keywords"):
        text = clean(pdf.get_metadata_value(key))
        words = len(text.split())
        items = len(re.split(r"[,;]|\band\b", text))
        if words >= _PROSE and words / items > 3.5 and _folded(text) not in seen:
            found.append(Hidden(kind="metadata", text=f"{key}: {text}"))
    return found


def _folded(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
