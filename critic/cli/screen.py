"""`critic screen`: from options to progress, results and exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from critic.errors import CriticError, InputError, StoppedError
from critic.findings import Usage
from critic.models import chat_models
from critic.pricing import price_of
from critic.render.words import clean
from critic.rubrics import RubricPack, load_rubrics
from critic.screening.estimate import Estimate
from critic.screening.folder import Found, Skipped, find
from critic.screening.gate import StoringGate, live_gate
from critic.screening.ranking import Ranking, counted
from critic.screening.results import opened
from critic.screening.rows import RowStatus
from critic.screening.run import Run, Screened
from critic.screening.screen import carried_out
from critic.screening.store import STORE, Store
from critic.screening.unsent import UnsentGate
from critic.settings import DEFAULT_MODEL, Settings, load_settings

_NOWHERE = "https://endpoint.invalid"  # nothing is sent, so no endpoint and no key are needed
_LINE_EVERY = 15.0  # seconds between lines of progress where there is no terminal


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    paths: list[Path]
    out: Path | None
    include: list[str]
    exclude: list[str]
    budget: float | None
    dry_run: bool
    ask_again: bool
    rubrics: Path | None
    offline: bool
    config: Path | None
    flags: dict[str, Any]


def run(options: Options) -> int:
    """Screen, or say what that would take; returns the exit code."""
    pack = load_rubrics(options.rubrics)
    settings = Settings() if options.offline else load_settings(options.flags, options.config)
    files = list(find(options.paths, options.include, options.exclude, apart=options.out))
    if not files:
        raise InputError(f"There are no proposals in {', '.join(map(str, options.paths))}; see --include.")
    if options.dry_run:
        return _estimate(options, settings, pack, files)
    if options.out is None:
        raise InputError("Name a folder for the results with --out; a run that is interrupted is taken up again in it.")
    with opened(options.out) as store:
        gate = live_gate(settings, store, options.budget)
        if settings.online:
            chats = chat_models(settings)  # says here what is missing, before anything is begun
            names = ", ".join(dict.fromkeys(chat.model for chat in chats))
            say(f"Sending {len(files)} proposals to {chats[0].host} (model {names}), {settings.concurrency} requests at once.")
        job = Run(settings, pack, store, gate, options.out)
        stopped = asyncio.run(_screened(job, gate, store, files, again=options.ask_again))
        cost = _cost(store, settings) if settings.online else ""
        return concluded(job.ranking, stopped, options.out, len(files), cost)


async def _screened(
    job: Run, gate: StoringGate, store: Store, files: Sequence[Found | Skipped], *, again: bool
) -> CriticError | None:
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        gate.close(StoppedError("Interrupted. Run the same command to go on."))
        loop.remove_signal_handler(signal.SIGINT)  # a second one ends it at once
        say("Finishing the requests that are under way; what they cost is spent. Press Ctrl-C again to leave them.")

    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        with Meter(len(files), gate) as meter:
            async for screened in carried_out(job, store, files, again=again):
                meter.advance(screened)
    except CriticError as error:
        return error
    return None


class Meter:
    """Progress on standard error: a bar on a terminal, else a line now and then."""

    def __init__(self, total: int, gate: StoringGate) -> None:
        self._total, self._gate = total, gate
        self._fresh = self._done = 0
        self._began = self._told = time.monotonic()
        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None

    def __enter__(self) -> Meter:
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("reading", total=self._total)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, screened: Screened) -> None:
        """Count a file that is done."""
        self._done += 1
        self._fresh += screened.review is not None
        minutes = (time.monotonic() - self._began) / 60
        spent = f", {self._gate.budget.spent:.2f} USD spent" if self._gate.budget.spent else ""
        told = f"{self._fresh / minutes:.1f} reviews a minute{spent}" if minutes else ""
        if self._bar:
            self._bar.update(self._task, advance=1, description=told)
        elif time.monotonic() - self._told >= _LINE_EVERY:
            self._told = time.monotonic()
            left = (self._total - self._done) * minutes / self._done
            say(f"{self._done} of {self._total} files, {told}, about {left:.0f} minutes left")


def _cost(store: Store, settings: Settings) -> str:
    """What all that is in the store took, in tokens and in US dollars."""
    usages = store.usage()
    total = sum(usages.values(), Usage())
    prices = {model or "unnamed": price_of(usage, model, settings.prices) for model, usage in usages.items()}
    unknown = ", ".join(clean(model) for model, price in prices.items() if price is None)
    dollars = f"{sum(price or 0 for price in prices.values()):.2f} USD at list prices"
    return (
        f"{total.requests:,} replies took {total.input_tokens:,} tokens in ({total.cached_tokens:,} cached) and "
        f"{total.output_tokens:,} out ({total.reasoning_tokens:,} for reasoning): {dollars}"
        f"{f', without what {unknown} took, whose price is not known' if unknown else ''}."
    )


def concluded(rows: Ranking, stopped: CriticError | None, out: Path, files: int, cost: str) -> int:
    """Say how a run ended; returns the exit code."""
    parts = [f"{count} {name}" for name, count in counted(rows.statuses).items()]
    parts += [f"{files - len(rows)} open"] * (files > len(rows))
    say(f"{files} files: {', '.join(parts) or 'none'}.")
    if cost:
        say(cost)
    for row in islice(takewhile(lambda row: row.status is RowStatus.UNREADABLE, rows), 5):
        say(f"not read: {row.path}: {row.problem}")
    say(f"Results: {out / 'index.html'}, summary.csv, summary.xlsx, findings.jsonl, round.md and reviews/ beside it.")
    if stopped:
        say(f"critic: {stopped}")
        return stopped.exit_code
    if rows.statuses[RowStatus.INCOMPLETE] or rows.statuses[RowStatus.UNTRUSTWORTHY]:
        say("critic: Some reviews are incomplete or not to be trusted; they stand first in the tables. The same command")
        say("asks again what failed; with --ask-again also what a model answered unusably.")
        return 3
    return 0


def _estimate(options: Options, settings: Settings, pack: RubricPack, files: Sequence[Found | Skipped]) -> int:
    path = options.out / STORE if options.out else None
    with opened(options.out if path and path.is_file() else None) as store:
        estimate = Estimate()
        asked = settings if settings.online else settings.model_copy(update={"model": DEFAULT_MODEL})
        done = without_sending(asked, pack, store, UnsentGate(store, lambda _, body: estimate.add(body)), files, None)
    open_files = len(files) - len(done)
    parts = [f"{open_files} to review", *(f"{count} {name}" for name, count in counted(done.statuses).items())]
    print(f"{len(files)} files: {', '.join(parts)}")
    if settings.second_look:
        estimate = estimate.with_second_looks(open_files)
    sizes = f"{estimate.input_tokens:,} tokens to send and {estimate.output_tokens:,} to receive"
    print(f"{estimate.requests:,} requests, about {sizes}")
    own = asked.panel or [asked.model or DEFAULT_MODEL]
    prices = estimate.prices(settings.prices)
    for model in own:
        if model not in prices:
            print(f'{model:24} price not known; add [prices."{model}"] to the configuration file')
    for model, price in sorted(prices.items(), key=lambda item: (item[0] not in own, item[1])):
        print(f"{model:24} {price:10.2f} USD{'  (this run)' if model in own else ''}")
    return 0


def without_sending(
    settings: Settings, pack: RubricPack, store: Store, gate: UnsentGate, files: Sequence[Found | Skipped], out: Path | None
) -> Ranking:
    """Screen as far as the stored answers go; gives what is done."""
    job = Run(settings.model_copy(update={"base_url": _NOWHERE}), pack, store, gate, out)

    async def done() -> None:
        async for _ in carried_out(job, store, files):
            pass

    asyncio.run(done())
    return job.ranking


def say(text: str) -> None:
    """On standard error, one line."""
    print(text, file=sys.stderr, flush=True)
