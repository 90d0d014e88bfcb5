"""Where `prompts/` and `rubrics/` are: beside the package in a checkout, inside it once installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The folder `name`, which a domain expert edits and the wheel carries along."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
