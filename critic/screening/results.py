"""The output folder: a review of each proposal, and the tables of them all."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from critic.errors import InputError
from critic.findings import Review
from critic.render import Format, renderer
from critic.rubrics import RubricPack
from critic.screening.findings import findings_lines
from critic.screening.ranking import Ranking
from critic.screening.rows import Row
from critic.screening.store import STORE, Result, Store

_PAGE = "html"  # what the tables link to
_LONGEST = 200  # bytes of a name
_FORMATS = {"json": Format.JSON, "md": Format.MARKDOWN, _PAGE: Format.HTML}


class Results:
    """What a run has found out, in the store and in the output folder."""

    def __init__(self, store: Store, folder: Path | None, manner: str) -> None:
        """Args:
        store: for what is needed to write the tables.
        folder: for the reviews; None to write none.
        manner: a digest of all that a review depends on, apart from the proposal.
        """
        self._store, self._folder, self._manner = store, folder, manner

    def key(self, digest: str, name: str) -> str:
        """What the result of a file with this digest goes by."""
        return sha256(f"{digest} {self._manner} {name}".encode("utf-8", "surrogateescape")).hexdigest()

    def row(self, key: str, name: str) -> Row | None:
        """The row of a file that was reviewed before; None if there is none, or somebody took the review away."""
        if self._folder and not all(self._path(name, ending).is_file() for ending in _FORMATS):
            return None
        result = self._store.result(key)
        return Row.model_validate_json(result.row) if result else None

    def keep(self, key: str, name: str, review: Review) -> Row:
        """Write a review, and keep what the tables need of it."""
        row = Row.of(review, name, self._path(name, _PAGE).relative_to(self._folder or Path()).as_posix())
        if self._folder:
            for ending, format in _FORMATS.items():
                path = self._path(name, ending)
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole(path) as draft:
                    draft.write_text(renderer(format)(review), encoding="utf-8", newline="\n")
            lines = "".join(f"{line}\n" for line in findings_lines(review, name))
            self._store.keep_result(key, Result(row.model_dump_json(), lines))
        return row

    def review(self, name: str) -> Review:
        """A review that was written before."""
        return Review.model_validate_json(self._path(name, "json").read_bytes())

    def forget(self, key: str, name: str, answers: Iterable[str]) -> None:
        """Delete a review, its result, and what was answered on the way to it, by `critic.models.Body.key`."""
        for ending in _FORMATS:
            self._path(name, ending).unlink(missing_ok=True)
        self._store.forget(key, answers)

    def write_tables(self, rows: Ranking, pack: RubricPack, run: dict[str, Any]) -> None:
        """Write what a run ends with.

        Args:
            rows: of every file.
            pack: the rubrics.
            run: how the run went, as JSON.
        """
        from critic.screening.heatmap import write_heatmap
        from critic.screening.round import Round, write_round
        from critic.screening.tables import write_csv, write_xlsx

        if self._folder is None:
            return
        told = Round(rows, pack)
        writers: dict[str, Callable[[Path], None]] = {
            "summary.csv": lambda path: write_csv(rows, path, pack),
            "summary.xlsx": lambda path: write_xlsx(rows, path, pack),
            "index.html": lambda path: write_heatmap(rows, told, path, pack),
            "round.md": lambda path: write_round(told, path, pack),
        }
        for name, write in writers.items():
            with whole(self._folder / name) as draft:
                write(draft)
        with whole(self._folder / "findings.jsonl") as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(rows.findings())
        with whole(self._folder / "run.json") as draft:
            draft.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _path(self, name: str, ending: str) -> Path:
        folder, _, last = name.rpartition("/")
        if len(os.fsencode(last)) > _LONGEST:  # with an ending it would be longer than file systems allow
            last = f"{last[:50]}-{sha256(os.fsencode(last)).hexdigest()[:16]}"
        return (self._folder or Path()) / "reviews" / folder / f"{last}.{ending}"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write beside the path; it takes the path's place once it is written, so that nobody finds half of it."""
    draft = path.with_name(f".{path.name[:200]}.part")  # the same name each time: one process at a time writes here
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}. What was paid for is stored.") from error


@contextmanager
def opened(folder: Path | None) -> Iterator[Store]:
    """The store in an output folder, for one process at a time; without a folder, one in memory.

    Raises:
        InputError: another process works in the folder, or it cannot be used.
    """
    if folder is None:
        yield Store(None)
        return
    if folder.is_file():
        raise InputError(f"{folder} is a file; name a folder for the results with --out.")
    lock = FileLock(folder / ".critic.lock", timeout=0)
    holder = folder / ".critic.holder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        who = holder.read_text(encoding="utf-8") if holder.is_file() else "another process"
        raise InputError(f"{folder} is in use by {who}: wait for it, or name another folder with --out.") from None
    except OSError as error:
        raise InputError(f"{folder} cannot be used for the results: {error.strerror or error}.") from error
    try:
        holder.write_text(_me(), encoding="utf-8")
        store = Store(folder / STORE)
        try:
            yield store
        finally:
            store.close()
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _me() -> str:
    return f"process {os.getpid()} on {platform.node()}, since {datetime.now():%Y-%m-%d %H:%M}"
