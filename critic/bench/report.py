"""What a bench says: every verdict beside its label, and the figures made of them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from critic.findings import Credit, Severity, Usage, Verdict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(_Record):
    """One critique of one proposal: what the label says, and what the assessor said."""

    proposal: str
    group: str
    critique: str
    link: str
    label: Verdict
    verdict: Verdict | None = Field(description="null where it failed or is unsupported")
    label_severity: Severity | None = None
    severity: Severity | None = None
    confidence: float | None = None
    touched: bool | None = Field(None, description="whether a quotation meets one of the label's; null without both")
    change: str | None = Field(None, description="'lose' or 'keep': what a contrast version should do to the finding")


class CreditItem(_Record):
    """One consideration of one proposal."""

    proposal: str
    consideration: str
    label: Credit
    value: Credit | None


class Estimate(_Record):
    """A figure with its 95% bootstrap interval over proposals; null where there is nothing to compute it from."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Figures(_Record):
    """Agreement on a set of items. A finding is a verdict `raised` or `partly_answered`."""

    name: str
    proposals: int
    items: int
    findings: int = Field(description="by the labels")
    precision: Estimate
    recall: Estimate
    f1: Estimate
    macro_f1: Estimate | None = Field(None, description="mean over critiques of the F1 of findings")
    agreement: Estimate = Field(description="share of the same verdict of four")
    kappa: Estimate = Field(description="Cohen's kappa of the four verdicts")
    weighted_kappa: Estimate = Field(description="quadratic weights on raised < partly answered < answered")
    severity: Estimate = Field(description="share of the same severity, of findings that both have")


class ReaderFigures(_Record):
    """One annotator against the labels and against the other annotators, as a second reader would be."""

    name: str
    group: str
    proposals: int
    f1: float | None = Field(description="of findings, against the labels, which are partly this reader's own")
    kappa: float | None
    f1_others: float | None = Field(description="of findings, against each other annotator")
    kappa_others: float | None


class Bin(_Record):
    """Verdicts of similar confidence."""

    confidence: float
    right: float = Field(description="share of them that the labels confirm")
    items: int


class Calibration(_Record):
    """Whether confidence can be trusted: 1 should mean always right."""

    brier: float
    bins: list[Bin]


class Retest(_Record):
    """Two readings of the same proposals by the same assessor."""

    proposals: int
    agreement: float
    kappa: float | None
    finding_agreement: float = Field(description="share of items that both or neither find")


class Cost(_Record):
    """What the reviews took, all of them together."""

    usage: Usage
    price_usd: float | None = Field(description="null where the price of the model is not known")
    seconds: float | None = Field(description="null in a replay, which takes no time worth telling")


class BenchReport(_Record):
    """How often an assessor is right on a corpus."""

    system: str
    corpus: str
    proposals: int
    readings: int = Field(description="more than the proposals if some were read again")
    scope_right: int = Field(description="proposals whose scope was judged as the label says")
    overall: Figures
    groups: list[Figures]
    links: list[Figures]
    critiques: list[Figures]
    considerations: Estimate = Field(description="share of the same value of three")
    considerations_kappa: float | None
    evidence: Estimate = Field(description="share of verdicts whose quotations meet the label's, where both have some")
    quotations: int = Field(description="that stand in the proposals")
    dropped: int = Field(description="that do not, and were dropped")
    unsupported: int
    failed: int
    contrast_right: int = Field(description="changes between versions as intended")
    contrast_items: int
    calibration: Calibration | None
    retest: Retest | None
    readers: list[ReaderFigures]
    alpha: dict[str, float] = Field(description="Krippendorff's alpha of the annotators' four verdicts, by group")
    blind: Figures | None = Field(None, description="against the verdicts that readers gave before they saw the tool's")
    anchored: Figures | None = Field(None, description="against those that readers gave with a tool's verdict before them")
    left_out: Figures | None = Field(None, description="offline: each proposal judged with thresholds fitted on the others")
    cost: Cost
    items: list[Item]
    credits: list[CreditItem]
