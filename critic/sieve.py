"""Many patterns at once: which of them can match a text, at a fraction of what looking for each takes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2

# What Python's `re` takes for the same letter, where making it small is not enough.
_FOLDED = {code: small for code in range(0x80, 0x2000) if len(small := chr(code).casefold()) == 1} | {0x130: "i", 0x131: "i"}
_LOOKAROUND = re.compile(r"\(\?<?[!=](?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)")


class Sieve:
    """Patterns, in the syntax of Python's `re` and without regard to case: lets through all that match.

    Lines are looked at one by one: `^` and `$` stand for their limits.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        self._filter = re2.Filter()  # looks for the words that each needs, all at once, before it tries any
        self._numbers: list[int] = []
        self._unknown: list[int] = []  # what RE2 does not know, such as a reference to a group
        for number, pattern in enumerate(patterns):
            try:
                self._filter.Add(f"(?m){_coarse(pattern).translate(_FOLDED)}", options)
                self._numbers.append(number)
            except re2.error:
                self._unknown.append(number)
        self._filter.Compile()

    def candidates(self, text: str) -> list[int]:
        """Numbers of the patterns that may match somewhere in the text, in their order; none is left out that does."""
        found = self._filter.Match((text if text.isascii() else text.translate(_FOLDED)).lower()) or ()
        return sorted([*self._unknown, *(self._numbers[index] for index in found)])


def _coarse(pattern: str) -> str:
    """A pattern in RE2's syntax that matches wherever the pattern does: without case, limits of words and lookarounds.

    In RE2 the classes of characters stand for ASCII alone, and those of Unicode would make the automaton too large.
    """
    pattern = re.sub(r"\\[bB]", "", _LOOKAROUND.sub("", pattern))
    pattern = re.sub(r"(?<!\\)\(\?-i:", "(?:", pattern)
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", lambda part: _coarse_class(part[0]), pattern)


def _coarse_class(part: str) -> str:
    if part.startswith("[") and not part.startswith("[^") and re.search(r"\\[wds]", part):
        return "."
    return {r"\w": r"\S", r"\d": r"\S", r"\s": r"(?:\s|\pZ)"}.get(part, part)
