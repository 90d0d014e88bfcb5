"""Two versions of a text -> the passages that differ."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz.distance import Indel

from critic.proposal import SENTENCE_END

_MARK = r"[ \t]*(?:[-*+>|#]|\d+[.)])"  # what begins a list item, a quotation, a table row or a heading in Markdown
_BLOCK = re.compile(rf"\S[^\n]*(?:\n(?!{_MARK})[^\n]*\S[^\n]*)*")
_FIRST = re.compile(r"\s*")


class PassageChange(BaseModel):
    """Sentences that were taken out, put in, or replaced. Offsets count in the `subject.text` of each review."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str = Field(description="empty where something was only put in")
    new: str = Field(description="empty where something was only taken out")
    old_start: int
    old_end: int
    new_start: int
    new_end: int
    old_line: int = Field(description="in the normalised text, from 1")
    new_line: int


def changed_passages(old: str, new: str) -> list[PassageChange]:
    """Compare two texts sentence by sentence; white space and where lines are wrapped make no difference.

    Returns:
        The runs of sentences that differ, in the order of the texts.
    """
    before, after = _sentences(old), _sentences(new)
    blocks: list[list[int]] = []  # first and last sentence of a run that differs, in the old text and in the new
    for step in Indel.opcodes([_folded(old[a:b]) for a, b in before], [_folded(new[a:b]) for a, b in after]):
        if step.tag == "equal":
            continue
        if blocks and (blocks[-1][1], blocks[-1][3]) == (step.src_start, step.dest_start):
            blocks[-1][1], blocks[-1][3] = step.src_end, step.dest_end
        else:
            blocks.append([step.src_start, step.src_end, step.dest_start, step.dest_end])
    return [_passage(old, new, _span(before, a, b, old), _span(after, c, d, new)) for a, b, c, d in blocks]


def _passage(old: str, new: str, before: tuple[int, int], after: tuple[int, int]) -> PassageChange:
    return PassageChange(
        old=old[slice(*before)],
        new=new[slice(*after)],
        old_start=before[0],
        old_end=before[1],
        new_start=after[0],
        new_end=after[1],
        old_line=old.count("\n", 0, before[0]) + 1,
        new_line=new.count("\n", 0, after[0]) + 1,
    )


def _span(sentences: Sequence[tuple[int, int]], first: int, last: int, text: str) -> tuple[int, int]:
    """Where a run of sentences stands; where it is empty, where it would."""
    if first < last:
        return sentences[first][0], sentences[last - 1][1]
    place = sentences[first][0] if first < len(sentences) else len(text)
    return place, place


def _folded(sentence: str) -> str:
    return " ".join(sentence.split())


def _sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, table row, list item or heading."""
    found: list[tuple[int, int]] = []
    for block in _BLOCK.finditer(text):
        start = block.start()
        for stop in SENTENCE_END.finditer(text, start, block.end()):
            found.append((start, stop.end()))
            start = _FIRST.match(text, stop.end()).end()  # type: ignore[union-attr]  # it matches everywhere
        found.append((start, block.end()))
    return found
