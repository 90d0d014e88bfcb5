"""Whether a text shows something as an object of study: between quotation marks, in code, or with words that say so."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache

from critic.phrases import vocabulary

_QUOTATION = re.compile(
    r"""“[^“”]{4,}”|«[^«»]{4,}»|„[^„“”]{4,}[“”]|「[^「」]{4,}」|`[^`]{4,}`
    |(?<!":)(?<!":[ ])(?<![{,\[])"[^"]{4,}"(?!\s*[:}])  # but not the strings of JSON
    |(?<!\w)‘[^‘]{4,}?’(?!\w)|(?<!\w)'[^']{8,}?'(?!\w)
    """,
    re.VERBOSE,
)
_AROUND = 400  # characters that are looked at before and behind a thing


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


def objects_of(text: str, before: str = "") -> Callable[[int, int], bool]:
    """Make a test of whether what stands from one place of a text to another is shown as an object of study.

    Args:
        text: a text, or one block of it.
        before: the block before it.
    """
    code = code_of(text)
    starts = [start for start, _ in code]

    def shown(start: int, end: int) -> bool:
        nearest = bisect_right(starts, start) - 1
        if nearest >= 0 and end <= code[nearest][1]:
            return True
        opening = max(0, start - _AROUND, text.rfind("\n\n", max(0, start - _AROUND), start) + 1)
        closing = text.find("\n\n", end, end + _AROUND)
        around = text[opening : closing if closing >= 0 else end + _AROUND]
        if any(one.start() <= start - opening and end - opening <= one.end() for one in _QUOTATION.finditer(around)):
            return True
        lead = re.split(r"(?<=[.!?])\s+|\n\s*\n", f"{before[-_AROUND:]}\n\n{text[max(0, start - _AROUND) : start]}"[-_AROUND:])
        return introduced(next((part for part in reversed(lead) if part.strip()), ""))

    return shown


@cache
def _quoting() -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in vocabulary()["quoting"]]
