"""The main job as one call, from Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from critic.judgement import Assessor, Reading
from critic.offline import assess_offline
from critic.pipeline import Manner, pipeline
from critic.prompts import Grouping
from critic.readers import read
from critic.rubrics import RubricPack, load_rubrics
from critic.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

    from critic.findings import Review
    from critic.models import Gate
    from critic.proposal import Proposal


def review(
    source: str | Path | Proposal,
    *,
    model: BaseChatModel | None = None,
    settings: Settings | None = None,
    rubrics: Path | RubricPack | None = None,
    only: Sequence[str] = (),
) -> Review:
    """Review one proposal. See `areview`, which this runs to its end; not for use inside a running event loop."""
    return asyncio.run(areview(source, model=model, settings=settings, rubrics=rubrics, only=only))


async def areview(
    source: str | Path | Proposal,
    *,
    model: BaseChatModel | None = None,
    settings: Settings | None = None,
    rubrics: Path | RubricPack | None = None,
    only: Sequence[str] = (),
) -> Review:
    """Review one proposal.

    Args:
        source: a path, or a Proposal (from `critic.readers.read` or `read_bytes`).
        model: any LangChain chat model; None for the one that the settings name, or the offline assessor if they name none.
        settings: None to take them from the environment and the user's configuration file.
        rubrics: a folder with a rubric pack, or a loaded pack; None for the pack that comes with `critic`.
        only: ids or slugs of the critiques and considerations to judge; empty for all.

    Returns:
        The review; `complete` is false if a part of it failed.

    Raises:
        InputError: the proposal, the rubric pack, the settings or a name in `only` cannot be used.
        UnusableModelError: no request to the model can succeed: wrong key, unknown model, no connection.
    """
    pack = rubrics if isinstance(rubrics, RubricPack) else load_rubrics(rubrics)
    proposal = read(source) if isinstance(source, str | Path) else source
    async with reviewer(settings or load_settings({}), pack.only(list(only)) if only else pack, model=model) as runnable:
        return await runnable.ainvoke(proposal)


@asynccontextmanager
async def reviewer(
    settings: Settings,
    pack: RubricPack,
    *,
    model: BaseChatModel | None = None,
    gate: Gate | None = None,
    recorded: bool = False,
    recording_note: str | None = None,
    told: Callable[[Reading], None] | None = None,
) -> AsyncIterator[Runnable[Proposal, Review]]:
    """The pipeline for these settings, as a LangChain Runnable from Proposal to Review; connections are closed behind it.

    Args:
        model: goes before the model that the settings name.
        gate: that every request to the models of the settings goes through.
        recorded: whether replies come from a recording; then no host is named.
        recording_note: what the recording says of itself.
        told: is given what each request came to, as soon as it is there; nothing where verdicts are by vote.

    Raises:
        InputError: a model is to be asked, and there is no key.
    """
    if model is None and not settings.online:
        yield pipeline(assess_offline, pack)
        return
    # Heavy, and not needed offline.
    from critic.assessors import ModelAssessor
    from critic.models import chat_models
    from critic.probe import with_probe
    from critic.second_look import with_second_look
    from critic.votes import by_vote

    own = [] if model else chat_models(settings, gate)
    chats: list[BaseChatModel] = [model] * settings.samples if model else [*own]
    grouping, told = Grouping(settings.grouping), told if len(chats) == 1 else None
    readers = {
        f"{getattr(chat, 'model', 'model')} {number}": ModelAssessor(chat, grouping, settings.concurrency, told=told)
        for number, chat in enumerate(chats, 1)
    }
    assessor: Assessor = by_vote(readers) if len(readers) > 1 else next(iter(readers.values()))
    if settings.second_look:
        assessor = with_second_look(assessor, chats[0])
    if settings.probe:
        assessor = with_probe(assessor, ModelAssessor(chats[0], overview=False))
    named = {"temperature", "seed", "max_tokens"} if own else set()
    several = {
        "samples": settings.samples,
        "panel": settings.panel,
        "second_look": settings.second_look,
        "probe": settings.probe,
    }
    parameters = settings.model_dump(include=named, exclude_none=True) | {key: value for key, value in several.items() if value}
    if settings.samples == 1:
        parameters.pop("samples")
    manner = Manner(
        recorded=recorded,
        recording_note=recording_note,
        host=own[0].host if own and not recorded and (gate is None or gate.sends) else None,
        parameters=parameters,
        grouping=settings.grouping,
        prices=settings.prices,
    )
    try:
        yield pipeline(assessor, pack, manner)
    finally:
        for chat in own:
            await chat.aclose()
