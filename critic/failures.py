"""What goes wrong with an endpoint: what passes by itself, how long to wait for it, and one sentence for the rest."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai

from critic.errors import CriticError, ModelError, UnusableModelError

_LONGEST_WAIT = 600.0  # seconds; an endpoint that asks for more has no room for us today


def passing(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error.__cause__, CriticError) or _no_quota(error):
        return False
    if isinstance(error, openai.APIStatusError) and retry_after(error.response.headers) > _LONGEST_WAIT:
        return False
    return isinstance(
        error, openai.APIConnectionError | openai.RateLimitError | openai.InternalServerError | openai.ConflictError
    )


def busy(error: BaseException) -> bool:
    """Whether the endpoint, or the way there, has no room at the moment, which says nothing of this request."""
    return isinstance(error, openai.RateLimitError | openai.APIConnectionError) and not isinstance(
        error, openai.APITimeoutError
    )


def wait(error: BaseException, sent: int) -> float:
    """Seconds until the next try: what the endpoint asks for, or some part of a time that doubles each time.

    Args:
        error: what the last try came to.
        sent: tries so far.
    """
    asked = retry_after(error.response.headers) if isinstance(error, openai.APIStatusError) else 0.0
    return asked or random.uniform(0, min(30, 0.25 * 2 ** min(sent, 10)))  # noqa: S311 - it only spreads the tries


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the endpoint asks to wait; 0 if it does not ask."""
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


def failure(error: Exception, *, host: str, model: str, base_url: str | None, timeout: float, tries: int) -> CriticError:
    """What went wrong, in one sentence that says what to do.

    Args:
        error: from the `openai` client, or a ValueError for an answer that is no chat completion.
        host: that was asked.
        model: that was asked for.
        base_url: as configured.
        timeout: seconds that one request may take.
        tries: how often the request was sent.
    """
    if isinstance(error.__cause__, CriticError):
        return error.__cause__
    message = one_line(getattr(error, "message", str(error)))
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return UnusableModelError(f"{host} refused the key ({error.status_code}): check OPENAI_API_KEY. It says: {message}")
        case openai.NotFoundError():
            return UnusableModelError(
                f"{host} has no model '{model}' (404): name another with --model, or check OPENAI_BASE_URL. It says: {message}"
            )
        case openai.APITimeoutError():
            return ModelError(f"{host} did not answer within {timeout:g} s: try again, or raise --timeout.")
        case openai.APIConnectionError():
            return UnusableModelError(
                f"{host} cannot be reached: check the connection and OPENAI_BASE_URL ({base_url or 'not set'})."
            )
        case openai.RateLimitError() if _no_quota(error):
            return UnusableModelError(f"The account at {host} has no quota left: {message}")
        case openai.RateLimitError():
            return ModelError(f"{host} still limits the rate after {tries} tries: try again later. It says: {message}")
        case openai.InternalServerError():
            return ModelError(f"{host} failed {tries} times ({error.status_code}): try again later. It says: {message}")
        case openai.APIStatusError():
            return ModelError(f"{host} refused the request ({error.status_code}): {message}")
    return UnusableModelError(f"{host} answers, but not as an OpenAI-compatible chat endpoint: check OPENAI_BASE_URL.")


def refusal(status: int, text: str, *, host: str, model: str) -> ModelError:
    """Why an endpoint did not take a request that it understood (400 or 422), in one sentence.

    Args:
        status: HTTP status.
        text: the body of the answer.
        host: that was asked.
        model: that was asked for.
    """
    message = one_line(_message(text))
    if re.search(r"context_length_exceeded|context (length|window)|too many tokens", text):
        return ModelError(
            f"Proposal and rubrics are longer than '{model}' takes: use a model with a longer context, "
            f"or put fewer critiques in a request with --grouping. It says: {message}"
        )
    if re.search(r"content_filter|content management", text):
        return ModelError(f"A content filter at {host} held the request back: {message}")
    return ModelError(f"{host} refused the request ({status}): {message}")


def one_line(text: str) -> str:
    """A message of somebody else's, shortened to what fits in a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"


def _message(text: str) -> str:
    try:
        said: Any = json.loads(text)
    except json.JSONDecodeError:
        return text
    said = said.get("error", said) if isinstance(said, dict) else said
    return str(said.get("message", said) if isinstance(said, dict) else said)


def _no_quota(error: BaseException) -> bool:
    return isinstance(error, openai.RateLimitError) and "insufficient_quota" in (error.code, error.type)
