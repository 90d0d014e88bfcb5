"""A model name and an endpoint -> a LangChain chat model."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr, SecretStr

from critic.errors import InputError
from critic.failures import busy, failure, passing, refusal, wait
from critic.findings import Usage
from critic.settings import DEFAULT_MODEL, Settings

_PARAMETERS = ("temperature", "seed", "max_tokens", "max_completion_tokens")
_FORMATS = ("json_schema", "json_object", "text")  # from strict to none: each is tried when the one before is refused


class Body(dict[str, Any]):
    """What is asked, as JSON; not to be changed any more."""

    @cached_property
    def key(self) -> str:
        """SHA-256, in hexadecimal: proposal, rubrics, prompts, model and parameters are in it."""
        contents = [str(message["content"]).encode() for message in self["messages"]]
        outlines = [{**message, "content": len(text)} for message, text in zip(self["messages"], contents, strict=True)]
        digest = sha256(json.dumps({**self, "messages": outlines}, sort_keys=True).encode())
        for text in contents:  # long, and hashed many times faster than they are turned into JSON
            digest.update(text)
        return digest.hexdigest()


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered: a chat completion (200), or why it does not take the request (400 or 422)."""

    status: int
    text: str  # JSON, as it came
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate(Protocol):
    """What stands between chat models and an endpoint that many proposals share."""

    sends: bool  # False if it turns away whatever it has no answer to

    def stored(self, body: Body) -> Answer | None:
        """The answer to this very request, if there is one from before."""

    def turn(self, body: Body) -> AbstractAsyncContextManager[None]:
        """Held while a request is under way; entering it waits for room. Raises CriticError if it is not to be sent."""

    def answered(self, body: Body, answer: Answer) -> None:
        """Told every answer, whatever its status."""


