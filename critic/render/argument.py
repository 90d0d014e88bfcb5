"""The argument under review as a chain: which arrows hold, and which a finding strains or breaks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from critic.findings import Assessment, Review, Severity, Status
from critic.render.words import clean

State = Literal["broken", "cracked", "strained", "whole", "unknown", "idle"]


@dataclass(frozen=True)
class Arrow:
    """One link of the argument. `source` is empty for what stands beside the chain."""

    id: str
    source: str
    target: str
    state: State
    says: str  # the state in words
    findings: list[Assessment]  # gravest first


def arrows(review: Review) -> list[Arrow]:
    """The links that any critique is about; one whose title is `A -> B` leads from A to B."""
    found: list[Arrow] = []
    for link in review.links:
        entries = [entry for entry in review.critiques if entry.link == link.id]
        if not entries:
            continue
        source, arrow, target = clean(link.title).partition(" -> ")
        state, says = _state(entries)
        says = says if arrow else says.removeprefix(f"{state}: ")  # nothing holds or breaks beside the chain
        findings = [finding for finding in review.findings if finding.link == link.id]
        found.append(Arrow(link.id, source if arrow else "", target if arrow else source, state, says, findings))
    return found


def _state(entries: list[Assessment]) -> tuple[State, str]:
    grades = Counter(entry.severity or Severity.MINOR for entry in entries if entry.is_finding)
    counted = ", ".join(f"{grades[severity]} {severity.value}" for severity in Severity if grades[severity])
    open = sum(entry.status is not Status.JUDGED for entry in entries)
    doubt = f"; {open} without a verdict" if open else ""
    if grades:
        worst = min(grades, key=lambda severity: severity.rank)
        state: State = {Severity.CRITICAL: "broken", Severity.MAJOR: "cracked", Severity.MINOR: "strained"}[worst]  # type: ignore[assignment]
        return state, f"{state}: {counted}{doubt}"
    if open:
        return "unknown", f"not known: {open} without a verdict"
    answered = sum(entry.verdict is not None and entry.verdict.value == "answered" for entry in entries)
    return ("whole", f"whole: {answered} answered") if answered else ("idle", "not at issue here")
