"""A folder of proposals -> reviews and tables; from Python, and what the command runs."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from critic.findings import Review
from critic.pricing import price_of
from critic.prompts import prompts_digest
from critic.rubrics import RubricPack, load_rubrics
from critic.screening.folder import Found, Skipped, find
from critic.screening.gate import live_gate
from critic.screening.ranking import counted
from critic.screening.results import opened
from critic.screening.rows import RowStatus
from critic.screening.run import Run, Screened
from critic.screening.store import Store
from critic.settings import Settings, load_settings


def screen(paths: Sequence[str | Path], **options: Any) -> Iterator[Review]:
    """Review many proposals. See `ascreen`, which this runs step by step; not for use inside a running event loop."""
    with asyncio.Runner() as runner:
        reviews = ascreen(paths, **options)
        try:
            while True:
                try:
                    yield runner.get_loop().run_until_complete(anext(reviews))
                except StopAsyncIteration:
                    return
        finally:
            runner.run(reviews.aclose())


async def ascreen(
    paths: Sequence[str | Path],
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    rubrics: str | Path | RubricPack | None = None,
    budget: float | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    ask_again: bool = False,
) -> AsyncGenerator[Review, None]:
    """Review every proposal under the paths, several at once, and give the reviews as they are done.

    Args:
        paths: files and folders.
        out: a folder for the store, the reviews and the tables, in which a run is taken up again; None to keep nothing.
        settings: None to take them from the environment and the user's configuration file.
        rubrics: a folder with a rubric pack, or a loaded pack; None for the pack that comes with `critic`.
        budget: US dollars for all that is in `out` and is to come; None for no limit.
        include: patterns of names to screen; empty for all with a known ending.
        exclude: patterns of names to leave out.
        ask_again: whether incomplete reviews are asked about anew, also where an answer is stored.

    Yields:
        Each review once; `review.subject.name` tells the proposal. A file that cannot be read gives a warning; both it and
        files with the same text as another are in the tables.

    Raises:
        InputError: a path, the output folder, the rubric pack or the settings cannot be used.
        StoppedError: the budget is used up; all that was paid for is stored.
        UnusableModelError: no request to the model can succeed; the same.
    """
    pack = rubrics if isinstance(rubrics, RubricPack) else load_rubrics(Path(rubrics) if rubrics else None)
    settings = settings or load_settings({})
    folder = Path(out) if out else None
    files = list(find([Path(path) for path in paths], include, exclude, apart=folder))
    with opened(folder) as store:
        run = Run(settings, pack, store, live_gate(settings, store, budget), folder)
        async for screened in carried_out(run, store, files, again=ask_again):
            if screened.row.status is RowStatus.UNREADABLE:
                warnings.warn(f"{screened.row.path}: {screened.row.problem}", stacklevel=2)
            elif screened.row.status is not RowStatus.DUPLICATE:
                yield screened.review or run.results.review(screened.name)


async def carried_out(
    run: Run, store: Store, files: Sequence[Found | Skipped], *, again: bool = False
) -> AsyncIterator[Screened]:
    """Screen the files, rank them and, however that ends, write the tables. See `Run.screen`."""
    began = datetime.now(UTC)
    try:
        async for screened in run.screen(files, again=again):
            run.ranking.add(screened.row, screened.key)
            yield screened
    finally:
        run.results.write_tables(run.ranking, run.pack, _told(run, store, len(files), began))


def _told(run: Run, store: Store, files: int, began: datetime) -> dict[str, Any]:
    """How a run went, as JSON; the same for the same files and answers, apart from `times`."""
    ended = datetime.now(UTC)
    left = files - len(run.ranking)
    usage = store.usage()
    prices = [price_of(each, model, run.settings.prices) for model, each in usage.items()]
    return {
        "critic": version("critic"),
        "settings": run.settings.recorded() if run.settings.online else "offline",
        "rubric_pack": run.pack.about.name,
        "rubrics_digest": run.pack.digest,
        "prompts_digest": prompts_digest(),
        "files": counted(run.ranking.statuses) | ({"open": left} if left else {}),
        "stopped": str(run.gate.closed) if run.gate.closed else None,
        "usage": {model or "unnamed": each.model_dump() for model, each in usage.items()},
        "price_usd": None if None in prices else round(sum(price or 0 for price in prices), 4),
        "times": {
            "began": began.isoformat(timespec="seconds"),
            "ended": ended.isoformat(timespec="seconds"),
            "seconds": round((ended - began).total_seconds(), 1),
        },
    }
