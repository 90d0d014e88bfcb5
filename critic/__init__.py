"""Check a proposal to evaluate AI systems for risk against published critiques, with every quotation verified.

>>> from critic import review
>>> review("proposal.md").findings  # doctest: +SKIP

The names below are loaded when they are first used, so that importing `critic` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from critic.api import areview, review, reviewer
    from critic.comparison import Comparison, compare
    from critic.errors import CriticError, InputError, ModelError, StoppedError, UnusableModelError
    from critic.findings import Assessment, CreditAssessment, Quotation, Review, Severity, Status, Verdict
    from critic.proposal import Proposal
    from critic.readers import read, read_bytes
    from critic.rubrics import RubricPack, load_rubrics
    from critic.screening.screen import ascreen, screen
    from critic.settings import Settings, load_settings

_HOME = {
    "api": ("areview", "review", "reviewer"),
    "comparison": ("Comparison", "compare"),
    "errors": ("CriticError", "InputError", "ModelError", "StoppedError", "UnusableModelError"),
    "findings": ("Assessment", "CreditAssessment", "Quotation", "Review", "Severity", "Status", "Verdict"),
    "proposal": ("Proposal",),
    "readers": ("read", "read_bytes"),
    "rubrics": ("RubricPack", "load_rubrics"),
    "screening.screen": ("ascreen", "screen"),
    "settings": ("Settings", "load_settings"),
}

__all__ = [
    "Assessment",
    "Comparison",
    "CreditAssessment",
    "CriticError",
    "InputError",
    "ModelError",
    "Proposal",
    "Quotation",
    "Review",
    "RubricPack",
    "Settings",
    "Severity",
    "Status",
    "StoppedError",
    "UnusableModelError",
    "Verdict",
    "areview",
    "ascreen",
    "compare",
    "load_rubrics",
    "load_settings",
    "read",
    "read_bytes",
    "review",
    "reviewer",
    "screen",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"critic.{module}"), name)
    raise AttributeError(f"module 'critic' has no attribute {name!r}")
