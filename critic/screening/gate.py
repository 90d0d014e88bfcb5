"""The way from chat models to the endpoint, for many proposals at once: what is stored is not asked, the rest is paced."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from critic.errors import CriticError
from critic.findings import Usage
from critic.models import Answer, Body, usage_of
from critic.pricing import price_of
from critic.screening.budget import Budget, tokens
from critic.screening.pace import Pace
from critic.screening.store import Store
from critic.settings import DEFAULT_MODEL, Settings

anew: ContextVar[bool] = ContextVar("anew", default=False)  # whether what is stored is passed over, in this task


class StoringGate:
    """A `critic.models.Gate` with a store, a pace and a budget. Once it is closed, what is under way is the last."""

    sends = True

    def __init__(self, store: Store, pace: Pace, budget: Budget, asked: set[str] | None = None) -> None:
        """Args:
        store: for what is known and what comes.
        pace: for what is sent.
        budget: for what it costs.
        asked: gathers the keys of all requests, for whoever wants to forget their answers.
        """
        self._store, self.pace, self.budget = store, pace, budget
        self.closed: CriticError | None = None
        self._asked = asked

    def close(self, why: CriticError) -> None:
        """Let nothing out any more; the first reason stands."""
        self.closed = self.closed or why

    def stored(self, body: Body) -> Answer | None:
        if self._asked is not None:
            self._asked.add(body.key)
        return None if anew.get() else self._store.answer(body.key)

    @asynccontextmanager
    async def turn(self, body: Body) -> AsyncIterator[None]:
        async with self.pace.turn(tokens(body)):
            if self.closed:
                raise self.closed
            try:
                async with self.budget.promise(body):
                    yield
            except CriticError as error:
                self.close(error)
                raise

    def answered(self, body: Body, answer: Answer) -> None:
        self.pace.told(answer.status, answer.headers)
        if answer.status in (200, 400, 422) and (kept := keep(self._store, body.key, answer, self.budget.priced(body))):
            self.budget.add(kept[1], kept[0])


def live_gate(settings: Settings, store: Store, budget: float | None = None) -> StoringGate:
    """The gate that these settings ask for.

    Args:
        settings: which models are asked, how fast, and at which prices.
        store: for what is known and what comes.
        budget: US dollars for all that is in the store and is to come; None for no limit.

    Raises:
        InputError: there is a budget, and the price of a model is not known.
    """
    models = (settings.panel or [settings.model or DEFAULT_MODEL]) if settings.online else []
    spent = sum(price_of(usage, model, settings.prices) or 0 for model, usage in store.usage().items())
    pace = Pace(settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute)
    return StoringGate(store, pace, Budget(budget, models, settings.prices, spent, store.longest_reply()))


def keep(store: Store, key: str, answer: Answer, asked: str | None = None) -> tuple[str | None, Usage] | None:
    """Store an answer if it is one: a chat completion, or why there is none.

    Args:
        store: where it goes.
        key: of the request.
        answer: to it.
        asked: the model that was asked for, if it is its price that counts; providers answer with names of their own.

    Returns:
        The model and what it took; None if the endpoint said something else.
    """
    try:
        said = json.loads(answer.text)
    except json.JSONDecodeError:
        return None
    if not isinstance(said, dict) or (answer.status == 200 and not said.get("choices")):
        return None
    usage = usage_of(said)
    model = asked or said.get("model")
    store.keep_answer(key, answer, model, usage)
    return model, usage
