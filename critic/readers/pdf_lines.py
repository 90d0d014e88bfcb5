"""Glyphs of a PDF page -> its lines, with the cells of table rows kept apart, and no running heads, feet or page numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from critic.readers.pdf_glyphs import Glyph

_DROPPED = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xFFFE, 0xFFFF])
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_NUMBER = re.compile(r"\W*(?:page\s+|p\.\s*)?(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.IGNORECASE)
_LEADER = re.compile(r"(?:\s*\.){6,}")  # dots to a page number
_EDGE = 0.11  # of the page's height, above and below, where running heads and feet stand


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; places are in points from the top left of the page."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float
    base: float  # where the letters stand
    size: float
    bold: bool  # all of it
    hyphen: bool = False  # its last word goes on in the next line
    cells: tuple[tuple[float, float, str], ...] = ()  # what wide gaps part: left, right, text; one if there are none
    drawn_late: bool = False  # an annotation's: it comes after all else, wherever it stands


def lines_of(glyphs: Iterable[Glyph], page: int) -> list[Line]:
    """The lines of a page in the order of its glyphs. Pieces of one line that PDFium gave apart are put together."""
    lines: list[Line] = []
    part: list[Glyph] = []
    for glyph in [*glyphs, Glyph("\n", (0, 0, 0, 0), None)]:
        if (
            glyph.char not in ("\n", "\x02")
            and not _steps(part, glyph)
            and not (glyph.run and part and part[0].run and glyph.run.late != part[0].run.late)
        ):
            part.append(glyph)
            continue
        line = _line(part, page, hyphen=glyph.char == "\x02")
        part = [glyph] if glyph.run and glyph.char.strip("\n\x02") else []
        if line is None:
            continue
        before = lines[-1] if lines else None
        if before and _same_line(before, line):
            lines[-1] = _beside(before, line)
        else:
            lines.append(line)
    return lines


def _same_line(one: Line, other: Line) -> bool:
    if one.drawn_late != other.drawn_late or other.left < one.right - 1:
        return False
    small, large = sorted((one.size, other.size))
    if abs(one.base - other.base) < 0.4 * small:
        return True
    # a superscript or a subscript, which the text around it touches
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return small < 0.9 * large and other.left - one.right < 0.4 * large and overlap > 0.2 * small


def _steps(part: Sequence[Glyph], glyph: Glyph) -> bool:
    """Whether a glyph begins a table cell that only nearly stands at the height of the one before."""
    if not (part and glyph.run and glyph.char.isalnum()):
        return False
    last = next((each for each in reversed(part) if each.run and each.char.isalnum()), None)
    if last is None or glyph.box[0] - last.box[2] < 0.9 * glyph.run.size:
        return False
    return abs(glyph.box[3] - last.box[3]) > 0.45 * glyph.run.size


def _line(glyphs: Sequence[Glyph], page: int, *, hyphen: bool) -> Line | None:
    inked = [glyph for glyph in glyphs if glyph.run and glyph.char.strip()]
    if not inked:
        return None
    size = median(glyph.run.size for glyph in inked if glyph.run) or 1.0
    tall = max(glyph.box[3] - glyph.box[1] for glyph in inked)
    size = tall if tall > 2 * size else size  # fonts made of pictures give sizes in units of their own
    cells: list[tuple[float, float, str]] = []
    end: float | None = None
    for glyph in glyphs:
        if glyph.run and glyph.char.strip():
            if end is None or glyph.box[0] - end > 0.9 * size:
                cells.append((glyph.box[0], glyph.box[2], ""))
            end = glyph.box[2]
        if cells and end is not None:
            cells[-1] = (cells[-1][0], end, cells[-1][2] + glyph.char)
    parts = tuple((left, right, clean(text)) for left, right, text in cells if clean(text))
    letters = [glyph for glyph in inked if glyph.char.isalnum()] or inked
    bases = Counter(round(glyph.box[3] * 2) / 2 for glyph in letters)
    return Line(
        text=" ".join(text for *_, text in parts),
        page=page,
        left=min(glyph.box[0] for glyph in inked),
        top=min(glyph.box[1] for glyph in inked),
        right=max(glyph.box[2] for glyph in inked),
        bottom=max(glyph.box[3] for glyph in inked),
        base=bases.most_common(1)[0][0],
        size=size,
        bold=sum(bool(glyph.run and glyph.run.bold) for glyph in letters) > 0.9 * len(letters),
        hyphen=hyphen,
        cells=parts,
        drawn_late=all(glyph.run and glyph.run.late for glyph in inked),
    )


def _beside(one: Line, other: Line) -> Line:
    gap = " " if other.left - one.right > 0.12 * one.size else ""
    cells = (*one.cells, *other.cells)
    if other.left - one.right < 0.9 * one.size and one.cells and other.cells:
        joined = (one.cells[-1][0], other.cells[0][1], f"{one.cells[-1][2]}{gap}{other.cells[0][2]}")
        cells = (*one.cells[:-1], joined, *other.cells[1:])
    return replace(
        one if one.size >= other.size else replace(one, size=other.size, base=other.base),
        text=f"{one.text}{gap}{other.text}",
        top=min(one.top, other.top),
        right=other.right,
        bottom=max(one.bottom, other.bottom),
        bold=one.bold and other.bold,
        hyphen=other.hyphen,
        cells=cells,
    )


def clean(text: str) -> str:
    """Ligatures resolved, soft hyphens and other marks without a shape dropped, one space between words."""
    text = unicodedata.normalize("NFC", text.translate(_DROPPED).translate(_LIGATURES))
    text = "".join(char for char in text if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn"))
    return " ".join(_LEADER.sub(" ... ", text).split())


def placed(lines: Sequence[Line]) -> list[Line]:
    """Put the words of forms and text boxes, which are drawn last, under what stands above them."""
    found = [line for line in lines if not line.drawn_late]
    for late in sorted((line for line in lines if line.drawn_late), key=lambda line: (line.base, line.left)):
        above = [place for place, line in enumerate(found) if line.base <= late.base + 0.4 * late.size]
        found.insert(max(above, key=lambda place: (found[place].base, place)) + 1 if above else 0, late)
    return found


def without_running(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[list[Line]]:
    """Leave out what stands at the same place on most pages, at the top or the bottom, and bare page numbers there."""
    counts: Counter[tuple[str, int]] = Counter()
    for lines, height in zip(pages, heights, strict=True):
        counts.update({key for line in lines for key in _places(line, height)})
    needed = max(2, min(len(pages), 0.4 * len(pages)))
    kept: list[list[Line]] = []
    for lines, height in zip(pages, heights, strict=True):
        kept.append(
            [
                line
                for line in lines
                if not _edge(line, height)
                or not (_NUMBER.fullmatch(line.text) or any(counts[key] >= needed for key in _places(line, height)))
            ]
        )
    return kept


def _edge(line: Line, height: float) -> bool:
    return line.bottom < _EDGE * height or line.top > (1 - _EDGE) * height


def _places(line: Line, height: float) -> list[tuple[str, int]]:
    """Where a running line may be counted: its words without numbers, at its place give or take a few points."""
    if not _edge(line, height):
        return []
    words = re.sub(r"\d+", "#", line.text.lower())
    slot = round(line.base / 4)
    return [(words, slot - 1), (words, slot), (words, slot + 1)]
