"""`critic bench`: from options to a report on a corpus."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from critic.api import reviewer
from critic.cli.output import write
from critic.errors import InputError
from critic.findings import Review
from critic.pipeline import Manner, pipeline
from critic.proposal import Proposal
from critic.rubrics import RubricPack, load_rubrics
from critic.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from critic.bench.labels import Case, Labels


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
    try:
        from critic.bench import measures, pages
        from critic.bench.run import report
        from critic.bench.run import run as run_all
        from critic.bench.thresholds import left_out_items
    except ModuleNotFoundError as error:
        raise InputError(
            f"'critic bench' needs the bench extra ({error.name} is missing): pip install 'critic[bench]'."
        ) from error
    from critic.bench.labels import load_corpus

    if options.replay and options.record:
        raise InputError("--replay and --record exclude each other.")
    pack = load_rubrics(options.rubrics)
    if options.baseline:
        pack = pack.model_copy(update={"considerations": ()})  # no baseline is asked for them
    cases = load_corpus(options.corpus)
    if options.replay:
        # A recording of a part of the corpus is a bench of that part.
        cases = [case for case in cases if (options.replay / f"{case.name}.yaml").is_file()]
        if not cases:
            raise InputError(f"There is no recording of any proposal in {options.replay}; make some with --record.")
    settings = Settings() if options.offline else load_settings(options.flags, options.config)
    online = options.baseline != "majority" and (settings.online or options.replay is not None)

    async def reviewing(proposal: Proposal, number: int) -> Review:
        name = next(case.name for case in cases if case.proposal is proposal)
        with ExitStack() as stack:
            current, note = _recorded(stack, name, number, settings, options) if online else (settings, None)
            if options.baseline:
                return await _baseline(options, current, pack, [case.labels for case in cases], note).ainvoke(proposal)
            async with reviewer(current, pack, recorded=options.replay is not None, recording_note=note) as runnable:
                return await runnable.ainvoke(proposal)

    # A cassette sees all requests of the process, so proposals that are recorded or replayed take turns.
    turns = 1 if options.replay or options.record else settings.concurrency

    def repeats(case: Case) -> int:
        recorded = [n for n in range(options.repeat) if options.replay and (options.replay / _file(case.name, n)).is_file()]
        return len(recorded) if options.replay else options.repeat

    runs, seconds = asyncio.run(run_all(cases, reviewing, repeats, turns))
    left_out = None
    if not online and not options.baseline:
        left_out = measures.figures("left out in turn", left_out_items(cases, pack), macro=True)
    system = f"{options.baseline} baseline" if options.baseline else _name(runs[0].reviews[0])
    result = report(system, options.corpus.name, runs, pack, None if options.replay else seconds, left_out)
    renderers = {
        "json": lambda: result.model_dump_json(indent=1) + "\n",
        "markdown": lambda: pages.render_markdown(result),
        "html": lambda: pages.render_html(result),
        "terminal": lambda: pages.render_terminal(result, max(120, shutil.get_terminal_size((140, 24)).columns)),
    }
    write(renderers[options.format](), options.output)
    return 3 if result.failed else 0


def _name(review: Review) -> str:
    how = review.provenance
    extras = [key.replace("_", " ") for key in ("second_look", "samples", "panel") if how.parameters.get(key)]
    return ", ".join([how.model or "offline assessor", *([f"grouping {how.grouping}"] if how.grouping else []), *extras])


def _file(name: str, number: int) -> str:
    return f"{name}.yaml" if number == 0 else f"{name}.{number + 1}.yaml"


def _recorded(stack: ExitStack, name: str, number: int, settings: Settings, options: Options) -> tuple[Settings, str | None]:
    """The settings for one reading, inside its cassette if there is one; and the cassette's note."""
    file = _file(name, number)
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


def _baseline(
    options: Options, settings: Settings, pack: RubricPack, labels: list[Labels], note: str | None
) -> Runnable[Proposal, Review]:
    from critic.bench.baselines import chat_baseline, majority_baseline
    from critic.models import chat_models

    if options.baseline == "majority":
        return pipeline(majority_baseline(labels), pack)
    manner = Manner(recorded=options.replay is not None, recording_note=note, prices=settings.prices)
    return pipeline(chat_baseline(chat_models(settings)[0]), pack, manner)
