"""A letter to the applicant: what to ask him, in order of weight, each question with the passages that raise it.

It says nothing of verdicts, severities or critiques. It is Markdown, and reads as well where it is pasted as plain text.
"""

from __future__ import annotations

from critic.findings import Assessment, Quotation, Review
from critic.render.escape import letter
from critic.render.words import place


def render(review: Review) -> str:
    """The whole letter; entries that are unsupported or failed are not in it."""
    lines = [f"# Questions on “{letter(review.subject.title or review.subject.name)}”", ""]
    asked = [finding for finding in review.findings if finding.question]
    if asked:
        lines += [
            "Thank you for your proposal. We have read it with care and would like to understand the following points better. "
            "Each question is followed by the passages that it is about. A short answer will do; where the text already "
            "answers a question elsewhere, please point us to the place.",
            "",
        ]
    else:
        lines += ["Thank you for your proposal. We have no questions on it.", ""]
    for number, finding in enumerate(asked, 1):
        lines += _question(number, finding)
    return "\n".join(lines).rstrip() + "\n"


def _question(number: int, finding: Assessment) -> list[str]:
    lines = [f"Question {number}: {letter(finding.question)}", ""]
    for quotation in finding.quotations:
        lines += [_quotation(quotation), ""]
    if response := finding.response:
        lines += [f"On this you wrote on {response.date.isoformat()}: {letter(response.text)}", ""]
    return lines


def _quotation(quotation: Quotation) -> str:
    return f"> “{letter(quotation.text)}” ({letter(place(quotation))})"