class OpenAIChat(BaseChatModel):
    """A thin LangChain chat model over `openai.AsyncOpenAI`, for any OpenAI-compatible endpoint.

    Given `json_schema`, it asks for strict structured output, and for JSON mode or plain text where the endpoint refuses. A
    parameter that the model refuses is left out from then on; `response_metadata["adjustments"]` says so.

    Raises (from `ainvoke`): UnusableModelError, ModelError, and what the gate raises.
    """

    model: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout: float = 300
    retries: int = 5
    patience: float = 0  # seconds for which a busy or vanished endpoint that has answered before uses up no retries

    _gate: Gate | None = PrivateAttr(None)
    _client: openai.AsyncOpenAI | None = PrivateAttr(None)
    _loop: asyncio.AbstractEventLoop | None = PrivateAttr(None)
    _answered: bool = PrivateAttr(False)
    _format: str = PrivateAttr(_FORMATS[0])
    _adjustments: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "critic-openai"

    @property
    def host(self) -> str:
        """The host that messages are sent to."""
        return urlsplit(self.base_url or "https://api.openai.com/v1").hostname or str(self.base_url)

    def through(self, gate: Gate) -> OpenAIChat:
        """This model, with every request going through a gate."""
        self._gate = gate
        return self

    async def aclose(self) -> None:
        """Close the connections that it holds open."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        """What tracers are told; LangChain's own makes it by way of a method that it warns of, and silences that each time."""
        return {**self.asdict(), "stop": stop, **kwargs}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, None, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        json_schema: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        converted = convert_to_openai_messages(messages)
        while True:
            asked_format = self._format
            body = Body(model=self.model, messages=converted, **self._parameters(), **kwargs)
            if json_schema is not None and asked_format != "text":
                strict = {"name": "reply", "strict": True, "schema": json_schema}
                body["response_format"] = {"type": asked_format} | (
                    {"json_schema": strict} if asked_format == "json_schema" else {}
                )
            try:
                answer = (self._gate and self._gate.stored(body)) or await self._sent(body)
                if answer.status == 200:
                    return self._result(answer)
            except (openai.OpenAIError, ValueError) as error:
                raise failure(
                    error,
                    host=self.host,
                    model=self.model,
                    base_url=self.base_url,
                    timeout=self.timeout,
                    tries=self.retries + 1,
                ) from error
            if not self._adjust(answer.text, body, asked_format):
                raise refusal(answer.status, answer.text, host=self.host, model=self.model)

    def _parameters(self) -> dict[str, Any]:
        wanted = {"temperature": self.temperature, "seed": self.seed, "max_tokens": self.max_tokens}
        if "max_tokens" in self._adjustments:
            wanted["max_completion_tokens"] = wanted.pop("max_tokens")
        return {name: value for name, value in wanted.items() if value is not None and name not in self._adjustments}

    def _adjust(self, problem: str, body: dict[str, Any], asked_format: str) -> bool:
        """Leave out what the endpoint refused; False if that is not why it refused."""
        if "response_format" in body and re.search(
            r"response_format|json_schema|json_object|structured|schema|grammar", problem
        ):
            if self._format == asked_format:  # else another request has found it out in the meantime
                self._format = _FORMATS[_FORMATS.index(asked_format) + 1]
                named = {"json_object": "JSON mode", "text": "plain text"}[self._format]
                self._adjustments["format"] = (
                    f"the endpoint refused the output format {asked_format}; asked for {named} instead"
                )
            return True
        for name in _PARAMETERS:
            if name in body and re.search(rf"\b{name}\b", problem):
                instead = "sent max_completion_tokens instead" if name == "max_tokens" else "asked again without it"
                self._adjustments[name] = f"the model refused {name}={body[name]}; {instead}"
                return True
        return False

    async def _sent(self, body: Body) -> Answer:
        began = time.monotonic()
        sent = failed = 0
        while True:
            sent += 1
            try:
                answer = await self._try(body)
            except openai.OpenAIError as error:
                patient = self._answered and time.monotonic() - began < self.patience
                failed += not (patient and busy(error))
                if failed > self.retries or not passing(error):
                    raise
                await asyncio.sleep(wait(error, sent))
            else:
                self._answered = True
                return answer

    async def _try(self, body: Body) -> Answer:
        async with self._gate.turn(body) if self._gate else nullcontext():
            trouble: openai.APIStatusError | None = None
            try:
                # It goes out as it is; `chat.completions.create` rebuilds every message and schema, at a third of all cost.
                raw = await self._connected().post("/chat/completions", cast_to=httpx2.Response, body=body)
                answer = Answer(raw.status_code, raw.text, raw.headers)
            except openai.APIStatusError as error:
                trouble, answer = error, Answer(error.status_code, error.response.text, error.response.headers)
            if self._gate:
                self._gate.answered(body, answer)
        if trouble and trouble.status_code not in (400, 422):
            raise trouble
        return answer

    def _connected(self) -> openai.AsyncOpenAI:
        """The client for the running event loop; connections cannot outlive theirs."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            key = self.api_key.get_secret_value() if self.api_key else "none"  # local servers need no key
            with connecting():
                http = openai.DefaultAsyncHttpxClient(verify=_trusted())
            self._client = openai.AsyncOpenAI(
                api_key=key, base_url=self.base_url, timeout=self.timeout, max_retries=0, http_client=http
            )
            self._loop = loop
        return self._client

    def _result(self, answer: Answer) -> ChatResult:
        given = json.loads(answer.text)
        try:
            choice = given["choices"][0]
            said, reason = choice["message"], choice.get("finish_reason")
        except (LookupError, TypeError, AttributeError):
            raise ValueError("no chat completion") from None
        took = usage_of(given)
        counted = UsageMetadata(
            input_tokens=took.input_tokens,
            output_tokens=took.output_tokens,
            total_tokens=took.input_tokens + took.output_tokens,
            input_token_details=InputTokenDetails(cache_read=took.cached_tokens),
            output_token_details=OutputTokenDetails(reasoning=took.reasoning_tokens),
        )
        message = AIMessage(
            content=said.get("content") or "",
            additional_kwargs={"refusal": said["refusal"]} if said.get("refusal") else {},
            response_metadata={
                "model_name": given.get("model"),
                "finish_reason": reason,
                "created": given.get("created"),
                "adjustments": list(self._adjustments.values()),
            },
            usage_metadata=counted if given.get("usage") else None,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@contextmanager
def connecting() -> Iterator[None]:
    """Around the making of a client, which reads the environment. Raises InputError: what it says cannot be used."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"The certificates in SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {reason}.") from error
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        reason = str(error).partition(". ")[0].rstrip(".")
        raise InputError(f"The proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used: {reason}.") from error


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust; reading them takes longer than all else about a client."""
    return httpx2.create_ssl_context()


def usage_of(completion: Mapping[str, Any]) -> Usage:
    """What a chat completion, as JSON, took; zeros where it does not say."""
    counted = completion.get("usage") or {}
    return Usage(
        requests=1,
        input_tokens=counted.get("prompt_tokens") or 0,
        cached_tokens=(counted.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        output_tokens=counted.get("completion_tokens") or 0,
        reasoning_tokens=(counted.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0,
    )


def chat_models(settings: Settings, gate: Gate | None = None) -> list[OpenAIChat]:
    """The chat models that the settings name: one, or the panel; each as often as there are samples, with seeds of its own.

    Args:
        settings: what to ask, and where.
        gate: that every request of theirs goes through.

    Raises:
        InputError: OpenAI's own endpoint is to be asked, and there is no key.
    """
    if not settings.api_key and not settings.base_url:
        raise InputError(
            "There is no API key: set OPENAI_API_KEY (or OPENAI_BASE_URL for a server of your own), "
            "or leave the model out to screen offline."
        )
    options = settings.model_dump(
        include={"base_url", "api_key", "temperature", "max_tokens", "timeout", "retries", "patience"}
    )
    seeds = [settings.seed if settings.seed is None else settings.seed + sample for sample in range(settings.samples)]
    names = settings.panel or [settings.model or DEFAULT_MODEL]
    chats = [OpenAIChat(model=name, seed=seed, **options) for name in names for seed in seeds]
    return [chat.through(gate) for chat in chats] if gate else chats
