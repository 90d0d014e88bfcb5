"""The pages of a PDF, read in this process. `critic.readers.pdf` does so in one of its own, which may crash or hang."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from critic.errors import InputError
from critic.proposal import Hidden
from critic.readers.blocks import Document
from critic.readers.gathering import count_words
from critic.readers.pdf_beside import PROSE, alt_texts, beside, folded, string_of
from critic.readers.pdf_glyphs import Glyph, PageText, read_glyphs
from critic.readers.pdf_layout import blocks_of
from critic.readers.pdf_lines import Line, clean, lines_of, without_running
from critic.readers.pdf_visibility import REPEAT, verdicts

MAX_PAGES = 500
MAX_CHARACTERS = 3_000_000

_BARE = 3  # words; fewer are no text
_MOST_OF_IT = 0.5  # of a page
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
        pictures: list[float] = []  # the share of each page that they cover
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
            replaced += [(number, said) for said in map(clean, text.replaced) if count_words(said) >= PROSE]
            pictures.append(picture)
        words = sum(len(line.text.split()) for lines in pages for line in lines)
        if words < _BARE * count and (any(pictures) or not words) and not (words and hidden):
            _refuse_empty(name, pictures=any(pictures), hidden=bool(hidden))
        blocks = blocks_of(without_running(pages, heights))
        seen = folded(" ".join(block.text for block in blocks))
        hidden += [Hidden(kind="alt text", text=said, page=page) for page, said in replaced if folded(said) not in seen]
        read = Counter[int | None]()
        for block in blocks:
            read[block.page] += count_words(block.text)
        unread = [page for page, share in enumerate(pictures, 1) if share > _MOST_OF_IT and read[page] < _BARE]
        return Document(blocks=blocks, hidden=[*hidden, *beside(pdf, data, seen)], unread=unread)
    finally:
        pdf.close()


def _refuse_empty(name: str, *, pictures: bool, hidden: bool) -> None:
    if pictures:
        raise InputError(
            f"{name} is a scan without text that can be read; add a text layer first, for example with: ocrmypdf {name} out.pdf"
        )
    raise InputError(f"{name} is empty: there is no {'visible ' if hidden else ''}text to review.")


def _page(pdf: Any, number: int, limit: int) -> tuple[list[Line], PageText, list[Hidden], float]:
    """The visible lines of a page, its text, what is hidden on it, and the share of it that pictures cover."""
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
        text.replaced = [*text.replaced, *alt_texts(page)]
        picture = sum(map(_area, page.get_objects(filter=[c.FPDF_PAGEOBJ_IMAGE], max_depth=4))) / (text.width * text.height)
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


def _area(picture: Any) -> float:
    left, bottom, right, top = picture.get_bounds()
    return float((right - left) * (top - bottom))


def _length(page: Any) -> int:
    text = page.get_textpage()
    try:
        return int(text.count_chars())
    finally:
        text.close()


def _annotations(page: Any, number: int) -> tuple[list[Hidden], bool]:
    """Comments, and whether there are annotations with words that the page shows."""
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
            words = clean(string_of(c.FPDFAnnot_GetStringValue, note, key))
            if sum(char.isalpha() for char in words) > 1:
                comments.append(Hidden(kind="comment" if key == b"Contents" else "form field", text=words, page=number))
        c.FPDFPage_CloseAnnot(note)
    return comments, drawn
