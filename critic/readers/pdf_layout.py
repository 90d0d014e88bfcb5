"""Lines of a PDF -> blocks: headings, paragraphs, list items and table rows, by where the lines stand and how they look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from critic.readers.blocks import Block
from critic.readers.pdf_lines import Line, placed

_BULLET = re.compile(r"(?:[•●○◦▪▫■□‣⁃∙·➢►✓\uf0b7\uf0a7\uf0d8]|[-–—*](?=\s))\s*(?=\S)")
_ITEM = re.compile(r"(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d{1,3}\]|\d{1,3}(?=\s+[A-Z]))\s+(?=\S)")
_NUMBERED = re.compile(
    r"(?:(?:chapter|section|part|appendix)\s+)?(\d{1,2}(?:\.\d{1,2})*|[A-Z](?:\.\d{1,2})+)\.?\s+\S", re.IGNORECASE
)
_UNSPACED = re.compile(r"[\u3001-\u30ff\u3400-\u9fff\uff00-\uffef]")  # Chinese and Japanese
_ENDED = re.compile(r"[.!?:][\"'”’)\]]*\W?\d{0,2}$")
_CELL_LINES = 8

Part = list[Line]


def blocks_of(pages: Sequence[Sequence[Line]]) -> list[Block]:
    """Put the lines of all pages together to blocks in their order."""
    lines = [line for page in pages for line in placed(page)]
    if not lines:
        return []
    sizes: Counter[float] = Counter()
    bolds: Counter[bool] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
        bolds[line.bold] += len(line.text)
    body = sizes.most_common(1)[0][0]
    steps = [
        (below.base - above.base) / above.size
        for above, below in pairwise(lines)
        if above.page == below.page
        and abs(above.size - below.size) < 0.5
        and 0.8 < (below.base - above.base) / above.size < 2.5
    ]
    maker = _Maker(body, body_bold=bolds[True] > bolds[False], step=median(steps) if steps else 1.2, lines=lines)
    return maker.blocks()


class _Maker:
    def __init__(self, body: float, *, body_bold: bool, step: float, lines: Sequence[Line]) -> None:
        self.body, self.body_bold, self.step = body, body_bold, step
        self.words = Counter(word.lower() for line in lines for word in re.findall(r"[\w]+(?:-\w+)*", line.text))
        self.rights: dict[int, float] = {}
        for line in lines:
            self.rights[line.page] = max(self.rights.get(line.page, 0.0), line.right)
        self.lines = lines
        self.row_end = -1  # index of the line after the last table row

    def blocks(self) -> list[Block]:
        parts: list[tuple[str, Part, str]] = []  # kind, lines, text
        index = 0
        while index < len(self.lines):
            row, after = self._row(index)
            if row:
                parts.append(("row", list(self.lines[index:after]), " | ".join(row)))
                index = self.row_end = after
                continue
            line = self.lines[index]
            kind = "heading" if self._heading(index) else "item" if self._item(line) else "text"
            if parts and self._continues(parts[-1][0], parts[-1][1], line, kind):
                parts[-1][1].append(line)
            else:
                back = self._open_before(parts, line, kind)
                if back is not None:
                    parts[back][1].append(line)
                else:
                    parts.append((kind, [line], ""))
            index += 1
        levels = self._levels([part for kind, part, _ in parts if kind == "heading"])
        made: list[Block] = []
        for kind, part, text in parts:
            text = text or self._join(part)
            if kind == "item":
                text = "- " + _BULLET.sub("", text, count=1)
            level = levels.get(id(part), 0) if kind == "heading" else 0
            made.append(Block(text=text, level=level, page=part[0].page))
        return made

    def _row(self, index: int) -> tuple[list[str], int]:
        """The cells of a table row that begins at a line, and the index of the line after it; no cells if none does."""
        line = self.lines[index]
        if " ... " in line.text:  # a table of contents
            return [line.text], index + 1
        if _BULLET.match(line.text):
            return [], index
        stacks, after = self._stacks(index)
        if not stacks:
            return [], index
        if len(stacks) == 2:  # a heading and its number, or two short columns, look so too, but not again and again
            starts = [part[0].left for part in self._stacks(after)[0][1:]]
            starts += [left for near in self.lines[max(0, index - 1) : index] for left, *_ in near.cells[1:]]
            if index != self.row_end and not any(abs(start - stacks[1][0].left) < 3 for start in starts):
                return [], index
        return [self._join(stack) for stack in stacks], after

    def _stacks(self, index: int) -> tuple[list[Part], int]:
        """The cells that begin at a line, each with its lines: a cell begins further right, at the top again."""
        stacks: list[Part] = []
        after = index
        for line in self.lines[index : index + 60]:
            if line.page != self.lines[index].page:
                break
            pieces = [line]
            if len(line.cells) > 1:
                pieces = [replace(line, left=left, right=right, text=text) for left, right, text in line.cells]
            trial = [list(stack) for stack in stacks]
            for piece in pieces:
                where = self._stacked(trial, piece) if trial else "beside"
                if where == "below":
                    trial[-1].append(piece)
                elif where:
                    trial.append([piece])
            if sum(map(len, trial)) < sum(map(len, stacks)) + len(pieces):
                break
            stacks = trial
            after += 1
        if len(stacks) < 2 or len(stacks[-1]) > max(len(stack) for stack in stacks[:-1]) + 6:
            return [], index
        return stacks, after

    def _stacked(self, stacks: Sequence[Part], line: Line) -> str:
        stack = stacks[-1]
        step = line.base - stack[-1].base
        again = step < 0.3 * line.size
        if any(line.left < each.right - 1 for each in (stack if again else stacks[-2] if len(stacks) > 1 else [])):
            return ""
        if again:
            bases = [each.base for part in stacks for each in part]  # cells may stand in the middle of taller ones
            return "beside" if min(bases) - 3.2 * line.size < line.base < max(bases) + 0.3 * line.size else ""
        return "below" if step < 1.7 * line.size and len(stack) < _CELL_LINES and abs(line.left - stack[0].left) < 60 else ""

    def _heading(self, index: int) -> bool:
        line = self.lines[index]
        words = line.text.split()
        if sum(char.isalpha() for char in line.text) < 2 or len(words) > 25 or line.text.endswith((",", ";")):
            return False
        if line.size >= 1.12 * self.body:
            return not (line.text.endswith(".") and len(words) > 12)
        if line.size < 0.93 * self.body or line.text.endswith(".") or _BULLET.match(line.text):
            return False
        after = self.lines[index + 1] if index + 1 < len(self.lines) else None
        before = self.lines[index - 1] if index else None
        short = line.right < 0.85 * self.rights[line.page] or (
            after is not None and after.base - line.base > 1.18 * self.step * line.size
        )
        if line.bold and not self.body_bold:
            return short or bool(after and after.bold and abs(after.left - line.left) < 60)
        apart = before is None or before.page != line.page or not 0 < line.base - before.base < 1.18 * self.step * line.size
        numbered = _NUMBERED.match(line.text)
        capitals = line.text.isupper() and sum(char.isalpha() for char in line.text) > 5 and len(words) < 12
        return short and apart and (capitals or bool(numbered and "." in numbered[1].strip(".") and len(words) < 12))

    def _item(self, line: Line) -> bool:
        return bool(_BULLET.match(line.text) or _ITEM.match(line.text))

    def _continues(self, kind: str, part: Part, line: Line, new: str) -> bool:
        last = part[-1]
        if kind == "row" or (new == "item" and kind != "item") or (kind == "heading") != (new == "heading"):
            return False
        if abs(last.size - line.size) > 0.09 * last.size:
            return False
        step = line.base - last.base
        if kind == "heading":
            return (
                line.page == last.page
                and last.bold == line.bold
                and 0 < step < 1.6 * line.size
                and not _NUMBERED.match(line.text)
            )
        if new == "item":
            return False
        if line.page != last.page or step < -0.3 * line.size:
            return self._unfinished(last, line)
        if step > 1.18 * max(self.step, 1.0) * line.size:
            return False
        left = min(each.left for each in part[1:]) if len(part) > 1 else part[0].left
        if (
            kind == "text"
            and line.left > left + 0.8 * line.size
            and line.left < left + 4 * line.size
            and _ENDED.search(last.text)
        ):
            return False
        if kind == "item" and line.left < part[0].left - 2:
            return False
        word = len(line.text.split()[0]) / max(1, len(line.text)) * (line.right - line.left)
        right = max(each.right for each in [*part, line])
        room = right - last.right - word - 0.3 * line.size  # the next word would have fitted in
        if room > 0.12 * (right - left) and not last.hyphen:
            return False
        return not (_ENDED.search(last.text) and room > 2 and line.text[0].isupper())

    def _unfinished(self, last: Line, line: Line) -> bool:
        return last.hyphen or (not _ENDED.search(last.text) and line.text[0].islower())

    def _open_before(self, parts: Sequence[tuple[str, Part, str]], line: Line, new: str) -> int | None:
        """The paragraph that a line goes on with past the footnotes at the end of the page before."""
        if new != "text" or not parts or parts[-1][1][-1].page == line.page:
            return None
        for back in range(len(parts) - 1, max(-1, len(parts) - 12), -1):
            kind, part, _ = parts[back]
            if part[-1].size > 0.93 * self.body:
                fits = kind in ("text", "item") and back < len(parts) - 1 and self._unfinished(part[-1], line)
                return back if fits and line.size > 0.93 * self.body else None
        return None

    def _levels(self, headings: Sequence[Part]) -> dict[int, int]:
        """The level of each heading, by its number if it has one, else by how large and bold it is; a title is above all."""

        def style(part: Part) -> tuple[float, bool]:
            return round(part[0].size), part[0].bold

        styles = sorted({style(part) for part in headings}, reverse=True)
        top = [part for part in headings if style(part) == styles[0]]
        has_title = len(top) == 1 and top[0] is headings[0] and len(headings) > 1 and styles[0][0] > self.body
        base = int(has_title)
        numbered: dict[tuple[float, bool], int] = {}
        levels: dict[int, int] = {}
        for part in headings:
            match = _NUMBERED.match(part[0].text)
            if match and not (has_title and part is top[0]):
                levels[id(part)] = base + 1 + match[1].count(".")
                numbered.setdefault(style(part), levels[id(part)])
        for part in headings:
            rank = styles.index(style(part)) + 1
            levels.setdefault(id(part), 1 if has_title and part is top[0] else numbered.get(style(part), rank))
        return {key: max(1, min(6, level)) for key, level in levels.items()}

    def _join(self, part: Part) -> str:
        text = part[0].text
        for before, line in pairwise(part):
            if before.hyphen or (text.endswith("-") and text[-2:-1].isalpha() and line.text[:1].islower()):
                text = self._unhyphened(text.rstrip("-\xad\u2010"), line.text)
            else:
                text = f"{text}{'' if _UNSPACED.match(text[-1:]) and _UNSPACED.match(line.text) else ' '}{line.text}"
        return text

    def _unhyphened(self, text: str, rest: str) -> str:
        """Join a word over a line's end. The hyphen stays if the document writes the word so elsewhere."""
        one, two = re.findall(r"[\w-]*$", text)[0], re.findall(r"^[\w-]*", rest)[0]
        with_hyphen, whole = self.words[f"{one}-{two}".lower()], self.words[f"{one}{two}".lower()]
        keep = with_hyphen > whole or (not whole and ("-" in one or one.isupper() or two[:1].isupper() or two[:1].isdigit()))
        return f"{text}{'-' if keep else ''}{rest}"
