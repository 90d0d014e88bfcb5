"""The review as JSON, in the shape that `critic schema` publishes; the same bytes for the same review."""

from critic.findings import Review
from critic.render.words import CONTROLS


def render(review: Review) -> str:
    """Indented JSON. What would steer a terminal that it is printed on is written as an escape."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", review.model_dump_json(indent=2)) + "\n"
