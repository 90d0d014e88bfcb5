"""Everything that `critic` raises on purpose.

CriticError                 one clear sentence for a person; `exit_code` is what the command ends with
├── InputError              the proposal, a rubric pack, an option or a recording cannot be used   (exit 2)
├── ModelError              a model could not be asked, or did not answer                          (exit 3)
│   └── UnusableModelError  ... and would not answer any other request either: wrong key, unknown model, no connection
└── StoppedError            screening stops before its end, and can be taken up again              (exit 5)
"""


class CriticError(Exception):
    """Something a person can mend; the message says what, where and what to do."""

    exit_code = 2


class InputError(CriticError):
    """The proposal, a rubric pack, an option or a recording cannot be used."""


class ModelError(CriticError):
    """A request to the model failed for good."""

    exit_code = 3


class UnusableModelError(ModelError):
    """No request to this model can succeed as things stand (key, model name or connection)."""


class StoppedError(CriticError):
    """A screening run stops before its end: the budget is used up, or somebody interrupted it."""

    exit_code = 5
