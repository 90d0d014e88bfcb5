"""Options that commands share. All that are about asking a model are settings, and are empty unless given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import typer

_ASKING = "Asking a model"
_RECORDING = "Recorded replies"


def _option(*names: str, help: str, panel: str | None = None) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False)


Rubrics = Annotated[Optional[Path], _option("--rubrics", help="Folder with another rubric pack.")]
InputFormat = Annotated[
    Optional[Literal["markdown", "text", "html", "latex", "pdf", "docx", "odt", "rtf"]],
    _option("--input-format", help="The proposal's format, where its content does not tell."),
]
Output = Annotated[Optional[Path], _option("--output", "-o", help="Write to this file.")]
Only = Annotated[Optional[str], _option("--only", help="Critiques and considerations to judge, such as U4,H3.")]
Offline = Annotated[bool, _option("--offline", help="Screen by cues, even if a model is configured.")]

Model = Annotated[Optional[str], _option(help="Model name; gpt-6.1-terra if there is a key or an endpoint.", panel=_ASKING)]
BaseUrl = Annotated[Optional[str], _option(help="An OpenAI-compatible endpoint; or OPENAI_BASE_URL.", panel=_ASKING)]
Temperature = Annotated[Optional[float], _option(help="0 unless set.", panel=_ASKING)]
Seed = Annotated[Optional[int], _option(help="7 unless set.", panel=_ASKING)]
Timeout = Annotated[Optional[float], _option(help="Seconds for one request; 300 unless set.", panel=_ASKING)]
MaxTokens = Annotated[Optional[int], _option(help="Longest reply; the model's own limit unless set.", panel=_ASKING)]
Grouping = Annotated[
    Optional[Literal["all", "link", "one"]],
    _option(help="Critiques in one request: all, those of one link, or one; all unless set.", panel=_ASKING),
]
SecondLook = Annotated[
    Optional[bool],
    _option("--second-look/--no-second-look", help="Challenge the findings, in one more request.", panel=_ASKING),
]
Samples = Annotated[Optional[int], _option(help="Readings by each model; the verdict is by vote.", panel=_ASKING)]
Panel = Annotated[Optional[str], _option(help="Models that vote, such as A,B,C.", panel=_ASKING)]
Probe = Annotated[
    Optional[bool],
    _option("--probe/--no-probe", help="Plant a flaw, in one more request, to see that the model finds it.", panel=_ASKING),
]
Concurrency = Annotated[Optional[int], _option(help="Requests under way at once; 8 unless set.", panel=_ASKING)]
RequestsPerMinute = Annotated[Optional[int], _option(help="Send no more than this.", panel=_ASKING)]
TokensPerMinute = Annotated[Optional[int], _option(help="Send no more than this, as an estimate.", panel=_ASKING)]
Config = Annotated[Optional[Path], _option(help="Configuration file (TOML); or CRITIC_CONFIG.", panel=_ASKING)]

Note = Annotated[str, _option(help="What the recording says of itself: who answered, and when.", panel=_RECORDING)]
Replay = Annotated[Optional[Path], _option(help="Answer every request from this cassette.", panel=_RECORDING)]
Record = Annotated[Optional[Path], _option(help="Record requests and replies in this cassette.", panel=_RECORDING)]
ReplayFolder = Annotated[Optional[Path], _option("--replay", help="Folder with a cassette a proposal.", panel=_RECORDING)]
RecordFolder = Annotated[Optional[Path], _option("--record", help="Folder for a cassette a proposal.", panel=_RECORDING)]

_FLAGS = (
    "model",
    "base_url",
    "temperature",
    "seed",
    "timeout",
    "max_tokens",
    "grouping",
    "second_look",
    "samples",
    "panel",
    "probe",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
)


def flags(context: typer.Context) -> dict[str, Any]:
    """What the command line says of the settings; None where it says nothing."""
    return {name: context.params.get(name) for name in _FLAGS}


def names(only: str | None) -> list[str]:
    """What --only names; empty for everything."""
    return [name.strip() for name in (only or "").split(",") if name.strip()]
