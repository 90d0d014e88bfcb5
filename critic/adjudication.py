"""What a reader makes of a review: marks on its entries, as the HTML page saves them and `critic bench` reads them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from critic.errors import InputError
from critic.findings import Mark, ReaderMark, Review, Severity, Verdict

SUFFIX = ".adjudication.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AdjudicatedEntry(_Record):
    """One reader's mark on the entry of one critique, and what the tool had said."""

    mark: Mark
    verdict: Verdict | None = Field(None, description="the reader's own; null where he agrees, or gives none")
    severity: Severity | None = Field(None, description="the reader's own; null where he agrees, or gives none")
    reason: str = Field("", max_length=5000)
    blind: bool = Field(False, description="whether the reader's verdict was given before the tool's was shown")
    tool_verdict: Verdict | None = Field(description="null where the tool's entry failed or is unsupported")
    tool_severity: Severity | None = None

    @property
    def label(self) -> tuple[Verdict, Severity | None] | None:
        """What the reader says the verdict is: his own, or the tool's where he agrees; None where he does not say."""
        if self.verdict:
            return self.verdict, self.severity
        if self.mark is Mark.AGREED and self.tool_verdict:
            return self.tool_verdict, self.tool_severity
        return None


class Adjudication(_Record):
    """One reader's marks on one review."""

    schema_version: Literal[1] = 1
    reader: str = Field("", max_length=200, description="his name, if he gave it")
    saved: date
    subject_name: str
    subject_digest: str = Field(description="SHA-256 of the normalised text, in hexadecimal, as in the review")
    rubrics_digest: str
    model: str | None = Field(None, description="that was marked, as the provider named it")
    entries: dict[str, AdjudicatedEntry] = Field(description="by the critique's id")


def load_adjudication(path: Path) -> Adjudication:
    """Read an adjudication.

    Raises InputError: the file cannot be read, or is no adjudication.
    """
    try:
        return Adjudication.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path} is no adjudication that this version reads: {place}: {first['msg']}.") from error


def check_subject(adjudication: Adjudication, path: Path, name: str, digest: str) -> None:
    """Raises InputError if the adjudication is of another text than the one with this digest."""
    if adjudication.subject_digest != digest:
        raise InputError(
            f"{path} marks a review of another text ({adjudication.subject_name}, SHA-256 {adjudication.subject_digest[:12]}) "
            f"than {name} ({digest[:12]}); review that text again and mark the new review."
        )


def with_marks(review: Review, adjudications: list[Adjudication]) -> Review:
    """The review with each reader's marks beside its entries."""
    critiques = [
        entry.model_copy(
            update={
                "marks": [
                    ReaderMark(
                        reader=adjudication.reader or f"reader {number}",
                        **adjudication.entries[entry.id].model_dump(exclude={"tool_verdict", "tool_severity"}),
                    )
                    for number, adjudication in enumerate(adjudications, 1)
                    if entry.id in adjudication.entries
                ]
            }
        )
        for entry in review.critiques
    ]
    return review.model_copy(update={"critiques": critiques})
