"""`critic review`: from options to output and exit code."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from critic.adjudication import check_subject, load_adjudication, with_marks
from critic.api import reviewer
from critic.cli.output import check, write
from critic.cli.progress import progress
from critic.errors import InputError
from critic.findings import Review, Severity
from critic.readers import Format as InputFormat
from critic.readers import read
from critic.render import Format, renderer
from critic.rubrics import load_rubrics
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
    if bool(options.replay) + bool(options.record) + options.offline > 1:
        raise InputError("--replay, --record and --offline exclude each other.")
    if options.blind and options.format != "html":
        raise InputError("--blind is about the page that --format html writes.")
    pack = load_rubrics(options.rubrics)
    proposal = read(options.source, InputFormat(options.input_format) if options.input_format else None)
    adjudications = [load_adjudication(path) for path in options.adjudications]
    for path, adjudication in zip(options.adjudications, adjudications, strict=True):
        check_subject(adjudication, path, proposal.name, proposal.digest)
    with ExitStack() as stack:
        note = None
        if options.replay:
            from critic.recording import replaying

            recorded = stack.enter_context(replaying(options.replay))
            note = recorded.note
            given = {name: value for name, value in options.flags.items() if value is not None}
            settings = load_settings(recorded.settings | given | {"base_url": "https://endpoint.invalid"}, options.config)
        else:
            settings = Settings() if options.offline else load_settings(options.flags, options.config)
        if options.record:
            from critic.recording import recording

            stack.enter_context(recording(options.record, options.note, settings.recorded()))
        callbacks: list[BaseCallbackHandler] = []
        if settings.online and not options.replay:
            callbacks = [stack.enter_context(progress(settings, "the proposal"))]

        async def reviewed() -> Review:
            asked = pack.only(options.only) if options.only else pack
            async with reviewer(settings, asked, recorded=bool(options.replay), recording_note=note) as runnable:
                return await runnable.ainvoke(proposal, config={"callbacks": callbacks})

        review = asyncio.run(reviewed())
    write(_rendered(with_marks(review, adjudications), options), options.output)
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
    if options.fail_on != "never" and any(
        (f.severity or Severity.MINOR).rank <= Severity(options.fail_on).rank for f in review.findings
    ):
        return 1
    return 0


def _rendered(review: Review, options: Options) -> str:
    if options.format == "html":
        from critic.render import html

        return html.render(review, blind=options.blind)
    if options.format != "terminal":
        return renderer(Format(options.format))(review)
    from critic.render import terminal

    on_screen = sys.stdout.isatty() and options.output is None
    return terminal.render(review, width=_width(), color=on_screen and not os.environ.get("NO_COLOR"))


def _width() -> int:
    """The columns of the terminal, also where a pager stands between; 100 where there is none."""
    try:
        beside = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        beside = 100
    return shutil.get_terminal_size((beside, 24)).columns
