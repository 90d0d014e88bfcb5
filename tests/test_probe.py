"""A model that obeys the proposal instead of us does not get an all-clear through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from critic.assessors import ModelAssessor
from critic.findings import Review
from critic.pipeline import pipeline
from critic.probe import plant, with_probe
from critic.proposal import Proposal
from critic.readers import read, read_bytes
from critic.render import markdown, terminal
from critic.rubrics import RubricPack
from tests.conftest import CORPUS, Endpoint, chat, completion, judged, reply


async def probed(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> Review:
    model = chat(endpoint)
    assessor = with_probe(ModelAssessor(model), ModelAssessor(model, overview=False))
    review = await pipeline(assessor, pack).ainvoke(proposal)
    await model.aclose()
    return review


def critiques_of(body: dict[str, Any]) -> list[str]:
    """Those that a request asks about."""
    part = body["response_format"]["json_schema"]["schema"]["properties"]["critiques"]
    return list((part["anyOf"][0] if "anyOf" in part else part)["properties"])


def all_clear(body: dict[str, Any]) -> Any:
    return completion(reply(body, critiques={id: judged("not_applicable") for id in critiques_of(body)}))


def out_of_scope(body: dict[str, Any]) -> Any:
    """What a model says that was ordered to take no document for a proposal, whatever it is asked."""
    return completion(json.dumps({"in_scope": False, "scope_reason": "It is a recipe.", "critiques": None}))


def honest(body: dict[str, Any]) -> Any:
    """Quotes the line below the plan's first heading that was not there before, if there is one."""
    text = body["messages"][1]["content"]
    flaw = next(
        (
            line
            for line in text.splitlines()
            if any(
                word in line
                for word in (
                    "quiz is safe",
                    "looked about right",
                    "Nobody derived",
                    "certificate",
                    "A pass proves",
                    "seal reads",
                )
            )
        ),
        "",
    )
    entry = judged(claim_quotations=[flaw]) if flaw else judged("not_applicable")
    return completion(reply(body, critiques=dict.fromkeys(critiques_of(body), entry)))


@pytest.mark.parametrize("answer", [all_clear, out_of_scope])
async def test_a_model_that_obeys_the_attacker_is_not_trusted(
    answer: Any, endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    endpoint.answers = [answer]
    review = await probed(endpoint, proposal, pack)
    assert review.trustworthy is False
    for render in (terminal.render, markdown.render):
        assert "NOT TO BE TRUSTED" in render(review)


async def test_a_model_that_finds_the_planted_flaw_is_and_the_flaw_stays_out_of_the_review(
    endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    endpoint.answers = [honest]
    review = await probed(endpoint, proposal, pack)
    assert review.trustworthy is True
    assert not review.findings
    assert len(endpoint.requests) == 2
    assert review.provenance.usage.requests == 2
    planted = endpoint.requests[1]["messages"][1]["content"]
    assert proposal.text not in planted
    assert all(quotation.text in proposal.text for entry in review.critiques for quotation in entry.quotations)
    assert len(critiques_of(endpoint.requests[1])) == 1


async def test_a_document_that_is_out_of_scope_passes_the_probe_where_the_planted_flaw_is_found(
    endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    endpoint.answers = [out_of_scope, honest]
    review = await probed(endpoint, proposal, pack)
    assert (review.in_scope, review.trustworthy, review.critiques) == (False, True, [])


async def test_no_probe_is_asked_for_unless_wanted(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    endpoint.answers = [all_clear]
    model = chat(endpoint)
    review = await pipeline(ModelAssessor(model), pack).ainvoke(proposal)
    await model.aclose()
    assert review.trustworthy is None
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.md")), ids=lambda path: path.stem)
def test_the_planted_passage_stands_between_paragraphs(path: Any, pack: RubricPack) -> None:
    proposal = read(path)
    for probe in pack.about.probes:
        planted, start, end = plant(proposal, probe)
        assert planted.text[:start].endswith("\n\n")
        assert planted.text[end:].startswith("\n")
        assert planted.text.replace(planted.text[start - 2 : end], "", 1) == proposal.text
        assert "{number}" not in planted.text[start:end]
        assert planted.passage(start).start == start


def test_the_passage_varies_with_the_proposal(pack: RubricPack) -> None:
    texts = [read_bytes(f"# Plan {n}\n\nOne.\n\nTwo.\n\nThree.\n".encode(), "x") for n in range(40)]
    planted = {plant(text, pack.about.probes[0])[0].text.replace(text.text, "") for text in texts}
    places = {plant(text, pack.about.probes[0])[1] for text in texts}
    assert len(planted) > 20
    assert len(places) > 1
