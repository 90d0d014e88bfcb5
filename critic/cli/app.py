"""The commands. Imports stand inside them, so that `critic --help` does not wait for what it does not use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from critic.cli import batch as batch_commands
from critic.cli import rubrics as rubrics_commands
from critic.cli.options import (
    BaseUrl,
    Concurrency,
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
    RequestsPerMinute,
    Rubrics,
    Samples,
    SecondLook,
    Seed,
    Temperature,
    Timeout,
    TokensPerMinute,
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
def screen(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Folders with proposals, or proposals.")],
    out: Annotated[
        Optional[Path], typer.Option("--out", "-o", help="Folder for the results; a run is taken up again in it.")
    ] = None,
    include: Annotated[
        Optional[list[str]], typer.Option(help="Only files with such names, such as '*.pdf'; may be repeated.")
    ] = None,
    exclude: Annotated[Optional[list[str]], typer.Option(help="No files with such names; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would send and cost, and send nothing.")] = False,
    budget: Annotated[
        Optional[float], typer.Option(min=0, help="US dollars for all that is in --out and is to come.", show_default=False)
    ] = None,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Ask anew about proposals whose review is incomplete, and pay for that.")
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
    concurrency: Concurrency = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    config: Config = None,
) -> None:
    """Review every proposal in a folder, and write tables of them all.

    Every reply is stored as soon as it is there. Run the same command again after a crash, an interruption or a raised budget:
    it does what is left, and pays for no reply twice.

    Exit codes: 0 all done; 2 usage or bad input; 3 the model or the network failed, or a review is incomplete or not to be
    trusted; 5 stopped by --budget or Ctrl-C, to be gone on with.
    """
    from critic.cli.screen import Options, run

    code = run(
        Options(
            paths=paths,
            out=out,
            include=include or [],
            exclude=exclude or [],
            budget=budget,
            dry_run=dry_run,
            ask_again=ask_again,
            rubrics=rubrics,
            offline=offline,
            config=config,
            flags=flags(context),
        )
    )
    raise typer.Exit(code)


@app.command()
def serve(
    context: typer.Context,
    out: Annotated[
        Optional[Path],
        typer.Option(
            "--out", "-o", help="Folder for all that is kept; critic in your data folder unless set.", show_default=False
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone unless set.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")] = 0,
    open: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Cover each verdict until the reader of the page has given his own.")
    ] = False,
    token: Annotated[
        Optional[str], typer.Option(help="What the address holds; a new one each time unless set.", show_default=False)
    ] = None,
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
    concurrency: Concurrency = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    config: Config = None,
) -> None:
    """Review in the browser: drop proposals, watch the verdicts come, mark them, compare versions, download every format.

    Needs the extra named serve. Everything is kept in --out, and all of it is there when the command is run again.

    Exit codes: 0 ended by Ctrl-C; 2 usage or bad input.
    """
    from critic.cli.serve import Options, run

    code = run(
        Options(
            out=out,
            host=host,
            port=port,
            token=token,
            open=open,
            blind=blind,
            rubrics=rubrics,
            offline=offline,
            config=config,
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


@app.command()
def bench(
    context: typer.Context,
    corpus: Annotated[
        Optional[Path], typer.Argument(help="Folder with proposals, and NAME.labels.json beside each.", show_default=False)
    ] = None,
    compare: Annotated[
        Optional[tuple[Path, Path]], typer.Option(help="Two reports in JSON: which is better?", show_default=False)
    ] = None,
    baseline: Annotated[
        Optional[Literal["chat", "majority"]],
        typer.Option(help="Measure a question as in a chat window, or always the commonest verdict.", show_default=False),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Readings of each proposal, for test-retest agreement.")] = 1,
    format: Annotated[Literal["terminal", "json", "markdown", "html"], typer.Option(help="What to write.")] = "terminal",
    output: Output = None,
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
    """Measure how often an assessor agrees with the labels of a corpus, or compare two such reports.

    Exit codes: 0 measured; 2 usage or bad input; 3 the model or the network failed, or a review is incomplete.
    """
    from critic.errors import InputError

    if compare:
        from critic.bench.compare import compare as compared
        from critic.bench.compare import load_report
        from critic.cli.output import write

        write(compared(*map(load_report, compare)), output)
        raise typer.Exit
    if corpus is None:
        raise InputError("Name the folder of a corpus, or two reports with --compare.")
    from critic.cli.bench import Options, run

    code = run(
        Options(
            corpus=corpus,
            baseline=baseline,
            repeat=repeat,
            format=format,
            output=output,
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
