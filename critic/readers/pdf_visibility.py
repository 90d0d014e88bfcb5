"""Which words of a PDF page a person sees: the page is drawn with and without its text, and the pixels are compared.

So text is judged by what it adds to the page, however it is hidden: in the colour of what lies behind it, under a picture,
outside the page, clipped, transparent. White text on a dark banner adds much, and is seen.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from critic.readers.pdf_glyphs import Glyph, PageText
from critic.readers.pdf_pixels import (
    FAINT,
    INK,
    Unit,
    background,
    boxes_of,
    draw,
    draw_text_alone,
    layers,
    repeats,
    scale_of,
    shares,
)
from critic.readers.pdf_standins import standing_in

if TYPE_CHECKING:
    from critic.readers.pdf_pixels import Pixels

_TINY, _SMALL = 2.0, 4.0  # points: never read, and not read where it is more than a label in a figure
_LABEL = 4  # words
_UNDRAWN = (3, 7)  # text render modes
REPEAT = "repeat"


def verdicts(page: Any, text: PageText) -> list[tuple[Unit, str | None]]:
    """Each word of a pypdfium2 page in reading order, with how it is hidden; None if it is seen, REPEAT if drawn again.

    Words carry the spaces and line ends that follow them. The page is the same afterwards.
    """
    units = _units(text.glyphs)
    inked = [unit for unit in units if unit[0].run and unit[0].char.strip()]
    if not inked:
        return [(unit, None) for unit in units]
    judged = [unit for unit in inked if not (unit[0].run and unit[0].run.lacking and _in_layer(unit[0].run.handle))]
    with standing_in(page, judged) as boxes:
        return _settle(units, _judged(page, text, inked, boxes))


def _judged(page: Any, text: PageText, inked: Sequence[Unit], boxes: dict[int, Any]) -> dict[int, str | None]:
    """How words are hidden, by id; `boxes` are drawn for those of text objects that cannot be drawn themselves."""
    scale = scale_of(text)
    full = draw(page, scale)
    found: dict[int, str | None] = {}
    behind: dict[int, Pixels] = {}
    twins = repeats(inked)
    sheets, over = layers(inked, text, twins)
    for depth, sheet in enumerate(sheets):
        handles = {id(unit[0].run): unit[0].run.handle for unit in sheet if unit[0].run}
        handles |= {-key: boxes[key] for key in handles.keys() & boxes.keys()}
        bare = draw(page, scale, [*handles.values(), *text.unlisted])
        for unit, share in zip(sheet, shares(full, bare, sheet, scale), strict=True):
            found[id(unit)] = _stated(unit, text) or (None if share >= INK else "covered")
            behind[id(unit)] = bare
            if depth and found[id(unit)] is None and _alike(unit, background(unit, bare, scale)):
                found[id(unit)] = "covered"  # what it changes is the text under it
    found |= {id(unit): "overprinted" for unit in over}
    _pass_scan(inked, found, full, text, scale)
    for repeat, first in twins.items():
        if found[id(inked[first])] is None:
            found[id(inked[repeat])] = REPEAT
    unexplained = [unit for unit in inked if found[id(unit)] == "covered"]
    if unexplained:
        alone = shares(draw_text_alone(page, scale), 255, unexplained, scale)
        for unit, share in zip(unexplained, alone, strict=True):
            found[id(unit)] = _reason(unit, share, background(unit, behind[id(unit)], scale))
    return found


def _units(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    units: list[list[Glyph]] = []
    after_space = True
    for glyph in glyphs:
        space = glyph.run is None or not glyph.char.strip()
        if not units or (not space and (after_space or glyph.run is not units[-1][0].run)):
            units.append([])
        units[-1].append(glyph)
        after_space = space and glyph.char != "\x02"
    return units


def _stated(unit: Unit, text: PageText, *, modes: bool = True) -> str | None:
    """What is known without looking at pixels."""
    inked = [glyph for glyph in unit if glyph.run and glyph.char.strip()]
    run = unit[0].run
    if run is None or not inked:
        return None
    outside = 0
    for glyph in inked:
        across, down = (glyph.box[0] + glyph.box[2]) / 2, (glyph.box[1] + glyph.box[3]) / 2
        outside += not (0 <= across <= text.width and 0 <= down <= text.height)
    if outside > len(inked) / 2:
        return "off the page"
    if modes and run.mode in _UNDRAWN:
        return "invisible render mode"
    return "tiny text" if _size(unit) < _SMALL else None


def _size(unit: Unit) -> float:
    """The size in points that a word looks to have, whatever its font says of itself."""
    boxes = [glyph.box for glyph in unit if glyph.run and glyph.char.isalnum()]
    said = unit[0].run.size if unit[0].run else 0.0
    if not boxes:
        return max(said, _SMALL)
    sizes = [max(right - left, bottom - top) for left, top, right, bottom in boxes]
    if max(sizes) > 1.5 * said:  # fonts made of pictures give sizes in units of their own
        said = max(sizes)
    width = max(box[2] for box in boxes) - min(box[0] for box in boxes)
    height = max(box[3] for box in boxes) - min(box[1] for box in boxes)
    if len(boxes) > 1 and min(width, height) < 0.25 * said:
        said = min(width, height) / 0.5
    if len(boxes) > 2 and max(width, height) / len(boxes) < 0.12 * said:
        said = max(width, height) / len(boxes) / 0.3
    return said


def _pass_scan(units: Sequence[Unit], found: dict[int, str | None], full: Pixels, text: PageText, scale: float) -> None:
    """Accept the text that `ocrmypdf` and scanners lay over a picture of the page: undrawn, each word upon ink of its own."""
    import numpy as np

    undrawn = [unit for unit in units if unit[0].run and unit[0].run.mode in _UNDRAWN]
    if len(undrawn) < 0.8 * len(units):
        return
    taken = np.zeros(full.shape[:2], dtype=bool)
    boxes, owners = boxes_of(undrawn, full.shape, scale)
    cuts = np.searchsorted(owners, np.arange(len(undrawn) + 1))
    for number, unit in enumerate(undrawn):
        corners = boxes[cuts[number] : cuts[number + 1]]
        if not len(corners):
            continue
        (left, top), (right, bottom) = corners[:, :2].min(0), corners[:, 2:].max(0)
        patch, used = full[top:bottom, left:right, 1], taken[top:bottom, left:right]
        if not patch.size or used.mean() > 0.5 or _stated(unit, text, modes=False):
            continue
        low, high = int(patch.min()), int(patch.max())
        ink = float((patch < (low + high) / 2).mean())
        if high - low > 64 and INK < ink < 1 - INK:
            found[id(unit)] = None
            used[:] = True


def _reason(unit: Unit, alone: float, behind: tuple[int, int, int]) -> str:
    """Why text that is drawn does not show; `alone` is the share of ink when nothing else is on the page."""
    import pypdfium2.raw as c

    run = unit[0].run
    if run is None:
        return "not displayed"
    red, green, blue, alpha = run.colour
    if _in_layer(run.handle):
        return "hidden layer"
    if alpha < 40:
        return "transparent"
    if _alike(unit, behind):
        return "white text" if min(red, green, blue) >= 200 else "text in the colour of its background"
    if alone >= INK:
        return "covered"
    clip = c.FPDFPageObj_GetClipPath(run.handle)
    if clip and c.FPDFClipPath_CountPaths(clip) > 0:
        return "clipped"
    return "covered" if min(red, green, blue) >= 200 else "not displayed"


def _alike(unit: Unit, behind: tuple[int, int, int]) -> bool:
    red, green, blue, _ = unit[0].run.colour if unit[0].run else (0, 0, 0, 0)
    return abs(red - behind[0]) * 6 + abs(green - behind[1]) * 8 + abs(blue - behind[2]) * 2 < FAINT * 16


def _in_layer(handle: Any) -> bool:
    """Whether the object is marked as part of optional content."""
    import pypdfium2.raw as c

    buffer, length = (ctypes.c_ushort * 16)(), ctypes.c_ulong()
    for index in range(min(50, c.FPDFPageObj_CountMarks(handle))):
        mark = c.FPDFPageObj_GetMark(handle, index)
        if c.FPDFPageObjMark_GetName(mark, buffer, 32, length) and bytes(buffer)[:6] == "OC\0".encode("utf-16-le"):
            return True
    return False


def _settle(units: Sequence[Unit], found: dict[int, str | None]) -> list[tuple[Unit, str | None]]:
    """Give marks without letters the verdict of their neighbours, and pass over labels and superscripts that are small."""
    words = ["".join(glyph.char for glyph in unit).strip() for unit in units]
    settled = [found.get(id(unit)) for unit in units]
    for index, word in enumerate(words):
        if settled[index] not in (None, REPEAT) and not any(char.isalnum() for char in word):
            around = [*settled[max(0, index - 1) : index], *settled[index + 1 : index + 2]]
            settled[index] = around[0] if around and None not in around else None
    start = 0
    for index in range(len(units) + 1):
        if index == len(units) or settled[index] != "tiny text":
            spelt = [word for word in words[start:index] if any(char.isalpha() for char in word)]
            if index > start and len(spelt) < _LABEL and (not spelt or min(map(_size, units[start:index])) >= _TINY):
                settled[start:index] = [None] * (index - start)
            start = index + 1
    return list(zip(units, settled, strict=True))
