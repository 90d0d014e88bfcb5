"""The review as one page that needs nothing else: the text, what was found in it, and a place for a reader's own marks.

Everything that a proposal or a model wrote goes through the template's escaping; a content security policy names the hash
of each script and style, so that nothing else could run even if something slipped through.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from critic.adjudication import Adjudication
from critic.findings import Assessment, CreditAssessment, Entry, Quotation, Review, Severity, Status, Verdict
from critic.render import words
from critic.render.argument import arrows
from critic.render.document import Block, document

_PAGE = Path(__file__).with_name("page")


@dataclass(frozen=True)
class _Passage:
    """A quotation, and the entries that rest on it."""

    start: int
    end: int
    entries: list[Entry]
    only_credits: bool
    tone: str  # the severity of the gravest finding whose claim it is, or `answer`, or `quiet`


def render(review: Review, *, blind: bool = False, keep: str | None = None, marks: Adjudication | None = None) -> str:
    """The whole page.

    Args:
        review: what to show.
        blind: whether the page opens with the tool's verdicts covered; `#blind` at the end of its address does the same.
        keep: address on the page's own server that keeps a reader's marks as he makes them; None for a page that sends nothing.
        marks: that the page opens with.
    """
    passages = _passages(review)
    numbers = {(passage.start, passage.end): number for number, passage in enumerate(passages)}
    style, early, script = (_file(name) for name in ("review.css", "early.js", "review.js"))
    return _template().render(
        review=review,
        blind=blind,
        policy=policy(style, early, script, connect="'self'" if keep else "'none'"),
        style=style,
        early=early,
        script=script,
        data=_json(review, keep, marks),
        words=words,
        findings=review.findings,
        others=[entry for entry in review.critiques if not entry.is_finding],
        order={entry.id: place for place, entry in enumerate(review.critiques)},
        arrows=arrows(review),
        groups=_groups(document(review.subject.text, [(passage.start, passage.end) for passage in passages])),
        passages=passages,
        tone=lambda quotations: _gravest([passages[number].tone for number in quotations]),
        credits=lambda quotations: all(passages[number].only_credits for number in quotations),
        number=lambda quotation: numbers[quotation.start, quotation.end],
        quotations=_quotations,
        plain=_plain,
        Verdict=Verdict,
        Severity=Severity,
    )


def _file(name: str) -> Markup:
    return Markup((_PAGE / name).read_text(encoding="utf-8"))  # noqa: S704 - our own


def policy(style: str, *scripts: str, connect: str = "'none'", form: str = "'none'") -> str:
    """A content security policy that lets this style and these scripts run and nothing else."""

    def hashed(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {hashed(style)}; script-src {' '.join(map(hashed, scripts))}; "
        f"connect-src {connect}; form-action {form}; base-uri 'none'; require-trusted-types-for 'script'"
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["credit"] = _is_credit
    return environment.get_template("review.html")


def _json(review: Review, keep: str | None, marks: Adjudication | None) -> Markup:
    """What the script saves beside a reader's marks, and where it keeps them."""
    entries = {
        entry.id: {"verdict": entry.verdict, "severity": entry.severity} if entry.status is Status.JUDGED else {}
        for entry in review.critiques
    }
    data: dict[str, Any] = {
        "file": PurePosixPath(words.clean(review.subject.name).replace("\\", "/")).stem or "review",
        "subject_name": review.subject.name,
        "subject_digest": review.subject.digest,
        "rubrics_digest": review.provenance.rubrics_digest,
        "model": review.provenance.model,
        "entries": entries,
    }
    if keep:
        data |= {"keep": keep, "marks": marks and marks.model_dump(mode="json")}
    return Markup(json.dumps(data).replace("<", "\\u003c"))  # noqa: S704 - no `<`, so it cannot end its element


def _quotations(entry: Entry) -> list[Quotation]:
    """An entry's quotations, those that a second look added too, each place once and in the order of the text."""
    late = entry.challenge.quotations if isinstance(entry, Assessment) and entry.challenge else []
    once = {(quotation.start, quotation.end): quotation for quotation in [*late, *entry.quotations]}
    return [once[span] for span in sorted(once)]


def _plain(text: str) -> str:
    """A quotation as the page draws the text around it, without the stars of its emphasis."""
    return words.clean(re.sub(r"\*\*|`|(?<!\w)__|__(?!\w)", "", text))


def _passages(review: Review) -> list[_Passage]:
    found: dict[tuple[int, int], list[tuple[Entry, Quotation]]] = {}
    for entry in [*review.critiques, *review.considerations]:  # in an order that tells nothing while verdicts are covered
        for quotation in _quotations(entry):
            found.setdefault((quotation.start, quotation.end), []).append((entry, quotation))
    return [
        _Passage(
            *span,
            entries=[entry for entry, _ in resting],
            only_credits=all(_is_credit(entry) for entry, _ in resting),
            tone=_gravest([_tone(*pair) for pair in resting]),
        )
        for span, resting in sorted(found.items())
    ]


def _is_credit(entry: Entry) -> bool:
    return isinstance(entry, CreditAssessment)


def _tone(entry: Entry, quotation: Quotation) -> str:
    if isinstance(entry, Assessment) and entry.is_finding and quotation.role == "claim":
        return (entry.severity or Severity.MINOR).value
    return "answer" if quotation.role == "answer" else "quiet"


def _gravest(tones: list[str]) -> str:
    return min(tones, key=["critical", "major", "minor", "answer", "quiet"].index)


def _groups(blocks: list[Block]) -> list[tuple[str, list[Block]]]:
    """The blocks, with items put into lists and rows into tables."""
    lists = {"bullet": "list", "number": "list", "row": "table", "bars": "table"}

    def kind(block: Block) -> str:
        return lists.get(block.kind, block.kind)

    return [(name, list(group)) for name, group in groupby(blocks, key=kind)]
