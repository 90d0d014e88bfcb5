"""Every finding of a run, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from critic.findings import Review
from critic.screening.rows import shown

_FIELDS = {
    "id",
    "slug",
    "link",
    "verdict",
    "severity",
    "confidence",
    "quotations",
    "reasoning",
    "absent",
    "change",
    "question",
    "recommendations",
}


def findings_lines(review: Review, path: str) -> Iterator[str]:
    """Give each finding of a review as a JSON object on a line of its own, without the newline; gravest first.

    Args:
        review: of the proposal. `start` and `end` of quotations count in its `subject.text`.
        path: of the proposal, relative to the folder that is screened.
    """
    proposal = {
        "path": shown(path),
        "digest": review.subject.digest,
        "title": review.subject.title,
    }
    for finding in review.findings:
        yield json.dumps(proposal | finding.model_dump(mode="json", include=_FIELDS), ensure_ascii=False)
