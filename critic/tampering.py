"""Text meant for the reviewer instead of the reader: what was hidden, and what stands in plain sight -> notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from critic.findings import Notice, NoticeLevel
from critic.proposal import Proposal
from critic.quoting import code_of, introduced, vocabulary, without_quotations
from critic.readers.disguise import encoded, lookalikes, told
from critic.rubrics import RubricPack

_EXCERPT = 300  # characters shown of what was found
_PARROT = 10  # words in a row that a proposal does not share with a rubric by chance
_SHORT = 40  # characters; an order that is split over sentences has a short first part
_OTHER_SCRIPTS = re.compile(r"[\u0400-\u052f\u0600-\u06ff\u0900-\u097f\u3040-\u9fff\uac00-\ud7af]")
_OTHER_LANGUAGES = ("ru", "uk", "ar", "hi", "zh", "ja", "ko")


def inspect(proposal: Proposal, pack: RubricPack) -> list[Notice]:
    """Everything about the proposal that a reader should know before he believes a review of it.

    What was hidden has been taken out of the text already. What is visible stays in it and is marked: as addressed to the
    reviewer, or, where the passage shows such text as an object of study (in quotation marks, code, an example), as quoted
    material, which condemns nobody.
    """
    hidden = [
        Notice(level=NoticeLevel.HIDDEN, kind=found.kind, text=_excerpt(found.text), line=found.line, page=found.page)
        for found in proposal.hidden
    ]
    # What is disguised has been undone too, but for what is shown as an object of study.
    disguised = [
        Notice(level=NoticeLevel.QUOTED, kind=found.kind, text=_excerpt(found.text), line=found.line)
        for find in (lookalikes, encoded)
        for found in told(proposal.text, list(find(proposal.text)))
    ]
    return [*hidden, *disguised, *_addressed(proposal), *_parroted(proposal, pack), *_unread(proposal)]


def _unread(proposal: Proposal) -> Iterator[Notice]:
    if proposal.unread:
        pages = ", ".join(map(str, proposal.unread))
        yield Notice(
            level=NoticeLevel.UNREAD,
            kind="picture of a page",
            text=f"pages that are pictures without a text layer (ocrmypdf adds one): {pages}",
            page=proposal.unread[0],
        )


def _addressed(proposal: Proposal) -> Iterator[Notice]:
    spans = proposal.sentences
    lines = [" ".join(proposal.text[start:end].split()) for start, end in spans]
    found = _kinds(lines)
    # An order may also be split over two sentences, two cells of a table or two pages.
    pages = [proposal.passage(start).page for start, _ in spans]
    ends = zip(pairwise([*lines, ""]), pairwise([*pages, None]), strict=True)
    pairs = [
        " ".join(f"{a} {b}".replace("|", " ").split()) if "|" in a + b or len(a) < _SHORT or p != q else ""
        for (a, b), (p, q) in ends
    ]
    joined = _kinds(pairs)
    parted = {index: kind for index, kind in joined.items() if not {index, index + 1} & found.keys()}
    code = code_of(proposal.text)
    for index, kind in sorted((found | parted).items()):
        start = spans[index][0]
        passage = proposal.passage(start)
        whole = " ".join(proposal.text[passage.start : passage.end].split())
        texts = [pairs[index]] if index in parted else [lines[index], whole]
        quoted = any(first <= start < last for first, last in code) or _is_quoted(texts)
        yield Notice(
            level=NoticeLevel.QUOTED if quoted else NoticeLevel.ADDRESSED,
            kind=kind,
            text=_excerpt(texts[0]),
            line=proposal.line(start),
            page=passage.page,
        )


def _kinds(lines: list[str]) -> dict[int, str]:
    """The first kind that matches each line, by the line's number."""
    text = "\n".join(lines)
    found: dict[int, str] = {}
    lower = text.lower()
    beginnings = {word[:length] for word in set(re.findall(r"[^\W\d_]{5,}", lower)) for length in range(5, len(word) + 1)}
    for language, words in _languages().items():
        if language in _OTHER_LANGUAGES:
            spoken = bool(_OTHER_SCRIPTS.search(text))
        else:  # long ones also within compounds
            spoken = not words or not words.isdisjoint(beginnings) or any(len(word) > 7 and word in lower for word in words)
        if spoken:
            for kind, pattern in _patterns(language):
                for match in pattern.finditer(text):
                    if "\n" not in match.group():
                        found.setdefault(text.count("\n", 0, match.start()), kind)
    return found


def _is_quoted(texts: list[str]) -> bool:
    """Whether such text is shown here as an object of study: between quotation marks, or with words that say so.

    Args:
        texts: the sentence, and its paragraph, since a quotation may be longer than a sentence.
    """
    return any(not _kinds([without_quotations(text)]) for text in texts) or introduced(texts[0])


def _parroted(proposal: Proposal, pack: RubricPack) -> Iterator[Notice]:
    """Passages that repeat a rubric's own wording, as somebody would who wants it to be matched."""
    rubric: set[tuple[str, ...]] = set()
    for critique in pack.critiques:
        for clause in (*critique.answered_when, *critique.not_applicable_when, *critique.partly_answered_when):
            rubric.update(_runs(_words(clause)))
    for start, end in proposal.sentences:
        if not rubric.isdisjoint(_runs(_words(proposal.text[start:end]))):
            yield Notice(
                level=NoticeLevel.ADDRESSED,
                kind="a rubric's own wording",
                text=_excerpt(proposal.text[start:end]),
                line=proposal.line(start),
                page=proposal.passage(start).page,
            )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[index : index + _PARROT]) for index in range(len(words) - _PARROT + 1))


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


@cache
def _languages() -> dict[str, frozenset[str]]:
    """The languages of the patterns, and words without which none of a language's patterns should match; none for English.

    Most proposals are in one language, and trying all patterns of sixteen takes longer than everything else.
    """
    words: dict[str, set[str]] = {}
    for entry in vocabulary()["kinds"]:
        for language, patterns in entry["patterns"].items():
            plain = re.sub(r"\\.|\(\?[-i:!<=]*", " ", " ".join(patterns)).lower()
            words.setdefault(language, set()).update(re.findall(r"[^\W\d_]{5,}", plain))
    english = words.get("en", set())
    return {language: frozenset() if language == "en" else frozenset(found - english) for language, found in words.items()}


@cache
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """What gives such text away in a language: kinds and patterns."""
    found: list[tuple[str, re.Pattern[str]]] = []
    for entry in vocabulary()["kinds"]:
        patterns: list[str] = entry["patterns"].get(language, [])
        orders = [pattern.removeprefix("{begin}") for pattern in patterns if pattern.startswith("{begin}")]
        others = [pattern for pattern in patterns if not pattern.startswith("{begin}")]
        if orders:  # all at once: looking for the place is what takes the time
            others.append(f"{vocabulary()['begin'][language]}(?:{'|'.join(f'(?:{order})' for order in orders)})")
        found += [(entry["kind"], re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for pattern in others]
    return found
