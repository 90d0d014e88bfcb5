"""The commands about many proposals. Imports stand inside them, as in `critic.cli.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from critic.cli.options import (
    BaseUrl,
    Concurrency,
    Config,
    Grouping,
    MaxTokens,
    Model,
    Note,
    Offline,
    Output,
    Panel,
    Probe,
    RecordFolder,
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
)


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
