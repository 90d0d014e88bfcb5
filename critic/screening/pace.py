"""How fast requests may go out: so many at once, so many and so many tokens a minute, and slower when the endpoint says so."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

_SLOWER = 0.7  # of the requests under way, at most once a second, when the endpoint answers 429
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Pace:
    """Room for requests. Each 429 makes it smaller, each success a little larger again, up to what was allowed."""

    def __init__(self, concurrency: int, requests_per_minute: int | None = None, tokens_per_minute: int | None = None) -> None:
        """Args:
        concurrency: requests under way at once, at most.
        requests_per_minute: sent evenly, not in bursts; None for no limit.
        tokens_per_minute: the same, by the tokens that are sent.
        """
        self._most = concurrency
        self._limit = float(concurrency)
        self._each = 60 / requests_per_minute if requests_per_minute else 0.0
        self._token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next = self._slowed = 0.0  # by the event loop's clock

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[None]:
        """Wait for room and for the moment; the room is free again behind it.

        Args:
            tokens: that are about to be sent, as an estimate.
        """
        if self._busy < int(self._limit):
            self._busy += 1
        else:
            self._waiting.append(place := asyncio.get_running_loop().create_future())
            await place
        try:
            now = asyncio.get_running_loop().time()
            start = max(now, self._next)
            self._next = start + max(self._each, tokens * self._token)
            if start > now:
                await asyncio.sleep(start - now)
            yield
        finally:
            self._busy -= 1
            self._admit()

    def told(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer: its status, and what its headers say of the limits."""
        now = asyncio.get_running_loop().time()
        if status == 429 and now - self._slowed >= 1:
            self._slowed = now
            self._limit = max(1.0, self._limit * _SLOWER)
        elif status == 200:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._admit()
        for kind in ("requests", "tokens"):
            if headers.get(f"x-ratelimit-remaining-{kind}") == "0":
                self._next = max(self._next, now + seconds(headers.get(f"x-ratelimit-reset-{kind}", "")))

    def _admit(self) -> None:
        while self._waiting and self._busy < int(self._limit):
            place = self._waiting.popleft()
            if not place.done():  # else whoever waited has gone
                self._busy += 1
                place.set_result(None)


def seconds(text: str) -> float:
    """A duration as rate-limit headers give it, such as 6m0s or 20ms; 0 for anything else, 60 at most."""
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", text)
    return min(60.0, sum(float(number) * _UNITS[unit] for number, unit in parts))
