"""A chat model as an assessor: asks what the prompts ask, and puts the replies together."""

from __future__ import annotations

import asyncio

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from critic.errors import ModelError, UnusableModelError
from critic.judgement import Reading
from critic.models import Reply, ask
from critic.prompts import Grouping, Request, requests
from critic.proposal import Proposal
from critic.replies import UnusableReplyError, parse_reply, reply_schema
from critic.rubrics import RubricPack


class ModelAssessor:
    """Judges by prompting a LangChain chat model. An `Assessor`."""

    def __init__(
        self, model: BaseChatModel, grouping: Grouping = Grouping.ALL, concurrency: int = 8, *, overview: bool = True
    ) -> None:
        """Args:
        model: any LangChain chat model.
        grouping: how critiques share requests.
        concurrency: how many requests may be under way at once.
        overview: whether to ask for scope and outline too.
        """
        self.model = model
        self.grouping = grouping
        self._slots = concurrency
        self._overview = overview

    async def __call__(self, proposal: Proposal, pack: RubricPack) -> Reading:
        """Judge a proposal.

        A request that fails leaves failures in the reading. Raises UnusableModelError if the first one shows that none can
        succeed.
        """
        first, *others = requests(proposal, pack, self.grouping, overview=self._overview)
        # Alone, so that the others find the proposal in the provider's prompt cache.
        reading = await self._answer(first)
        if reading.in_scope is False:
            return reading
        slots = asyncio.Semaphore(self._slots)

        async def in_turn(request: Request) -> Reading:
            async with slots:
                try:
                    return await self._answer(request)
                except UnusableModelError as error:
                    return _failed(request, error)

        for more in await asyncio.gather(*map(in_turn, others)):
            reading += more
        return reading

    async def _answer(self, request: Request) -> Reading:
        """Ask, and ask once more if the reply cannot be used or leaves something out."""
        try:
            reply = await ask(self.model, request.messages, reply_schema(request))
        except UnusableModelError:
            raise
        except ModelError as error:
            return _failed(request, error)
        try:
            reading, problem = _read(reply, request), ""
        except UnusableReplyError as error:
            reading, problem = (
                _signed(_failed(request, ModelError(f"The model's reply cannot be used: {error}.")), reply),
                str(error),
            )
        if reading.failures or (request.overview and reading.in_scope is None):
            reading += await self._repaired(request, reply, problem or _open_points(reading))
        return reading

    async def _repaired(self, request: Request, reply: Reply, problem: str) -> Reading:
        messages: list[BaseMessage] = [*request.messages, AIMessage(reply.text), HumanMessage(request.repair(problem))]
        try:
            again = await ask(self.model, messages, reply_schema(request))
            return _read(again, request)
        except (ModelError, UnusableReplyError):
            return Reading()


def _read(reply: Reply, request: Request) -> Reading:
    return _signed(parse_reply(reply.text, request), reply)


def _signed(reading: Reading, reply: Reply) -> Reading:
    return reading.model_copy(
        update={"model": reply.model, "answered": reply.date, "usage": reply.usage, "adjustments": reply.adjustments}
    )


def _failed(request: Request, error: ModelError) -> Reading:
    return Reading(failures=dict.fromkeys(request.ids, str(error)), scope_reason=str(error) if request.overview else "")


def _open_points(reading: Reading) -> str:
    return " ".join(f"{id}: {why}" for id, why in reading.failures.items()) or 'it has no "in_scope"'
