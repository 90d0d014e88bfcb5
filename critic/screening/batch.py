"""Requests as files in OpenAI's Batch format, and their results back into the store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import openai

from critic.errors import InputError, ModelError
from critic.failures import one_line
from critic.models import Answer
from critic.screening.gate import keep
from critic.screening.store import Store

if TYPE_CHECKING:
    from openai.types import Batch

_URL: Final = "/v1/chat/completions"
_MOST_REQUESTS = 50_000  # in one file, and below, bytes: what OpenAI's service takes
_MOST_BYTES = 190_000_000
_ENDED = ("completed", "expired", "failed", "cancelled")


class RequestFiles:
    """Request files `requests-001.jsonl` and so on in a folder; a new one is begun when the service's limits are reached."""

    def __init__(self, folder: Path, first: int, most_requests: int = _MOST_REQUESTS, most_bytes: int = _MOST_BYTES) -> None:
        """Args:
        folder: that they are written to.
        first: number of the first file.
        most_requests: in one file.
        most_bytes: of one file.
        """
        self._folder, self._first = folder, first
        self._most_requests, self._most_bytes = most_requests, most_bytes
        self._open: dict[str, tuple[Path, int, int]] = {}  # by model, since a file may ask but one: path, requests, bytes
        self.paths: list[Path] = []
        self.requests = 0

    def add(self, key: str, body: Mapping[str, Any]) -> None:
        """Write a request; its results come back under the key."""
        line = json.dumps({"custom_id": key, "method": "POST", "url": _URL, "body": body}, ensure_ascii=False) + "\n"
        size = len(line.encode())
        path, count, total = self._open.get(body["model"], (None, 0, 0))
        if path is None or count >= self._most_requests or total + size > self._most_bytes:
            path, count, total = self._folder / f"requests-{self._first + len(self.paths):03}.jsonl", 0, 0
            self.paths.append(path)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line)
        self._open[body["model"]] = path, count + 1, total + size
        self.requests += 1


@dataclass
class Received:
    """What result files held."""

    replies: int = 0
    refused: int = 0  # requests that the endpoint does not take as they are (400 or 422)
    trouble: Counter[str] = field(default_factory=Counter)  # what went wrong otherwise; it goes into the next file


def receive(path: Path, store: Store, received: Received) -> None:
    """Read a result file into the store.

    Args:
        path: in the Batch format, from OpenAI's service, vLLM's `run-batch` or another.
        store: where the replies go.
        received: is added to.

    Raises:
        InputError: it is no such file; the lines before the wrong one are stored.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    _take(line, f"{path}, line {number}", store, received)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The results {path} cannot be read: {error}.") from error


def _take(line: str, place: str, store: Store, received: Received) -> None:
    try:
        said = json.loads(line)
        key, response = said["custom_id"], said.get("response") or {}
        status, body = int(response.get("status_code") or 0), response.get("body")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{place} is no result in the Batch format: it needs custom_id and response.") from error
    known = isinstance(key, str) and status in (200, 400, 422) and isinstance(body, dict)
    if known and keep(store, key, Answer(status, json.dumps(body, ensure_ascii=False))):
        received.replies += status == 200
        received.refused += status != 200
    else:
        wrong = said.get("error") or (body.get("error") if isinstance(body, dict) else None) or f"status {status}"
        received.trouble[one_line(str(wrong.get("message", wrong) if isinstance(wrong, dict) else wrong))] += 1


class BatchService:
    """OpenAI's Batch API, or another with the same endpoints."""

    def __init__(self, client: openai.OpenAI, store: Store) -> None:
        self._client, self._store = client, store

    def submit(self, paths: list[Path]) -> Iterator[tuple[str, str]]:
        """Upload request files and start their batches; one that was submitted before is not submitted again.

        Yields:
            Name of the file, and id of its batch.
        """
        done = {file for file, _, _ in self._store.batches()}
        with _told():
            # Asked of the service too: the process may have ended between the submission and the note of it.
            there = {(batch.metadata or {}).get("sha256"): batch.id for batch in self._client.batches.list(limit=100).data}
            for path in paths:
                if path.name in done:
                    continue
                digest = sha256(path.read_bytes()).hexdigest()
                id = there.get(digest)
                if id is None:
                    with path.open("rb") as content:
                        uploaded = self._client.files.create(file=content, purpose="batch")
                    id = self._client.batches.create(
                        input_file_id=uploaded.id, endpoint=_URL, completion_window="24h", metadata={"sha256": digest}
                    ).id
                self._store.keep_batch(path.name, id)
                yield path.name, id

    def status(self) -> Iterator[tuple[str, Batch]]:
        """Each batch whose results are not here yet, with the name of its request file."""
        with _told():
            for file, id, collected in self._store.batches():
                if not collected:
                    yield file, self._client.batches.retrieve(id)

    def collect(self, folder: Path, received: Received) -> Iterator[tuple[str, Batch]]:
        """Take the results of batches that have ended into the store; whatever has none goes into the next file.

        Args:
            folder: where result files are kept.
            received: is added to.

        Yields:
            Name of the request file and the batch, of those that have ended.
        """
        for file, batch in self.status():
            if batch.status not in _ENDED:
                continue
            with _told():
                for kind, id in (("output", batch.output_file_id), ("errors", batch.error_file_id)):
                    if id:
                        path = folder / f"{Path(file).stem}.{kind}.jsonl"
                        path.write_bytes(self._client.files.content(id).content)
                        receive(path, self._store, received)
            for trouble in (batch.errors.data or []) if batch.errors else []:
                received.trouble[one_line(trouble.message or trouble.code or "failed")] += 1
            self._store.keep_batch(file, batch.id, collected=True)
            yield file, batch


@contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence what the client raises."""
    try:
        yield
    except openai.OpenAIError as error:
        message = one_line(getattr(error, "message", str(error)))
        raise ModelError(f"The batch service failed: {message} What it did so far is noted; try again.") from error


def asked_in(path: Path) -> Iterator[str]:
    """The keys of the requests in a request file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield line.removeprefix('{"custom_id": "').partition('"')[0]
