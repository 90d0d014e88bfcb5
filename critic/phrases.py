"""What gives text away that is meant for a reviewer: which of many patterns, in many languages, match a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import re2
import yaml

_MEMORY = 64 << 20  # bytes; far more than all patterns need at once
_LOOKAROUND = re.compile(r"\(\?<?[!=](?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)")


def kinds(lines: Sequence[str]) -> dict[int, str]:
    """The first kind that matches each line, by the line's number.

    Args:
        lines: sentences or table rows, each on one line and with white space collapsed.
    """
    sieve, entries = _sieve()
    found: dict[int, str] = {}
    for number, line in enumerate(lines):
        # Nearly every line falls through the sieve, which takes a thousandth of the time that the patterns take.
        for index in sorted(sieve.Match(line) or ()):
            kind, pattern = entries[index]
            if _compiled(pattern).search(line):
                found[number] = kind
                break
    return found


@cache
def vocabulary() -> dict[str, Any]:
    """The content of `tampering.yaml`."""
    text = Path(__file__).with_name("tampering.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=yaml.CSafeLoader))


@cache
def _sieve() -> tuple[Any, list[tuple[str, str]]]:
    """All patterns as one automaton that matches at least what they match, and the kind and the pattern of each."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _MEMORY
    sieve = re2.Set.SearchSet(options)
    entries = list(_entries())
    for _, pattern in entries:
        sieve.Add(_coarse(pattern))
    sieve.Compile()
    return sieve, entries


def _entries() -> Iterator[tuple[str, str]]:
    begin = vocabulary()["begin"]
    for entry in vocabulary()["kinds"]:
        for language, patterns in entry["patterns"].items():
            for pattern in patterns:
                yield entry["kind"], pattern.replace("{begin}", begin.get(language, ""))


def _coarse(pattern: str) -> str:
    """A pattern in RE2's syntax that matches wherever the pattern does: without lookarounds and limits of words.

    In RE2 the classes of characters stand for ASCII alone, and those of Unicode would make the automaton too large.
    """
    pattern = _LOOKAROUND.sub("", pattern).replace(r"\b", "")
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", lambda part: _coarse_class(part[0]), pattern)


def _coarse_class(part: str) -> str:
    if part.startswith("[") and not part.startswith("[^") and re.search(r"\\[wds]", part):
        return "."
    return r"\S" if part in (r"\w", r"\d") else part


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
