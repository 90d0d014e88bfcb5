"""What callers get: the review of one proposal, with its findings and how it was made. JSON has the same shape."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """How a proposal stands to one critique. The first two are findings."""

    RAISED = "raised"
    PARTLY_ANSWERED = "partly_answered"
    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"

    @property
    def is_finding(self) -> bool:
        return self in (Verdict.RAISED, Verdict.PARTLY_ANSWERED)


class Severity(StrEnum):
    """How much of the promised impact is lost if the critique is right."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"

    @property
    def rank(self) -> int:
        """0 for critical, 1 for major, 2 for minor."""
        return list(Severity).index(self)


class Credit(StrEnum):
    """Whether a consideration that makes an evaluation worth more is met."""

    PRESENT = "present"
    PARTIAL = "partial"
    ABSENT = "absent"


class Status(StrEnum):
    """Whether an entry may be relied on."""

    JUDGED = "judged"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quotation(_Record):
    """A passage of the proposal, word for word, and where it stands."""

    text: str
    start: int = Field(description="offset into the normalised text, in characters")
    end: int = Field(description="offset behind the last character")
    line: int = Field(description="line of the first character in the normalised text, from 1")
    file_line: int | None = Field(None, description="its line in the file, from 1; null where the format has no lines")
    page: int | None = Field(None, description="page of the first character, from 1; null where there are no pages")
    heading: list[str] = Field([], description="the headings above it, outermost first")
    role: Literal["claim", "answer"] = Field(description="what it shows: the claim under attack, or what answers it")


class Outcome(StrEnum):
    """What a second look makes of a finding."""

    UPHELD = "upheld"
    WEAKENED = "weakened"
    WITHDRAWN = "withdrawn"


class NoticeLevel(StrEnum):
    """How much a notice weighs; the first two are tampering."""

    HIDDEN = "hidden"
    ADDRESSED = "addressed"
    QUOTED = "quoted"


class Notice(_Record):
    """Text in the file that is meant for a reviewer, or kept from its reader."""

    level: NoticeLevel = Field(
        description="hidden: taken out, or put right, before any model saw the text; addressed: visible, and left in; "
        "quoted: the like, but shown as an object of study"
    )
    kind: str = Field(description="how it is hidden, or what it does")
    text: str = Field(description="what it says, shortened")
    line: int | None = Field(None, description="from 1; of the file for what is hidden, else of the normalised text")
    page: int | None = None


class Challenge(_Record):
    """A second look at one finding."""

    outcome: Outcome
    verdict: Verdict = Field(description="before the second look")
    severity: Severity | None = Field(description="before the second look")
    quotations: list[Quotation] = Field([], description="what had been overlooked")
    reasoning: str = ""


class Response(_Record):
    """What the author of the proposal says to a critique. No model sees it, and it changes no verdict."""

    text: str
    date: date
    author: str | None = None
    accepted: bool = Field(False, description="whether whoever ran the review lets it count, so that it does not fail a check")


class Mark(StrEnum):
    """What a reader makes of the tool's entry on one critique."""

    AGREED = "agreed"
    DISPUTED = "disputed"
    WRONG = "wrong"


class ReaderMark(_Record):
    """One reader's mark on one entry."""

    reader: str
    mark: Mark
    verdict: Verdict | None = Field(None, description="the reader's own, where he gave one")
    severity: Severity | None = Field(None, description="the reader's own, where he gave one")
    reason: str = ""
    blind: bool = Field(False, description="whether his verdict was given before the tool's was shown")


class Entry(_Record):
    """What a critique and a consideration have in common."""

    id: str
    slug: str
    title: str
    section: str = Field(description="where the rubric pack's source treats it")
    status: Status
    failure: str | None = Field(None, description="why there is no verdict; only with status failed")
    quotations: list[Quotation] = []
    dropped: int = Field(0, description="how many quotations of the assessor are not in the proposal")
    reasoning: str = ""


