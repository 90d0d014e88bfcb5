"""The commands. Imports stand inside them, so that `critic --help` does not wait for what it does not use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from critic.cli import batch as batch_commands
from critic.cli import many
from critic.cli import rubrics as rubrics_commands
from critic.cli.options import (
    BaseUrl,
    Config,
    Grouping,
    InputFormat,
    MaxTokens,
    Model,
    Note,
    Offline,
    Only,
    Output,
    Panel,
    Probe,
    Record,
    RecordFolder,
    Replay,
    ReplayFolder,
    Rubrics,
    Samples,
    SecondLook,
    Seed,
    Temperature,
    Timeout,
    flags,
    names,
)

app = typer.Typer(
    name="critic",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Check a proposal to evaluate AI systems for risk against published critiques, with every quotation verified.",
)
app.add_typer(rubrics_commands.app, name="rubrics")
app.add_typer(batch_commands.app, name="batch")


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"critic {installed('critic')}")
        raise typer.Exit


@app.command()
def review(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(help="The proposal: PDF, Word, OpenDocument, RTF, HTML, LaTeX, Markdown, text; - for standard input."),
    ],
    input_format: InputFormat = None,
    format: Annotated[
        Literal["terminal", "json", "markdown", "html", "sarif", "github", "questions"],
        typer.Option(help="What to write; github: annotations for a workflow; questions: a letter to the applicant."),
    ] = "terminal",
    output: Output = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="HTML: cover each verdict until the reader of the page has given his own.")
    ] = False,
    adjudication: Annotated[
        Optional[list[Path]],
        typer.Option(help="Show a reader's marks, as the HTML page saves them; may be given again.", show_default=False),
    ] = None,
    only: Only = None,
    fail_on: Annotated[
        Literal["critical", "major", "minor", "never"], typer.Option(help="Exit with 1 if a finding is this severe or worse.")
    ] = "never",
    fail_on_tampering: Annotated[
        bool, typer.Option("--fail-on-tampering", help="Exit with 4 if something is hidden or addressed to the reviewer.")
    ] = False,
    responses: Annotated[
        Literal["accept", "show", "ignore"],
        typer.Option(
            help="The author's responses, from NAME.critic.toml beside the proposal: accept, so that an answered finding "
            "does not fail --fail-on; only show them; or ignore the file."
        ),
    ] = "accept",
    rubrics: Rubrics = None,
    offline: Offline = False,
    model: Model = None,
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    seed: Seed = None,
    timeout: Timeout = None,
    max_tokens: MaxTokens = None,
    grouping: Grouping = None,
    second_look: SecondLook = None,
    samples: Samples = None,
    panel: Panel = None,
    probe: Probe = None,
    config: Config = None,
    replay: Replay = None,
    record: Record = None,
    note: Note = "",
) -> None:
    """Review one proposal.

    Without a key, an endpoint or a model name it is screened offline, by cues. Otherwise the proposal's text goes to the
    endpoint, whose host is named first.

    Exit codes: 0 reviewed; 1 a finding at or above --fail-on; 2 usage or bad input; 3 the model or the network failed, or the
    review is incomplete or not to be trusted; 4 tampering, with --fail-on-tampering.
    """
    from critic.cli.review import Options, run

    code = run(
        Options(
            source=file,
            input_format=input_format,
            format=format,
            output=output,
            blind=blind,
            adjudications=adjudication or [],
            only=names(only),
            fail_on=fail_on,
            fail_on_tampering=fail_on_tampering,
            responses=responses,
            rubrics=rubrics,
            offline=offline,
            config=config,
            replay=replay,
            record=record,
            note=note,
            flags=flags(context),
        )
    )
    raise typer.Exit(code)


@app.command()
def compare(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(help="A proposal, or a review saved with --format json -o NAME.json.")],
    new: Annotated[Path, typer.Argument(help="Its next version, or the review of that.")],
    format: Annotated[Literal["terminal", "json", "markdown", "html"], typer.Option(help="What to write.")] = "terminal",
    output: Output = None,
    only: Only = None,
    fail_on_new: Annotated[
        bool, typer.Option("--fail-on-new", help="Exit with 1 if a finding is new, or graver than it was.")
    ] = False,
    rubrics: Rubrics = None,
    offline: Offline = False,
    model: Model = None,
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    seed: Seed = None,
    timeout: Timeout = None,
    max_tokens: MaxTokens = None,
    grouping: Grouping = None,
    second_look: SecondLook = None,
    samples: Samples = None,
    panel: Panel = None,
    probe: Probe = None,
    config: Config = None,
    replay: ReplayFolder = None,
    record: RecordFolder = None,
    note: Note = "",
) -> None:
    """Compare two versions of a proposal: which findings are resolved, which remain, which are new, and what text changed.

    A proposal is reviewed as `critic review` would; a saved review costs nothing.

    Exit codes: 0 compared; 1 a finding is new or graver, with --fail-on-new; 2 usage or bad input; 3 the model or the network
    failed, or a review is incomplete or not to be trusted.
    """
    from critic.cli.compare import Options, run

    code = run(
        Options(
            old=old,
            new=new,
            format=format,
            output=output,
            only=names(only),
            fail_on_new=fail_on_new,
            rubrics=rubrics,
            offline=offline,
            config=config,
            replay=replay,
            record=record,
            note=note,
            flags=flags(context),
        )
    )
    raise typer.Exit(code)


@app.command()
def read(
    file: Annotated[str, typer.Argument(help="The proposal; - for standard input.")],
    hidden: Annotated[bool, typer.Option("--hidden", help="Print what was hidden in the file instead.")] = False,
    input_format: InputFormat = None,
) -> None:
    """Print the normalised text, as the model sees it; `start` and `end` of quotations count its characters."""
    from critic.readers import Format
    from critic.readers import read as read_proposal

    proposal = read_proposal(file, Format(input_format) if input_format else None)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    if hidden:
        from critic.render.words import clean

        for found in proposal.hidden:
            place = f"p. {found.page}" if found.page else f"line {found.line}" if found.line else "somewhere"
            sys.stdout.write(f"{found.kind}, {place}: {clean(found.text)}\n")
        sys.stdout.writelines(f"picture of a page, p. {page}: not read\n" for page in proposal.unread)
    else:
        sys.stdout.write(proposal.text)


@app.command()
def schema(
    what: Annotated[
        Literal["review", "comparison", "labels", "adjudication", "bench"], typer.Argument(help="What to describe.")
    ] = "review",
) -> None:
    """Print the JSON Schema of a review, a comparison, the labels of a corpus, a reader's marks, or a bench report."""
    import json

    from pydantic import BaseModel

    from critic.adjudication import Adjudication
    from critic.bench.labels import Labels
    from critic.bench.report import BenchReport
    from critic.comparison import Comparison
    from critic.findings import Review

    models: dict[str, type[BaseModel]] = {
        "review": Review,
        "comparison": Comparison,
        "labels": Labels,
        "adjudication": Adjudication,
        "bench": BenchReport,
    }
    given = what in ("labels", "adjudication")
    mode: Literal["validation", "serialization"] = "validation" if given else "serialization"
    print(json.dumps(models[what].model_json_schema(mode=mode), indent=2))


for command in (many.screen, many.serve, many.bench):
    app.command()(command)
