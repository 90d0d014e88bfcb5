"""What a good assessor has to beat: a question as in a chat window, and always the commonest verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from critic.asking import ask
from critic.bench.labels import Labels
from critic.errors import ModelError, UnusableModelError
from critic.findings import Severity, Verdict
from critic.judgement import Assessor, Judgement, Reading
from critic.prompts import chat_question
from critic.proposal import Proposal
from critic.replies import UnusableReplyError, json_object, object_schema
from critic.rubrics import RubricPack

_ENTRY = object_schema(
    why={"type": "string"},
    quote={"type": "string"},
    verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
    severity={"type": ["string", "null"], "enum": [*(severity.value for severity in Severity), None]},
)


def chat_baseline(model: BaseChatModel) -> Assessor:
    """Ask as a user would in a chat window: the critiques' titles in one list, the proposal, "which apply, and why?"."""

    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        ids = [critique.id for critique in pack.critiques]
        schema = object_schema(**{id: {"$ref": "#/$defs/entry"} for id in ids}) | {"$defs": {"entry": _ENTRY}}
        try:
            reply = await ask(model, [HumanMessage(chat_question(proposal, pack))], schema)
            given = json_object(reply.text)
        except UnusableModelError:
            raise
        except (ModelError, UnusableReplyError) as error:
            return Reading(in_scope=True, failures=dict.fromkeys(ids, str(error)))
        return Reading(
            in_scope=True,
            critiques={id: _judgement(given[id]) for id in ids if isinstance(given.get(id), dict)},
            model=reply.model,
            answered=reply.date,
            usage=reply.usage,
            adjustments=reply.adjustments,
        )

    return assess


def majority_baseline(labels: Sequence[Labels]) -> Assessor:
    """Give each critique the verdict that is commonest for it in these labels, whatever the proposal says."""

    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        # It rests on nothing in the text; the opening stands in, so that its verdicts are not set aside as unsupported.
        opening = proposal.text[:200].rpartition(" ")[0]
        found: dict[str, Judgement] = {}
        for critique in pack.critiques:
            verdicts = Counter(label.verdicts[critique.id].verdict for label in labels if critique.id in label.verdicts)
            verdict = max(Verdict, key=lambda one: verdicts[one])
            found[critique.id] = _judgement({"verdict": verdict, "quote": opening})
        return Reading(in_scope=True, critiques=found)

    return assess


def _judgement(entry: dict[str, Any]) -> Judgement:
    quotations = [entry["quote"]] if entry.get("quote") else []
    finding = entry.get("verdict") in (Verdict.RAISED, Verdict.PARTLY_ANSWERED)
    return Judgement(
        claim_quotations=quotations,
        answer_quotations=quotations,
        reasoning=str(entry.get("why") or ""),
        verdict=entry.get("verdict"),
        severity=entry.get("severity") or ("major" if finding else None),
        confidence=0.5,
    )
