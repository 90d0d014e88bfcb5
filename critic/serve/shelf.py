"""What the server keeps of each proposal that was dropped: the file, its review, and a reader's marks. All of it on disk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from critic.adjudication import SUFFIX, Adjudication, check_subject, load_adjudication, with_marks
from critic.errors import InputError
from critic.findings import Review
from critic.render.words import clean
from critic.screening.results import Results, whole
from critic.screening.rows import Row

MOST = 500  # proposals; for more there is `critic screen`
_LONGEST = 200  # characters of a name


class Kept(BaseModel):
    """A proposal on the shelf."""

    model_config = ConfigDict(frozen=True)

    key: str  # a digest; all that a path is ever made of
    name: str  # as whoever dropped it calls it
    received: datetime
    problem: str = ""  # why there is no review
    unreadable: bool = False  # whether it lies in the file, so that trying again is of no use
    asked: list[str] = []  # keys of the answers in the store that the review came from


class Shelf:
    """Proposals by key, oldest first. One process at a time works on a shelf."""

    def __init__(self, folder: Path, results: Results) -> None:
        """Args:
        folder: made if it is missing.
        results: of the same folder; its manner is part of each key, so that another model means another review.

        Raises:
            InputError: the folder cannot be used.
        """
        self._folder, self._results = folder, results
        try:
            self._proposals.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = [Kept.model_validate_json(path.read_bytes()) for path in self._proposals.glob("*.json")]
        except (OSError, ValidationError) as error:
            raise InputError(f"{self._proposals} cannot be used: {error}.") from error
        self.kept = {kept.key: kept for kept in sorted(found, key=lambda kept: kept.received)}

    def put(self, data: bytes, name: str) -> Kept:
        """Keep a file; the one that is there if it is the same, under the same name and to be judged in the same manner.

        Raises InputError: the shelf is full, or cannot be written to.
        """
        name = clean(PurePosixPath(name.replace("\\", "/")).name)[:_LONGEST] or "proposal"
        key = self._results.key(sha256(data).hexdigest(), name)
        if key not in self.kept:
            if len(self.kept) >= MOST:
                raise InputError(f"There are {MOST} proposals here: delete some, or take critic screen for so many.")
            with whole(self._proposals / key) as draft:
                draft.write_bytes(data)
            self._note(Kept(key=key, name=name, received=datetime.now(UTC)))
        return self.kept[key]

    def data(self, kept: Kept) -> bytes:
        """The file."""
        return (self._proposals / kept.key).read_bytes()

    def note(self, key: str, **changes: Any) -> None:
        """Put down a `problem`, whether it is `unreadable`, or what was `asked`."""
        self._note(self.kept[key].model_copy(update=changes))

    def keep(self, key: str, review: Review) -> Row:
        """Keep a review, in place of an earlier one."""
        return self._results.keep(key, key, review)

    def row(self, key: str) -> Row | None:
        """What the list shows of a review; None if there is none."""
        return self._results.row(key, key)

    def review(self, key: str) -> Review:
        """The review, as it was made."""
        return self._results.review(key)

    def marked(self, key: str) -> Review:
        """The review, with the reader's marks beside its entries if there are any."""
        marks = self.marks(key)
        return with_marks(self.review(key), [marks]) if marks and marks.entries else self.review(key)

    def marks(self, key: str) -> Adjudication | None:
        """The reader's marks, if there are any."""
        path = self._marks(key)
        return load_adjudication(path) if path.is_file() else None

    def keep_marks(self, key: str, given: bytes) -> None:
        """Keep a reader's marks, in place of what is there.

        Raises InputError: they are no adjudication, or one of another text.
        """
        try:
            marks = Adjudication.model_validate_json(given)
        except ValidationError as error:
            raise InputError(f"That is no adjudication: {error.errors()[0]['msg']}.") from error
        subject = self.review(key).subject
        check_subject(marks, Path("The adjudication"), subject.name, subject.digest)
        with whole(self._marks(key)) as draft:
            draft.write_text(marks.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def delete(self, key: str, asked: Iterable[str]) -> None:
        """Delete a file and everything that was made of it, also what is in the store."""
        kept = self.kept.pop(key)
        self._results.forget(key, key, {*kept.asked, *asked})
        for path in (self._proposals / key, self._marks(key), self._proposals / f"{key}.json"):
            path.unlink(missing_ok=True)

    def _note(self, kept: Kept) -> None:
        with whole(self._proposals / f"{kept.key}.json") as draft:
            draft.write_text(kept.model_dump_json(), encoding="utf-8")
        self.kept[kept.key] = kept

    @property
    def _proposals(self) -> Path:
        return self._folder / "proposals"

    def _marks(self, key: str) -> Path:
        return self._folder / "reviews" / f"{key}{SUFFIX}"
