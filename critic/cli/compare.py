"""`critic compare`: two proposals or saved reviews, in any mixture -> what changed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from critic.cli.output import check, on_screen, width, write
from critic.cli.review import make
from critic.comparison import Comparison, compare
from critic.errors import InputError
from critic.findings import Review
from critic.readers import read
from critic.render import comparison as pages
from critic.render import json
from critic.rubrics import RubricPack, load_rubrics


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    old: Path
    new: Path
    format: str
    output: Path | None
    only: list[str]
    fail_on_new: bool
    rubrics: Path | None
    offline: bool
    config: Path | None
    replay: Path | None
    record: Path | None
    note: str
    flags: dict[str, Any]


def run(options: Options) -> int:
    """Compare and write; returns the exit code."""
    check(options.output)
    pack = load_rubrics(options.rubrics)
    asked = pack.only(options.only) if options.only else pack
    # Both are looked at before one of them is paid for.
    saved = {path: _saved(path) for path in (options.old, options.new)}
    old, new = (saved[path] or _reviewed(path, asked, options) for path in (options.old, options.new))
    comparison = compare(old, new)
    write(_rendered(comparison, options), options.output)
    if not comparison.reliable:
        print("critic: One of the reviews is incomplete or not to be trusted.", file=sys.stderr)
        return 3
    return 1 if options.fail_on_new and comparison.worsened else 0


def _saved(path: Path) -> Review | None:
    """A review as `critic review --format json` wrote it; None for a file that is to be reviewed."""
    if path.suffix.lower() != ".json":
        return None
    try:
        return Review.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} is no review of this version of critic; make one with: critic review FILE --format json -o {path.name}."
        ) from error


def _reviewed(path: Path, pack: RubricPack, options: Options) -> Review:
    cassette = f"{path.stem}.yaml"
    if options.record:
        options.record.mkdir(parents=True, exist_ok=True)
    return make(
        read(path),
        pack,
        flags=options.flags,
        config=options.config,
        offline=options.offline,
        replay=options.replay and options.replay / cassette,
        record=options.record and options.record / cassette,
        note=options.note,
    )


def _rendered(comparison: Comparison, options: Options) -> str:
    match options.format:
        case "json":
            return json.render(comparison)
        case "markdown":
            return pages.render_markdown(comparison)
        case "html":
            return pages.render_html(comparison)
        case _:
            return pages.render_terminal(comparison, width=width(), color=on_screen(options.output))
