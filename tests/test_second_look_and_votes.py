"""Assessors made of assessors: a challenge needs a quotation that stands, and a majority decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel

from critic.findings import Outcome, Review, Severity, Verdict
from critic.judgement import Assessor, Judgement, Reading
from critic.pipeline import pipeline
from critic.proposal import Proposal
from critic.rubrics import RubricPack
from critic.second_look import with_second_look
from critic.votes import by_vote
from tests.conftest import Endpoint, chat, completion, judged, reply

BOARD = "Results go to the board, which may ignore them."


def assessor(**entries: dict[str, Any]) -> Assessor:
    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        return Reading(in_scope=True, critiques={id: Judgement.model_validate(entry) for id, entry in entries.items()})

    return assess


async def looked(proposal: Proposal, pack: RubricPack, entry: dict[str, Any], challenge: object) -> Review:
    model = FakeListChatModel(
        responses=[challenge if isinstance(challenge, str) else json.dumps({"challenges": {"U4": challenge}})]
    )
    return await pipeline(with_second_look(assessor(U4=entry), model), pack.only(["U4"])).ainvoke(proposal)


def challenge(outcome: str, verdict: str, severity: str | None, *quotations: str) -> dict[str, Any]:
    return {"quotations": list(quotations), "reasoning": "Look.", "outcome": outcome, "verdict": verdict, "severity": severity}


@pytest.mark.parametrize(
    ("given", "outcome", "verdict", "severity"),
    [
        (challenge("upheld", "raised", "major"), Outcome.UPHELD, Verdict.RAISED, Severity.MAJOR),
        (challenge("weakened", "partly_answered", "minor", BOARD), Outcome.WEAKENED, Verdict.PARTLY_ANSWERED, Severity.MINOR),
        (challenge("weakened", "raised", "minor", BOARD), Outcome.WEAKENED, Verdict.RAISED, Severity.MINOR),
        (challenge("withdrawn", "answered", None, BOARD), Outcome.WITHDRAWN, Verdict.ANSWERED, None),
        # Nothing is given up without a quotation that stands, nor made graver, nor left without a severity.
        (challenge("withdrawn", "answered", None), Outcome.UPHELD, Verdict.RAISED, Severity.MAJOR),
        (
            challenge("withdrawn", "not_applicable", None, "All is well, says the board of Acme."),
            Outcome.UPHELD,
            Verdict.RAISED,
            Severity.MAJOR,
        ),
        (challenge("weakened", "raised", "critical", BOARD), Outcome.UPHELD, Verdict.RAISED, Severity.MAJOR),
        (challenge("weakened", "partly_answered", None, BOARD), Outcome.UPHELD, Verdict.RAISED, Severity.MAJOR),
    ],
)
async def test_a_finding_falls_only_on_a_quotation_that_stands(
    given: dict[str, Any], outcome: Outcome, verdict: Verdict, severity: Severity | None, proposal: Proposal, pack: RubricPack
) -> None:
    (entry,) = (await looked(proposal, pack, judged(), given)).critiques
    assert (entry.verdict, entry.severity) == (verdict, severity)
    assert entry.challenge is not None
    assert (entry.challenge.outcome, entry.challenge.verdict, entry.challenge.severity) == (
        outcome,
        Verdict.RAISED,
        Severity.MAJOR,
    )


@pytest.mark.parametrize("broken", ["I agree with everything.", json.dumps({"challenges": {"U4": {"outcome": "maybe"}}}), "[]"])
async def test_a_second_look_that_fails_changes_nothing(broken: str, proposal: Proposal, pack: RubricPack) -> None:
    review = await looked(proposal, pack, judged(), broken)
    assert [entry.verdict for entry in review.findings] == [Verdict.RAISED]
    assert review.complete


async def test_what_is_no_finding_is_not_challenged(proposal: Proposal, pack: RubricPack) -> None:
    review = await looked(proposal, pack, judged("answered"), "never asked")
    assert review.critiques[0].challenge is None
    assert review.provenance.usage.requests == 0


async def test_the_request_shows_finding_quotations_rubric_and_proposal(
    endpoint: Endpoint, proposal: Proposal, pack: RubricPack
) -> None:
    endpoint.answers = [completion(json.dumps({"challenges": {"U4": challenge("upheld", "raised", "major")}}))]
    model = chat(endpoint)
    await pipeline(with_second_look(assessor(U4=judged(), H3=judged("answered")), model), pack.only(["U4", "H3"])).ainvoke(
        proposal
    )
    await model.aclose()
    (sent,) = endpoint.requests
    text = sent["messages"][1]["content"]
    critique = pack.only(["U4"]).critiques[0]
    for part in (
        proposal.text,
        critique.applies_when,
        *critique.answered_when,
        "The finding: raised, major",
        "Release rests on one score.",
    ):
        assert part in text
    assert "## H3" not in text
    assert list(sent["response_format"]["json_schema"]["schema"]["properties"]["challenges"]["properties"]) == ["U4"]


async def test_the_majority_decides_and_confidence_is_its_share(proposal: Proposal, pack: RubricPack) -> None:
    three = {"a": assessor(U4=judged("answered")), "b": assessor(U4=judged()), "c": assessor(U4=judged(severity="minor"))}
    review = await pipeline(by_vote(three), pack.only(["U4"])).ainvoke(proposal)
    (entry,) = review.critiques
    assert (entry.verdict, entry.severity, entry.confidence) == (Verdict.RAISED, Severity.MAJOR, 0.667)
    assert entry.votes == {"a": "answered", "b": "raised", "c": "raised"}


async def test_in_a_tie_the_first_decides_and_a_failure_has_no_vote(proposal: Proposal, pack: RubricPack) -> None:
    async def failing(proposal: Proposal, pack: RubricPack) -> Reading:
        return Reading(in_scope=True, failures={"U4": "No."})

    tied = {"x": failing, "a": assessor(U4=judged("answered")), "b": assessor(U4=judged())}
    (entry,) = (await pipeline(by_vote(tied), pack.only(["U4"])).ainvoke(proposal)).critiques
    assert entry.verdict is Verdict.ANSWERED
    assert list(entry.votes) == ["a", "b"]


async def test_samples_differ_by_seed_and_a_panel_by_model(endpoint: Endpoint, proposal: Proposal, pack: RubricPack) -> None:
    from critic.api import reviewer
    from critic.settings import Settings

    endpoint.answers = [lambda body: completion(reply(body), model=body["model"])]
    settings = Settings(base_url=endpoint.url, panel=["one", "two"], samples=2, seed=3)
    async with reviewer(settings, pack.only(["U4"])) as runnable:
        review = await runnable.ainvoke(proposal)
    assert sorted((body["model"], body["seed"]) for body in endpoint.requests) == [
        ("one", 3),
        ("one", 4),
        ("two", 3),
        ("two", 4),
    ]
    assert len(review.critiques[0].votes) == 4
    assert review.provenance.model == "one + two"
    assert review.provenance.parameters["panel"] == ["one", "two"]
