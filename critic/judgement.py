"""What an assessor thinks of a proposal: verdicts with quotations that nobody has looked up yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from critic.findings import Credit, Outcome, Severity, Usage, Verdict
from critic.proposal import Proposal
from critic.rubrics import RubricPack


def _as_word(value: Any) -> Any:
    return value.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


class ChallengeJudgement(BaseModel):
    """What a second look makes of a finding."""

    model_config = ConfigDict(frozen=True)

    quotations: list[str]
    reasoning: str = ""
    outcome: Annotated[Outcome, BeforeValidator(_as_word)]
    verdict: Annotated[Verdict, BeforeValidator(_as_word)]
    severity: Annotated[Severity | None, BeforeValidator(_as_word)] = None


class Judgement(BaseModel):
    """An assessor's verdict on one critique."""

    model_config = ConfigDict(frozen=True)

    claim_quotations: list[str]
    answer_quotations: list[str]
    reasoning: str
    verdict: Annotated[Verdict, BeforeValidator(_as_word)]
    severity: Annotated[Severity | None, BeforeValidator(_as_word)]
    absent: str = ""
    change: str = ""
    question: str = ""
    recommendations: list[str] = []
    confidence: float = Field(ge=0, le=1)
    votes: dict[str, Verdict] = {}  # of each reading, where there were several
    challenge: ChallengeJudgement | None = None  # verdict and severity in it are those before the second look

    @model_validator(mode="after")
    def _graded(self) -> Judgement:
        if self.verdict.is_finding and self.severity is None:
            raise ValueError("a finding needs a severity")
        return self


class CreditJudgement(BaseModel):
    """An assessor's verdict on one consideration."""

    model_config = ConfigDict(frozen=True)

    quotations: list[str]
    reasoning: str = ""
    value: Annotated[Credit, BeforeValidator(_as_word)]


class Reading(BaseModel):
    """All that an assessor, or one of its requests, says of a proposal.

    Whatever was asked and is in neither `critiques` nor `considerations` failed, for the reason in `failures`.
    """

    in_scope: bool | None = None  # None if it was not asked or not answered
    scope_reason: str = ""
    outline: dict[str, str | None] = {}  # by OutlineItem.id
    critiques: dict[str, Judgement] = {}  # by Critique.id
    considerations: dict[str, CreditJudgement] = {}
    failures: dict[str, str] = {}  # why there is no judgement, by id
    probed: bool | None = None  # whether the integrity probe found its planted flaw; None if there was none
    mode: Literal["live", "offline"] = "live"
    model: str | None = None  # as the provider named it
    answered: str | None = None  # YYYY-MM-DD
    usage: Usage = Usage()
    adjustments: tuple[str, ...] = ()

    def __add__(self, other: Reading) -> Reading:
        """This reading with what the other adds; a judgement of either goes before a failure of the other."""
        critiques = self.critiques | other.critiques
        considerations = self.considerations | other.considerations
        failures = {**self.failures, **other.failures}
        return Reading(
            in_scope=self.in_scope if other.in_scope is None else other.in_scope,
            scope_reason=other.scope_reason or self.scope_reason,
            outline=self.outline | other.outline,
            critiques=critiques,
            considerations=considerations,
            failures={id: why for id, why in failures.items() if id not in critiques and id not in considerations},
            probed=self.probed if other.probed is None else other.probed,
            mode=self.mode,
            model=other.model or self.model,
            answered=max(filter(None, (self.answered, other.answered)), default=None),
            usage=self.usage + other.usage,
            adjustments=tuple(dict.fromkeys((*self.adjustments, *other.adjustments))),
        )


Assessor = Callable[[Proposal, RubricPack], Awaitable[Reading]]
"""Judges a proposal by a rubric pack. Raises ModelError only if nothing could be judged and nothing else would be."""
