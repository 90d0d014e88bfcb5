"""From judgements to a review: a verdict counts as far as its quotations hold, and nothing goes missing silently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import FakeListChatModel

from critic.assessors import ModelAssessor
from critic.errors import UnusableModelError
from critic.findings import Review, Severity, Status, Verdict
from critic.judgement import Judgement, Reading
from critic.offline import assess_offline
from critic.pipeline import Manner, pipeline
from critic.prompts import Grouping
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.rubrics import RubricPack
from tests.conftest import Endpoint, chat, completion, error, judged, reply

INVENTED = "The developer promises never to release the model."


async def reviewed(proposal: Proposal, pack: RubricPack, **entries: dict[str, Any]) -> Review:
    async def assessor(proposal: Proposal, pack: RubricPack) -> Reading:
        return Reading(in_scope=True, critiques={id: Judgement.model_validate(entry) for id, entry in entries.items()})

    return await pipeline(assessor, pack.only(list(entries))).ainvoke(proposal)


async def test_a_finding_carries_the_proposals_own_words_and_where_they_stand(proposal: Proposal, pack: RubricPack) -> None:
    quote = "a SCORE below 20% means that it's safe to release"
    review = await reviewed(proposal, pack, U4=judged(claim_quotations=["a SCORE below 20%  means that it is safe to release"]))
    (finding,) = review.findings
    (quotation,) = finding.quotations
    assert quotation.text == "A score below 20% means that it is safe to release" != quote
    assert proposal.text[quotation.start : quotation.end] == quotation.text
    assert (quotation.line, quotation.heading, quotation.role) == (5, ["A plan to test Acme-7", "Aim"], "claim")
    assert [recommendation.id for recommendation in review.recommendations] == ["R2"]


@pytest.mark.parametrize(
    ("entry", "status", "dropped"),
    [
        (judged("raised", claim_quotations=[INVENTED]), Status.UNSUPPORTED, 1),
        (judged("raised", claim_quotations=[]), Status.UNSUPPORTED, 0),
        (judged("answered", answer_quotations=[INVENTED]), Status.UNSUPPORTED, 1),
        (judged("answered", claim_quotations=[INVENTED]), Status.JUDGED, 1),
        (judged("partly_answered", answer_quotations=[INVENTED]), Status.JUDGED, 1),
        (judged("not_applicable"), Status.JUDGED, 0),
        (judged("not_applicable", claim_quotations=[INVENTED]), Status.JUDGED, 1),
    ],
)
async def test_a_verdict_without_its_evidence_is_unsupported(
    entry: dict[str, Any], status: Status, dropped: int, proposal: Proposal, pack: RubricPack
) -> None:
    review = await reviewed(proposal, pack, U4=entry)
    assert (review.critiques[0].status, review.critiques[0].dropped) == (status, dropped)
    assert bool(review.findings) == (status is Status.JUDGED and entry["verdict"] in ("raised", "partly_answered"))
    assert review.complete


async def test_what_is_no_finding_has_no_severity_and_sends_nobody_anywhere(proposal: Proposal, pack: RubricPack) -> None:
    entry = judged("answered") | {"severity": "major", "recommendations": ["R2"], "change": "More."}
    review = await reviewed(proposal, pack, U4=entry)
    assert review.critiques[0].severity is None
    assert not review.critiques[0].recommendations
    assert not review.recommendations


async def test_what_an_assessor_leaves_out_has_failed(proposal: Proposal, pack: RubricPack) -> None:
    async def silent(proposal: Proposal, pack: RubricPack) -> Reading:
        return Reading(in_scope=True)

    review = await pipeline(silent, pack).ainvoke(proposal)
    assert len(review.failed) == 21
    assert not review.complete


@pytest.mark.parametrize("grouping", list(Grouping))
async def test_a_model_is_asked_everything(
    grouping: Grouping, endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    endpoint.answers = [lambda body: completion(reply(body))]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model, grouping), pack, Manner(grouping=grouping)).ainvoke(proposal)
    await model.aclose()
    assert review.complete
    assert [entry.id for entry in review.findings] == [critique.id for critique in pack.critiques]
    assert len(review.considerations) == 6
    assert review.provenance.usage.requests == len(endpoint.requests) == {"all": 1, "link": 4, "one": 16}[grouping]
    assert (review.provenance.model, review.provenance.answered, review.provenance.price_usd) == (
        "test-model",
        "2025-11-25",
        None,
    )


async def test_out_of_scope_stops_there(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    endpoint.answers = [lambda body: completion(reply(body, in_scope=False, scope_reason="A recipe.", considerations=None))]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model, Grouping.LINK), pack).ainvoke(proposal)
    await model.aclose()
    assert (review.in_scope, review.critiques, review.complete, review.scope_reason) == (False, [], True, "A recipe.")
    assert len(endpoint.requests) == 1


async def test_half_an_answer_is_asked_for_three_times_more_and_then_fails(
    endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    half = {critique.id: judged() for critique in pack.critiques[:8]}
    endpoint.answers = [lambda body: completion(reply(body, critiques=half))]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model), pack).ainvoke(proposal)
    await model.aclose()
    assert len(endpoint.requests) == 4
    assert "U2" not in endpoint.requests[1]["messages"][-1]["content"]
    assert "M3: The model gave no answer on it." in endpoint.requests[1]["messages"][-1]["content"]
    assert [entry.id for entry in review.failed] == [critique.id for critique in pack.critiques[8:]]
    assert not review.complete
    assert review.provenance.usage.requests == 4


async def test_a_repair_turn_mends_what_was_no_json(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    endpoint.answers = [completion("Certainly! U4 is raised."), lambda body: completion(reply(body))]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model), pack).ainvoke(proposal)
    await model.aclose()
    assert review.complete
    assert "there is no JSON object in it" in endpoint.requests[1]["messages"][-1]["content"]


async def test_a_reply_that_was_cut_off_is_asked_for_again(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    cut = completion('{"in_scope": true, "critiques": {"U4":', finish_reason="length")
    endpoint.answers = [cut, lambda body: completion(reply(body))]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model), pack).ainvoke(proposal)
    await model.aclose()
    assert review.complete
    assert "it was cut off at its longest" in endpoint.requests[1]["messages"][-1]["content"]


async def test_a_group_that_fails_costs_only_itself(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    def no_harm(body: dict[str, Any]) -> Any:
        harm = "H1" in body["response_format"]["json_schema"]["schema"]["properties"].get("critiques", {}).get("properties", {})
        return (401, error("Key revoked"), {}) if harm else completion(reply(body))

    endpoint.answers = [no_harm]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model, Grouping.LINK), pack).ainvoke(proposal)
    await model.aclose()
    assert [entry.id for entry in review.failed] == ["H1", "H2", "H3", "H4", "H5"]
    assert "refused the key" in (review.failed[0].failure or "")
    assert len(review.findings) == 10


async def test_a_key_that_opens_nothing_raises(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    endpoint.answers = [(401, error("Incorrect API key"), {})]
    model = chat(endpoint)
    with pytest.raises(UnusableModelError):
        await pipeline(ModelAssessor(model), pack).ainvoke(proposal)
    await model.aclose()


async def test_any_langchain_model_callbacks_and_batches(proposal: Proposal, pack: RubricPack) -> None:
    one = pack.only(["U4"])
    entry = json.dumps({"in_scope": True, "scope_reason": "", "outline": {}, "critiques": {"U4": judged()}})
    started: list[str] = []

    class Watch(AsyncCallbackHandler):
        async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            started.append("model")

    runnable = pipeline(ModelAssessor(FakeListChatModel(responses=[entry])), one)
    reviews = await runnable.abatch(
        [proposal, read_bytes(b"Another plan. " + proposal.text.encode(), "y")], config={"callbacks": [Watch()]}
    )
    assert [review.findings[0].severity for review in reviews] == [Severity.MAJOR] * 2
    assert started == ["model"] * 2


def test_sync_invoke_offline(proposal: Proposal, pack: RubricPack) -> None:
    review = pipeline(assess_offline, pack).invoke(proposal)
    assert review.provenance.mode == "offline"
    assert all(entry.verdict is Verdict.NOT_APPLICABLE or entry.quotations for entry in review.critiques)
