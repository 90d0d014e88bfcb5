"""What a screening run must not lose: replies, as soon as they are paid for, and what became of each file."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from critic.errors import InputError
from critic.findings import Usage
from critic.models import Answer

STORE = "critic.sqlite"  # its name in an output folder
_MIGRATIONS = (
    """
    CREATE TABLE replies (
        key TEXT PRIMARY KEY, status INTEGER NOT NULL, text BLOB NOT NULL, model TEXT, input INTEGER NOT NULL,
        cached INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE results (key TEXT PRIMARY KEY, row TEXT NOT NULL, findings TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE batches (file TEXT PRIMARY KEY, id TEXT NOT NULL, collected INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True)
class Result:
    """What the tables need of a review."""

    row: str  # a Row, as JSON
    findings: str  # lines of JSON


class Store:
    """An SQLite file. Every write is committed at once, so that a process killed at any moment loses none before it."""

    def __init__(self, path: Path | None) -> None:
        """Args:
        path: of the file, made if it is missing; None to keep everything in memory.

        Raises:
            InputError: it is no store of this or an earlier version.
        """
        self._path = path
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA secure_delete=ON")  # what is forgotten or replaced is overwritten
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > len(_MIGRATIONS):
                raise InputError(f"{path} was written by a newer critic; use that one, or another folder for --out.")
            for number, migration in enumerate(_MIGRATIONS[version:], version + 1):
                self._db.executescript(f"BEGIN; {migration} PRAGMA user_version={number}; COMMIT;")
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} cannot be used as the store of a screening run: {error}.") from error

    def close(self) -> None:
        """Fold the journal into the file."""
        self._db.close()

    def answer(self, key: str) -> Answer | None:
        """The answer to a request, by `critic.models.Body.key`."""
        found = self._db.execute("SELECT status, text FROM replies WHERE key = ?", (key,)).fetchone()
        return Answer(found[0], zlib.decompress(found[1]).decode()) if found else None

    def keep_answer(self, key: str, answer: Answer, model: str | None, usage: Usage) -> None:
        """Keep an answer, in place of what is there."""
        self._write(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                answer.status,
                zlib.compress(answer.text.encode(), 1),
                model,
                usage.input_tokens,
                usage.cached_tokens,
                usage.output_tokens,
                usage.reasoning_tokens,
            ),
        )

    def usage(self) -> dict[str | None, Usage]:
        """What all replies in the store took, by the model that gave them."""
        rows = self._db.execute(
            "SELECT model, count(*), sum(input), sum(cached), sum(output), sum(reasoning) FROM replies WHERE status = 200 "
            "GROUP BY model ORDER BY model"
        )
        names = ("requests", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
        return {model: Usage(**dict(zip(names, counts, strict=True))) for model, *counts in rows}

    def longest_reply(self) -> int:
        """Tokens of the longest reply so far; 0 if there is none."""
        return int(self._db.execute("SELECT coalesce(max(output), 0) FROM replies").fetchone()[0])

    def result(self, key: str) -> Result | None:
        """What became of a file, by a digest of its content and of all that a review of it depends on."""
        found = self._db.execute("SELECT row, findings FROM results WHERE key = ?", (key,)).fetchone()
        return Result(*found) if found else None

    def keep_result(self, key: str, result: Result) -> None:
        """Keep what became of a file, in place of what is there."""
        self._write("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", (key, result.row, result.findings))

    def forget(self, key: str, answers: Iterable[str]) -> None:
        """Take a result and answers out, so that nothing of them is left in the file.

        Args:
            key: of the result.
            answers: keys of the answers; asking the same again is paid for again.
        """
        self._db.execute("DELETE FROM results WHERE key = ?", (key,))
        self._db.executemany("DELETE FROM replies WHERE key = ?", [(answer,) for answer in answers])
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def batches(self) -> Iterator[tuple[str, str, bool]]:
        """The request files that were submitted: name, id of the batch, and whether its results are here."""
        rows = self._db.execute("SELECT file, id, collected FROM batches ORDER BY file").fetchall()
        return ((file, id, bool(collected)) for file, id, collected in rows)

    def keep_batch(self, file: str, id: str, *, collected: bool = False) -> None:
        """Note that a request file was submitted, or that its results are here."""
        self._write("INSERT OR REPLACE INTO batches VALUES (?, ?, ?)", (file, id, collected))

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise InputError(f"{self._path} cannot be written: {error}. All before is stored; make room and go on.") from error
