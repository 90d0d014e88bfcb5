"""`critic review`: from options to output and exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from critic.adjudication import check_subject, load_adjudication, with_marks
from critic.api import reviewer
from critic.cli.output import check, on_screen, width, write
from critic.cli.progress import progress
from critic.errors import InputError
from critic.findings import Review, Severity
from critic.proposal import Proposal
from critic.readers import Format as InputFormat
from critic.readers import read
from critic.render import Format, renderer
from critic.render.words import clean
from critic.responses import load_responses, respond, responses_beside
from critic.rubrics import RubricPack, load_rubrics
from critic.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    source: str
    input_format: str | None
    format: str
    output: Path | None
    blind: bool
    adjudications: list[Path]
    only: list[str]
    fail_on: str
    fail_on_tampering: bool
    responses: str
    rubrics: Path | None
    offline: bool
    config: Path | None
    replay: Path | None
    record: Path | None
    note: str
    flags: dict[str, Any]


def run(options: Options) -> int:
    """Review and write; returns the exit code."""
    check(options.output)
    if options.blind and options.format != "html":
        raise InputError("--blind is about the page that --format html writes.")
    pack = load_rubrics(options.rubrics)
    proposal = read(options.source, InputFormat(options.input_format) if options.input_format else None)
    adjudications = [load_adjudication(path) for path in options.adjudications]
    for path, adjudication in zip(options.adjudications, adjudications, strict=True):
        check_subject(adjudication, path, proposal.name, proposal.digest)
    beside = None if options.responses == "ignore" or options.source == "-" else responses_beside(Path(options.source))
    responses = load_responses(beside, pack) if beside else {}
    review = make(
        proposal,
        pack.only(options.only) if options.only else pack,
        flags=options.flags,
        config=options.config,
        offline=options.offline,
        replay=options.replay,
        record=options.record,
        note=options.note,
    )
    review = respond(review, responses, pack, accept=options.responses == "accept") if responses else review
    write(_rendered(with_marks(review, adjudications), options), options.output)
    if needless := [id for id in responses if id not in {finding.id for finding in review.findings}]:
        verb = "is" if len(needless) == 1 else "are"
        print(f"critic: {clean(str(beside))} answers {', '.join(needless)}, which {verb} no finding.", file=sys.stderr)
    if not review.complete:
        why = next((entry.failure for entry in review.failed), None) or review.scope_reason
        print(f"critic: The review is incomplete. {why}", file=sys.stderr)
        return 3
    if review.trustworthy is False:
        print("critic: The model did not find the flaw that was planted to test it; do not trust this review.", file=sys.stderr)
        return 3
    if options.fail_on_tampering and review.tampered:
        print("critic: Something in the file is hidden, or addressed to its reviewer.", file=sys.stderr)
        return 4
    return _failing(review, options.fail_on)


def make(
    proposal: Proposal,
    pack: RubricPack,
    *,
    flags: Mapping[str, Any],
    config: Path | None,
    offline: bool,
    replay: Path | None = None,
    record: Path | None = None,
    note: str = "",
) -> Review:
    """Review one proposal as the options of the command line say.

    Args:
        proposal: what is reviewed.
        pack: has the rubrics that are asked.
        flags: what the command line says of the settings.
        config: a configuration file that it names.
        offline: whether to screen by cues even if a model is configured.
        replay: a cassette to answer every request from.
        record: a cassette to record the exchanges in.
        note: what the recording says of itself.

    Raises:
        InputError: the settings or the recording cannot be used.
        UnusableModelError: no request to the model can succeed.
    """
    if bool(replay) + bool(record) + offline > 1:
        raise InputError("--replay, --record and --offline exclude each other.")
    with ExitStack() as stack:
        recorded_note = None
        if replay:
            from critic.recording import replaying

            recorded = stack.enter_context(replaying(replay))
            recorded_note = recorded.note
            given = {name: value for name, value in flags.items() if value is not None}
            settings = load_settings(recorded.settings | given | {"base_url": "https://endpoint.invalid"}, config)
        else:
            settings = Settings() if offline else load_settings(flags, config)
        if record:
            from critic.recording import recording

            stack.enter_context(recording(record, note, settings.recorded()))
        callbacks: list[BaseCallbackHandler] = []
        if settings.online and not replay:
            callbacks = [stack.enter_context(progress(settings, "the proposal"))]

        async def reviewed() -> Review:
            async with reviewer(settings, pack, recorded=bool(replay), recording_note=recorded_note) as runnable:
                return await runnable.ainvoke(proposal, config={"callbacks": callbacks})

        return asyncio.run(reviewed())


def _failing(review: Review, fail_on: str) -> int:
    """1 if a finding is this severe or worse and no accepted response answers it; says of the others why they do not count."""
    if fail_on == "never":
        return 0
    grave = [f for f in review.findings if (f.severity or Severity.MINOR).rank <= Severity(fail_on).rank]
    accepted = [finding.id for finding in grave if finding.response and finding.response.accepted]
    waiting = [finding.id for finding in grave if finding.response and not finding.response.accepted]
    if accepted:
        print(f"critic: Accepted because the author answers them: {', '.join(accepted)}.", file=sys.stderr)
    if waiting:
        print(f"critic: The author answers {', '.join(waiting)}, which counts all the same: --responses show.", file=sys.stderr)
    return 1 if len(grave) > len(accepted) else 0


def _rendered(review: Review, options: Options) -> str:
    if options.format == "html":
        from critic.render import html

        return html.render(review, blind=options.blind)
    if options.format != "terminal":
        return renderer(Format(options.format))(review)
    from critic.render import terminal

    return terminal.render(review, width=width(), color=on_screen(options.output))
