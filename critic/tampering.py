"""Text meant for the reviewer instead of the reader: what was hidden, and what stands in plain sight -> notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from critic.findings import Notice, NoticeLevel
from critic.phrases import kinds
from critic.proposal import Proposal
from critic.quoting import code_of, introduced, without_quotations
from critic.readers.disguise import encoded, lookalikes, told
from critic.rubrics import RubricPack

_EXCERPT = 300  # characters shown of what was found
_PARROT = 10  # words in a row that a proposal does not share with a rubric by chance
_HALF = _PARROT // 2
_SHORT = 40  # characters; an order that is split over sentences has a short first part


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
    return [*hidden, *disguised, *_addressed(proposal), *_parroted(proposal, pack)]


def _addressed(proposal: Proposal) -> Iterator[Notice]:
    spans = proposal.sentences
    lines = [" ".join(proposal.text[start:end].split()) for start, end in spans]
    found = kinds(lines)
    # An order may also be split over two sentences, two cells of a table or two pages.
    pages = [proposal.passage(start).page for start, _ in spans]
    ends = zip(pairwise([*lines, ""]), pairwise([*pages, None]), strict=True)
    pairs = [
        " ".join(f"{a} {b}".replace("|", " ").split()) if "|" in a + b or len(a) < _SHORT or p != q else ""
        for (a, b), (p, q) in ends
    ]
    joined = kinds(pairs)
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


def _is_quoted(texts: list[str]) -> bool:
    """Whether such text is shown here as an object of study: between quotation marks, or with words that say so.

    Args:
        texts: the sentence, and its paragraph, since a quotation may be longer than a sentence.
    """
    return any(not kinds([without_quotations(text)]) for text in texts) or introduced(texts[0])


def _parroted(proposal: Proposal, pack: RubricPack) -> Iterator[Notice]:
    """Passages that repeat a rubric's own wording, as somebody would who wants it to be matched."""
    rubric = _wording(
        tuple(
            clause
            for critique in pack.critiques
            for clause in (*critique.answered_when, *critique.not_applicable_when, *critique.partly_answered_when)
        )
    )
    if _pieces(rubric).isdisjoint(_in_step(_words(proposal.text))):
        return
    for start, end in proposal.sentences:
        if not rubric.isdisjoint(_runs(_words(proposal.text[start:end]))):
            yield Notice(
                level=NoticeLevel.ADDRESSED,
                kind="a rubric's own wording",
                text=_excerpt(proposal.text[start:end]),
                line=proposal.line(start),
                page=proposal.passage(start).page,
            )


@lru_cache(maxsize=8)
def _wording(clauses: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(run for clause in clauses for run in _runs(_words(clause)))


@lru_cache(maxsize=8)
def _pieces(rubric: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """All halves of the runs, one of which a text that shares a run has in step, wherever its words are counted from."""
    return frozenset(run[index : index + _HALF] for run in rubric for index in range(_PARROT - _HALF + 1))


def _in_step(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[index::_HALF] for index in range(_HALF)), strict=False)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[index : index + _PARROT]) for index in range(len(words) - _PARROT + 1))


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
