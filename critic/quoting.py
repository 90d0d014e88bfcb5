"""Whether a text shows something as an object of study: between quotation marks, in code, or with words that say so."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_QUOTATION = re.compile(
    r"""“[^“”]{4,}”|«[^«»]{4,}»|„[^„“”]{4,}[“”]|「[^「」]{4,}」|`[^`]{4,}`
    |(?<!":)(?<!":[ ])(?<![{,\[])"[^"]{4,}"(?!\s*[:}])  # but not the strings of JSON
    |(?<!\w)‘[^‘]{4,}?’(?!\w)|(?<!\w)'[^']{8,}?'(?!\w)
    """,
    re.VERBOSE,
)
_BEFORE = 300  # characters of a sentence that may introduce something


@cache
def vocabulary() -> dict[str, Any]:
    """What tampering.yaml holds."""
    return dict(yaml.load(Path(__file__).with_name("tampering.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def without_quotations(text: str) -> str:
    """A text with an ellipsis for all that stands between quotation marks."""
    return _QUOTATION.sub(" … ", text)


def introduced(sentence: str) -> bool:
    """Whether a sentence has words that show something as an object of study."""
    return any(pattern.search(sentence) for pattern in _quoting())


def code_of(text: str) -> list[tuple[int, int]]:
    """Where fenced code stands in a Markdown text."""
    fences = [match.start() for match in re.finditer(r"^(?:```|~~~)", text, re.MULTILINE)]
    return list(zip(fences[::2], [*fences[1::2], len(text)], strict=False))


def shown_as_object(text: str, start: int, end: int, before: str = "") -> bool:
    """Whether what stands at a place of a text is shown as an object of study.

    Args:
        text: a text, or one block of it.
        start: where it begins.
        end: where it ends.
        before: the block before `text`.
    """
    if any(first <= start and end <= last for first, last in code_of(text)):
        return True
    opening = text.rfind("\n\n", 0, start) + 1
    closing = text.find("\n\n", end)
    paragraph = text[opening : closing if closing >= 0 else len(text)]
    if any(one.start() <= start - opening and end - opening <= one.end() for one in _QUOTATION.finditer(paragraph)):
        return True
    lead = re.split(r"(?<=[.!?])\s+|\n\s*\n", f"{before}\n\n{text[:start]}"[-_BEFORE:])
    return introduced(next((part for part in reversed(lead) if part.strip()), ""))


@cache
def _quoting() -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in vocabulary()["quoting"]]
