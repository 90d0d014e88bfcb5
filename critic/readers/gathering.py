"""What the readers of marked-up formats share: what can be seen, and gathering it in the order in which it is met."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from critic.errors import InputError
from critic.proposal import Hidden
from critic.readers.blocks import Block, Document

SMALLEST = 4.0  # points; below it nobody reads

# words of prose
_LEAST = dict.fromkeys(("alt text", "title attribute", "ARIA label", "hidden field", "metadata", "field code"), 8)
_MOST = 2_000  # notes that are looked at
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\x00-\u036f\W\d_]+"
    r"|(?<!\S)[\"'“‘(\[]*+[^\W\d_][\w'’-]*+[.,;:!?\"'”’)\]]*+(?!\S)"
)
GENERATED = re.compile(r"Description automatically generated( with \w+ confidence)?|AI-generated content may be incorrect\.?")


def blending(colour: str, ground: str) -> str:
    """How text of a colour is hidden on a background (both as RRGGBB); "" if it can be read, or if either is unknown."""
    if not all(re.fullmatch("[0-9A-Fa-f]{6}", value) for value in (colour, ground)):
        return ""
    ink, paper = bytes.fromhex(colour), bytes.fromhex(ground)
    low, high = sorted((_luminance(ink), _luminance(paper)))
    # far apart in one channel is far apart in hue: yellow on white has little contrast and is still seen
    if (high + 0.05) / (low + 0.05) >= 1.35 or max(abs(one - other) for one, other in zip(ink, paper, strict=True)) > 96:
        return ""
    return "white text" if _luminance(ink) > 0.7 else "text in the colour of its background"


def _luminance(colour: bytes) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def count_words(text: str) -> int:
    """Words of prose: no numbers, addresses, paths or code; a character of a script without spaces counts as one."""
    return len(_WORD.findall(text))


class Gathering:
    """Visible blocks and hidden runs, in the order in which a reader meets them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []  # a title has level 1, headings 2 and more
        self._hidden: list[tuple[str, list[str], int | None]] = []  # kind, pieces, line
        self._notes: dict[tuple[str, str], int | None] = {}
        self._open = ""  # the kind of the hidden run that has not ended

    def show(self, text: str, why: str = "", line: int | None = None) -> str:
        """Take a piece of text, hidden if `why` says how; returns what of it can be seen, cleaned."""
        text = re.sub("[\ufb00-\ufb06]", lambda ligature: unicodedata.normalize("NFKC", ligature[0]), text)
        text = re.sub("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad]", "", unicodedata.normalize("NFC", text))
        if why and why == self._open:
            self._hidden[-1][1].append(text)
        elif why and text:
            self._hidden.append((why, [text], line))
            self._open = why
        elif not text.isspace() and text:
            self._open = ""
        return "" if why else text

    def note(self, kind: str, text: str, line: int | None = None) -> None:
        """Take something that stands beside the text (an alt text, a comment), which is judged by itself."""
        text = " ".join(GENERATED.sub("", text).split())
        if text and len(self._notes) < _MOST:
            self._notes.setdefault((kind, text), line)

    def add(self, text: str, level: int = 0, line: int | None = None) -> None:
        """End a block. A title has level 1, a heading of the first level 2, and so on."""
        if self._open:
            self._hidden[-1][1].append(" ")
        if text.strip() not in ("", "-"):
            self.blocks.append(Block(" ".join(text.split()), level, line=line))

    @contextmanager
    def aside(self) -> Iterator[list[Block]]:
        """Let the blocks that are added meanwhile go to a list of their own."""
        outer, self.blocks = self.blocks, []
        try:
            yield self.blocks
        finally:
            self.blocks = outer

    def document(self, name: str) -> Document:
        """Everything gathered. Raises InputError if there is nothing to see."""
        if not self.blocks:
            raise InputError(f"{name} has no visible text to review; if its pages are pictures, save it with their text.")
        up = 0 if any(block.level == 1 for block in self.blocks) else 1
        blocks = [replace(block, level=min(block.level - up, 6)) if block.level else block for block in self.blocks]
        seen = " ".join(block.text for block in blocks).casefold()
        opening = set(re.findall(r"\w+", " ".join(block.text for block in blocks[:10]).casefold()))
        hidden = [Hidden(kind=kind, text=" ".join("".join(pieces).split()), line=line) for kind, pieces, line in self._hidden]
        hidden += [
            Hidden(kind=kind, text=text, line=line)
            for (kind, text), line in self._notes.items()
            if not _repeats(kind, text, seen, opening)
        ]
        return Document(blocks, [one for one in hidden if _speaks(one.kind, one.text)])


def _repeats(kind: str, text: str, seen: str, opening: set[str]) -> bool:
    """Whether a note says only what the page says too, as a title or the alternative text of a quotation does."""
    if not _speaks(kind, text) or kind not in _LEAST:
        return False
    words = set(re.findall(r"\w+", text.casefold()))
    return text.casefold() in seen or (kind == "metadata" and len(words & opening) > 0.7 * len(words))


def _speaks(kind: str, text: str) -> bool:
    if kind not in _LEAST:  # Word hides page numbers in tables of contents, which may be Roman, from its view of web pages
        return bool(re.search(r"[^\W\d_]", text)) and (kind != "hidden in web view" or count_words(text) > 1)
    lower = [sum(not word[0].isupper() for word in _WORD.findall(part)) for part in re.split("[,;]", text)]
    names = kind == "metadata" and max(lower) < 4  # of people or of things, as titles and lists of keywords are
    return count_words(text) >= _LEAST[kind] and not names
