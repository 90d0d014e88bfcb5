"""Where proposals are reviewed, several at once, while whoever listens is told of each verdict as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from critic.api import reviewer
from critic.errors import CriticError, StoppedError
from critic.findings import Status
from critic.judgement import Reading
from critic.pipeline import verify
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.render.words import clean
from critic.rubrics import RubricPack
from critic.screening.gate import StoringGate, anew, live_gate
from critic.screening.rows import Cell, Row, RowStatus
from critic.screening.store import Store
from critic.serve.shelf import Kept, Shelf
from critic.settings import Settings

_INTERRUPTED = "It was interrupted before its review was done. What was answered is kept, and is not paid for again."
_GRAVE = (RowStatus.INCOMPLETE, RowStatus.UNTRUSTWORTHY, RowStatus.TAMPERED)


@dataclass
class Job:
    """A review that is being made."""

    gate: StoringGate
    asked: set[str]  # keys of the requests so far
    state: Literal["waiting", "reading", "judging"] = "waiting"
    cells: dict[str, Cell] = field(default_factory=dict)  # verified so far, by id of the critique
    task: asyncio.Task[None] | None = None


class Desk:
    """What is on the shelf, and what is being reviewed of it. For one event loop."""

    def __init__(self, settings: Settings, pack: RubricPack, shelf: Shelf, store: Store, *, blind: bool = False) -> None:
        """Args:
        settings: which model is asked; without one, proposals are screened offline.
        pack: the rubrics.
        shelf: with the proposals so far; nothing is sent of those that were interrupted until somebody asks for it.
        store: where every reply goes.
        blind: whether nobody is shown a verdict before he has given his own.
        """
        self.settings, self.pack, self.shelf, self.blind = settings, pack, shelf, blind
        self._store, self._gate = store, live_gate(settings, store)
        self._critiques = {critique.id: critique for critique in pack.critiques}
        self._room = asyncio.Semaphore(settings.concurrency)
        self._jobs: dict[str, Job] = {}
        self._rows = {key: row for key in shelf.kept if (row := shelf.row(key))}
        self._listeners: set[asyncio.Queue[str]] = set()

    def drop(self, data: bytes, name: str) -> str:
        """Take a file and begin to review it; returns its key. One that has a review keeps it.

        Raises InputError: there is no room for it.
        """
        key = self.shelf.put(data, name).key
        if key not in self._rows:
            self.review(key)
        return key

    def review(self, key: str) -> None:
        """Begin the review of a file, or go on with it.

        What was not answered is asked again. An incomplete review of which everything was answered is made anew, and paid for.
        """
        if key in self._jobs:
            return
        kept = self.shelf.kept[key]
        again = key in self._rows and all(self._store.answer(answer) for answer in kept.asked)
        asked: set[str] = set()
        gate = StoringGate(self._store, self._gate.pace, self._gate.budget, asked)
        job = self._jobs[key] = Job(gate, asked)
        job.task = asyncio.create_task(self._reviewed(kept, job, again=again))
        self._changed(key)

    async def delete(self, key: str) -> None:
        """Delete a file, its review and what was answered about it; a review under way is broken off."""
        job = self._jobs.pop(key, None)
        if job and job.task:
            job.task.cancel()
            await asyncio.wait([job.task])
        self._rows.pop(key, None)
        self.shelf.delete(key, job.asked if job else ())
        self._changed(key)

    def reviewed(self, key: str) -> bool:
        """Whether there is a review."""
        return key in self._rows

    async def changes(self, ending: Callable[[], bool]) -> AsyncIterator[list[dict[str, Any]]]:
        """What the page shows, newest first; then of each file that changes; an empty list now and then where none does."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(queue)  # before anything is shown, so that no change falls between
        try:
            yield [self._shown(key) for key in reversed(self.shelf.kept)]
            while not ending():
                try:
                    key = await asyncio.wait_for(queue.get(), 0.5)
                except TimeoutError:
                    yield []
                else:
                    yield [self._shown(key)]
        finally:
            self._listeners.discard(queue)

    async def stop(self, hurried: Callable[[], bool]) -> None:
        """Send nothing any more, and wait for what is under way, as it is being paid for; unless, or until, there is hurry."""
        for job in self._jobs.values():
            job.gate.close(StoppedError(_INTERRUPTED))
        tasks = {job.task for job in self._jobs.values() if job.task}
        while tasks and not hurried():
            _, tasks = await asyncio.wait(tasks, timeout=0.2)
        for task in tasks:
            task.cancel()

    async def _reviewed(self, kept: Kept, job: Job, *, again: bool) -> None:
        problem = ""
        try:
            async with self._room:
                if job.gate.closed:
                    raise job.gate.closed
                self._now(kept.key, job, "reading")
                proposal = await asyncio.to_thread(lambda: read_bytes(self.shelf.data(kept), kept.name))
                self._now(kept.key, job, "judging")
                anew.set(again)

                def told(reading: Reading) -> None:
                    job.cells |= self._cells(reading, proposal)
                    self.shelf.note(kept.key, asked=sorted(job.asked))
                    self._changed(kept.key)

                async with reviewer(self.settings, self.pack, gate=job.gate, told=told) as runnable:
                    review = await runnable.ainvoke(proposal)
                if job.gate.closed and not review.complete:
                    raise job.gate.closed
                self._rows[kept.key] = self.shelf.keep(kept.key, review)
        except CriticError as error:
            problem = str(error)
        except Exception as error:  # no file, however odd, stops the server
            logging.getLogger("critic.serve").exception("Reviewing a proposal failed.")
            problem = f"critic failed on it, please report: {type(error).__name__}: {error}"
        finally:
            self._jobs.pop(kept.key, None)
            self._changed(kept.key)
        unreadable = bool(problem) and job.state == "reading"
        self.shelf.note(kept.key, problem=clean(problem), unreadable=unreadable, asked=sorted(job.asked))

    def _cells(self, reading: Reading, proposal: Proposal) -> dict[str, Cell]:
        judged = {id: Cell.of(verify(judgement, self._critiques[id], proposal)) for id, judgement in reading.critiques.items()}
        return judged | {id: Cell(status=Status.FAILED) for id in reading.failures if id in self._critiques}

    def _now(self, key: str, job: Job, state: Literal["reading", "judging"]) -> None:
        job.state = state
        self._changed(key)

    def _changed(self, key: str) -> None:
        for queue in self._listeners:
            queue.put_nowait(key)

    def _shown(self, key: str) -> dict[str, Any]:
        kept = self.shelf.kept.get(key)
        if kept is None:
            return {"key": key, "gone": True}
        job, row = self._jobs.get(key), self._rows.get(key)
        state, line = self._standing(kept, job, row)
        cells: dict[str, Cell | None] = dict(row.cells) if row and not job else {}
        if job:
            cells = {id: job.cells.get(id) for id in self._critiques}
        return {
            "key": key,
            "name": kept.name,
            "title": row.title if row else None,
            "state": state,
            "line": line,
            "grave": state == "failed" or bool(row and not job and row.status in _GRAVE),
            "made": self._made(row) if row and not job else "",
            "again": not job and not kept.unreadable and (row is None or row.complete is False),
            "reviewed": row is not None and not job,
            "cells": [self._cell(id, cell) for id, cell in cells.items()],
        }

    def _standing(self, kept: Kept, job: Job | None, row: Row | None) -> tuple[str, str]:
        if job:
            judging = f"{len(job.cells)} of {len(self._critiques)} critiques judged"
            return job.state, {"waiting": "Waiting for its turn", "reading": "Reading the file"}.get(job.state, judging)
        if kept.problem:
            return "failed", kept.problem
        if row is None:
            return "failed", _INTERRUPTED
        problem = f"{row.status.capitalize()}: {row.problem}" if row.problem else ""
        if self.blind:
            return "done", problem or "Reviewed; give your own verdicts first"
        counts = [(row.critical, "critical"), (row.major, "major"), (row.minor, "minor")]
        found = ", ".join(f"{count} {grade}" for count, grade in counts if count)
        number = row.critical + row.major + row.minor
        findings = f"{number} finding{'' if number == 1 else 's'} ({found})" if number else "No finding" if row.cells else ""
        doubts = [f"{count} {name}" for count, name in ((row.unsupported, "unsupported"), (row.failed, "failed")) if count]
        findings = ", ".join(filter(None, (findings, *doubts)))
        return "done", ". ".join(filter(None, (findings, problem)))

    @staticmethod
    def _made(row: Row) -> str:
        how = "offline, by cues" if row.mode == "offline" else clean(row.model or "a model without a name")
        return f"{row.words or 0:,} words; {how}"

    def _cell(self, id: str, cell: Cell | None) -> dict[str, str]:
        critique = self._critiques.get(id)
        tone = "waiting"
        if cell:
            tone = cell.severity or str(cell.verdict) if cell.status is Status.JUDGED else "doubt"
        if cell and self.blind:
            tone = "covered"
        return {
            "id": id,
            "title": critique.title if critique else "",
            "link": critique.link if critique else "",
            "words": "judged" if tone == "covered" else cell.words if cell else "waiting",
            "tone": tone,
        }
