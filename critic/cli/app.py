"""The commands. Imports stand inside them, so that `critic --help` does not wait for what it does not use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from critic.cli import rubrics as rubrics_commands

app = typer.Typer(
    name="critic",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Check a proposal to evaluate AI systems for risk against published critiques, with every quotation verified.",
)
app.add_typer(rubrics_commands.app, name="rubrics")

_ASKING = "Asking a model"
_RECORDING = "Recorded replies"

Rubrics = Annotated[Optional[Path], typer.Option("--rubrics", help="Folder with another rubric pack.", show_default=False)]


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"critic {installed('critic')}")
        raise typer.Exit


@app.command()
def review(
    file: Annotated[str, typer.Argument(help="The proposal, as Markdown or plain text in UTF-8; - for standard input.")],
    format: Annotated[Literal["terminal", "json", "markdown"], typer.Option(help="What to write.")] = "terminal",
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="Write to this file.", show_default=False)] = None,
    only: Annotated[
        Optional[str], typer.Option(help="Critiques and considerations to judge, such as U4,H3.", show_default=False)
    ] = None,
    fail_on: Annotated[
        Literal["critical", "major", "minor", "never"], typer.Option(help="Exit with 1 if a finding is this severe or worse.")
    ] = "never",
    rubrics: Rubrics = None,
    offline: Annotated[bool, typer.Option("--offline", help="Screen by cues, even if a model is configured.")] = False,
    model: Annotated[
        Optional[str],
        typer.Option(help="Model name; gpt-4.1 if there is a key or an endpoint.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    base_url: Annotated[
        Optional[str],
        typer.Option(help="An OpenAI-compatible endpoint; or OPENAI_BASE_URL.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    temperature: Annotated[
        Optional[float], typer.Option(help="0 unless set.", rich_help_panel=_ASKING, show_default=False)
    ] = None,
    seed: Annotated[Optional[int], typer.Option(help="7 unless set.", rich_help_panel=_ASKING, show_default=False)] = None,
    timeout: Annotated[
        Optional[float],
        typer.Option(help="Seconds for one request; 300 unless set.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    max_tokens: Annotated[
        Optional[int],
        typer.Option(help="Longest reply; the model's own limit unless set.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    grouping: Annotated[
        Optional[Literal["all", "link", "one"]],
        typer.Option(
            help="Critiques in one request: all, those of one link, or one; all unless set.",
            rich_help_panel=_ASKING,
            show_default=False,
        ),
    ] = None,
    second_look: Annotated[
        bool | None,
        typer.Option(
            "--second-look/--no-second-look",
            help="Challenge each finding once, in one more request.",
            rich_help_panel=_ASKING,
            show_default=False,
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Readings by each model; the verdict is by vote.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    panel: Annotated[
        str | None, typer.Option(help="Models that vote, such as A,B,C.", rich_help_panel=_ASKING, show_default=False)
    ] = None,
    config: Annotated[
        Optional[Path],
        typer.Option(help="Configuration file (TOML); or CRITIC_CONFIG.", rich_help_panel=_ASKING, show_default=False),
    ] = None,
    replay: Annotated[
        Optional[Path],
        typer.Option(help="Answer every request from this cassette.", rich_help_panel=_RECORDING, show_default=False),
    ] = None,
    record: Annotated[
        Optional[Path],
        typer.Option(help="Record requests and replies in this cassette.", rich_help_panel=_RECORDING, show_default=False),
    ] = None,
    note: Annotated[
        str, typer.Option(help="What the recording says of itself: who answered, and when.", rich_help_panel=_RECORDING)
    ] = "",
) -> None:
    """Review one proposal.

    Without a key, an endpoint or a model name it is screened offline, by cues. Otherwise the proposal's text goes to the
    endpoint, whose host is named first.

    Exit codes: 0 reviewed; 1 a finding at or above --fail-on; 2 usage or bad input; 3 the model or the network failed, or the
    review is incomplete.
    """
    from critic.cli.review import Options, run

    code = run(
        Options(
            source=file,
            format=format,
            output=output,
            only=[name.strip() for name in only.split(",") if name.strip()] if only else [],
            fail_on=fail_on,
            rubrics=rubrics,
            offline=offline,
            config=config,
            replay=replay,
            record=record,
            note=note,
            flags={
                "model": model,
                "base_url": base_url,
                "temperature": temperature,
                "seed": seed,
                "timeout": timeout,
                "max_tokens": max_tokens,
                "grouping": grouping,
                "second_look": second_look,
                "samples": samples,
                "panel": panel,
            },
        )
    )
    raise typer.Exit(code)


@app.command()
def read(file: Annotated[str, typer.Argument(help="The proposal; - for standard input.")]) -> None:
    """Print the normalised text, as the model sees it; `start` and `end` of quotations count its characters."""
    from critic.readers import read as read_proposal

    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(read_proposal(file).text)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a review."""
    import json

    from critic.findings import Review

    print(json.dumps(Review.model_json_schema(mode="serialization"), indent=2))
