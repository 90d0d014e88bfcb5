"""The review as JSON, in the shape that `critic schema` publishes; the same bytes for the same review."""

from pydantic import BaseModel

from critic.render.words import CONTROLS


def render(review: BaseModel) -> str:
    """Indented JSON, of a review or of a comparison. What would steer a terminal that it is printed on is an escape."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", review.model_dump_json(indent=2)) + "\n"
