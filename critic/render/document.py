"""The proposal's text as a page draws it: blocks of runs, each run with its emphasis and the quotations that cover it.

Not one character is added or left out but control characters. What only marks up (`## `, `**`, the bars of a table) comes as
runs of their own, so that a page can keep it quiet and offsets still hold.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from critic.render.words import clean_lines

Kind = Literal["heading", "paragraph", "bullet", "number", "row", "bars", "quote", "code", "rule"]
Span = tuple[int, int]  # start and end, as offsets into the text


class Run(NamedTuple):
    """A piece of text that is drawn in one way."""

    text: str
    style: Literal["", "syntax", "strong", "em", "code"] = ""
    quotations: tuple[int, ...] = ()  # that cover it, by their place in the list that was given
    begins: tuple[int, ...] = ()  # of these, those whose first run it is
    ends: tuple[int, ...] = ()  # of these, those whose last run it is


class Block(NamedTuple):
    """A paragraph, a heading, a list item, a row."""

    kind: Kind
    level: int  # of a heading from 1, of an item's indentation from 0
    cells: tuple[tuple[Run, ...], ...]  # of a row; all others have one
    broken: bool = False  # whether its line breaks mean something


def document(text: str, quotations: Sequence[Span]) -> list[Block]:
    """Lay the text out and mark the quotations.

    Args:
        text: normalised, Markdown or plain.
        quotations: may overlap; what lies outside the text is left out.
    """
    drawn: list[tuple[_Lines, list[list[tuple[int, Run]]]]] = []
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    count = 0
    edges = sorted({edge for quotation in quotations for edge in quotation})
    covering = [tuple(n for n, (a, b) in enumerate(quotations) if a <= edge < b) for edge in edges]
    for lines in _blocks(text):
        cells = []
        for span in lines.cells(text):
            runs = []
            for run in _runs(text, span, lines.syntax, edges, covering, plain=lines.kind == "code"):
                for quotation in run.quotations:
                    first.setdefault(quotation, count)
                    last[quotation] = count
                runs.append((count, run))
                count += 1
            cells.append(runs)
        drawn.append((lines, cells))

    def settled(number: int, run: Run) -> Run:
        if not run.quotations:
            return run
        begins = tuple(quotation for quotation in run.quotations if first[quotation] == number)
        return run._replace(begins=begins, ends=tuple(q for q in run.quotations if last[q] == number))

    return [
        Block(
            lines.kind,
            lines.level,
            tuple(tuple(settled(number, run) for number, run in cell) for cell in cells),
            lines.kind == "paragraph" and _broken(text[lines.start : lines.end]),
        )
        for lines, cells in drawn
    ]


@dataclass
class _Lines:
    """Consecutive lines that make up one block, and where in them something only marks up."""

    kind: Kind
    level: int
    start: int
    end: int
    syntax: list[Span]

    def cells(self, text: str) -> list[Span]:
        if self.kind != "row":
            return [(self.start, self.end)]
        bars = [span[0] for span in self.syntax]
        cuts = [self.start, *bars[1:-1], self.end]
        return list(pairwise(cuts))


_MARKED = re.compile(r"\s*(?:[^\w\s]|_|\w{1,4}[.)])")  # how every line starts that begins a block
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_BULLET = re.compile(r"([ \t]*)([-*+•][ \t]+)(?=\S)")
_NUMBER = re.compile(r"([ \t]*)\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)][ \t]+(?=\S)")
_BAR = re.compile(r"(?<!\\)\|")
_WIDEST = 60  # bars of a row; what has more is no table
_QUOTE = re.compile(r"[ \t]{0,3}>[ \t]?")
_FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")
_RULE = re.compile(r"[ \t]{0,3}([-*_])([ \t]*\1){2,}[ \t]*$")


def _blocks(text: str) -> Iterator[_Lines]:
    current: _Lines | None = None
    fence = ""
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        begun = None if fence else _begin(line, start, end)
        if fence and current:
            current.end = end
            if (closing := _FENCE.match(line)) and closing[1] == fence:
                current.syntax.append((start, end))
                fence = ""
        elif begun and (begun.kind != "quote" or current is None or current.kind != "quote"):
            if current:
                yield current
            current = begun
            if opening := _FENCE.match(line):
                fence = opening[1]
            elif begun.kind in ("heading", "row", "bars", "rule"):
                yield begun
                current = None
        elif not line.strip():
            if current:
                yield current
            current = None
        elif current:
            current.end = end
            current.syntax += begun.syntax if begun else []
        else:
            current = _Lines("paragraph", 0, start, end, [])
        start = end + 1
    if current:
        yield current


def _begin(line: str, start: int, end: int) -> _Lines | None:
    """The block that this line begins; None where it goes on with the one before, or is a paragraph's."""
    if not _MARKED.match(line):
        return None
    if found := _HEADING.match(line):
        return _Lines("heading", len(found[1]), start, end, [(start, start + found.end())])
    if _RULE.match(line):
        return _Lines("rule", 0, start, end, [(start, end)])
    if found := _BULLET.match(line):
        return _Lines("bullet", _level(found[1]), start, end, [(start, start + found.end())])
    if found := _NUMBER.match(line):
        return _Lines("number", _level(found[1]), start, end, [])
    if (row := line.strip()).startswith("|") and row.endswith("|"):
        bars = [(start + bar.start(), start + bar.end()) for bar in _BAR.finditer(line)]
        if set(row) <= set("|-: \t") and "-" in row:
            return _Lines("bars", 0, start, end, [(start, end)])
        if 2 <= len(bars) <= _WIDEST:
            return _Lines("row", 0, start, end, bars)
    if _FENCE.match(line):
        return _Lines("code", 0, start, end, [(start, end)])
    if found := _QUOTE.match(line):
        return _Lines("quote", 0, start, end, [(start, start + found.end())])
    return None


