"""The review as JSON, in the shape that `critic schema` publishes; the same bytes for the same review."""

from critic.findings import Review


def render(review: Review) -> str:
    """Indented JSON."""
    return review.model_dump_json(indent=2) + "\n"
