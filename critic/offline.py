"""Judges by the cues in the rubrics, with no model and no network: a screen, not a reading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from critic.findings import Credit, Severity, Verdict
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.proposal import Proposal
from critic.rubrics import Consideration, Critique, RubricPack

_ENOUGH = 2  # different answer cues that make an answer whole
_CONFIDENCE = 0.3
_SHOWN = 2  # quotations for each side


async def assess_offline(proposal: Proposal, pack: RubricPack) -> Reading:
    """Judge each critique by which of its cues match which sentences. An `Assessor`."""
    # On one line each: a cue's words may be parted by a line break.
    sentences = [" ".join(proposal.text[start:end].split()) for start, end in proposal.sentences]
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


def _judge(critique: Critique, sentences: Sequence[str]) -> Judgement:
    claims = _matches(critique.cues.claim, sentences)
    answers = _matches(critique.cues.answer, sentences)
    if not claims:
        verdict = Verdict.NOT_APPLICABLE
    elif not answers:
        verdict = Verdict.RAISED
    else:
        verdict = Verdict.PARTLY_ANSWERED if len(answers) < _ENOUGH else Verdict.ANSWERED
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


def _credit(consideration: Consideration, sentences: Sequence[str]) -> CreditJudgement:
    found = _matches(consideration.cues.claim, sentences)
    value = Credit.ABSENT if not found else Credit.PARTIAL if len(found) < _ENOUGH else Credit.PRESENT
    return CreditJudgement(quotations=_shown(found), reasoning=f"{len(found)} of the rubric's cues match.", value=value)


def _matches(patterns: Sequence[str], sentences: Sequence[str]) -> dict[str, str]:
    """The first sentence that each pattern matches, for the patterns that match any."""
    found: dict[str, str] = {}
    for pattern in patterns:
        compiled = _compiled(pattern)
        sentence = next((sentence for sentence in sentences if compiled.search(sentence)), None)
        if sentence is not None:
            found[pattern] = sentence
    return found


def _shown(matches: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(matches.values()))[:_SHOWN]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
