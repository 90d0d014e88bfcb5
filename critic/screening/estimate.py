"""What a screening run would send and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from critic.findings import Usage
from critic.pricing import Price, known_prices, price_of
from critic.screening.budget import tokens

_ENTRY = 240  # tokens of reply for a critique or a consideration, as measured for the table in the README
_SECOND_LOOK = 1000  # tokens of reply to a second look, from the same table


@dataclass
class Estimate:
    """Requests that are still to be sent, and about how many tokens they take."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, body: Mapping[str, Any]) -> None:
        """Count a request."""
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        self.requests += 1
        self.input_tokens += tokens(body)
        self.output_tokens += _ENTRY * max(1, _entries(schema))

    def with_second_looks(self, proposals: int) -> Estimate:
        """With one more request for each proposal, of the size of the others."""
        each = self.input_tokens // (self.requests or 1)
        return Estimate(
            self.requests + proposals,
            self.input_tokens + proposals * each,
            self.output_tokens + proposals * _SECOND_LOOK,
        )

    def prices(self, own: Mapping[str, Price]) -> dict[str, float]:
        """US dollars, by the name of each model whose price is known; nothing is read from a provider's cache."""
        usage = Usage(requests=self.requests, input_tokens=self.input_tokens, output_tokens=self.output_tokens)
        return {model: price_of(usage, model, own) or 0.0 for model in known_prices(own)}


def _entries(schema: Mapping[str, Any]) -> int:
    count = 0
    for name in ("critiques", "considerations"):
        part = schema.get("properties", {}).get(name, {})
        part = part["anyOf"][0] if "anyOf" in part else part
        count += len(part.get("properties", {}))
    return count
