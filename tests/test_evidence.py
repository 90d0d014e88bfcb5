"""Quotations count only where the proposal has them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from critic.evidence import MIN_CHARACTERS, locate
from critic.proposal import Proposal
from critic.readers import read, read_bytes
from tests.conftest import CORPUS

TEXT = """# Plan

The evaluation “measures” the model’s propen-
sity to deceive — under pressure, in 40 scenarios that
no developer has seen before.

**Every failure** is published within 30 days. The ﬁrst phase does not cover tools.
We fine-tune the model - with tools - for two weeks, and we
then repeat the whole test on the release candidate.

| system | runs |
| --- | --- |
| open agent | three runs each |
"""


@pytest.fixture(scope="module")
def text() -> Proposal:
    return read_bytes(TEXT.encode(), "plan.md")


def shown(quote: str, proposal: Proposal) -> list[str]:
    return [proposal.text[start:end] for start, end in locate(quote, proposal)]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Every failure** is published within 30 days.", "Every failure** is published within 30 days."),
        ("Every failure is published within 30 days", "Every failure** is published within 30 days"),
        (
            "\"The evaluation 'measures' the model's propensity to deceive\"",
            "The evaluation “measures” the model’s propen-\nsity to deceive",
        ),
        ("propensity to deceive - under pressure", "propen-\nsity to deceive — under pressure"),
        ("propensity to deceive -- under   pressure", "propen-\nsity to deceive — under pressure"),
        ("the first phase does not cover tools", "The ﬁrst phase does not cover tools"),
        ("We finetune the model with tools for two weeks", "We fine-tune the model - with tools - for two weeks"),
        (
            "measures ... in 40 scenarios that no developer has seen",
            "measures” the model’s propen-\nsity to deceive — under pressure, in 40 scenarios that\nno developer has seen",
        ),
        ("open agent | three runs each", "open agent | three runs each"),
        ("two weeks, and we then repeat", "two weeks, and we\nthen repeat"),
        # One word in ten may differ, and what is shown is the proposal's.
        ("we then repeat the whole tests on the release candidate", "we\nthen repeat the whole test on the release candidate"),
    ],
)
def test_differences_that_do_not_count(quote: str, expected: str, text: Proposal) -> None:
    assert shown(quote, text) == [expected]


@pytest.mark.parametrize(
    "quote",
    [
        "scenarios",  # too short to be evidence of anything
        "",
        "…",
        "The first phase does cover tools.",  # a negation left out
        "Every failure is published within 90 days, in full.",  # a number changed
        "Every failure is published within 30 days and reported to the regulator.",  # an invented tail
        "The evaluation measures tools before every release candidate scenario",  # scattered words
        "in 40 scenarios that no developer has seen before … the regulator decides on release",  # half of it invented
        "then repeat the whole test ... propensity to deceive",  # parts in the wrong order
        "valuation “measures” the model",  # from the middle of a word
    ],
)
def test_what_is_no_quotation(quote: str, text: Proposal) -> None:
    assert locate(quote, text) == []


def test_an_ellipsis_over_a_long_passage_gives_two_quotations() -> None:
    proposal = read_bytes(
        ("The model is tested first. " + "Then other things happen here. " * 30 + "Finally it is released.").encode(), "x"
    )
    assert shown("The model is tested first ... Finally it is released", proposal) == [
        "The model is tested first",
        "Finally it is released",
    ]


def test_every_gold_quotation_of_the_corpus_is_found() -> None:
    for labels in sorted(CORPUS.glob("*.labels.json")):
        proposal = read(labels.with_name(labels.name.replace(".labels.json", ".md")))
        for verdict in json.loads(labels.read_text())["verdicts"].values():
            for quote in verdict["quotes"]:
                assert locate(quote, proposal), (labels.name, quote)


words = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=30, max_size=80)


@given(words, st.data())
@settings(max_examples=60, deadline=None)
def test_any_run_of_words_is_found_however_it_is_set(words: list[str], data: st.DataObject) -> None:
    text = "".join(word + data.draw(st.sampled_from([" ", "\n", "  ", ", ", " — ", "\n\n"])) for word in words) + "end."
    proposal = read_bytes(text.encode(), "x")
    start = data.draw(st.integers(0, len(words) - 8))
    stop = data.draw(st.integers(start + 6, len(words)))
    run = words[start:stop]
    pattern = re.compile(r"\b" + r"[\s,—]+".join(run) + r"\b")
    quote = pattern.search(text).group()  # type: ignore[union-attr]
    spread = re.sub(r"\s+", data.draw(st.sampled_from([" ", "\n", "\t "])), quote).replace(
        "—", data.draw(st.sampled_from(["-", "–", "--"]))
    )
    assert any(pattern.fullmatch(found) for found in shown(spread, proposal))


@given(words, st.text(min_size=0, max_size=200), st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_is_found_is_one_run_of_the_text_with_the_quoted_words(
    words: list[str], noise: str, data: st.DataObject
) -> None:
    proposal = read_bytes((" ".join(words)).encode(), "x")
    quote = data.draw(
        st.sampled_from([noise, " ".join(data.draw(st.permutations(words))[:12]), " ".join(words[:10]) + " " + noise])
    )
    for start, end in locate(quote, proposal):
        assert end - start >= MIN_CHARACTERS or "…" in quote or "..." in quote
        found = proposal.text[start:end].split()
        strangers = [word for word in found if word not in quote.lower()]
        assert len(strangers) <= max(1, len(found) // 10)


@given(st.text(max_size=400), st.text(max_size=100))
@settings(max_examples=200, deadline=None)
def test_hostile_text_raises_nothing_and_offsets_stay_inside(text: str, quote: str) -> None:
    proposal = Proposal(name="x", text=text, passages=())
    for start, end in locate(quote, proposal):
        assert 0 <= start < end <= len(text)
