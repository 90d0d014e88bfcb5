"""Requests that are not answered yet, without sending any: for an estimate, and for batch files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from critic.errors import CriticError, ModelError
from critic.models import Answer, Body
from critic.screening.store import Store

_NOT_ANSWERED = "It is not answered yet."


class UnsentGate:
    """A `critic.models.Gate` that answers from the store and hands out what it has to turn away.

    What a model is asked only because of an earlier answer (a second look, a repair) comes up once that answer is stored.
    """

    sends = False

    def __init__(self, store: Store, unsent: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Args:
        store: with the answers so far.
        unsent: is given the key and the body of each request without an answer, once.
        """
        self._store, self._unsent = store, unsent
        self._seen: set[str] = set()
        self.closed: CriticError | None = None

    def close(self, why: CriticError) -> None:
        """Stop; the first reason stands."""
        self.closed = self.closed or why

    def stored(self, body: Body) -> Answer | None:
        return self._store.answer(body.key)

    @asynccontextmanager
    async def turn(self, body: Body) -> AsyncIterator[None]:
        if (key := body.key) not in self._seen:
            self._seen.add(key)
            self._unsent(key, body)
        raise ModelError(_NOT_ANSWERED)
        yield

    def answered(self, body: Body, answer: Answer) -> None:
        raise AssertionError("nothing is sent")
