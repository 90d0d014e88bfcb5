"""Boxes in place of words that PDFium cannot draw, so that what hides them can be told by the pixels all the same.

East Asian PDFs often name a font that viewers have, and leave it out of the file. Such a viewer shows the words; PDFium on a
machine without the font draws nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from critic.readers.pdf_glyphs import Glyph, Run, shown


@contextmanager
def standing_in(page: Any, units: Sequence[Sequence[Glyph]]) -> Iterator[dict[int, Any]]:
    """Put a box of the same colour right above each text object that lacks its font, for as long as the context lasts.

    Yields:
        The page object that stands in, by the id of the `Run`.
    """
    import pypdfium2.raw as c

    lacking: dict[int, tuple[Run, list[Glyph]]] = {}
    for unit in units:
        if (run := unit[0].run) and run.lacking:
            lacking.setdefault(id(run), (run, []))[1].extend(glyph for glyph in unit if glyph.char.strip())
    if not lacking:
        yield {}
        return
    count = c.FPDFPage_CountObjects(page)
    order = {ctypes.addressof(c.FPDFPage_GetObject(page, index).contents): index for index in range(count)}
    above = [(order.get(ctypes.addressof(run.handle.contents), count - 1) + 1, key) for key, (run, _) in lacking.items()]
    boxes: dict[int, Any] = {}
    for index, key in sorted(above, reverse=True):  # from above, so that the places below stay
        run, glyphs = lacking[key]
        boxes[key] = _box(page, glyphs, run.colour)
        c.FPDFPage_InsertObjectAtIndex(page, boxes[key], index)
    try:
        yield boxes
    finally:
        for box in boxes.values():
            c.FPDFPage_RemoveObject(page, box)
            c.FPDFPageObj_Destroy(box)


def _box(page: Any, glyphs: Sequence[Glyph], colour: tuple[int, int, int, int]) -> Any:
    import pypdfium2.raw as c

    (xx, xy, x0), (yx, yy, y0) = shown(page)
    turned = xx * yy - xy * yx
    corners = [
        ((yy * (x - x0) - xy * (y - y0)) / turned, (xx * (y - y0) - yx * (x - x0)) / turned)
        for left, top, right, bottom in (glyph.box for glyph in glyphs)
        for x, y in ((left, top), (right, bottom))
    ]
    left, low = min(x for x, _ in corners), min(y for _, y in corners)
    width, height = max(x for x, _ in corners) - left, max(y for _, y in corners) - low
    box = c.FPDFPageObj_CreateNewRect(left, low, width, height)
    c.FPDFPageObj_SetFillColor(box, *colour)
    c.FPDFPath_SetDrawMode(box, c.FPDF_FILLMODE_WINDING, 0)
    return box
