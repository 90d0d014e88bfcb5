"""What requests may cost in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from critic.errors import InputError, StoppedError
from critic.findings import Usage
from critic.pricing import Price, price_of

_LONG_REPLY = 8000  # tokens; what is set aside for a reply before any has been seen


def tokens(body: Mapping[str, Any]) -> int:
    """About how many tokens a request sends: a quarter of its characters, which is a little much for English."""
    return sum(len(str(message["content"])) for message in body["messages"]) // 4


class Budget:
    """Counts what replies cost, and lets no request out that might pass the limit."""

    def __init__(self, limit: float | None, models: list[str], prices: Mapping[str, Price], spent: float, longest: int) -> None:
        """Args:
        limit: US dollars, for all that is in the store and is to come; None for none.
        models: that are asked.
        prices: that go before the list prices, by model name.
        spent: US dollars, before.
        longest: tokens of the longest reply so far.

        Raises:
            InputError: there is a limit, and the price of a model is not known.
        """
        self._limit, self._prices, self._longest = limit, prices, longest
        unknown = [model for model in models if price_of(Usage(), model, prices) is None]
        if limit is not None and unknown:
            raise InputError(
                f"--budget needs the price of '{unknown[0]}', which is not known: add it to the configuration file, as "
                f'[prices."{unknown[0]}"] with input and output in US dollars a million tokens.'
            )
        self.spent = spent
        self._promised: list[float] = []
        self._settled = asyncio.Event()

    def add(self, usage: Usage, model: str | None) -> None:
        """Count what a reply took."""
        self.spent += price_of(usage, model, self._prices) or 0.0
        self._longest = max(self._longest, usage.output_tokens)

    @asynccontextmanager
    async def promise(self, body: Mapping[str, Any]) -> AsyncIterator[None]:
        """Set aside, while a request is under way, what its reply may cost; waits until what others set aside is settled.

        Raises:
            StoppedError: it might pass the limit all the same.
        """
        longest = body.get("max_tokens") or body.get("max_completion_tokens") or max(self._longest * 5 // 4, _LONG_REPLY)
        cost = price_of(Usage(input_tokens=tokens(body), output_tokens=longest), body["model"], self._prices) or 0.0
        while self._limit is not None and self.spent + sum(self._promised) + cost > self._limit:
            if not self._promised:
                raise StoppedError(
                    f"{self.spent:.4f} of {self._limit:.2f} USD are spent, and the next request may cost {cost:.4f}: run the "
                    f"same command with a larger --budget to go on."
                )
            self._settled.clear()
            await self._settled.wait()
        self._promised.append(cost)
        try:
            yield
        finally:
            self._promised.remove(cost)
            self._settled.set()
