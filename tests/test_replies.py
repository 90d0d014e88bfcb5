"""A reply is taken apart entry by entry; what is wrong with one spoils no other."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from critic.findings import Severity, Verdict
from critic.prompts import Grouping, Request, requests
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.replies import UnusableReplyError, parse_reply, reply_schema
from critic.rubrics import RubricPack, load_rubrics
from tests.conftest import SMALL, judged, reply


@pytest.fixture
def request_(proposal: Proposal, pack: RubricPack) -> Request:
    return requests(proposal, pack.only(["U4", "H3", "C1"]), Grouping.ALL)[0]


def whole(request: Request, **changes: object) -> str:
    return reply({"response_format": {"json_schema": {"schema": reply_schema(request)}}}, **changes)


@pytest.mark.parametrize(
    "wrapped", ["{}", "```json\n{}\n```", "<think>What about {{this}}?</think>\n{}", "Here is my review:\n{}\nGood luck!"]
)
def test_json_is_found_in_what_surrounds_it(wrapped: str, request_: Request) -> None:
    text = wrapped.replace("{{", "\0").replace("{}", whole(request_)).replace("\0", "{{")
    reading = parse_reply(text, request_)
    assert reading.failures == {}
    assert reading.in_scope is True
    assert reading.critiques["U4"].severity is Severity.MAJOR


@pytest.mark.parametrize("text", ["", "I would rather not.", '{"critiques": {"U4": ', "[1, 2]", "null"])
def test_no_json_object_is_an_unusable_reply(text: str, request_: Request) -> None:
    with pytest.raises(UnusableReplyError):
        parse_reply(text, request_)


def test_spellings_and_lists_that_models_send(request_: Request) -> None:
    entries = [
        {"id": "U4", **judged() | {"verdict": "Partly answered", "severity": "MAJOR"}},
        {"id": "H3", **judged("answered")},
    ]
    reading = parse_reply(whole(request_, critiques=entries), request_)
    assert reading.critiques["U4"].verdict is Verdict.PARTLY_ANSWERED
    assert reading.failures == {}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (judged(severity=None), "a finding needs a severity"),
        (judged("raised") | {"verdict": "terrible"}, "verdict: Input should be 'raised'"),
        (judged("raised", confidence=7), "confidence: Input should be less than or equal to 1"),
        ("raised", "Input should be"),
        (None, "Input should be"),
    ],
)
def test_a_malformed_entry_fails_alone(entry: object, says: str, request_: Request) -> None:
    reading = parse_reply(whole(request_, critiques={"U4": entry, "H3": judged()}), request_)
    assert list(reading.critiques) == ["H3"]
    assert says in reading.failures["U4"]


def test_entries_that_are_missing_or_were_not_asked(request_: Request) -> None:
    reading = parse_reply(whole(request_, critiques={"U4": judged(), "M9": judged()}), request_)
    assert list(reading.critiques) == ["U4"]
    assert reading.failures == {"H3": "The model gave no answer on it."}


def test_out_of_scope_asks_for_no_verdicts(request_: Request) -> None:
    reading = parse_reply(whole(request_, in_scope=False, critiques=None, considerations=None), request_)
    assert reading.in_scope is False
    assert not reading.critiques
    assert not reading.failures


@cache
def _request() -> Request:
    return requests(read_bytes(SMALL.encode(), "x"), load_rubrics().only(["U4", "H3", "C1"]), Grouping.ALL)[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["U4", "H3", "C1", "verdict", "id", "x"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["critiques", "considerations", "in_scope", "scope_reason", "outline"]), json_values))
@settings(max_examples=150, deadline=None)
def test_no_json_breaks_the_reader(given_: dict[str, object]) -> None:
    request = _request()
    reading = parse_reply(json.dumps(given_), request)
    if reading.in_scope is not False:
        assert set(reading.critiques) | set(reading.considerations) | set(reading.failures) == {"U4", "H3", "C1"}
