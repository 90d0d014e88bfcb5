"""What the author of a proposal says to its findings, in a file beside it -> responses in the review.

The file of `proposal.md` is `proposal.critic.toml`: the name's last ending is replaced, so that of `plan.v2.docx` is
`plan.v2.critic.toml`. It may have come from the applicant, like the proposal. So a response reaches no model, changes no
verdict and hides no finding; it is shown as the author's, and is looked through for text that addresses a reviewer, as the
proposal is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from critic.errors import InputError
from critic.findings import Notice, Response, Review
from critic.readers import MAX_TEXT_BYTES
from critic.readers.text import read_text
from critic.rubrics import RubricPack
from critic.tampering import inspect

MAX_CHARACTERS = 2_000  # of one response: some 300 words


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    critique: str
    reason: str = Field(min_length=1, max_length=MAX_CHARACTERS)
    date: date
    author: str | None = Field(None, max_length=100)


def responses_beside(proposal: Path) -> Path | None:
    """The file with the author's responses to a proposal, if there is one."""
    path = proposal.with_suffix(".critic.toml")
    return path if path.is_file() else None


def load_responses(path: Path, pack: RubricPack) -> dict[str, Response]:
    """Read the responses.

    Args:
        path: a TOML file with `[[response]]` tables of `critique` (id or slug), `reason`, `date` and perhaps `author`.
        pack: has the critiques that can be answered.

    Returns:
        The responses by the critique's id.

    Raises:
        InputError: the file cannot be used; the message names the entry and the field.
    """
    given = _tables(path)
    ids = {name: critique.id for critique in pack.critiques for name in (critique.id.lower(), critique.slug)}
    found: dict[str, Response] = {}
    for number, table in enumerate(given, 1):
        where = f"{path}, response {number}"
        try:
            entry = _Entry.model_validate(table)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise InputError(f"{where}{f', {field}' if field else ''}: {first['msg']}.") from None
        id = ids.get(entry.critique.lower())
        if id is None:
            raise InputError(f"{where}, critique: there is no {entry.critique!r}; 'critic rubrics list' shows those there are.")
        if id in found:
            raise InputError(f"{where}, critique: {id} is answered twice; put both reasons into one response.")
        found[id] = Response(text=entry.reason, date=entry.date, author=entry.author)
    return found


def respond(review: Review, responses: Mapping[str, Response], pack: RubricPack, *, accept: bool = False) -> Review:
    """Put the author's responses into a review.

    Args:
        review: as the pipeline made it.
        responses: by the critique's id.
        pack: whose wording a response should not repeat.
        accept: whether an answered finding no longer fails a check.

    Returns:
        The review with the responses as far as they are visible text; with a notice where one holds something hidden or
        addresses the reviewer.
    """
    seen: dict[str, Response] = {}
    notices: list[Notice] = []
    for id, response in responses.items():
        texts = {"text": response.text, "author": response.author or ""}
        for field, text in texts.items():
            if not text:
                continue
            read = read_text(f"{text}\n".encode(), f"the author's response to {id}", markdown=False)
            texts[field] = read.text.strip()
            notices += [
                notice.model_copy(update={"kind": f"{notice.kind}, in the author's response to {id}", "line": None})
                for notice in inspect(read, pack)
            ]
        seen[id] = response.model_copy(update={"text": texts["text"], "author": texts["author"] or None, "accepted": accept})
    critiques = [entry.model_copy(update={"response": seen.get(entry.id)}) for entry in review.critiques]
    return review.model_copy(update={"critiques": critiques, "notices": [*review.notices, *notices]})


def _tables(path: Path) -> list[Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            raise InputError(f"{path} is larger than {MAX_TEXT_BYTES / 1e6:g} MB, the limit for responses.")
        given = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no TOML file: {' '.join(str(error).split()) or 'it is nested too deeply'}.") from error
    tables = given.get("response")
    if not isinstance(tables, list) or set(given) != {"response"}:
        raise InputError(f"{path} should have [[response]] tables, each with critique, reason and date, and nothing else.")
    return tables
