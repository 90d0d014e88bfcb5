"""A second look: each finding is challenged once, by a request that looks for an answer elsewhere in the proposal."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError

from critic.asking import ask
from critic.errors import ModelError
from critic.evidence import locate
from critic.findings import Outcome, Severity, Verdict
from critic.judgement import Assessor, ChallengeJudgement, Judgement, Reading
from critic.prompts import second_look_messages
from critic.proposal import Proposal
from critic.replies import UnusableReplyError, json_object, object_schema
from critic.rubrics import RubricPack

_ENTRY = object_schema(
    quotations={"type": "array", "items": {"type": "string"}},
    reasoning={"type": "string"},
    outcome={"type": "string", "enum": [outcome.value for outcome in Outcome]},
    verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
    severity={"type": ["string", "null"], "enum": [*(severity.value for severity in Severity), None]},
)


def with_second_look(assessor: Assessor, model: BaseChatModel) -> Assessor:
    """Let a model challenge what an assessor finds, in one more request a proposal.

    A finding is weakened or withdrawn only on a quotation that stands in the proposal. If the request fails, the findings stay
    as they are, and `adjustments` says so.
    """

    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        reading = await assessor(proposal, pack)
        findings = {
            id: _told(judgement, proposal) for id, judgement in reading.critiques.items() if judgement.verdict.is_finding
        }
        # What has no evidence is no finding, and there is nothing to challenge.
        findings = {id: told for id, told in findings.items() if told["quotations"]}
        if not findings:
            return reading
        each = object_schema(**{id: {"$ref": "#/$defs/challenge"} for id in findings})
        schema = object_schema(challenges=each) | {"$defs": {"challenge": _ENTRY}}
        try:
            reply = await ask(model, second_look_messages(proposal, pack, findings), schema)
            given = json_object(reply.text).get("challenges")
        except (ModelError, UnusableReplyError) as error:
            return reading + Reading(adjustments=(f"There was no second look: {error}",))
        challenges = given if isinstance(given, dict) else {}
        looked = {id: _challenged(reading.critiques[id], challenges.get(id), proposal) for id in findings}
        return reading + Reading(critiques=looked, answered=reply.date, usage=reply.usage, adjustments=reply.adjustments)

    return assess


def _told(judgement: Judgement, proposal: Proposal) -> dict[str, Any]:
    quotations = [
        {"role": role, "text": proposal.text[start:end]}
        for role, quotes in (("claim", judgement.claim_quotations), ("answer", judgement.answer_quotations))
        for quote in quotes
        for start, end in locate(quote, proposal)
    ]
    return {
        "verdict": judgement.verdict.value,
        "severity": judgement.severity and judgement.severity.value,
        "reasoning": judgement.reasoning,
        "quotations": quotations,
    }


def _challenged(judgement: Judgement, given: Any, proposal: Proposal) -> Judgement:
    """The judgement after the second look; unchanged where the challenge is malformed."""
    try:
        challenge = ChallengeJudgement.model_validate(given)
    except ValidationError:
        return judgement
    before = {"verdict": judgement.verdict, "severity": judgement.severity}
    verdict, severity = challenge.verdict, challenge.severity if challenge.verdict.is_finding else None
    milder = list(Verdict).index(verdict) > list(Verdict).index(judgement.verdict) or (
        verdict is judgement.verdict and severity is not None and judgement.severity and severity.rank > judgement.severity.rank
    )
    proven = any(locate(quote, proposal) for quote in challenge.quotations)
    graded = severity is not None or not verdict.is_finding
    if challenge.outcome is Outcome.UPHELD or not (milder and proven and graded):
        return judgement.model_copy(update={"challenge": challenge.model_copy(update=before | {"outcome": Outcome.UPHELD})})
    outcome = Outcome.WEAKENED if verdict.is_finding else Outcome.WITHDRAWN
    return judgement.model_copy(
        update={
            "verdict": verdict,
            "severity": severity,
            "answer_quotations": [*judgement.answer_quotations, *challenge.quotations],
            "challenge": challenge.model_copy(update=before | {"outcome": outcome}),
        }
    )
