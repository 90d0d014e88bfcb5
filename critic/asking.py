"""Messages to any LangChain chat model -> what it said, and what that took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

from critic.errors import ModelError
from critic.failures import one_line
from critic.findings import Usage
from critic.models import OpenAIChat


@dataclass(frozen=True)
class Reply:
    """What a model said, and what it took."""

    text: str
    model: str | None
    date: str | None  # YYYY-MM-DD, by the provider's clock
    usage: Usage
    adjustments: tuple[str, ...]
    cut: bool = False  # whether it stops at its longest


async def ask(model: BaseChatModel, messages: list[BaseMessage], schema: Mapping[str, Any]) -> Reply:
    """Send messages to any LangChain chat model and take its reply apart.

    Args:
        model: to ask.
        messages: to send.
        schema: JSON Schema of the reply; an OpenAIChat passes it on, for another model the prompt's own words must do.

    Raises:
        ModelError: the model refused, a content filter held the reply back, or it is empty.
    """
    options: dict[str, Any] = {"json_schema": schema} if isinstance(model, OpenAIChat) else {}
    message = await model.ainvoke(messages, **options)
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    if refusal := message.additional_kwargs.get("refusal"):
        raise ModelError(f"The model refused: {one_line(refusal)}")
    if reason in ("content_filter", "refusal"):
        raise ModelError("A content filter of the provider held the reply back.")
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
        cut=reason in ("length", "max_tokens"),
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
