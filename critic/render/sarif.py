"""The review as SARIF 2.1.0, for code-scanning views and editors: one rule a critique, one result a finding.

A finding has the kind `fail` and, from critical to minor, the level error, warning or note. What is hidden in the file or
addressed to its reviewer is an error under a rule of its own. An unsupported entry has the kind `review`, as a person has to
look. Answered and not applicable entries are rules without results; failed ones are notifications, and the invocation is then
no success.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from critic.evidence import fold
from critic.findings import Assessment, Entry, Notice, NoticeLevel, Quotation, Review, Severity, Status
from critic.render import escape
from critic.render.words import GRAVE, afterthoughts, clean, doubts, notices, place, standing
from critic.render.words import tampering as described

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Severity.CRITICAL: "error", Severity.MAJOR: "warning", Severity.MINOR: "note"}
_TAMPERING = {
    NoticeLevel.HIDDEN: ("HiddenText", "Text that a reader of the page does not see"),
    NoticeLevel.ADDRESSED: ("TextAddressedToReviewer", "Text that is addressed to the reviewer"),
    NoticeLevel.QUOTED: ("QuotedInstruction", "Text as if addressed to a reviewer, but quoted as an object of study"),
}
_Object = dict[str, Any]


def render(review: Review) -> str:
    """One run, as indented JSON in ASCII, so that nothing in it can steer a terminal."""
    levels = list(dict.fromkeys(notice.level for notice in review.notices))
    rules = [*(_rule(entry, review) for entry in review.critiques), *map(_tampering_rule, levels)]
    results = [_finding(entry, review) for entry in review.findings]
    results += [_doubtful(entry, review) for entry in review.critiques if entry.status is Status.UNSUPPORTED]
    texts = [f"{kind}: {text}" for _, kind, text in described(review)]
    results += [_tampered(notice, text, review) for notice, text in zip(review.notices, texts, strict=True)]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    how = review.provenance
    run: _Object = {
        "tool": {"driver": {"name": "critic", "version": how.critic, "language": "en", "rules": rules}},
        # One category a file, so that several files' logs can be uploaded together.
        "automationDetails": {"id": f"critic/{_uri(review)}/"},
        "invocations": [
            {"executionSuccessful": review.complete, "toolExecutionNotifications": _notifications(review)},
        ],
        "artifacts": [{"location": {"uri": _uri(review)}}],
        "columnKind": "utf16CodeUnits",
        "results": [{**result, "ruleIndex": index[result["ruleId"]]} for result in results],
        "properties": {
            "complete": review.complete,
            "inScope": review.in_scope,
            "trustworthy": review.trustworthy,
            "textDigest": review.subject.digest,
            "mode": how.mode,
            "model": how.model,
            "rubricPack": how.rubric_pack,
            "rubricsDigest": how.rubrics_digest,
            "promptsDigest": how.prompts_digest,
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(entry: Assessment, review: Review) -> _Object:
    link = next((link.title for link in review.links if link.id == entry.link), entry.link)
    about = f"Section {entry.section} of {review.source}. It attacks: {link}."
    asked = [f"The claim under attack: {entry.claim}", f"The question to ask: {entry.ask}"]
    help = [f"{entry.id} {entry.title}", about, *asked]
    help_markdown = [f"**{escape.markdown(help[0])}**", *map(escape.markdown, (about, *asked))]
    for advice in (advice for advice in review.recommendations if advice.id in entry.recommendations):
        head, text = f"{advice.id} {advice.title} ({advice.actor}, {advice.section}):", advice.text
        help.append(f"{head} {text}")
        help_markdown.append(f"- **{escape.markdown(head)}** {escape.markdown(text)}")
    return {
        "id": entry.id,
        "name": "".join(part.capitalize() for part in entry.slug.split("-")),
        "shortDescription": {"text": escape.sarif(entry.title)},
        "fullDescription": {"text": escape.sarif(about)},
        "help": {"text": "\n\n".join(map(escape.sarif, help)), "markdown": "\n\n".join(help_markdown)},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": [entry.link], "slug": entry.slug, "section": entry.section},
    }


def _tampering_rule(level: NoticeLevel) -> _Object:
    name, title = _TAMPERING[level]
    return {
        "id": f"tampering/{level.value}",
        "name": name,
        "shortDescription": {"text": title},
        "defaultConfiguration": {"level": "note" if level is NoticeLevel.QUOTED else "error"},
        "properties": {"tags": ["tampering"]},
    }


def _finding(entry: Assessment, review: Review) -> _Object:
    severity = entry.severity or Severity.MINOR
    rows = [("", entry.reasoning), ("Missing: ", entry.absent), ("Change: ", entry.change), ("Ask: ", entry.question)]
    rows += [(f"{label.capitalize()}: ", text) for label, text in afterthoughts(entry)]
    result = _result(entry, review, "\n".join(f"{label}{escape.sarif(text)}" for label, text in rows if text))
    result |= {"kind": "fail", "level": _LEVEL[severity]}
    result["properties"] |= {"severity": severity.value, "recommendations": entry.recommendations}
    if entry.response:
        # Under review, as an accepted suppression makes viewers hide the result.
        said = clean(entry.response.text)
        result["suppressions"] = [{"kind": "external", "status": "underReview", "justification": said}]
    return result


def _doubtful(entry: Assessment, review: Review) -> _Object:
    text = f"{standing(entry)}: {doubts(entry)}"
    return _result(entry, review, escape.sarif(text)) | {"kind": "review", "level": "none"}


def _result(entry: Assessment, review: Review, message: str) -> _Object:
    first = next(iter(entry.quotations), None)
    result: _Object = {
        "ruleId": entry.id,
        "message": {"text": message},
        "locations": [_location(first, review) if first else {"physicalLocation": _file(review)}],
        # Of what is said and not of where, so that edits elsewhere leave it as it is.
        "partialFingerprints": {"critiqueAndQuotation/v1": _hash(entry.id, fold(first.text).text if first else "")},
        "properties": {
            "status": entry.status.value,
            "verdict": entry.verdict and entry.verdict.value,
            "confidence": entry.confidence,
            "droppedQuotations": entry.dropped,
        },
    }
    if others := entry.quotations[1:]:
        result["relatedLocations"] = [_location(other, review) | {"id": n} for n, other in enumerate(others, 1)]
    return result


def _location(quotation: Quotation, review: Review) -> _Object:
    said = "claims" if quotation.role == "claim" else "answers"
    location: _Object = {
        "physicalLocation": _file(review),
        "message": {"text": escape.sarif(f"{said}, {place(quotation)}: “{quotation.text}”")},
    }
    if quotation.file_line and not quotation.page:
        location["physicalLocation"]["region"] = _region(quotation, review)
    headings = [*([f"p. {quotation.page}"] if quotation.page else []), *map(clean, quotation.heading)]
    if headings:
        location["logicalLocations"] = [{"name": headings[-1], "fullyQualifiedName": " / ".join(headings)}]
    return location


def _region(quotation: Quotation, review: Review) -> _Object:
    region: _Object = {"startLine": quotation.file_line, "snippet": {"text": clean(quotation.text)}}
    if quotation.file_line == quotation.line:
        region["endLine"] = quotation.line + quotation.text.count("\n")
    if review.subject.verbatim:
        region |= {"startColumn": _column(quotation.start, review), "endColumn": _column(quotation.end, review)}
    return region


def _column(offset: int, review: Review) -> int:
    text = review.subject.text
    return len(text[text.rfind("\n", 0, offset) + 1 : offset].encode("utf-16-le")) // 2 + 1


def _tampered(notice: Notice, text: str, review: Review) -> _Object:
    file = _file(review)
    # Of what is visible a notice knows the line of the normalised text only.
    if notice.line and (notice.level is NoticeLevel.HIDDEN or _has_the_files_lines(review)):
        file["region"] = {"startLine": notice.line}
    return {
        "ruleId": f"tampering/{notice.level.value}",
        "kind": "fail",
        "level": "note" if notice.level is NoticeLevel.QUOTED else "error",
        "message": {"text": escape.sarif(text)},
        "locations": [{"physicalLocation": file}],
        "partialFingerprints": {"kindAndText/v1": _hash(notice.kind, fold(notice.text).text)},
        "properties": {},
    }


def _has_the_files_lines(review: Review) -> bool:
    entries: list[Entry] = [*review.critiques, *review.considerations]
    quotations = [quotation for entry in entries for quotation in entry.quotations]
    same = all(quotation.file_line == quotation.line for quotation in quotations)
    return review.subject.verbatim or (bool(quotations) and same)


def _notifications(review: Review) -> list[_Object]:
    found = [
        {"level": "error" if text.startswith(GRAVE) else "note", "message": {"text": escape.sarif(text)}}
        for text in notices(review)
    ]
    for entry in review.failed:
        text = f"{entry.id} {entry.title} has no verdict: {entry.failure or ''}"
        rule = {"associatedRule": {"id": entry.id}} if isinstance(entry, Assessment) else {}
        found.append({"level": "error", "message": {"text": escape.sarif(text)}, **rule})
    return found


def _file(review: Review) -> _Object:
    return {"artifactLocation": {"uri": _uri(review), "index": 0}}


def _uri(review: Review) -> str:
    return quote(review.subject.path or review.subject.name)


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
