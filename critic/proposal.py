"""The proposal as everything after the readers sees it: one normalised text, and where each passage of it stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

SENTENCE_END = re.compile(r"[.!?][\"')\]*_]*(?=\s+[\"'(\[*_]*[A-Z0-9])")


class Passage(BaseModel):
    """A run of the text that shares a heading and a page: a paragraph, a table row, a list item."""

    model_config = ConfigDict(frozen=True)

    start: int  # offset into Proposal.text, in characters
    end: int
    heading: tuple[str, ...] = ()  # outermost first
    page: int | None = None  # from 1; None where the format has no pages
    file_line: int | None = None  # of the file, where the passage starts, from 1; None where the format has no lines


class Hidden(BaseModel):
    """Something in the file that a reader of the page does not see. It is kept from the model, and reported."""

    model_config = ConfigDict(frozen=True)

    kind: str  # how it is hidden, such as "white text" or "comment"
    text: str  # what it says
    page: int | None = None  # from 1, where the format has pages
    line: int | None = None  # of the file, from 1, where the format has lines


class Proposal(BaseModel):
    """A proposal's normalised text and its passages, in reading order."""

    model_config = ConfigDict(frozen=True)

    name: str  # what reports call it
    text: str
    passages: tuple[Passage, ...]
    hidden: tuple[Hidden, ...] = ()
    unread: tuple[int, ...] = ()  # pages, from 1, that are pictures without text
    path: str | None = None  # from the working folder on, with slashes; None where it lies outside, or is no file
    verbatim: bool = False  # whether the text is the file's, character for character but for line ends

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def title(self) -> str | None:
        """The first heading."""
        return next((passage.heading[0] for passage in self.passages if passage.heading), None)

    def line(self, offset: int) -> int:
        """The line, from 1, of the character at `offset`."""
        return bisect_right(self._newlines, offset - 1) + 1

    def passage(self, offset: int) -> Passage:
        """The passage that the character at `offset` belongs to."""
        return self.passages[max(0, bisect_right(self._starts, offset) - 1)]

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each sentence or table row, as offsets."""
        found: list[tuple[int, int]] = []
        for passage in self.passages:
            start = passage.start
            for stop in SENTENCE_END.finditer(self.text[passage.start : passage.end]):
                found.append((start, passage.start + stop.end()))
                start = passage.start + stop.end()
            found.append((start, passage.end))
        return tuple((start, end) for start, end in found if self.text[start:end].strip())

    @cached_property
    def _newlines(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    @cached_property
    def _starts(self) -> list[int]:
        return [passage.start for passage in self.passages]
