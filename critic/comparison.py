"""Two reviews of what should be two versions of one proposal -> what is resolved, what remains, what is new, and why."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from critic.findings import Assessment, Credit, CreditAssessment, Provenance, Quotation, Review, Severity, Status, Verdict
from critic.passages import PassageChange, changed_passages

_OTHER_TEXT = 0.9  # of the old text; where more than that is gone, the new one is hardly another version of it
_Entry = TypeVar("_Entry", Assessment, CreditAssessment)


class Change(StrEnum):
    """What became of one critique."""

    NEW = "new"  # no finding before, one now
    WORSE = "worse"  # a finding before and now, and graver now
    REMAINING = "remaining"
    BETTER = "better"  # a finding before and now, and less grave now
    RESOLVED = "resolved"  # a finding before, none now
    NO_FINDING = "no_finding"  # neither before nor now
    UNKNOWN = "unknown"  # not judged, or without evidence, in one of the reviews: then nothing can be said


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Record):
    """One of the two reviews, in brief."""

    name: str
    title: str | None
    digest: str
    words: int
    complete: bool
    in_scope: bool | None
    tampered: bool
    trustworthy: bool | None
    provenance: Provenance


class Standing(_Record):
    """How one of the reviews stands to one critique."""

    status: Status
    verdict: Verdict | None
    severity: Severity | None
    quotations: list[Quotation]
    reasoning: str
    change: str


class CritiqueChange(_Record):
    """One critique in both reviews."""

    id: str
    title: str
    link: str
    change: Change
    old: Standing | None = Field(description="null where the old review did not ask")
    new: Standing | None = Field(description="null where the new review did not ask")
    passages: list[int] = Field([], description="which of Comparison.passages its quotations touch, from 0")

    @property
    def moved(self) -> bool:
        """Whether its verdict, its severity or its status is another one."""
        return _grade(self.old) != _grade(self.new)


class CreditChange(_Record):
    """One consideration in both reviews."""

    id: str
    title: str
    change: Literal["more", "less", "same", "unknown"]
    old: Credit | None = Field(description="null where it was not judged, or without evidence")
    new: Credit | None


class Comparison(_Record):
    """What changed from one review to another."""

    schema_version: Literal[1] = 1
    warnings: list[str] = Field(description="why the two may not be comparable, or not be relied on; the gravest first")
    old: Side
    new: Side
    critiques: list[CritiqueChange]
    considerations: list[CreditChange]
    passages: list[PassageChange]

    def of(self, *changes: Change) -> list[CritiqueChange]:
        """The critiques with one of these changes, in the order of the changes and then of the rubrics."""
        return [critique for change in changes for critique in self.critiques if critique.change is change]

    @property
    def worsened(self) -> bool:
        """Whether there is a finding that is new, or graver than it was."""
        return bool(self.of(Change.NEW, Change.WORSE))

    @property
    def reliable(self) -> bool:
        """Whether both reviews are complete and to be trusted."""
        return all(side.complete and side.trustworthy is not False for side in (self.old, self.new))


def compare(old: Review, new: Review) -> Comparison:
    """Compare the reviews of two versions of a proposal, entry by entry, and their texts, sentence by sentence.

    An entry that one of the reviews did not judge, or judged without evidence, is unknown: never resolved and never new.
    """
    passages = changed_passages(old.subject.text, new.subject.text)
    return Comparison(
        warnings=_warnings(old, new, passages),
        old=_side(old),
        new=_side(new),
        critiques=[_critique(*pair, passages) for pair in _pairs(old.critiques, new.critiques)],
        considerations=[_credit(*pair) for pair in _pairs(old.considerations, new.considerations)],
        passages=passages,
    )


def _pairs(old: Sequence[_Entry], new: Sequence[_Entry]) -> list[tuple[_Entry, _Entry | None, _Entry | None]]:
    """What each entry is, how it stood, and how it stands."""
    befores = {entry.id: entry for entry in old}
    afters = {entry.id: entry for entry in new}
    return [(entry, befores.get(id), afters.get(id)) for id, entry in (befores | afters).items()]


def _critique(
    entry: Assessment, old: Assessment | None, new: Assessment | None, passages: Sequence[PassageChange]
) -> CritiqueChange:
    touched = [
        number
        for number, passage in enumerate(passages)
        if any(q.start < passage.old_end and passage.old_start < q.end for q in (old.quotations if old else []))
        or any(q.start < passage.new_end and passage.new_start < q.end for q in (new.quotations if new else []))
    ]
    return CritiqueChange(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        change=_change(old, new),
        old=_standing(old),
        new=_standing(new),
        passages=touched,
    )


def _change(old: Assessment | None, new: Assessment | None) -> Change:
    if old is None or new is None or not old.status == new.status == Status.JUDGED:
        return Change.UNKNOWN
    if not old.is_finding or not new.is_finding:
        return Change.RESOLVED if old.is_finding else Change.NEW if new.is_finding else Change.NO_FINDING
    before, after = ((entry.severity or Severity.MINOR).rank for entry in (old, new))
    if before == after:  # then a critique that is partly answered weighs less than one that is not
        before, after = (list(Verdict).index(entry.verdict) for entry in (old, new) if entry.verdict)
    return Change.REMAINING if before == after else Change.WORSE if after < before else Change.BETTER


def _standing(entry: Assessment | None) -> Standing | None:
    return None if entry is None else Standing(**{name: getattr(entry, name) for name in Standing.model_fields})


def _grade(standing: Standing | None) -> tuple[Status, Verdict | None, Severity | None] | None:
    return None if standing is None else (standing.status, standing.verdict, standing.severity)


def _credit(entry: CreditAssessment, old: CreditAssessment | None, new: CreditAssessment | None) -> CreditChange:
    before, after = (one.value if one and one.status is Status.JUDGED else None for one in (old, new))
    change: Literal["more", "less", "same", "unknown"] = "unknown"
    if before and after:
        ranks = list(Credit)
        step = ranks.index(after) - ranks.index(before)
        change = "more" if step < 0 else "less" if step > 0 else "same"
    return CreditChange(id=entry.id, title=entry.title, change=change, old=before, new=after)


def _side(review: Review) -> Side:
    subject = review.subject
    return Side(
        name=subject.name,
        title=subject.title,
        digest=subject.digest,
        words=subject.words,
        complete=review.complete,
        in_scope=review.in_scope,
        tampered=review.tampered,
        trustworthy=review.trustworthy,
        provenance=review.provenance,
    )


def _warnings(old: Review, new: Review, passages: Sequence[PassageChange]) -> list[str]:
    found: list[str] = []
    for which, review in (("old", old), ("new", new)):
        if not review.complete:
            found.append(f"INCOMPLETE: the {which} review lacks verdicts; what it lacks is shown as unknown.")
        if review.trustworthy is False:
            found.append(f"NOT TO BE TRUSTED: the model of the {which} review did not find the flaw planted to test it.")
        if review.tampered:
            found.append(f"TAMPERING: the {which} proposal holds text that is hidden or addressed to the reviewer.")
        if review.in_scope is False:
            found.append(f"OUT OF SCOPE: the {which} document proposes no evaluation, so it has no verdicts.")
    a, b = old.provenance, new.provenance
    differing = [
        name
        for name, before, after in (
            ("the way (live, recorded or offline)", _way(a), _way(b)),
            ("the model", a.model, b.model),
            ("its parameters", a.parameters, b.parameters),
            ("how critiques were grouped", a.grouping, b.grouping),
            ("the rubrics", a.rubrics_digest, b.rubrics_digest),
            ("the prompts", a.prompts_digest, b.prompts_digest),
            ("which critiques were asked", {e.id for e in old.critiques}, {e.id for e in new.critiques}),
        )
        if before != after and not (name.startswith("which") and False in (old.in_scope, new.in_scope))
    ]
    if differing:
        found.append(
            f"NOT MADE THE SAME WAY: {', '.join(differing)} differ, so a change may come from that and not from the text."
        )
    if "offline" in (a.mode, b.mode):
        found.append("OFFLINE SCREEN: judged by cues, not by a model's reading; a change shows where words came or went.")
    if old.subject.digest == new.subject.digest:
        found.append("The two texts are the same; what differs comes from the judging alone.")
    if sum(len(passage.old) for passage in passages) > _OTHER_TEXT * len(old.subject.text):
        found.append("The two texts have hardly a sentence in common. Are they two versions of one proposal?")
    return found


def _way(provenance: Provenance) -> str:
    return "offline" if provenance.mode == "offline" else "model"  # a recording is a live review played again
