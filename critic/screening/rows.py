"""What one proposal is in a table of many, and the order in which proposals are shown."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from os import fsencode
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from critic.findings import Assessment, NoticeLevel, Review, Severity, Status, Usage, Verdict
from critic.render.words import VERDICT, clean, credit_standing, tampering


class RowStatus(StrEnum):
    """Where a proposal stands, gravest first where several hold; the order is that of the ranking."""

    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    UNTRUSTWORTHY = "untrustworthy"
    TAMPERED = "tampered"
    REVIEWED = "reviewed"
    OUT_OF_SCOPE = "out of scope"
    DUPLICATE = "duplicate"

    @property
    def rank(self) -> int:
        """0 for what is shown first."""
        return list(RowStatus).index(self)


class Cell(BaseModel):
    """How one proposal stands to one critique."""

    model_config = ConfigDict(frozen=True)

    status: Status
    verdict: Verdict | None = None
    severity: Severity | None = Field(None, description="null unless the verdict is a finding")

    @classmethod
    def of(cls, entry: Assessment) -> Cell:
        """The part of an assessment that fits in a cell; a finding that nobody graded is minor."""
        finding = entry.verdict is not None and entry.verdict.is_finding
        return cls(
            status=entry.status,
            verdict=entry.verdict,
            severity=(entry.severity or Severity.MINOR) if finding else None,
        )

    @property
    def is_finding(self) -> bool:
        return self.status is Status.JUDGED and self.verdict is not None and self.verdict.is_finding

    @property
    def words(self) -> str:
        """What it says, such as `raised, major`."""
        if self.status is Status.FAILED or self.verdict is None:
            return "failed"
        if self.status is Status.UNSUPPORTED:
            return f"unsupported ({VERDICT[self.verdict]}?)"
        return ", ".join(filter(None, (VERDICT[self.verdict], self.severity)))


class Row(BaseModel):
    """What one proposal is in a table. Without a review of its own, `complete` and `tampered` are null."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="relative to the folder, with forward slashes, as found")
    name: str = Field(description="the last part of the path")
    status: RowStatus
    problem: str = Field("", description="why it is not simply reviewed; of a duplicate, the path of its original")
    title: str | None = None
    digest: str | None = None
    words: int | None = None
    complete: bool | None = None
    trustworthy: bool | None = None
    tampered: bool | None = None
    in_scope: bool | None = None
    critical: int = 0
    major: int = 0
    minor: int = 0
    unsupported: int = Field(0, description="critiques whose verdict lacks its quotation")
    failed: int = Field(0, description="critiques and considerations without a verdict")
    cells: dict[str, Cell] = Field({}, description="by id of the critique")
    credits: dict[str, str] = Field({}, description="by id of the consideration, in words")
    link: str | None = Field(None, description="relative URL of the review, percent-encoded")
    mode: Literal["live", "recorded", "offline"] | None = None
    model: str | None = None
    usage: Usage = Usage()
    price_usd: float | None = None

    @classmethod
    def of(cls, review: Review, path: str, link: str) -> Row:
        """The row of a review.

        Args:
            review: of the proposal.
            path: of the proposal, relative to the folder that is screened.
            link: path of the page that shows the review, relative to where the tables are.
        """
        grades = Counter(finding.severity or Severity.MINOR for finding in review.findings)
        problems = _problems(review)
        return cls(
            path=shown(path),
            name=PurePosixPath(shown(path)).name,
            status=min(problems, key=lambda status: status.rank, default=RowStatus.REVIEWED),
            problem=" ".join(problems.values()),
            title=clean(review.subject.title) if review.subject.title else None,
            digest=review.subject.digest,
            words=review.subject.words,
            complete=review.complete,
            trustworthy=review.trustworthy,
            tampered=review.tampered,
            in_scope=review.in_scope,
            critical=grades[Severity.CRITICAL],
            major=grades[Severity.MAJOR],
            minor=grades[Severity.MINOR],
            unsupported=sum(entry.status is Status.UNSUPPORTED for entry in review.critiques),
            failed=len(review.failed),
            cells={entry.id: Cell.of(entry) for entry in review.critiques},
            credits={entry.id: credit_standing(entry) for entry in review.considerations},
            # "./" keeps a name such as "//host" or "data:..." from being an address elsewhere.
            link="./" + quote(fsencode(link)),
            mode=review.provenance.mode,
            model=review.provenance.model,
            usage=review.provenance.usage,
            price_usd=review.provenance.price_usd,
        )

    @classmethod
    def unreadable(cls, path: str, problem: str) -> Row:
        """The row of a file that gave no review, and why."""
        path = shown(path)
        return cls(path=path, name=PurePosixPath(path).name, status=RowStatus.UNREADABLE, problem=clean(shown(problem)))

    @classmethod
    def duplicate(cls, path: str, original: str) -> Row:
        """The row of a file with the same text as another one, which has the review."""
        path = shown(path)
        return cls(path=path, name=PurePosixPath(path).name, status=RowStatus.DUPLICATE, problem=shown(original))

    @property
    def relied_on(self) -> bool:
        """Whether its verdicts count for the round: in scope, not tampered with, and no failed probe."""
        return self.in_scope is True and not self.tampered and self.trustworthy is not False


def rank(row: Row) -> tuple[int | str, ...]:
    """What rows are sorted by, so that first is what a person should look at first.

    1. By status: unreadable, incomplete, not to be trusted (the model missed a planted flaw), tampered with; then what is
       reviewed; then what is out of scope, and last the duplicates. Of several, the first counts.
    2. With the same status, more critical findings go first; then more major, then more minor ones.
    3. Then more unsupported verdicts.
    4. Then by file name and path.
    """
    gravity = (-row.critical, -row.major, -row.minor, -row.unsupported)
    return (row.status.rank, *gravity, row.name.casefold(), row.path)


def _problems(review: Review) -> dict[RowStatus, str]:
    """Why a review is not simply a review, by the status that this gives it."""
    found: dict[RowStatus, str] = {}
    if not review.complete:
        reasons = [entry.failure for entry in review.failed if entry.failure]
        found[RowStatus.INCOMPLETE] = clean(reasons[0] if reasons else review.scope_reason)
    if review.trustworthy is False:
        found[RowStatus.UNTRUSTWORTHY] = "The model did not find a flaw that was planted to test it."
    if review.tampered:
        kinds = [
            kind
            for notice, (_, kind, _) in zip(review.notices, tampering(review), strict=True)
            if notice.level is not NoticeLevel.QUOTED
        ]
        more = f", and {len(kinds) - 3} more" if len(kinds) > 3 else ""
        found[RowStatus.TAMPERED] = f"Meant for the reviewer: {'; '.join(kinds[:3])}{more}."
    if review.in_scope is False:
        found[RowStatus.OUT_OF_SCOPE] = clean(review.scope_reason)
    return found


def shown(path: str) -> str:
    """A path that can be written as UTF-8; what cannot is shown as U+FFFD."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
