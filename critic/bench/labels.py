"""A corpus: a folder of proposals, each with its labels beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from critic.errors import InputError
from critic.findings import Credit, Severity, Verdict
from critic.proposal import Proposal
from critic.readers import read

SUFFIX = ".labels.json"


class _Labels(BaseModel):
    model_config = ConfigDict(frozen=True)


class VerdictLabel(_Labels):
    """What a critique's verdict should be."""

    verdict: Verdict
    severity: Severity | None = None
    quotes: list[str] = Field([], description="passages of the proposal, word for word")
    agreement: str | None = Field(None, description="how the label came about, such as 2/3 or settled")
    note: str | None = None


class CreditLabel(_Labels):
    """What a consideration's value should be."""

    value: Credit
    agreement: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        return {"value": given} if isinstance(given, str) else given


class ReaderLabels(_Labels):
    """What one annotator said."""

    in_scope: bool = True
    verdicts: dict[str, VerdictLabel] = {}
    considerations: dict[str, CreditLabel] = {}


class Contrast(_Labels):
    """That a proposal is another version of one in the same corpus."""

    of: str = Field(description="the other proposal's name")
    kind: Literal["revision", "assurances"] = Field(description="whether it really answers something, or only adds assurances")


class Labels(ReaderLabels):
    """The labels of one proposal: what counts as right, and what each annotator said."""

    proposal: str = Field(description="the proposal's file name without its ending")
    group: str = Field("all", description="figures are given for each group apart")
    contrast: Contrast | None = None
    readers: dict[str, ReaderLabels] = {}


@dataclass(frozen=True)
class Case:
    """A proposal and its labels."""

    name: str
    proposal: Proposal
    labels: Labels


def load_corpus(folder: Path) -> list[Case]:
    """Load every `NAME.labels.json` in a folder with the one proposal NAME.* that lies beside it.

    Raises:
        InputError: the folder holds no labels, or a file is wrong or has no proposal.
    """
    if not folder.is_dir():
        raise InputError(f"The corpus {folder} is not a folder.")
    cases = [_case(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not cases:
        raise InputError(f"There are no labels in {folder}: put NAME{SUFFIX} beside each proposal.")
    return cases


def _case(path: Path) -> Case:
    name = path.name.removesuffix(SUFFIX)
    beside = [other for other in path.parent.glob(f"{name}.*") if not other.name.endswith(SUFFIX)]
    if len(beside) != 1:
        raise InputError(f"{path} needs exactly one proposal {name}.* beside it, and there are {len(beside)}.")
    try:
        labels = Labels.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place: Any = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}, {place}: {first['msg']}.") from error
    return Case(name, read(beside[0]), labels)