def _level(indentation: str) -> int:
    return min(len(indentation.expandtabs(4)) // 2, 3)


def _broken(paragraph: str) -> bool:
    """Whether lines end before they are full, as those of an address do."""
    return any(len(line) < 55 for line in paragraph.split("\n")[:-1])


_MARK = re.compile(r"[*_`]")
# Bounded, so that a text full of stars costs no more than another.
_EMPHASIS = re.compile(
    r"(?P<strong>\*\*|__)(?=\S).{1,400}?(?<=\S)(?P=strong)"
    r"|(?P<code>`)[^`\n]{1,200}`"
    r"|(?<![\w*])(?P<em>\*)(?=[^\s*])[^*]{1,400}?(?<=[^\s*])\*(?![\w*])",
    re.DOTALL,
)


def _emphases(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    mark = _MARK.search(text, start, end)  # far faster than the pattern, and most text has none
    return _EMPHASIS.finditer(text, mark.start(), end) if mark else iter(())


def _runs(
    text: str, span: Span, syntax: list[Span], edges: list[int], covering: list[tuple[int, ...]], *, plain: bool
) -> Iterator[Run]:
    """Cut a cell wherever something begins or ends; the quotations in `covering` cover what follows the edge."""
    start, end = span
    styles: list[tuple[int, int, str]] = [(a, b, "syntax") for a, b in syntax if start <= a < end]
    gaps = zip([start, *(b for _, b, _ in styles)], [*(a for a, _, _ in styles), end], strict=True)
    for found in [] if plain else [found for gap in gaps for found in _emphases(text, *gap)]:
        a, b, kind = found.start(), found.end(), str(found.lastgroup)
        width = len(found[kind])
        styles += [(a, a + width, "syntax"), (a + width, b - width, kind), (b - width, b, "syntax")]
    inside = edges[bisect_right(edges, start) : bisect_left(edges, end)]
    if not styles and not inside:
        edge = bisect_right(edges, start) - 1
        yield Run(clean_lines(text[start:end]), "", covering[edge] if edge >= 0 else ())
        return
    cuts = {start, end, *inside, *(cut for a, b, _ in styles for cut in (a, b))}
    styles.sort()
    begins = [begin for begin, _, _ in styles]
    for a, b in pairwise(sorted(cuts)):
        before = bisect_right(begins, a) - 1
        style = styles[before][2] if before >= 0 and a < styles[before][1] else ""
        edge = bisect_right(edges, a) - 1
        over = covering[edge] if edge >= 0 else ()
        yield Run(clean_lines(text[a:b]), style, over)  # type: ignore[arg-type]
