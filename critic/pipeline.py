"""One proposal through the whole house: assessor -> judgements -> verified evidence -> review."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any, Literal

from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, ConfigDict

from critic.evidence import locate
from critic.findings import (
    Assessment,
    Challenge,
    CreditAssessment,
    LinkInfo,
    OutlineStep,
    Provenance,
    Quotation,
    RecommendationInfo,
    Review,
    Status,
    Subject,
    Verdict,
)
from critic.judgement import Assessor, ChallengeJudgement, CreditJudgement, Judgement, Reading
from critic.pricing import Price, price_of
from critic.prompts import prompts_digest
from critic.proposal import Proposal
from critic.rubrics import Consideration, Critique, RubricPack
from critic.tampering import inspect

_VERSION = version("critic")


class Manner(BaseModel):
    """How an assessor is run, as far as it does not know itself; goes into `Review.provenance`."""

    model_config = ConfigDict(frozen=True)

    recorded: bool = False
    recording_note: str | None = None
    host: str | None = None
    parameters: dict[str, Any] = {}
    grouping: str | None = None
    prices: dict[str, Price] = {}


def pipeline(assessor: Assessor, pack: RubricPack, manner: Manner | None = None) -> Runnable[Proposal, Review]:
    """The pipeline as a LangChain Runnable: `.invoke`, `.ainvoke`, `.abatch`, callbacks.

    Its `ainvoke` raises what the assessor raises.
    """
    how = manner or Manner()

    async def run(proposal: Proposal) -> Review:
        return build_review(await assessor(proposal, pack), proposal, pack, how)

    def run_sync(proposal: Proposal) -> Review:
        return asyncio.run(run(proposal))

    return RunnableLambda(run_sync, afunc=run, name="critic")


def build_review(reading: Reading, proposal: Proposal, pack: RubricPack, manner: Manner) -> Review:
    """Verify what an assessor said and put it into the form that callers see."""
    judged = reading.in_scope is not False
    critiques = [_assess(critique, reading, proposal) for critique in pack.critiques] if judged else []
    considerations = [_credit(consideration, reading, proposal) for consideration in pack.considerations] if judged else []
    price = price_of(reading.usage, reading.model, manner.prices) if reading.mode == "live" else None
    wanted = {id for assessment in critiques if assessment.is_finding for id in assessment.recommendations}
    return Review(
        complete=reading.in_scope is not None
        and not any(entry.status is Status.FAILED for entry in [*critiques, *considerations]),
        in_scope=reading.in_scope,
        scope_reason=reading.scope_reason,
        notices=inspect(proposal, pack),
        trustworthy=reading.probed,
        subject=Subject(
            name=proposal.name,
            path=proposal.path,
            title=proposal.title,
            digest=proposal.digest,
            characters=len(proposal.text),
            words=len(proposal.text.split()),
            text=proposal.text,
            unread=list(proposal.unread),
            verbatim=proposal.verbatim,
        ),
        source=pack.about.source,
        links=[LinkInfo(id=link.id, title=link.title) for link in pack.about.links],
        outline=[OutlineStep(id=item.id, title=item.title, text=reading.outline.get(item.id)) for item in pack.about.outline],
        critiques=critiques,
        considerations=considerations,
        recommendations=[RecommendationInfo(**r.model_dump()) for r in pack.recommendations if r.id in wanted],
        provenance=Provenance(
            critic=_VERSION,
            mode="offline" if reading.mode == "offline" else "recorded" if manner.recorded else "live",
            model=reading.model,
            host=manner.host,
            answered=reading.answered,
            recording_note=manner.recording_note,
            parameters=manner.parameters,
            adjustments=list(reading.adjustments),
            grouping=manner.grouping,
            rubric_pack=pack.about.name,
            rubrics_digest=pack.digest,
            prompts_digest=prompts_digest(),
            usage=reading.usage,
            price_usd=None if price is None else round(price, 4),
        ),
    )


def verify(judgement: Judgement, critique: Critique, proposal: Proposal) -> Assessment:
    """Keep the quotations that stand in the proposal and drop the rest.

    A verdict but `not_applicable` needs a quotation, and `answered` one of the answer; without, it is `unsupported`.
    """
    claims, claims_dropped = _located(judgement.claim_quotations, proposal, "claim")
    answers, answers_dropped = _located(judgement.answer_quotations, proposal, "answer")
    needed = {Verdict.NOT_APPLICABLE: True, Verdict.ANSWERED: bool(answers)}.get(judgement.verdict, bool(claims or answers))
    finding = judgement.verdict.is_finding
    return Assessment(
        **_named(critique),
        link=critique.link,
        status=Status.JUDGED if needed else Status.UNSUPPORTED,
        verdict=judgement.verdict,
        severity=judgement.severity if finding else None,
        quotations=[*claims, *answers],
        dropped=claims_dropped + answers_dropped,
        reasoning=judgement.reasoning,
        absent=judgement.absent if finding else "",
        change=judgement.change if finding else "",
        question=(judgement.question or critique.ask) if finding else "",
        recommendations=[id for id in critique.recommendations if id in judgement.recommendations] if finding else [],
        confidence=judgement.confidence,
        votes=judgement.votes,
        challenge=_challenge(judgement.challenge, proposal) if judgement.challenge else None,
    )


def _challenge(challenge: ChallengeJudgement, proposal: Proposal) -> Challenge:
    return Challenge(
        outcome=challenge.outcome,
        verdict=challenge.verdict,
        severity=challenge.severity,
        quotations=_located(challenge.quotations, proposal, "answer")[0],
        reasoning=challenge.reasoning,
    )


def _assess(critique: Critique, reading: Reading, proposal: Proposal) -> Assessment:
    if judgement := reading.critiques.get(critique.id):
        return verify(judgement, critique, proposal)
    return Assessment(**_named(critique), link=critique.link, status=Status.FAILED, failure=_failure(critique, reading))


def _credit(consideration: Consideration, reading: Reading, proposal: Proposal) -> CreditAssessment:
    judgement = reading.considerations.get(consideration.id)
    if judgement is None:
        return CreditAssessment(**_named(consideration), status=Status.FAILED, failure=_failure(consideration, reading))
    return _verify_credit(judgement, consideration, proposal)


def _verify_credit(judgement: CreditJudgement, consideration: Consideration, proposal: Proposal) -> CreditAssessment:
    quotations, dropped = _located(judgement.quotations, proposal, "answer")
    return CreditAssessment(
        **_named(consideration),
        status=Status.JUDGED if quotations or judgement.value == "absent" else Status.UNSUPPORTED,
        value=judgement.value,
        quotations=quotations,
        dropped=dropped,
        reasoning=judgement.reasoning,
    )


def _located(quotes: list[str], proposal: Proposal, role: Literal["claim", "answer"]) -> tuple[list[Quotation], int]:
    """The quotations found, each place once, and how many were not."""
    places = [locate(quote, proposal) for quote in quotes]
    spans = dict.fromkeys(span for found in places for span in found)
    return [_quotation(start, end, proposal, role) for start, end in spans], sum(not found for found in places)


def _quotation(start: int, end: int, proposal: Proposal, role: Literal["claim", "answer"]) -> Quotation:
    passage = proposal.passage(start)
    line = proposal.line(start)
    return Quotation(
        text=proposal.text[start:end],
        start=start,
        end=end,
        line=line,
        file_line=passage.file_line and passage.file_line + line - proposal.line(passage.start),
        page=passage.page,
        heading=list(passage.heading),
        role=role,
    )


def _named(rubric: Critique | Consideration) -> dict[str, Any]:
    named = {"id": rubric.id, "slug": rubric.slug, "title": rubric.title, "section": rubric.section}
    return named | {"claim": rubric.claim, "ask": rubric.ask} if isinstance(rubric, Critique) else named


def _failure(rubric: Critique | Consideration, reading: Reading) -> str:
    return reading.failures.get(rubric.id, "The assessor gave no answer on it.")
