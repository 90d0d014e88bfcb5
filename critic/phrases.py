"""What gives text away that is meant for a reviewer: which of many patterns, in many languages, match a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from critic.sieve import Sieve

_TOGETHER = 4  # lines that are sieved at once


def kinds(lines: Sequence[str]) -> dict[int, str]:
    """The first kind that matches each line, by the line's number.

    Args:
        lines: sentences or table rows, each on one line and with white space collapsed.
    """
    sieve, entries = _sieve()
    found: dict[int, str] = {}
    for first in range(0, len(lines), _TOGETHER):
        some = lines[first : first + _TOGETHER]
        # Nearly all fall through the sieve, which takes a thousandth of the time that the patterns take.
        if not any(some) or not sieve.candidates("\n".join(some)):
            continue
        for number, line in enumerate(some, first):
            for index in sieve.candidates(line):
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
def _sieve() -> tuple[Sieve, list[tuple[str, str]]]:
    """All patterns together, and the kind and the pattern of each."""
    entries = list(_entries())
    return Sieve([pattern for _, pattern in entries]), entries


def _entries() -> Iterator[tuple[str, str]]:
    begin = vocabulary()["begin"]
    for entry in vocabulary()["kinds"]:
        for language, patterns in entry["patterns"].items():
            for pattern in patterns:
                yield entry["kind"], pattern.replace("{begin}", begin.get(language, ""))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
