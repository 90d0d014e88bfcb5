"""One page of a PDF as PDFium sees it: every glyph in reading order, and what its text object says of itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

Box = tuple[float, float, float, float]  # left, top, right, bottom, in points from the top left of the page as shown

_LATIN = 0x24F  # the last character of scripts for which PDFium brings a font


@dataclass(slots=True)
class Run:
    """A text object: glyphs that share a font, a colour and a way of being drawn."""

    handle: Any  # FPDF_PAGEOBJECT
    size: float  # in points on the page
    bold: bool
    colour: tuple[int, int, int, int]  # red, green, blue, alpha of the fill
    late: bool  # part of an annotation that was drawn onto the page
    mode: int  # text render mode; 3 draws nothing, 7 only clips
    embedded: bool  # its font is in the file
    lacking: bool = False  # its font is neither in the file nor on this machine, so that nothing is drawn here


@dataclass(slots=True)
class Glyph:
    """A character, and where it stands; `run` is None for spaces and line ends that PDFium put in."""

    char: str  # "\n" ends a line; "\x02" is a hyphen at the end of a line
    box: Box
    run: Run | None


@dataclass(slots=True)
class PageText:
    """The glyphs of one page and the page's size in points."""

    width: float
    height: float
    glyphs: Sequence[Glyph]
    unlisted: Sequence[Any] = field(default=())  # text objects without glyphs of their own: repeats that PDFium leaves out
    replaced: Sequence[str] = field(default=())  # what the file says should be read in place of some of its glyphs


def read_glyphs(page: Any, limit: int, own: int | None = None) -> PageText:
    """The text of a pypdfium2 page; from character `own` on it is that of annotations drawn onto the page.

    Stops after `limit` characters, so that the caller can count and refuse.
    """
    import pypdfium2.raw as c

    width, height = page.get_size()
    objects = [each.raw for each in page.get_objects(filter=[c.FPDF_PAGEOBJ_TEXT], max_depth=50)]
    replaced = _unreplace(c, objects)
    text = c.FPDFText_LoadPage(page)
    if not text:
        return PageText(width, height, ())
    try:
        (xx, xy, x0), (yx, yy, y0) = shown(page)
        runs: dict[int, Run] = {}
        glyphs: list[Glyph] = []
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        refs = [ctypes.byref(each) for each in (left, right, bottom, top)]
        for index in range(min(c.FPDFText_CountChars(text), limit)):
            code = c.FPDFText_GetUnicode(text, index)
            handle = c.FPDFText_GetTextObject(text, index)
            run = None
            if handle and (code > 32 or c.FPDFText_IsGenerated(text, index) != 1):  # PDFium puts in nothing but white space
                key = ctypes.addressof(handle.contents)
                run = runs.get(key) or runs.setdefault(key, _run(c, text, index, handle, late=own is not None and index >= own))
            if not c.FPDFText_GetCharBox(text, index, *refs):
                left.value = right.value = bottom.value = top.value = 0
            if run and not run.embedded and code > _LATIN and top.value - bottom.value < 0.1 * run.size:
                run.lacking = True
                bottom.value, top.value = bottom.value - 0.1 * run.size, bottom.value + 0.8 * run.size
            x, across = xx * left.value + xy * bottom.value + x0, xx * right.value + xy * top.value + x0
            y, down = yx * left.value + yy * bottom.value + y0, yx * right.value + yy * top.value + y0
            char = "\n" if code in (10, 13) else chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
            if not (char.isalnum() or char == " ") and c.FPDFText_IsHyphen(text, index) == 1:
                char = "\x02"
            glyphs.append(Glyph(char, (min(x, across), min(y, down), max(x, across), max(y, down)), run))
        unlisted = [each for each in objects if ctypes.addressof(each.contents) not in runs]
        return PageText(width, height, glyphs, unlisted, replaced)
    finally:
        c.FPDFText_ClosePage(text)


def _unreplace(c: Any, objects: Sequence[Any]) -> list[str]:
    """Take the texts off that stand in the file for glyphs, so that what is drawn is read; they come back."""
    found: list[str] = []
    for handle in objects:
        for index in reversed(range(c.FPDFPageObj_CountMarks(handle))):
            mark = c.FPDFPageObj_GetMark(handle, index)
            if c.FPDFPageObjMark_GetParamValueType(mark, b"ActualText") == c.FPDF_OBJECT_UNKNOWN:
                continue
            length = ctypes.c_ulong()
            c.FPDFPageObjMark_GetParamStringValue(mark, b"ActualText", None, 0, length)
            buffer = (ctypes.c_ushort * (length.value // 2 + 1))()
            c.FPDFPageObjMark_GetParamStringValue(mark, b"ActualText", buffer, length.value, length)
            said = bytes(buffer).decode("utf-16-le", "ignore").rstrip("\0")
            if said and (not found or found[-1] != said):
                found.append(said)
            c.FPDFPageObj_RemoveMark(handle, mark)
    return found


def _run(c: Any, text: Any, index: int, handle: Any, *, late: bool) -> Run:
    matrix = c.FS_MATRIX()
    c.FPDFText_GetMatrix(text, index, matrix)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not c.FPDFText_GetFillColor(text, index, red, green, blue, alpha):
        alpha.value = 255
    buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    c.FPDFText_GetFontInfo(text, index, buffer, 128, flags)
    name = buffer.value.decode("utf-8", "replace").lower()
    # TeX fonts neither say their weight nor set the flag
    bold = any(word in name for word in ("bold", "black", "heavy", "-bd", "cmbx", "sfbx")) or bool(flags.value & 1 << 18)
    return Run(
        handle=handle,
        size=c.FPDFText_GetFontSize(text, index) * hypot(matrix.c, matrix.d),
        bold=bold or c.FPDFText_GetFontWeight(text, index) >= 600,
        colour=(red.value, green.value, blue.value, alpha.value),
        late=late,
        mode=c.FPDFTextObj_GetTextRenderMode(handle),
        embedded=c.FPDFFont_GetIsEmbedded(c.FPDFTextObj_GetFont(handle)) == 1,
    )


def shown(page: Any) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The affine map from the page's own coordinates to points from the top left of the page as shown (crop, rotation)."""
    import pypdfium2.raw as c

    width, height = page.get_size()
    fine = 1000  # PDFium answers in whole pixels
    x, y = ctypes.c_int(), ctypes.c_int()
    points = []
    for at in ((0, 0), (1000, 0), (0, 1000)):
        c.FPDF_PageToDevice(page, 0, 0, round(width * fine), round(height * fine), 0, *at, x, y)
        points.append((x.value / fine, y.value / fine))
    (ox, oy), (ax, ay), (bx, by) = points
    return ((ax - ox) / 1000, (bx - ox) / 1000, ox), ((ay - oy) / 1000, (by - oy) / 1000, oy)
