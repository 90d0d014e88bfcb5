"""Judges by the cues in the rubrics, with no model and no network: a screen, not a reading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from critic.findings import Credit, Severity, Verdict
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.proposal import Proposal
from critic.rubrics import Consideration, Critique, Cues, RubricPack
from critic.sieve import Sieve

_PRESENT = 2  # different cues that make a consideration present
_CONFIDENCE = 0.3
_SHOWN = 2  # quotations for each side


async def assess_offline(proposal: Proposal, pack: RubricPack) -> Reading:
    """Judge each critique by how many of its cues match any sentence. An `Assessor`."""
    sentences = sentences_of(proposal)
    scope = pack.about.scope.cues
    speaks_for, against = len(_matches(scope.claim, sentences)), len(_matches(scope.answer, sentences))
    # Plans for tests speak of governance too; documents about nothing else speak of little besides.
    in_scope = not scope.claim or 2 * speaks_for > against
    reading = Reading(
        mode="offline",
        in_scope=in_scope,
        scope_reason=f"{speaks_for} cues of the pack's scope speak for it and {against} against."
        if scope.claim
        else "The pack names no cues for its scope.",
    )
    if not in_scope:
        return reading
    return reading.model_copy(
        update={
            "outline": {item.id: next(iter(_matches(item.cues, sentences).values()), None) for item in pack.about.outline},
            "critiques": {critique.id: _judge(critique, sentences) for critique in pack.critiques},
            "considerations": {consideration.id: _credit(consideration, sentences) for consideration in pack.considerations},
        }
    )


def sentences_of(proposal: Proposal) -> str:
    """The proposal with each sentence on a line of its own, since a cue's words may be parted by a line break."""
    return "\n".join(" ".join(proposal.text[start:end].split()) for start, end in proposal.sentences)


def count_cues(critique: Critique, sentences: str) -> tuple[int, int]:
    """How many of its claim cues and of its answer cues match any sentence."""
    return len(_matches(critique.cues.claim, sentences)), len(_matches(critique.cues.answer, sentences))


def verdict_of(claims: int, answers: int, cues: Cues) -> Verdict:
    """The verdict for so many matching cues."""
    if claims < cues.applies:
        return Verdict.NOT_APPLICABLE
    if answers >= max(cues.whole, cues.helps):
        return Verdict.ANSWERED
    return Verdict.PARTLY_ANSWERED if answers >= cues.helps else Verdict.RAISED


def _judge(critique: Critique, sentences: str) -> Judgement:
    claims = _matches(critique.cues.claim, sentences)
    answers = _matches(critique.cues.answer, sentences)
    verdict = verdict_of(len(claims), len(answers), critique.cues)
    return Judgement(
        claim_quotations=_shown(claims) if verdict is not Verdict.NOT_APPLICABLE else [],
        answer_quotations=_shown(answers) if verdict is not Verdict.NOT_APPLICABLE else [],
        reasoning=f"Of the rubric's cues, {len(claims)} for the claim and {len(answers)} for an answer match.",
        verdict=verdict,
        severity=Severity.MAJOR if verdict is Verdict.RAISED else Severity.MINOR if verdict.is_finding else None,
        change=critique.remedy if verdict.is_finding else "",
        question=critique.ask if verdict.is_finding else "",
        recommendations=critique.recommendations if verdict.is_finding else [],
        confidence=_CONFIDENCE,
    )


def _credit(consideration: Consideration, sentences: str) -> CreditJudgement:
    found = _matches(consideration.cues.claim, sentences)
    value = Credit.ABSENT if not found else Credit.PARTIAL if len(found) < _PRESENT else Credit.PRESENT
    return CreditJudgement(quotations=_shown(found), reasoning=f"{len(found)} of the rubric's cues match.", value=value)


def _matches(patterns: Sequence[str], sentences: str) -> dict[str, str]:
    """The first sentence that each pattern matches, for the patterns that match any."""
    return _first_matches(tuple(patterns), sentences)


@lru_cache(maxsize=2048)  # a bench judges, counts and fits on the same texts
def _first_matches(patterns: tuple[str, ...], sentences: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for index in _sieve(patterns).candidates(sentences):
        pattern = patterns[index]
        # One search of the whole text is a hundred times faster than one of every sentence.
        for match in _compiled(pattern).finditer(sentences):
            if "\n" not in match.group():
                end = sentences.find("\n", match.end())
                found[pattern] = sentences[sentences.rfind("\n", 0, match.start()) + 1 : end if end >= 0 else None]
                break
    return found


@cache
def _sieve(patterns: tuple[str, ...]) -> Sieve:
    return Sieve(patterns)


def _shown(matches: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(matches.values()))[:_SHOWN]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
