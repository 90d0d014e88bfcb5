"""The review as GitHub workflow commands: printed by a step of a workflow, they become annotations of the file's lines.

Every line that is written is a command of its own, so that nothing in a proposal or a reply can begin another.
"""

from __future__ import annotations

from critic.findings import Assessment, NoticeLevel, Quotation, Review, Severity, Status
from critic.render import escape
from critic.render.words import GRAVE, afterthoughts, doubts, notices, standing, summary, tampering

_COMMAND = {Severity.CRITICAL: "error", Severity.MAJOR: "warning", Severity.MINOR: "notice"}


def render(review: Review) -> str:
    """One command a line: what a reader has to know first, then tampering, findings, and what is not to be relied on."""
    file = review.subject.path or review.subject.name
    lines = [
        _command("error" if text.startswith(GRAVE) else "notice", text, file=file, title="critic") for text in notices(review)
    ]
    for notice, (level, kind, text) in zip(review.notices, tampering(review), strict=True):
        name = "notice" if notice.level is NoticeLevel.QUOTED else "error"
        line = notice.line if notice.level is NoticeLevel.HIDDEN or review.subject.verbatim else None
        lines.append(_command(name, f"{kind}: “{text}” ({level})", file=file, line=line, title="Text meant for the reviewer"))
    lines += [_finding(finding, file) for finding in review.findings]
    for entry in [*review.critiques, *review.considerations]:
        if entry.status is not Status.JUDGED:
            said = standing(entry) if isinstance(entry, Assessment) else entry.status.value
            lines.append(_command("warning", doubts(entry), file=file, title=f"{entry.id} {entry.title}: {said}"))
    if review.critiques:
        lines.append(_command("notice", summary(review), file=file, title="critic"))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Assessment, file: str) -> str:
    severity = finding.severity or Severity.MINOR
    accepted = finding.response is not None and finding.response.accepted
    rows = [("", finding.reasoning), ("Change: ", finding.change), ("Ask: ", finding.question)]
    rows += [(f"{label.capitalize()}: ", text) for label, text in afterthoughts(finding)]
    where = next((quotation for quotation in finding.quotations if quotation.file_line and not quotation.page), None)
    return _command(
        "notice" if accepted else _COMMAND[severity],
        *(f"{label}{text}" for label, text in rows if text),
        file=file,
        line=where.file_line if where else None,
        endLine=_end(where) if where else None,
        title=f"{finding.id} {finding.title}: {standing(finding)}, {severity.value}",
    )


def _end(quotation: Quotation) -> int | None:
    same = quotation.file_line == quotation.line
    return quotation.line + quotation.text.count("\n") if same else quotation.file_line


def _command(name: str, *message: str, **properties: str | int | None) -> str:
    given = ",".join(f"{key}={escape.command_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{name} {given}::{'%0A'.join(map(escape.command, message))}"