class Assessment(Entry):
    """The verdict on one critique."""

    link: str = Field(description="which part of the argument it attacks; one of Review.links")
    claim: str = Field("", description="the claim under attack, as the rubric puts it")
    ask: str = Field("", description="what the rubric asks of every proposal")
    verdict: Verdict | None = Field(None, description="null with status failed")
    severity: Severity | None = Field(None, description="null unless the verdict is a finding")
    absent: str = Field("", description="what the proposal does not say")
    change: str = Field("", description="a concrete change that would answer the critique")
    question: str = Field("", description="a question for the applicant")
    recommendations: list[str] = Field([], description="ids of Review.recommendations")
    confidence: float | None = Field(None, ge=0, le=1)
    votes: dict[str, Verdict] = Field({}, description="the verdict of each reading, where there were several")
    challenge: Challenge | None = Field(None, description="the second look, if there was one")
    response: Response | None = Field(None, description="the author's, if there is one")
    marks: list[ReaderMark] = Field([], description="what readers made of it, from adjudication files")

    @property
    def is_finding(self) -> bool:
        """Raised or partly answered, with evidence that stands in the proposal."""
        return self.status is Status.JUDGED and self.verdict is not None and self.verdict.is_finding


class CreditAssessment(Entry):
    """Whether one consideration is met."""

    value: Credit | None = Field(None, description="null with status failed")


class LinkInfo(_Record):
    """One part of the argument under review."""

    id: str
    title: str


class OutlineStep(_Record):
    """One step of the proposal's own argument; `text` is null where the proposal is silent."""

    id: str
    title: str
    text: str | None


class RecommendationInfo(_Record):
    """What an actor can do about a finding."""

    id: str
    slug: str
    title: str
    section: str
    actor: str
    text: str


class Subject(_Record):
    """The proposal that was reviewed."""

    name: str = Field(description="its file name, or what the caller called it")
    path: str | None = Field(None, description="from the working folder on, with slashes; null where it lies outside")
    title: str | None = Field(description="its first heading")
    digest: str = Field(description="SHA-256 of the normalised text, in hexadecimal")
    characters: int
    words: int
    text: str = Field(description="the normalised text, which `start` and `end` of quotations count in")
    verbatim: bool = Field(False, description="whether that is the file's own text, character for character but for line ends")
    unread: list[int] = Field([], description="pages, from 1, that are pictures without text, which no assessor saw")


class Usage(_Record):
    """What the requests took, as the endpoint counted it."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = Field(0, description="the part of input_tokens that was read from a cache")
    output_tokens: int = 0
    reasoning_tokens: int = Field(0, description="the part of output_tokens that was spent on thinking")

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Provenance(_Record):
    """How a review was made."""

    critic: str = Field(description="version of this tool")
    mode: Literal["live", "recorded", "offline"]
    model: str | None = Field(None, description="as the provider named it")
    host: str | None = Field(None, description="where the proposal was sent; null where it stayed here")
    answered: str | None = Field(None, description="date of the last reply, by the provider's clock, as YYYY-MM-DD")
    recording_note: str | None = Field(None, description="what the recording says of itself")
    parameters: dict[str, Any] = {}
    adjustments: list[str] = Field([], description="what the model or endpoint refused, and what was done instead")
    grouping: str | None = Field(None, description="how critiques shared requests")
    rubric_pack: str
    rubrics_digest: str
    prompts_digest: str
    usage: Usage = Usage()
    price_usd: float | None = Field(None, description="null where the price of the model is not known")


class Review(_Record):
    """The review of one proposal."""

    schema_version: Literal[1] = 1
    complete: bool = Field(description="false if any entry failed: then this review is no all-clear")
    in_scope: bool | None = Field(description="null if that is not known because the request failed")
    scope_reason: str
    notices: list[Notice] = Field([], description="what in the file is meant to steer a reviewer")
    trustworthy: bool | None = Field(
        None, description="whether the integrity probe found its planted flaw; null if it was not asked for"
    )
    subject: Subject
    source: str = Field(description="the work that the rubrics are built from")
    links: list[LinkInfo]
    outline: list[OutlineStep]
    critiques: list[Assessment]
    considerations: list[CreditAssessment]
    recommendations: list[RecommendationInfo] = Field(description="those that the findings lead to")
    provenance: Provenance

    @property
    def findings(self) -> list[Assessment]:
        """What bites, gravest first."""
        found = [assessment for assessment in self.critiques if assessment.is_finding]
        return sorted(found, key=lambda finding: (finding.severity or Severity.MINOR).rank)

    @property
    def tampered(self) -> bool:
        """Whether something was hidden, or is addressed to the reviewer."""
        return any(notice.level is not NoticeLevel.QUOTED for notice in self.notices)

    @property
    def failed(self) -> list[Entry]:
        """Entries without a verdict."""
        return [entry for entry in [*self.critiques, *self.considerations] if entry.status is Status.FAILED]
