"""The review as Markdown that reads well on GitHub; nothing in a proposal or a reply can add markup to it."""

from __future__ import annotations

from critic.findings import Assessment, Quotation, Review, Status
from critic.render.escape import markdown as _text
from critic.render.words import (
    afterthoughts,
    credit_standing,
    disputed,
    doubts,
    made,
    notices,
    place,
    standing,
    summary,
    tampering,
)


def render(review: Review) -> str:
    """The whole review."""
    lines = [f"# Review: {_text(review.subject.title or review.subject.name)}", ""]
    for notice in notices(review):
        lines += [f"> **{_text(notice)}**", ""]
    if rows := tampering(review):
        lines += [
            "## Text meant for the reviewer",
            "",
            *(f"- {_text(kind)}: “{_text(text)}” ({level})" for level, kind, text in rows),
            "",
        ]
    if review.critiques:
        lines += [f"**{summary(review)}**", ""]
        if any(step.text for step in review.outline):
            lines += ["## The proposal's own argument", ""]
            lines += [
                f"{n}. **{_text(step.title)}:** {_text(step.text) if step.text else '*the text is silent*'}"
                for n, step in enumerate(review.outline, 1)
            ]
            lines += [""]
        lines += ["## Verdicts", "", *_verdicts(review), ""]
        if review.findings:
            lines += ["## Findings", ""]
        for finding in review.findings:
            lines += _finding(finding)
        if late := [(entry, *row) for entry in disputed(review) for row in afterthoughts(entry)]:
            lines += ["## No findings, yet looked at again", ""]
            lines += [f"- **{entry.id} {_text(entry.title)}**, {label}: {_text(text)}" for entry, label, text in late]
            lines += [""]
        lines += _doubtful(review)
        if review.considerations:
            lines += ["## Credits", "", "| | consideration | value | where |", "| --- | --- | --- | --- |"]
            for credit in review.considerations:
                where = "; ".join(
                    f"“{_text(quotation.text)}” ({_text(place(quotation))})" for quotation in credit.quotations[:1]
                )
                lines.append(f"| {credit.id} | {_text(credit.title)} | {credit_standing(credit)} | {where} |")
            lines += [""]
        if review.recommendations:
            lines += ["## Recommendations", ""]
            lines += [
                f"- **{r.id} {_text(r.title)}** ({_text(r.actor)}, {_text(r.section)}): {_text(r.text)}"
                for r in review.recommendations
            ]
            lines += [""]
    lines += ["## How this was made", "", *(f"- {label}: {_text(value)}" for label, value in made(review))]
    return "\n".join(lines) + "\n"


def _verdicts(review: Review) -> list[str]:
    lines = ["| | critique | verdict | severity | lines |", "| --- | --- | --- | --- | --- |"]
    for link in review.links:
        entries = [entry for entry in review.critiques if entry.link == link.id]
        if entries:
            lines.append(f"| | **{_text(link.title)}** | | | |")
        for entry in entries:
            severity = entry.severity.value if entry.severity and entry.is_finding else ""
            where = ", ".join(str(line) for line in dict.fromkeys(quotation.line for quotation in entry.quotations))
            lines.append(f"| {entry.id} | {_text(entry.title)} | {standing(entry)} | {severity} | {where} |")
    return lines


def _finding(finding: Assessment) -> list[str]:
    grade = finding.severity.value if finding.severity else ""
    lines = [f"### {finding.id} {_text(finding.title)}: {grade}, {standing(finding)}", ""]
    for quotation in finding.quotations:
        lines += [_quotation(quotation), ""]
    for label, text in (
        ("Why", finding.reasoning),
        ("Missing", finding.absent),
        ("Change", finding.change),
        ("Ask", finding.question),
        ("See", ", ".join(finding.recommendations)),
        *((label.capitalize(), text) for label, text in afterthoughts(finding)),
    ):
        if text:
            lines.append(f"- **{label}:** {_text(text)}")
    lines += [f"- Section {_text(finding.section)}; confidence {finding.confidence or 0:.2f}", ""]
    return lines


def _quotation(quotation: Quotation) -> str:
    label = "claim" if quotation.role == "claim" else "answer"
    return f"> “{_text(quotation.text)}” ({label}, {_text(place(quotation))})"


def _doubtful(review: Review) -> list[str]:
    entries = [entry for entry in [*review.critiques, *review.considerations] if entry.status is not Status.JUDGED]
    if not entries:
        return []
    lines = ["## Not to be relied on", ""]
    for entry in entries:
        said = standing(entry) if isinstance(entry, Assessment) else entry.status.value
        lines.append(f"- **{entry.id} {_text(entry.title)}**, {said}: {_text(doubts(entry))}")
    return [*lines, ""]
