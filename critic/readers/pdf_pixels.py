"""Drawing a PDF page with and without some of its text, and counting what that changes inside the glyphs' boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

from critic.readers.pdf_glyphs import Glyph, PageText

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Pixels = NDArray[np.uint8]  # height, width, and blue, green, red

Unit = Sequence[Glyph]  # the glyphs of a word that one text object draws

INK = 0.03  # of the boxes of a word; the thinnest of fonts leave more
_PIXELS = 12_000_000  # of one drawing
FAINT = 32  # of 255: what differs less from its background is not read
_DEPTH = 4  # texts one above the other at one place that can still be told apart


def scale_of(text: PageText) -> float:
    """Pixels a point: two, and fewer on posters."""
    return min(2.0, sqrt(_PIXELS / max(1.0, text.width * text.height)))


def draw(page: Any, scale: float, without: Iterable[Any] = ()) -> Pixels:
    """The page as shown, annotations and all, without the page objects named. It is the same afterwards."""
    import pypdfium2.raw as c

    handles = list(without)
    try:
        for handle in handles:
            c.FPDFPageObj_SetIsActive(handle, False)
        bitmap = page.render(scale=scale, draw_annots=True, may_draw_forms=False, force_bitmap_format=c.FPDFBitmap_BGR)
        pixels: Pixels = bitmap.to_numpy()
        return pixels
    finally:
        for handle in handles:
            c.FPDFPageObj_SetIsActive(handle, True)


def draw_text_alone(page: Any, scale: float) -> Pixels:
    """The page with nothing on it but its text."""
    import pypdfium2.raw as c

    kept = (c.FPDF_PAGEOBJ_TEXT, c.FPDF_PAGEOBJ_FORM)
    return draw(page, scale, [each.raw for each in page.get_objects() if each.type not in kept])


def boxes_of(units: Sequence[Unit], shape: Sequence[int], scale: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The boxes of all glyphs that are no spaces, in pixels inside the drawing, and the number of the unit of each."""
    import numpy as np

    rows = [(number, glyph.box) for number, unit in enumerate(units) for glyph in unit if glyph.run and glyph.char.strip()]
    boxes = np.array([box for _, box in rows], dtype=float).reshape(-1, 4) * scale
    boxes = np.nan_to_num(boxes, nan=-1, posinf=-1, neginf=-1)
    boxes[:, :2], boxes[:, 2:] = np.floor(boxes[:, :2] + 0.25), np.ceil(boxes[:, 2:] - 0.25)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, shape[1])
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, shape[0])
    return boxes.astype(np.int64), np.array([number for number, _ in rows], dtype=np.int64)


def shares(one: Pixels, other: Pixels | int, units: Sequence[Unit], scale: float) -> list[float]:
    """Of each unit's boxes, the share of pixels in which two drawings (or a drawing and a shade of grey) differ."""
    import numpy as np

    boxes, owners = boxes_of(units, one.shape, scale)
    if not len(boxes):
        return [0.0] * len(units)
    (left, top), (right, bottom) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    shade = other if isinstance(other, int) else other[top:bottom, left:right]
    mask = _differ(one[top:bottom, left:right], np.asarray(shade, dtype=np.uint8))
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), dtype=np.int32)
    np.cumsum(mask, 1, dtype=np.int32, out=sums[1:, 1:])
    np.add.accumulate(sums, 0, out=sums)
    left, top, right, bottom = (boxes - [left, top, left, top]).clip(0).T
    ink = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    area = (right - left) * (bottom - top)
    # not more than a third of any glyph, so that one full stop that sticks out does not show a covered word
    seen = np.bincount(owners, np.minimum(ink, area / 3), len(units))
    return [float(share) for share in seen / np.maximum(1, np.bincount(owners, area, len(units)))]


