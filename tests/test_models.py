"""Endpoints as they are: each fault is played by a local server and ends in one clear sentence."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage

from critic.asking import ask
from critic.errors import InputError, ModelError, UnusableModelError
from critic.findings import Usage
from critic.models import _trusted
from critic.pricing import Price, price_of
from tests.conftest import Endpoint, chat, completion, error

HELLO = [HumanMessage("hello")]
SCHEMA = {"type": "object"}


async def asked(endpoint: Endpoint, **options: Any) -> Any:
    model = chat(endpoint, **options)
    try:
        return await ask(model, HELLO, SCHEMA)
    finally:
        await model.aclose()


async def test_a_reply_with_its_usage(endpoint: Endpoint) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    endpoint.answers = [completion("fine", usage=usage)]
    reply = await asked(endpoint, temperature=0, seed=7, max_tokens=99)
    assert (reply.text, reply.model, reply.date) == ("fine", "test-model", "2025-11-25")
    assert reply.usage == Usage(requests=1, input_tokens=100, cached_tokens=80, output_tokens=50, reasoning_tokens=20)
    sent = endpoint.requests[0]
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0, 7, 99)
    assert sent["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "The certificates in SSL_CERT_FILE or SSL_CERT_DIR cannot be read: No such file"),
        ("HTTPS_PROXY", "gopher://proxy", "The proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used: Unknown scheme"),
        ("HTTPS_PROXY", "socks5://proxy", "cannot be used: Using SOCKS proxy, but"),
        ("ALL_PROXY", "::::", "cannot be used: Invalid port"),
    ],
)
async def test_what_the_environment_says_wrongly(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    _trusted.cache_clear()
    for other in ("NO_PROXY", "no_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=re.escape(says)):
        await asked(endpoint)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ((401, error("Incorrect API key"), {}), UnusableModelError, "refused the key (401): check OPENAI_API_KEY"),
        ((403, error("Country not supported"), {}), UnusableModelError, "refused the key (403)"),
        (
            (404, error("The model does not exist"), {}),
            UnusableModelError,
            "no model 'test-model' (404): name another with --model",
        ),
        ((429, error("You exceeded", code="insufficient_quota"), {}), UnusableModelError, "has no quota left"),
        (
            (400, error("This model's maximum context length is 8192", code="context_length_exceeded"), {}),
            ModelError,
            "longer than",
        ),
        ((400, error("Filtered", code="content_filter"), {}), ModelError, "content filter"),
        ((400, error("The sky is falling"), {}), ModelError, "refused the request (400): "),
        (completion(None, refusal="I cannot\nhelp with that."), ModelError, "The model refused: I cannot help with that."),
        (completion("", finish_reason="content_filter"), ModelError, "content filter of the provider"),
        (completion(""), ModelError, "reply was empty"),
        ((200, b"<html>Welcome</html>", {"content-type": "text/html"}), UnusableModelError, "not as an OpenAI-compatible"),
        ({"ok": True}, UnusableModelError, "not as an OpenAI-compatible"),
    ],
)
async def test_each_fault_has_its_sentence(endpoint: Endpoint, answer: Any, kind: type, says: str) -> None:
    endpoint.answers = [answer]
    with pytest.raises(kind) as caught:
        await asked(endpoint)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(endpoint.requests) == 1, "it is pointless to ask again"


async def test_an_endpoint_that_is_not_there() -> None:
    nowhere = Endpoint()
    nowhere.url = "http://127.0.0.1:1/v1"
    with pytest.raises(UnusableModelError, match=r"127.0.0.1 cannot be reached"):
        await asked(nowhere, retries=0)


async def test_an_endpoint_that_does_not_answer(endpoint: Endpoint) -> None:
    endpoint.answers = [lambda body: time.sleep(0.5) or completion("late")]
    with pytest.raises(ModelError, match=r"did not answer within 0.1 s"):
        await asked(endpoint, timeout=0.1, retries=0)


async def test_retry_after_is_honoured(endpoint: Endpoint) -> None:
    times: list[float] = []

    def limited(body: dict[str, Any]) -> Any:
        times.append(time.monotonic())
        return (429, error("Slow down"), {"retry-after": "0.4"}) if len(times) < 3 else completion("at last")

    endpoint.answers = [limited]
    assert (await asked(endpoint)).text == "at last"
    assert min(times[1] - times[0], times[2] - times[1]) >= 0.4


@pytest.mark.parametrize(("status", "says"), [(429, "still limits the rate after 2 tries"), (500, "failed 2 times (500)")])
async def test_what_passes_is_tried_again_and_then_given_up(endpoint: Endpoint, status: int, says: str) -> None:
    endpoint.answers = [(status, error("Not now"), {"retry-after-ms": "10"})]
    with pytest.raises(ModelError) as caught:
        await asked(endpoint, retries=1)
    assert says in str(caught.value)
    assert len(endpoint.requests) == 2


async def test_an_absurd_retry_after_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.answers = [(429, error("Tomorrow"), {"retry-after": "86400"})]
    with pytest.raises(ModelError):
        await asked(endpoint)
    assert len(endpoint.requests) == 1


async def test_a_refused_parameter_is_left_out_and_said(endpoint: Endpoint) -> None:
    def reasoning_model(body: dict[str, Any]) -> Any:
        if "temperature" in body:
            return 400, error("Unsupported value: 'temperature' does not support 0", param="temperature"), {}
        if "max_tokens" in body:
            return (
                400,
                error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens"),
                {},
            )
        return completion("fine")

    endpoint.answers = [reasoning_model]
    model = chat(endpoint, temperature=0, max_tokens=99)
    reply = await ask(model, HELLO, SCHEMA)
    assert reply.adjustments == (
        "the model refused temperature=0.0; asked again without it",
        "the model refused max_tokens=99; sent max_completion_tokens instead",
    )
    assert endpoint.requests[-1]["max_completion_tokens"] == 99
    await ask(model, HELLO, SCHEMA)
    assert len(endpoint.requests) == 4, "what was learnt is remembered"
    await model.aclose()


async def test_formats_fall_back_from_schema_to_json_to_text(endpoint: Endpoint) -> None:
    def plain(body: dict[str, Any]) -> Any:
        return (400, error("response_format is not supported"), {}) if "response_format" in body else completion("{}")

    endpoint.answers = [plain]
    reply = await asked(endpoint)
    assert [body.get("response_format", {}).get("type") for body in endpoint.requests] == ["json_schema", "json_object", None]
    assert reply.adjustments == ("the endpoint refused the output format json_object; asked for plain text instead",)


async def test_any_langchain_chat_model_can_be_asked() -> None:
    reply = await ask(FakeListChatModel(responses=["hello"]), HELLO, SCHEMA)
    assert reply.text == "hello"
    assert reply.usage == Usage(requests=1)


def test_prices_are_known_or_said_to_be_unknown() -> None:
    usage = Usage(requests=1, input_tokens=1_000_000, cached_tokens=500_000, output_tokens=100_000)
    assert price_of(usage, "gpt-4.1-2025-04-14", {}) == 1.0 + 0.25 + 0.8
    assert price_of(usage, "somebody-elses", {}) is None
    assert price_of(usage, "mine", {"mine": Price(input=1, output=10)}) == 2.0
