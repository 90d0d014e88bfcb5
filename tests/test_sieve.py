"""The sieve lets through whatever Python's `re` would find, also what RE2 does not know."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from critic.sieve import Sieve

PATTERNS = [
    r"\bsafe\b",
    r"(?<!not )safe to \w+",
    r"^\s*the (?:score|mark)s?\b(?! of)",
    r"[\w-]+ing\b",
    r"[^\w|]{2}",
    r"\d+ ?%",
    r"(\w)\1\1",
    r"(?P<quote>[\"'])yes(?P=quote)",
    r"(?:\w ){4,9}\w$",
    r"ÉTÉ|straße",
    r"a\Bb|\[x\]",
    r"\Z",
    r"(?-i:AI) safe",
    r"\(?-i:x",
]
WORDS = [
    "safe",
    "unsafe",
    "not safe to",
    "the scores",
    "the mark of",
    "testing",
    "élan",
    "٣ %",
    "12%",
    "aaa",
    "'yes'",
    "\"yes'",
    "été",
]
WORDS += [
    "STRASSE",
    "Straße",
    "a b c d e f",
    "ab",
    "[x]",
    "—,",
    "|",
    "\u00a0",
    "AI safe",
    "ai safe",
    "-i:x",
    "(-i:x",
    "ſafe",
    "\n",
    " ",
    "K",
]


@given(st.lists(st.sampled_from(WORDS), max_size=8).map("".join) | st.text(max_size=30))
def test_nothing_that_matches_is_held_back(text: str) -> None:
    matching = {number for number, pattern in enumerate(PATTERNS) if re.search(pattern, text, re.IGNORECASE | re.MULTILINE)}
    assert matching <= set(Sieve(PATTERNS).candidates(text))


def test_nearly_all_else_is() -> None:
    assert Sieve(PATTERNS).candidates("None of it") == [6, 7, 11]
