"""Many patterns at once: which of them can match a text, at a fraction of what looking for each takes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2

_MEMORY = 64 << 20  # bytes; far more than all patterns of a vocabulary need at once
_LOOKAROUND = re.compile(r"\(\?<?[!=](?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)")


class Sieve:
    """Patterns, in the syntax of Python's `re` and without regard to case, as one automaton that lets through all that match.

    Lines are looked at one by one: `^` and `$` stand for their limits.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _MEMORY
        self._set = re2.Set.SearchSet(options)
        self._numbers: list[int] = []
        self._unknown: list[int] = []  # what RE2 does not know, such as a reference to a group
        for number, pattern in enumerate(patterns):
            try:
                self._set.Add(f"(?m){_coarse(pattern)}")
                self._numbers.append(number)
            except re2.error:
                self._unknown.append(number)
        self._set.Compile()

    def candidates(self, text: str) -> list[int]:
        """Numbers of the patterns that may match somewhere in the text, in their order; none is left out that does."""
        return sorted([*self._unknown, *(self._numbers[index] for index in self._set.Match(text) or ())])


def _coarse(pattern: str) -> str:
    """A pattern in RE2's syntax that matches wherever the pattern does: without lookarounds and limits of words.

    In RE2 the classes of characters stand for ASCII alone, and those of Unicode would make the automaton too large.
    """
    pattern = re.sub(r"\\[bB]", "", _LOOKAROUND.sub("", pattern))
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", lambda part: _coarse_class(part[0]), pattern)


def _coarse_class(part: str) -> str:
    if part.startswith("[") and not part.startswith("[^") and re.search(r"\\[wds]", part):
        return "."
    return {r"\w": r"\S", r"\d": r"\S", r"\s": r"(?:\s|\pZ)"}.get(part, part)
