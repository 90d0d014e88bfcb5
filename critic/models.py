"""A model name and an endpoint -> a LangChain chat model; what went wrong, in one sentence each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from openai.types.chat import ChatCompletion
from pydantic import PrivateAttr, SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from critic.errors import CriticError, InputError, ModelError, UnusableModelError
from critic.findings import Usage
from critic.settings import DEFAULT_MODEL, Settings

_LONGEST_WAIT = 600.0  # seconds; an endpoint that asks for more has no room for us today
_PARAMETERS = ("temperature", "seed", "max_tokens", "max_completion_tokens")
_FORMATS = ("json_schema", "json_object", "text")  # from strict to none: each is tried when the one before is refused


class OpenAIChat(BaseChatModel):
    """A thin LangChain chat model over `openai.AsyncOpenAI`, for any OpenAI-compatible endpoint.

    Given `json_schema`, it asks for strict structured output, and for JSON mode or plain text where the endpoint refuses. A
    parameter that the model refuses is left out from then on; `response_metadata["adjustments"]` says so.

    Raises (from `ainvoke`): UnusableModelError, ModelError.
    """

    model: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout: float = 300
    retries: int = 5

    _client: openai.AsyncOpenAI | None = PrivateAttr(None)
    _loop: asyncio.AbstractEventLoop | None = PrivateAttr(None)
    _format: str = PrivateAttr(_FORMATS[0])
    _adjustments: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "critic-openai"

    @property
    def host(self) -> str:
        """The host that messages are sent to."""
        return urlsplit(self.base_url or "https://api.openai.com/v1").hostname or str(self.base_url)

    async def aclose(self) -> None:
        """Close the connections that it holds open."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

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
            body = {"model": self.model, "messages": converted, **self._parameters(), **kwargs}
            if json_schema is not None and asked_format != "text":
                strict = {"name": "reply", "strict": True, "schema": json_schema}
                body["response_format"] = {"type": asked_format} | (
                    {"json_schema": strict} if asked_format == "json_schema" else {}
                )
            try:
                return self._result(await self._create(body))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._adjust(error, body, asked_format):
                    raise self._failure(error) from error
            except (openai.OpenAIError, ValueError) as error:
                raise self._failure(error) from error

    def _parameters(self) -> dict[str, Any]:
        wanted = {"temperature": self.temperature, "seed": self.seed, "max_tokens": self.max_tokens}
        if "max_tokens" in self._adjustments:
            wanted["max_completion_tokens"] = wanted.pop("max_tokens")
        return {name: value for name, value in wanted.items() if value is not None and name not in self._adjustments}

    def _adjust(self, error: openai.APIStatusError, body: dict[str, Any], asked_format: str) -> bool:
        """Leave out what the endpoint refused; False if that is not why it refused."""
        problem = f"{getattr(error, 'param', None) or ''} {error.message}"
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

    async def _create(self, body: dict[str, Any]) -> ChatCompletion:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passing), stop=stop_after_attempt(self.retries + 1), wait=_wait, reraise=True
        )
        create = self._connected().chat.completions.create

        async def once() -> Any:
            return await create(**body)

        completion: Any = await retrying(once)
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise ValueError("no chat completion")
        return completion

    def _connected(self) -> openai.AsyncOpenAI:
        """The client for the running event loop; connections cannot outlive theirs."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            key = self.api_key.get_secret_value() if self.api_key else "none"  # local servers need no key
            self._client = openai.AsyncOpenAI(api_key=key, base_url=self.base_url, timeout=self.timeout, max_retries=0)
            self._loop = loop
        return self._client

    def _result(self, completion: ChatCompletion) -> ChatResult:
        choice, usage = completion.choices[0], completion.usage
        counted = None
        if usage:
            cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
            thinking = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
            counted = UsageMetadata(
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                total_tokens=usage.total_tokens,
                input_token_details=InputTokenDetails(cache_read=cached or 0),
                output_token_details=OutputTokenDetails(reasoning=thinking or 0),
            )
        message = AIMessage(
            content=choice.message.content or "",
            additional_kwargs={"refusal": choice.message.refusal} if choice.message.refusal else {},
            response_metadata={
                "model_name": completion.model,
                "finish_reason": choice.finish_reason,
                "created": completion.created,
                "adjustments": list(self._adjustments.values()),
            },
            usage_metadata=counted,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _failure(self, error: Exception) -> CriticError:
        """What went wrong, in one sentence that says what to do."""
        if isinstance(error.__cause__, CriticError):
            return error.__cause__
        message = _one_line(getattr(error, "message", str(error)))
        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return UnusableModelError(
                    f"{self.host} refused the key ({error.status_code}): check OPENAI_API_KEY. It says: {message}"
                )
            case openai.NotFoundError():
                return UnusableModelError(
                    f"{self.host} has no model '{self.model}' (404): name another with --model, or check OPENAI_BASE_URL. "
                    f"It says: {message}"
                )
            case openai.APITimeoutError():
                return ModelError(f"{self.host} did not answer within {self.timeout:g} s: try again, or raise --timeout.")
            case openai.APIConnectionError():
                return UnusableModelError(
                    f"{self.host} cannot be reached: check the connection and OPENAI_BASE_URL ({self.base_url or 'not set'})."
                )
            case openai.RateLimitError() if _no_quota(error):
                return UnusableModelError(f"The account at {self.host} has no quota left: {message}")
            case openai.RateLimitError():
                return ModelError(
                    f"{self.host} still limits the rate after {self.retries + 1} tries: try again later. It says: {message}"
                )
            case openai.APIStatusError() if error.code == "context_length_exceeded" or re.search(
                r"context (length|window)|too many tokens", message
            ):
                return ModelError(
                    f"Proposal and rubrics are longer than '{self.model}' takes: use a model with a longer context, "
                    f"or put fewer critiques in a request with --grouping. It says: {message}"
                )
            case openai.APIStatusError() if "content_filter" in f"{error.code} {message}" or "content management" in message:
                return ModelError(f"A content filter at {self.host} held the request back: {message}")
            case openai.InternalServerError():
                return ModelError(
                    f"{self.host} failed {self.retries + 1} times ({error.status_code}): try again later. It says: {message}"
                )
            case openai.APIStatusError():
                return ModelError(f"{self.host} refused the request ({error.status_code}): {message}")
        return UnusableModelError(f"{self.host} answers, but not as an OpenAI-compatible chat endpoint: check OPENAI_BASE_URL.")


@dataclass(frozen=True)
class Reply:
    """What a model said, and what it took."""

    text: str
    model: str | None
    date: str | None  # YYYY-MM-DD, by the provider's clock
    usage: Usage
    adjustments: tuple[str, ...]


async def ask(model: BaseChatModel, messages: list[BaseMessage], schema: Mapping[str, Any]) -> Reply:
    """Send messages to any LangChain chat model and take its reply apart.

    Args:
        schema: JSON Schema of the reply; an OpenAIChat passes it on, for another model the prompt's own words must do.

    Raises:
        ModelError: the model refused, a content filter held the reply back, or it is cut off or empty.
    """
    options: dict[str, Any] = {"json_schema": schema} if isinstance(model, OpenAIChat) else {}
    message = await model.ainvoke(messages, **options)
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    if refusal := message.additional_kwargs.get("refusal"):
        raise ModelError(f"The model refused: {_one_line(refusal)}")
    if reason in ("content_filter", "refusal"):
        raise ModelError("A content filter of the provider held the reply back.")
    if reason in ("length", "max_tokens"):
        raise ModelError(
            "The reply was cut off at its longest: raise --max-tokens, or ask for fewer critiques at once with --grouping."
        )
    text = message.text.strip()
    if not text:
        raise ModelError("The model's reply was empty.")
    created = metadata.get("created")
    return Reply(
        text=text,
        model=metadata.get("model_name"),
        date=datetime.fromtimestamp(created, UTC).date().isoformat() if created else None,
        usage=_usage(message.usage_metadata),
        adjustments=tuple(metadata.get("adjustments", ())),
    )


def _usage(counted: UsageMetadata | None) -> Usage:
    if counted is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=counted["input_tokens"],
        cached_tokens=counted.get("input_token_details", InputTokenDetails()).get("cache_read", 0),
        output_tokens=counted["output_tokens"],
        reasoning_tokens=counted.get("output_token_details", OutputTokenDetails()).get("reasoning", 0),
    )


def chat_models(settings: Settings) -> list[OpenAIChat]:
    """The chat models that the settings name: one, or the panel; each as often as there are samples, with seeds of its own.

    Raises:
        InputError: OpenAI's own endpoint is to be asked, and there is no key.
    """
    if not settings.api_key and not settings.base_url:
        raise InputError(
            "There is no API key: set OPENAI_API_KEY (or OPENAI_BASE_URL for a server of your own), "
            "or leave the model out to screen offline."
        )
    options = settings.model_dump(include={"base_url", "api_key", "temperature", "max_tokens", "timeout", "retries"})
    seeds = [settings.seed if settings.seed is None else settings.seed + sample for sample in range(settings.samples)]
    names = settings.panel or [settings.model or DEFAULT_MODEL]
    return [OpenAIChat(model=name, seed=seed, **options) for name in names for seed in seeds]


def _no_quota(error: BaseException) -> bool:
    return isinstance(error, openai.RateLimitError) and "insufficient_quota" in (error.code, error.type)


def _passing(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error.__cause__, CriticError) or _no_quota(error):
        return False
    if isinstance(error, openai.APIStatusError) and _retry_after(error) > _LONGEST_WAIT:
        return False
    return isinstance(
        error, openai.APIConnectionError | openai.RateLimitError | openai.InternalServerError | openai.ConflictError
    )


_backoff = wait_random_exponential(multiplier=0.5, max=30)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (_retry_after(error) if isinstance(error, openai.APIStatusError) else 0.0) or _backoff(state)


def _retry_after(error: openai.APIStatusError) -> float:
    """Seconds that the endpoint asks to wait; 0 if it does not ask."""
    headers = error.response.headers
    try:
        if "retry-after-ms" in headers:
            return float(headers["retry-after-ms"]) / 1000
        if "retry-after" not in headers:
            return 0.0
        if re.fullmatch(r"[\d.]+", headers["retry-after"]):
            return float(headers["retry-after"])
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return 0.0


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
