"""`critic bench`: from options to a report on a corpus."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from critic.api import reviewer
from critic.cli.output import check, write
from critic.cli.progress import progress
from critic.errors import InputError
from critic.findings import Review
from critic.pipeline import Manner, pipeline
from critic.proposal import Proposal
from critic.rubrics import RubricPack, load_rubrics
from critic.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import Runnable

    from critic.bench.labels import Case
    from critic.bench.report import BenchReport


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    corpus: Path
    baseline: str | None
    repeat: int
    format: str
    output: Path | None
    rubrics: Path | None
    offline: bool
    config: Path | None
    replay: Path | None
    record: Path | None
    note: str
    flags: dict[str, Any]


def run(options: Options) -> int:
    """Review the corpus and write the report; returns the exit code."""
    check(options.output)
    if options.replay and options.record:
        raise InputError("--replay and --record exclude each other.")
    try:
        report = _measure(options)
        text = _renderer(options.format)(report)
    except ModuleNotFoundError as error:
        raise InputError(f"The bench needs {error.name}, which is not installed: pip install 'critic[bench]'.") from error
    write(text, options.output)
    return 3 if report.failed else 0


def _measure(options: Options) -> BenchReport:
    from critic.bench import measures
    from critic.bench.labels import load_corpus
    from critic.bench.run import report, review_all
    from critic.bench.thresholds import left_out_items

    pack = load_rubrics(options.rubrics)
    if options.baseline:
        pack = pack.model_copy(update={"considerations": ()})  # no baseline is asked for them
    cases = load_corpus(options.corpus)
    if options.replay:
        # A recording of a part of the corpus is a bench of that part.
        cases = [case for case in cases if (options.replay / _cassette(case.name, 0)).is_file()]
        if not cases:
            raise InputError(f"There is no recording of any proposal in {options.replay}; make some with --record.")
    settings = Settings() if options.offline else load_settings(options.flags, options.config)
    asks = options.baseline != "majority" and (settings.online or options.replay is not None)

    def repeats(case: Case) -> int:
        recorded = [n for n in range(options.repeat) if options.replay and (options.replay / _cassette(case.name, n)).is_file()]
        return len(recorded) if options.replay else options.repeat

    with ExitStack() as stack:
        callbacks: list[BaseCallbackHandler] = []
        if asks and not options.replay:
            callbacks = [stack.enter_context(progress(settings, f"{len(cases)} proposals"))]

        async def reviewing(case: Case, number: int) -> Review:
            with ExitStack() as cassette:
                current, note = _recorded(cassette, case.name, number, settings, options) if asks else (settings, None)
                async with _reviewer(current, pack, cases, options, note) as runnable:
                    return await runnable.ainvoke(case.proposal, config={"callbacks": callbacks})

        # A cassette sees all requests of the process, so proposals that are recorded or replayed take turns.
        turns = 1 if options.replay or options.record else settings.concurrency
        runs, seconds = asyncio.run(review_all(cases, pack, reviewing, repeats, turns))
    left_out = None
    if not asks and not options.baseline:
        left_out = measures.figures("left out in turn", left_out_items(cases, pack), macro=True)
    system = f"{options.baseline} baseline" if options.baseline else _system(runs[0].reviews[0])
    return report(system, options.corpus.name, runs, pack, None if options.replay else seconds, left_out)


@asynccontextmanager
async def _reviewer(
    settings: Settings, pack: RubricPack, cases: Sequence[Case], options: Options, note: str | None
) -> AsyncIterator[Runnable[Proposal, Review]]:
    from critic.bench.baselines import chat_baseline, majority_baseline

    recorded = options.replay is not None
    if options.baseline == "majority":
        yield pipeline(majority_baseline([case.labels for case in cases]), pack)
    elif options.baseline == "chat":
        from critic.models import chat_models

        chat = chat_models(settings)[0]
        yield pipeline(chat_baseline(chat), pack, Manner(recorded=recorded, recording_note=note, prices=settings.prices))
        await chat.aclose()
    else:
        async with reviewer(settings, pack, recorded=recorded, recording_note=note) as runnable:
            yield runnable


def _recorded(stack: ExitStack, name: str, number: int, settings: Settings, options: Options) -> tuple[Settings, str | None]:
    """The settings for one reading, inside its cassette if there is one; and the cassette's note."""
    file = _cassette(name, number)
    if options.replay:
        from critic.recording import replaying

        said = stack.enter_context(replaying(options.replay / file))
        given = {key: value for key, value in options.flags.items() if value is not None}
        return load_settings(said.settings | given | {"base_url": "https://endpoint.invalid"}, options.config), said.note
    if options.record:
        from critic.recording import recording

        options.record.mkdir(parents=True, exist_ok=True)
        stack.enter_context(recording(options.record / file, options.note, settings.recorded()))
    return settings, None


def _cassette(name: str, number: int) -> str:
    return f"{name}.yaml" if number == 0 else f"{name}.{number + 1}.yaml"


def _system(review: Review) -> str:
    how = review.provenance
    extras = [key.replace("_", " ") for key in ("second_look", "samples", "panel") if how.parameters.get(key)]
    return ", ".join([how.model or "offline assessor", *([f"grouping {how.grouping}"] if how.grouping else []), *extras])


def _renderer(format: str) -> Callable[[BenchReport], str]:
    from critic.bench import pages

    width = max(120, shutil.get_terminal_size((140, 24)).columns)
    return {
        "json": lambda report: report.model_dump_json(indent=1) + "\n",
        "markdown": pages.render_markdown,
        "html": pages.render_html,
        "terminal": lambda report: pages.render_terminal(report, width),
    }[format]
