"""What every format for people says, once: notices, the summary, and how a review was made."""

from __future__ import annotations

import re
from collections import Counter

from critic.findings import (
    Assessment,
    CreditAssessment,
    Entry,
    NoticeLevel,
    Outcome,
    Quotation,
    ReaderMark,
    Review,
    Severity,
    Status,
    Verdict,
)

VERDICT = {
    Verdict.RAISED: "raised",
    Verdict.PARTLY_ANSWERED: "partly answered",
    Verdict.ANSWERED: "answered",
    Verdict.NOT_APPLICABLE: "not applicable",
}
GRAVE = ("INCOMPLETE", "NOT TO BE TRUSTED", "TAMPERING")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """On one line, and without characters that steer a terminal or turn the direction of text."""
    return " ".join(CONTROLS.sub("", text).split())


def clean_lines(text: str) -> str:
    """The same for a longer text, which keeps its white space."""
    return CONTROLS.sub("", text)


_LEVEL = {
    NoticeLevel.HIDDEN: "hidden, and taken out or put right before the text was judged",
    NoticeLevel.ADDRESSED: "in plain sight, and addressed to the reviewer",
    NoticeLevel.QUOTED: "quoted as an object of study",
}


def tampering(review: Review) -> list[tuple[str, str, str]]:
    """What is meant to steer a reviewer, as level, kind with place, and text."""
    rows: list[tuple[str, str, str]] = []
    for notice in review.notices:
        places = [f"p. {notice.page}" if notice.page else "", f"line {notice.line}" if notice.line else ""]
        where = ", ".join(filter(None, places))
        rows.append((_LEVEL[notice.level], f"{clean(notice.kind)}{f' ({where})' if where else ''}", clean(notice.text)))
    return rows


def notices(review: Review) -> list[str]:
    """What a reader has to know before anything else; the first ones weigh most."""
    found: list[str] = []
    if not review.complete:
        entries = len(review.critiques) + len(review.considerations)
        missing = len(review.failed)
        found.append(
            f"INCOMPLETE: {missing} of {entries} entries have no verdict, so this review is no all-clear."
            if missing
            else f"INCOMPLETE: whether the document is in scope is not known. {clean(review.scope_reason)}"
        )
    if review.trustworthy is False:
        found.append("NOT TO BE TRUSTED: the model did not find a flaw that was planted in this proposal to test it.")
    if review.tampered:
        count = sum(notice.level is not NoticeLevel.QUOTED for notice in review.notices)
        found.append(f"TAMPERING: {count} passage{'' if count == 1 else 's'} hidden or addressed to the reviewer; see below.")
    if pages := review.subject.unread:
        told = ", ".join(map(str, pages))
        found.append(f"PARTLY UNREAD: pages that are pictures without a text layer (ocrmypdf adds one): {told}")
    if review.in_scope is False:
        found.append(f"OUT OF SCOPE, so there are no verdicts. {clean(review.scope_reason)}")
    if review.provenance.mode == "offline":
        found.append(
            "OFFLINE SCREEN: judged by the cues in the rubrics, not by a model's reading. Use it to find places to look at."
        )
    if review.provenance.mode == "recorded":
        found.append(
            f"From a recording. {clean(review.provenance.recording_note or 'The recording does not say who answered.')}"
        )
    return found


def summary(review: Review) -> str:
    """The verdicts in one line."""
    grades = Counter(finding.severity for finding in review.findings)
    graded = ", ".join(f"{grades[severity]} {severity.value}" for severity in Severity if grades[severity])
    count = len(review.findings)
    parts = [f"{count} finding{'' if count == 1 else 's'}{f' ({graded})' if graded else ''}"]
    judged = Counter(entry.verdict for entry in review.critiques if entry.status is Status.JUDGED)
    parts += [
        f"{judged[verdict]} {VERDICT[verdict]}" for verdict in (Verdict.ANSWERED, Verdict.NOT_APPLICABLE) if judged[verdict]
    ]
    statuses = Counter(entry.status for entry in review.critiques)
    parts += [f"{statuses[status]} {status.value}" for status in (Status.UNSUPPORTED, Status.FAILED) if statuses[status]]
    return ", ".join(parts)


def standing(assessment: Assessment) -> str:
    """The verdict in words, or why there is none to rely on."""
    if assessment.status is Status.FAILED or assessment.verdict is None:
        return "failed"
    words = VERDICT[assessment.verdict]
    return f"unsupported ({words}?)" if assessment.status is Status.UNSUPPORTED else words


