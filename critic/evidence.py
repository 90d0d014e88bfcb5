"""A quotation -> the places in the proposal where it stands word for word, or nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from critic.proposal import Proposal

MIN_CHARACTERS = 12  # anything shorter stands in any text
_NEAR = 90  # of 100: how much of a near match must agree, in characters and in words
_GAP = 400  # characters that an ellipsis may stand for within one quotation
_ELLIPSIS = re.compile(r"\s*[\[(]?(?:\.\s?\.\s?\.|…)[\])]?\s*")
_QUOTES = str.maketrans(dict.fromkeys('"‘’‚‛`´′“”„‟«»″', "'"))
_SKIPPED = re.compile(
    r"""(?P<nothing>
        (?<=[^\W\d_])[-‐‑](?:[ \t]*\n\s*)?(?=[^\W\d_])  # a hyphen within a word, or at a line's end
        | \]\([^()\s]*\)                               # the target of a Markdown link
        | [*_`\[\]\xad]                                # emphasis, brackets, soft hyphens
    )|(?P<space>[\s|#>\\‐-―−-]+)                      # white space, dashes, Markdown's marks at a line's start
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(r"[A-Za-z0-9,.;:()]+")
_DECISIVE = re.compile(r"\d|^(?:not?|never|none|nothing|nobody|neither|nor|without|cannot|\w+n't|only|unless|except)$")


@dataclass(frozen=True)
class Folded:
    """A text without the differences that do not count, and the offset each of its characters came from."""

    text: str
    offsets: tuple[int, ...]


def locate(quote: str, proposal: Proposal) -> list[tuple[int, int]]:
    """Find a quotation in the proposal.

    White space, quotation marks, dashes, case, hyphenation, ligatures and Markdown emphasis may differ; an ellipsis may stand
    for a passage; a few letters or one word in ten may differ as long as one contiguous run of the proposal covers the
    quotation from its first word to its last and no number or negation is among what differs.

    Args:
        quote: as the model wrote it.
        proposal: where to look.

    Returns:
        Start and end offsets into `proposal.text`: one span, more where an ellipsis bridges a long passage, none if the
        quotation is shorter than MIN_CHARACTERS or does not stand in the proposal.
    """
    quote = _ELLIPSIS.sub(" … ", quote).strip().strip("\"'“”‘’… ")
    if len(quote) < MIN_CHARACTERS:
        return []
    source = _folded(proposal.text)
    spans: list[tuple[int, int]] = []
    for part in filter(None, quote.split(" … ")):
        after = spans[-1][1] if spans else 0
        span = _find(fold(part).text.strip(), source, after)
        if span is None:
            return []
        if spans and span[0] - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], span[1])
        elif spans and min(span[1] - span[0], spans[-1][1] - spans[-1][0]) < MIN_CHARACTERS:
            return []
        else:
            spans.append(span)
    return [(source.offsets[start], source.offsets[end - 1] + 1) for start, end in spans]


def fold(text: str) -> Folded:
    """Drop what does not count when a quotation is compared with its source."""
    characters: list[str] = []
    offsets: list[int] = []

    def add(piece: str, offset: int) -> None:
        if piece != " " or (characters and characters[-1] != " "):
            characters.extend(piece)
            offsets.extend([offset] * len(piece))

    position = 0
    while position < len(text):
        if plain := _PLAIN.match(text, position):  # nearly everything, and needs nothing else
            characters.append(plain.group().lower())
            offsets.extend(range(position, plain.end()))
            position = plain.end()
        elif skipped := _SKIPPED.match(text, position):
            if skipped["space"]:
                add(" ", position)
            position = skipped.end()
        else:
            add(unicodedata.normalize("NFKC", text[position]).translate(_QUOTES).casefold(), position)
            position += 1
    return Folded("".join(characters), tuple(offsets))


@lru_cache(maxsize=32)
def _folded(text: str) -> Folded:
    return fold(text)


def _find(part: str, source: Folded, after: int) -> tuple[int, int] | None:
    """Start and end of `part` in the folded source, from `after` on."""
    if not part:
        return None
    for wanted in (part, part.rstrip(".,;:")):
        start = source.text.find(wanted, after) if wanted else -1
        if start >= 0 and _whole_words(source.text, start, start + len(wanted)):
            return start, start + len(wanted)
    return _find_near(part, source.text, after)


def _whole_words(text: str, start: int, end: int) -> bool:
    return not (
        (start and text[start - 1].isalnum() and text[start].isalnum())
        or (end < len(text) and text[end - 1].isalnum() and text[end].isalnum())
    )


def _find_near(part: str, source: str, after: int) -> tuple[int, int] | None:
    words = re.findall(r"[\w']+", part)
    if len(words) < 5:
        return None
    nearest = fuzz.partial_ratio_alignment(part, source[after:], score_cutoff=_NEAR)
    if nearest is None:
        return None
    first = max(after, after + nearest.dest_start - 40)
    window = [
        (match.group(), match.start(), match.end())
        for match in re.finditer(r"[\w']+", source[first : after + nearest.dest_end + 40])
    ]
    steps = list(Levenshtein.opcodes(words, [word for word, _, _ in window]))
    # What the window has before and behind the quotation is not part of the comparison.
    while steps and steps[0].tag == "insert":
        steps.pop(0)
    while steps and steps[-1].tag == "insert":
        steps.pop()
    differing = [step for step in steps if step.tag != "equal"]
    if not steps or steps[0].tag != "equal" or steps[-1].tag != "equal":
        return None
    if sum(max(step.src_end - step.src_start, step.dest_end - step.dest_start) for step in differing) > max(
        1, len(words) // 10
    ):
        return None
    changed = [word for step in differing for word in words[step.src_start : step.src_end]]
    changed += [window[index][0] for step in differing for index in range(step.dest_start, step.dest_end)]
    if any(_DECISIVE.search(word) for word in changed):
        return None
    return first + window[steps[0].dest_start][1], first + window[steps[-1].dest_end - 1][2]
