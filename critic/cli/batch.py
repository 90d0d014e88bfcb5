"""`critic batch`: requests as files for a batch service, and their results back into the same store and reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from critic.cli.options import (
    BaseUrl,
    Config,
    Grouping,
    MaxTokens,
    Model,
    Panel,
    Probe,
    Rubrics,
    Samples,
    SecondLook,
    Seed,
    Temperature,
    flags,
)
from critic.errors import InputError

if TYPE_CHECKING:
    from critic.screening.batch import BatchService, Received

_JOB = "job.json"  # what `write` was told, for when the results are there
app = typer.Typer(no_args_is_help=True, help="Screen through a batch service, or a machine of your own.")
_Out = Annotated[Path, typer.Option("--out", "-o", help="The folder for the results, as in critic screen.")]


@app.command()
def write(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Folders with proposals, or proposals.")],
    out: _Out,
    include: Annotated[
        Optional[list[str]], typer.Option(help="Only files with such names, such as '*.pdf'; may be repeated.")
    ] = None,
    exclude: Annotated[Optional[list[str]], typer.Option(help="No files with such names; may be repeated.")] = None,
    rubrics: Rubrics = None,
    model: Model = None,
    temperature: Temperature = None,
    seed: Seed = None,
    max_tokens: MaxTokens = None,
    grouping: Grouping = None,
    second_look: SecondLook = None,
    samples: Samples = None,
    panel: Panel = None,
    probe: Probe = None,
    config: Config = None,
) -> None:
    """Write the requests that have no answer yet to OUT/batch/requests-NNN.jsonl, in OpenAI's Batch format.

    What is answered already becomes reviews and tables. Run it again after `collect` or `read` until nothing is open.
    """
    job = {
        "paths": [str(path.resolve()) for path in paths],
        "include": include or [],
        "exclude": exclude or [],
        "rubrics": rubrics and str(rubrics.resolve()),
        "config": config and str(config.resolve()),
        "flags": {name: value for name, value in flags(context).items() if value is not None},
    }
    raise typer.Exit(_written(out, job))


@app.command()
def submit(out: _Out, base_url: BaseUrl = None, config: Config = None) -> None:
    """Upload the request files and start a batch for each, by OpenAI's Batch API."""
    with _service(out, base_url, config) as service:
        submitted = list(service.submit(sorted((out / "batch").glob("requests-*.jsonl"))))
    for name, id in submitted:
        print(f"{name}: {id}")
    if not submitted:
        print("There is nothing to submit.")


@app.command()
def status(out: _Out, base_url: BaseUrl = None, config: Config = None) -> None:
    """Say how the batches that were submitted are doing."""
    with _service(out, base_url, config) as service:
        batches = list(service.status())
    for name, batch in batches:
        counts = batch.request_counts
        told = f", {counts.completed} of {counts.total} done, {counts.failed} failed" if counts else ""
        print(f"{name}: {batch.id} {batch.status}{told}")
    if not batches:
        print("There is no batch whose results are not here.")


@app.command()
def collect(out: _Out, base_url: BaseUrl = None, config: Config = None) -> None:
    """Fetch the results of batches that have ended, and write reviews, tables, and a request file for what is open."""
    from critic.screening.batch import Received

    received = Received()
    with _service(out, base_url, config) as service:
        ended = list(service.collect(out / "batch", received))
    for name, batch in ended:
        print(f"{name}: {batch.id} {batch.status}")
    if not ended:
        print("No batch has ended since the last time.")
        raise typer.Exit
    _tell(received)
    raise typer.Exit(_written(out, _remembered(out)))


@app.command()
def read(files: Annotated[list[Path], typer.Argument(help="Result files in the Batch format.")], out: _Out) -> None:
    """Read results, such as those of vLLM's run-batch, and write reviews, tables, and a request file for what is open."""
    from critic.screening.batch import Received, receive
    from critic.screening.results import opened

    job = _remembered(out)
    received = Received()
    with opened(out) as store:
        for file in files:
            receive(file, store, received)
    _tell(received)
    raise typer.Exit(_written(out, job))


def _written(out: Path, job: dict[str, Any]) -> int:
    """Write what is answered as reviews and tables, and what is not as requests; returns the exit code."""
    from critic.cli.screen import concluded, say, without_sending
    from critic.rubrics import load_rubrics
    from critic.screening.batch import RequestFiles, asked_in
    from critic.screening.folder import find
    from critic.screening.results import opened
    from critic.screening.unsent import UnsentGate
    from critic.settings import DEFAULT_MODEL, load_settings

    pack = load_rubrics(job["rubrics"] and Path(job["rubrics"]))
    settings = load_settings(job["flags"], job["config"] and Path(job["config"]))
    settings = settings.model_copy(update={"model": settings.model or DEFAULT_MODEL})
    files = list(find([Path(path) for path in job["paths"]], job["include"], job["exclude"], apart=out))
    folder = out / "batch"
    with opened(out) as store:
        folder.mkdir(exist_ok=True)
        (folder / _JOB).write_text(json.dumps(job, indent=2) + "\n", encoding="utf-8")
        submitted = {name: collected for name, _, collected in store.batches()}
        for path in folder.glob("requests-*.jsonl"):
            if path.name not in submitted:
                path.unlink()
        waiting = {key for name, collected in submitted.items() if not collected for key in asked_in(folder / name)}
        requests = RequestFiles(folder, first=len(submitted) + 1)
        gate = UnsentGate(store, lambda key, body: None if key in waiting else requests.add(key, body))
        done = without_sending(settings, pack, store, gate, files, out)
        code = concluded(done, gate.closed, out, len(files), "")
    if waiting:
        say(f"{len(waiting)} requests were submitted and have no answer yet: critic batch status.")
    if requests.paths:
        names = ", ".join(path.name for path in requests.paths)
        say(f"{requests.requests} requests are in {folder}: {names}. Submit them, or run them elsewhere and read the results.")
    return code


def _remembered(out: Path) -> dict[str, Any]:
    """What `write` was told about this folder."""
    try:
        return dict(json.loads((out / "batch" / _JOB).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{out} has no batch requests: write them first, with critic batch write FOLDER --out {out}."
        ) from error


@contextmanager
def _service(out: Path, base_url: str | None, config: Path | None) -> Iterator[BatchService]:
    import openai

    from critic.models import chat_models, connecting
    from critic.screening.batch import BatchService
    from critic.screening.results import opened
    from critic.settings import load_settings

    _remembered(out)
    settings = load_settings({"base_url": base_url}, config)
    chat_models(settings)  # says what is missing
    key = settings.api_key.get_secret_value() if settings.api_key else "none"
    with connecting():
        client = openai.OpenAI(api_key=key, base_url=settings.base_url, timeout=settings.timeout)
    with opened(out) as store, client:
        yield BatchService(client, store)


def _tell(received: Received) -> None:
    refused = f", {received.refused} requests refused as they are" if received.refused else ""
    print(f"{received.replies} replies stored{refused}.")
    for trouble, count in received.trouble.most_common(10):
        print(f"{count} without a reply: {trouble}")
