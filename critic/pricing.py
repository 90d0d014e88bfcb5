"""What requests cost: never fetched, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from critic.findings import Usage


class Price(BaseModel):
    """US dollars a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)  # None: as dear as other input
    output: float = Field(ge=0)


# OpenAI's list prices for short contexts, as reported in October 2026; `prices` in the configuration goes before it.
_PRICES = {
    "gpt-6.1-sol": Price(input=2.0, cached=0.1, output=10.0),
    "gpt-6.1-terra": Price(input=1.0, cached=0.05, output=5.0),
    "gpt-6-luna": Price(input=0.1, cached=0.01, output=0.5),
    "gpt-5-mini": Price(input=0.25, cached=0.025, output=2.0),
    "gpt-4.1": Price(input=2.0, cached=0.5, output=8.0),
}


def known_prices(prices: Mapping[str, Price]) -> dict[str, Price]:
    """By model name.

    Args:
        prices: that go before the list prices.
    """
    return _PRICES | dict(prices)


def price_of(usage: Usage, model: str | None, prices: Mapping[str, Price]) -> float | None:
    """US dollars; None if the model's price is not known."""
    known = known_prices(prices)
    # Providers answer with the dated name of what they were asked for: gpt-4.1-2025-04-14.
    price = known.get(model or "") or known.get(re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model or ""))
    if price is None:
        return None
    cached = price.input if price.cached is None else price.cached
    fresh = usage.input_tokens - usage.cached_tokens
    return (fresh * price.input + usage.cached_tokens * cached + usage.output_tokens * price.output) / 1e6
