"""What people read, kept as snapshots; and nothing in a proposal or a reply can steer a terminal or add markup."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from critic.findings import Review
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.pipeline import Manner, pipeline
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.render import json, markdown, terminal
from critic.rubrics import RubricPack
from tests.conftest import SMALL, judged

HOSTILE = "\x1b]0;owned\x07\x1b[31m</td><script>alert(1)</script> [x](javascript:y) `a` **b** | c\u202e # @all ![i](http://t)"


@pytest.fixture
def review(proposal: Proposal, pack: RubricPack) -> Review:
    """One entry of each kind."""

    async def assessor(proposal: Proposal, pack: RubricPack) -> Reading:
        return Reading(
            in_scope=True,
            outline={"evaluated": "Acme-7 is asked 400 questions.", "mitigation": None},
            critiques={
                id: Judgement.model_validate(entry)
                for id, entry in {
                    "U1": judged("not_applicable"),
                    "U4": judged(severity="critical") | {"votes": {"a 1": "raised", "b 2": "answered"}},
                    "U6": judged("partly_answered", severity="minor"),
                    "M1": judged("answered")
                    | {
                        "challenge": {
                            "quotations": [],
                            "reasoning": "The board decides.",
                            "outcome": "withdrawn",
                            "verdict": "raised",
                            "severity": "minor",
                        }
                    },
                    "H3": judged(claim_quotations=["This stands nowhere in the text."]),
                }.items()
            },
            considerations={"C3": CreditJudgement(quotations=[], value="absent")},
            failures={"H5": "The reply was cut off."},
            model="test-model",
            answered="2026-11-25",
        )

    asked = pack.only(["U1", "U4", "U6", "M1", "H3", "H5", "C3"])
    made = asyncio.run(
        pipeline(assessor, asked, Manner(recorded=True, recording_note="A test.", grouping="all")).ainvoke(proposal)
    )
    how = made.provenance.model_copy(update={"critic": "0", "rubrics_digest": "0" * 64, "prompts_digest": "0" * 64})
    return made.model_copy(update={"provenance": how})


@pytest.mark.parametrize("width", [44, 100])
def test_terminal(review: Review, width: int, snapshot: SnapshotAssertion) -> None:
    text = terminal.render(review, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text == snapshot


def test_markdown(review: Review, snapshot: SnapshotAssertion) -> None:
    assert markdown.render(review) == snapshot


def test_json_gives_back_the_review(review: Review) -> None:
    assert Review.model_validate_json(json.render(review)) == review


def hostile(pack: RubricPack, text: str) -> Review:
    async def assessor(proposal: Proposal, pack: RubricPack) -> Reading:
        changes: dict[str, Any] = dict.fromkeys(("reasoning", "absent", "change", "question"), text)
        entry = judged(claim_quotations=["A score below 20% means that it is safe to release."]) | changes
        return Reading(
            in_scope=True,
            scope_reason=text,
            outline={"evaluated": text},
            critiques={"U4": Judgement.model_validate(entry)},
            failures={"H3": text},
            model=text,
            adjustments=(text,),
        )

    proposal = read_bytes(f"# {text}\n\n## {text}\n\n{SMALL}".encode(), text)
    return asyncio.run(pipeline(assessor, pack.only(["U4", "H3"])).ainvoke(proposal))


def test_terminals_are_not_steered(pack: RubricPack) -> None:
    for color in (False, True):
        text = terminal.render(hostile(pack, HOSTILE), color=color)
        assert "\x1b]" not in text
        assert "\x07" not in text
        assert "\u202e" not in text
        assert color or "\x1b" not in text


def test_markdown_gets_no_markup(pack: RubricPack) -> None:
    page = MarkdownIt("commonmark").enable("table").render(markdown.render(hostile(pack, HOSTILE)))
    for markup in ("<script", "<a ", "<img", "<code", "<strong>b", "\x1b"):
        assert markup not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5
