"""A chat model as an assessor: asks what the prompts ask, and puts the replies together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from critic.asking import Reply, ask
from critic.errors import ModelError, UnusableModelError
from critic.judgement import Reading
from critic.prompts import Grouping, Request, requests
from critic.proposal import Proposal
from critic.replies import UnusableReplyError, parse_reply, reply_schema
from critic.rubrics import RubricPack

_CUT = "The reply was cut off at its longest: raise --max-tokens, or ask for fewer critiques at once with --grouping."

_REPAIRS = 3  # turns in which a model may mend its reply


class ModelAssessor:
    """Judges by prompting a LangChain chat model. An `Assessor`."""

    def __init__(
        self,
        model: BaseChatModel,
        grouping: Grouping = Grouping.ALL,
        concurrency: int = 8,
        *,
        overview: bool = True,
        told: Callable[[Reading], None] | None = None,
    ) -> None:
        """Args:
        model: any LangChain chat model.
        grouping: how critiques share requests.
        concurrency: how many requests may be under way at once.
        overview: whether to ask for scope and outline too.
        told: is given what each request came to, as soon as it is there.
        """
        self.model = model
        self.grouping = grouping
        self._slots = concurrency
        self._overview = overview
        self._told = told or (lambda _: None)

    async def __call__(self, proposal: Proposal, pack: RubricPack) -> Reading:
        """Judge a proposal.

        A request that fails leaves failures in the reading. Raises UnusableModelError if the first one shows that none can
        succeed.
        """
        first, *others = requests(proposal, pack, self.grouping, overview=self._overview)
        # Alone, so that the others find the proposal in the provider's prompt cache.
        reading = await self._answer(first)
        self._told(reading)
        if reading.in_scope is False:
            return reading
        slots = asyncio.Semaphore(self._slots)

        async def in_turn(request: Request) -> Reading:
            async with slots:
                try:
                    answer = await self._answer(request)
                except UnusableModelError as error:
                    answer = _failed(request, error)
                self._told(answer)
                return answer

        # Each is let finish, whatever becomes of another: it is being paid for.
        for more in await asyncio.gather(*map(in_turn, others), return_exceptions=True):
            if isinstance(more, BaseException):
                raise more
            reading += more
        return reading

    async def _answer(self, request: Request) -> Reading:
        """Ask, and ask again if the reply cannot be used or leaves something out."""
        reading: Reading | None = None
        messages = request.messages
        for _ in range(1 + _REPAIRS):
            try:
                reply = await ask(self.model, messages, reply_schema(request))
            except ModelError as error:
                if reading is None and isinstance(error, UnusableModelError):
                    raise
                return reading or _failed(request, error)
            more, problem = _read(reply, request)
            reading = reading + more if reading else more
            if not reading.failures and not (request.overview and reading.in_scope is None):
                break
            messages = [
                *request.messages,
                AIMessage(reply.text),
                HumanMessage(request.repair(problem or _open_points(reading))),
            ]
        return reading or Reading()


def _read(reply: Reply, request: Request) -> tuple[Reading, str]:
    """What a reply says, and why it cannot be used, if so."""
    try:
        return _signed(parse_reply(reply.text, request), reply), ""
    except UnusableReplyError as error:
        problem = "it was cut off at its longest" if reply.cut else str(error)
        failed = _failed(request, ModelError(_CUT if reply.cut else f"The model's reply cannot be used: {problem}."))
        return _signed(failed, reply), problem


def _signed(reading: Reading, reply: Reply) -> Reading:
    return reading.model_copy(
        update={"model": reply.model, "answered": reply.date, "usage": reply.usage, "adjustments": reply.adjustments}
    )


def _failed(request: Request, error: ModelError) -> Reading:
    return Reading(failures=dict.fromkeys(request.ids, str(error)), scope_reason=str(error) if request.overview else "")


def _open_points(reading: Reading) -> str:
    return " ".join(f"{id}: {why}" for id, why in reading.failures.items()) or 'it has no "in_scope"'
