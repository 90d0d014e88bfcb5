"""A screening run: files in, one by one what becomes of each; resumable, since all that is done is in the store."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from critic.api import reviewer
from critic.errors import CriticError
from critic.findings import Review
from critic.prompts import prompts_digest
from critic.proposal import Proposal
from critic.readers import read
from critic.rubrics import RubricPack
from critic.screening.folder import Found, Skipped
from critic.screening.gate import StoringGate, anew
from critic.screening.ranking import Ranking
from critic.screening.results import Results
from critic.screening.rows import Row, RowStatus
from critic.screening.store import Store
from critic.screening.unsent import UnsentGate
from critic.settings import Settings

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

_PATIENCE = 3600.0  # seconds that an endpoint may be busy or gone before a run that has begun gives up


@dataclass(frozen=True)
class Screened:
    """What became of one file."""

    name: str  # as it was found; `row.path` is how that is shown
    row: Row
    key: str | None = None  # of its result in the store
    review: Review | None = None  # if it was made in this run


@dataclass(frozen=True)
class _Ready:
    """A file that is read, or that needs not be."""

    name: str
    key: str
    row: Row | None = None  # if it is done
    proposal: Proposal | None = None


class Run:
    """One screening run over one store."""

    def __init__(
        self, settings: Settings, pack: RubricPack, store: Store, gate: StoringGate | UnsentGate, folder: Path | None = None
    ) -> None:
        """Args:
        settings: which model is asked; without one, proposals are screened offline.
        pack: the rubrics.
        store: what is known already, and where everything new goes.
        gate: that requests go through; closing it ends the run.
        folder: for the reviews; None to write none.
        """
        self.settings = settings if settings.patience else settings.model_copy(update={"patience": _PATIENCE})
        self.pack, self.gate = pack, gate
        self.results = Results(store, folder, manner(settings, pack))
        self.ranking = Ranking(store)  # of what is done, by `carried_out`

    async def screen(self, files: Iterable[Found | Skipped], *, again: bool = False) -> AsyncIterator[Screened]:
        """Review each file that is not done yet, several at once.

        Args:
            files: what to screen, in an order that stays; of files with the same text, the first is reviewed.
            again: whether proposals whose review is incomplete are asked about anew, also where an answer is stored.

        Yields:
            Each file once, as it is done.

        Raises:
            StoppedError: the budget is used up, or the gate was closed; what was under way is done and kept.
            UnusableModelError: no request to the model can succeed; the same.
        """
        async with reviewer(self.settings, self.pack, gate=self.gate) as runnable:
            under_way: set[asyncio.Task[Screened | None]] = set()
            originals: dict[str, str] = {}

            async def done(at_most: int) -> AsyncIterator[Screened]:
                """What is done, until no more than so many are under way."""
                nonlocal under_way
                while len(under_way) > at_most:
                    ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        if screened := task.result():
                            yield screened

            try:
                async for ready in self._ready(files):
                    if self.gate.closed:
                        break
                    text = ready.proposal.digest if ready.proposal else ready.row and ready.row.digest
                    original = originals.setdefault(text, ready.name) if text else ready.name
                    if original != ready.name:
                        yield Screened(ready.name, Row.duplicate(ready.name, original))
                    elif ready.proposal is None and ready.row:
                        yield Screened(ready.name, ready.row, ready.key)
                    elif ready.proposal:
                        async for screened in done(self.settings.concurrency - 1):
                            yield screened
                        under_way.add(asyncio.create_task(self._reviewed(runnable, ready, ready.proposal, again=again)))
                async for screened in done(0):
                    yield screened
            finally:
                await asyncio.gather(*under_way)  # it is being paid for
        if self.gate.closed:
            raise self.gate.closed

    async def _reviewed(
        self, runnable: Runnable[Proposal, Review], ready: _Ready, proposal: Proposal, *, again: bool
    ) -> Screened | None:
        anew.set(again and ready.row is not None)
        try:
            review = await runnable.ainvoke(proposal)
            if not (self.gate.sends or review.complete):  # it is still open
                return None
            return Screened(ready.name, self.results.keep(ready.key, ready.name, review), ready.key, review)
        except CriticError as error:
            self.gate.close(error)
            return None
        except Exception as error:  # no file, however odd, stops a run
            return Screened(ready.name, _unreadable(ready.name, error))

    async def _ready(self, files: Iterable[Found | Skipped]) -> AsyncIterator[_Ready]:
        """Read ahead, in threads, but give the files in their order."""
        ahead: deque[asyncio.Task[_Ready]] = deque()
        for file in files:
            ahead.append(asyncio.create_task(self._read(file)))
            if len(ahead) > 2 * (os.cpu_count() or 1):
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()

    async def _read(self, file: Found | Skipped) -> _Ready:
        if isinstance(file, Skipped):
            return _Ready(file.name, "", Row.unreadable(file.name, file.why))
        try:
            key = self.results.key(await asyncio.to_thread(_digest, file.path), file.name)
            row = self.results.row(key, file.name)
            if row and row.status is not RowStatus.INCOMPLETE:
                return _Ready(file.name, key, row)
            return _Ready(file.name, key, row, await asyncio.to_thread(read, file.path))
        except Exception as error:
            return _Ready(file.name, "", _unreadable(file.name, error))


def _unreadable(name: str, error: Exception) -> Row:
    ours = isinstance(error, CriticError | OSError)
    return Row.unreadable(name, str(error) if ours else f"critic failed on it, please report: {type(error).__name__}: {error}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def manner(settings: Settings, pack: RubricPack) -> str:
    """A digest of all that a review depends on, apart from the proposal."""
    prices = {model: price.model_dump() for model, price in settings.prices.items()}
    parts = [version("critic"), pack.digest, prompts_digest(), settings.online, settings.recorded(), prices]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