def _differ(one: Pixels, other: Pixels) -> Mask:
    """Where two drawings differ so much that it is seen; the eye makes little of blue."""
    import numpy as np

    apart = (np.maximum(one, other) - np.minimum(one, other)).astype(np.uint16)
    mask: Mask = (apart[:, :, 0] * 2 + apart[:, :, 1] * 8 + apart[:, :, 2] * 6) > FAINT * 16
    return mask


def background(unit: Unit, pixels: Pixels, scale: float) -> tuple[int, int, int]:
    """The commonest shade (red, green, blue) in the unit's boxes; white where it has none on the page."""
    import numpy as np

    boxes, _ = boxes_of([unit], pixels.shape, scale)
    if not len(boxes):
        return 255, 255, 255
    left, top = boxes[:, :2].min(0)
    right, bottom = boxes[:, 2:].max(0)
    patch = pixels[top:bottom, left:right].reshape(-1, 3)
    blue, green, red = (int(shade) for shade in np.median(patch, axis=0)) if len(patch) else (255, 255, 255)
    return red, green, blue


def layers(units: Sequence[Unit], text: PageText, twins: Mapping[int, int]) -> tuple[list[list[Unit]], list[Unit]]:
    """Sort units so that no two in one layer stand on one another, but for `twins` (repeats); those too deep come second.

    Where two texts stand on one another, leaving out both would show the pixels of the one as if they were the other's.
    """
    import numpy as np

    shape = (int(min(text.height, 5000) * 2) + 1, int(min(text.width, 5000) * 2) + 1)
    boxes, owners = boxes_of(units, shape, 2.0)
    cuts = np.searchsorted(owners, np.arange(len(units) + 1))
    of_run: dict[int, list[int]] = {}  # a text object is drawn, or is not, as a whole
    for number, unit in enumerate(units):
        of_run.setdefault(id(unit[0].run), []).append(number)
    found: list[list[Unit]] = []
    masks: list[Mask] = []
    placed: dict[int, int] = {}
    over: list[Unit] = []
    for numbers in of_run.values():
        spots = [
            (slice(top, bottom), slice(left, right))
            for number in numbers
            for left, top, right, bottom in boxes[cuts[number] : cuts[number + 1]].tolist()
            if right > left and bottom > top
        ]
        level = next((placed[twins[number]] for number in numbers if twins.get(number) in placed), None)
        if level is None:
            clashes, corners = list[int](), boxes[cuts[numbers[0]] : cuts[numbers[-1] + 1]]
            around = slice(corners[:, 1].min(), corners[:, 3].max()), slice(corners[:, 0].min(), corners[:, 2].max())
            for mask in masks:
                near = spots if mask[around].any() else ()
                clashes.append(sum(1 for spot in near if np.count_nonzero(part := mask[spot]) > 0.08 * part.size))
                if not clashes[-1]:
                    break
            level = clashes.index(min(clashes)) if clashes else 0
            if not clashes or (clashes[level] and len(masks) < _DEPTH):
                level = len(masks)
                masks.append(np.zeros(shape, dtype=bool))
                found.append([])
            elif clashes[level] > len(spots) / 4:
                over.extend(units[number] for number in numbers)
                continue
        for spot in spots:
            masks[level][spot] = True
        found[level].extend(units[number] for number in numbers)
        placed.update((number, level) for number in numbers)
    return found, over


def repeats(units: Sequence[Unit]) -> dict[int, int]:
    """Words drawn again at the same place, for a bolder look or a shadow: number of the repeat -> number of the first."""
    seen: dict[str, list[int]] = {}
    found: dict[int, int] = {}
    for number, unit in enumerate(units):
        word = "".join(glyph.char for glyph in unit).strip()
        run, box = unit[0].run, unit[0].box
        near = 0.25 * (run.size if run else 0)
        others = seen.setdefault(word, [])
        first = next(
            (
                other
                for other in others[-50:]
                if abs(units[other][0].box[0] - box[0]) < near and abs(units[other][0].box[1] - box[1]) < near
            ),
            None,
        )
        if first is None:
            others.append(number)
        else:
            found[number] = first
    return found