def credit_standing(credit: CreditAssessment) -> str:
    """The value in words, or why there is none to rely on."""
    if credit.status is Status.FAILED or credit.value is None:
        return "failed"
    return f"unsupported ({credit.value.value}?)" if credit.status is Status.UNSUPPORTED else credit.value.value


def doubts(entry: Entry) -> str:
    """Why an entry is unsupported or failed."""
    if entry.status is Status.FAILED:
        return clean(entry.failure or "")
    if entry.dropped:
        return f"None of the quotations that it needs stands in the proposal ({entry.dropped} not found). Look for yourself."
    return "The assessor gave no quotation that bears it out. Look for yourself."


def place(quotation: Quotation) -> str:
    """Where a quotation stands, by what a reader can see in the file: its page or line, and the heading above it."""
    parts = [
        f"p. {quotation.page}" if quotation.page else "",
        f"line {quotation.file_line}" if quotation.file_line and not quotation.page else "",
        clean("".join(quotation.heading[-1:])),
    ]
    return ", ".join(filter(None, parts)) or f"line {quotation.line} of the text"


def afterthoughts(assessment: Assessment) -> list[tuple[str, str]]:
    """What a second look, the author, the votes of several readings and a reader's marks add, as labels and sentences."""
    rows: list[tuple[str, str]] = []
    if assessment.challenge:
        challenge = assessment.challenge
        before = ", ".join(filter(None, (VERDICT[challenge.verdict], challenge.severity and challenge.severity.value)))
        was = "" if challenge.outcome is Outcome.UPHELD else f" (it was {before})"
        rows.append(("2nd look", f"{challenge.outcome.value}{was}: {clean(challenge.reasoning)}"))
    if response := assessment.response:
        said = ", ".join(filter(None, ("the author", clean(response.author or ""), response.date.isoformat())))
        rows.append(("response", f"{clean(response.text)} ({said}{'; accepted' if response.accepted else ''})"))
    if len(set(assessment.votes.values())) > 1:
        rows.append(("votes", "; ".join(f"{clean(name)}: {VERDICT[verdict]}" for name, verdict in assessment.votes.items())))
    rows += [("reader", _mark(mark)) for mark in assessment.marks]
    return rows


def _mark(mark: ReaderMark) -> str:
    own = ", ".join(filter(None, (mark.verdict and VERDICT[mark.verdict], mark.severity and mark.severity.value)))
    judged = f", {'judged blind as' if mark.blind else 'should be'} {own}" if own else ""
    return f"{clean(mark.reader)}: {mark.mark.value}{judged}{f'. {clean(mark.reason)}' if mark.reason else ''}"


def disputed(review: Review) -> list[Assessment]:
    """Entries that are no findings, but that a second look or a vote made so, or that a reader marked."""
    entries = [entry for entry in review.critiques if not entry.is_finding and (entry.status is Status.JUDGED or entry.marks)]
    return [entry for entry in entries if afterthoughts(entry)]


def made(review: Review) -> list[tuple[str, str]]:
    """How the review was made, as labels and values."""
    how = review.provenance
    usage = how.usage
    rows = [
        (
            "tool",
            f"critic {how.critic}, rubrics '{how.rubric_pack}' {how.rubrics_digest[:12]}, prompts {how.prompts_digest[:12]}",
        )
    ]
    if how.mode == "offline":
        rows.append(("assessor", "offline, by cues; nothing left this machine"))
    else:
        parameters = [f"{key} {value}" for key, value in how.parameters.items()]
        at = [f"at {how.host}"] if how.host else []
        rows.append(("model", ", ".join([clean(how.model or "unnamed"), *parameters, how.mode, *at])))
        if how.answered:
            rows.append(("answered", how.answered))
        rows.append(
            (
                "tokens",
                f"{usage.input_tokens:,} in ({usage.cached_tokens:,} cached), {usage.output_tokens:,} out "
                f"({usage.reasoning_tokens:,} for reasoning), {usage.requests} request{'' if usage.requests == 1 else 's'}, "
                f"critiques grouped by: {how.grouping}",
            )
        )
        rows.append(("price", "not known for this model" if how.price_usd is None else f"{how.price_usd:.4f} USD"))
        rows += [("adjusted", clean(adjustment)) for adjustment in how.adjustments]
    dropped = sum(entry.dropped for entry in [*review.critiques, *review.considerations])
    kept = sum(len(entry.quotations) for entry in [*review.critiques, *review.considerations])
    rows.append(("quotations", f"{kept} stand in the proposal word for word, {dropped} did not and were dropped"))
    rows.append(
        ("proposal", f"{clean(review.subject.name)}, {review.subject.words:,} words, SHA-256 {review.subject.digest[:12]}")
    )
    rows.append(("source", review.source))
    return rows
