"""A corpus: a folder of proposals, each with its labels beside it, or with the marks of readers on an earlier review."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from critic import adjudication
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
    blind: bool = Field(False, description="whether a reader gave it on a page that kept the tool's verdict covered until then")


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
    marked: tuple[str, ...] = ()  # of the labels' readers, those whose marks on a review they are


def load_corpus(folder: Path) -> list[Case]:
    """Load every `NAME.labels.json` in a folder with the one proposal NAME.* that lies beside it.

    `NAME.adjudication.json` and `NAME.READER.adjudication.json` add readers; where a proposal has no labels, the verdict of
    most readers becomes one, and a tie none.

    Raises:
        InputError: the folder holds no labels, or a file is wrong or has no proposal, or marks another text.
    """
    if not folder.is_dir():
        raise InputError(f"The corpus {folder} is not a folder.")
    files = sorted(folder.iterdir())
    # What is no proposal: everything in JSON, and an author's responses.
    proposals = [file for file in files if file.is_file() and file.suffix not in (".json", ".toml")]
    marks: dict[str, list[Path]] = {}
    for path in (file for file in files if file.name.endswith(adjudication.SUFFIX)):
        marks.setdefault(_marked(path, proposals), []).append(path)
    labels = {file.name.removesuffix(SUFFIX): file for file in files if file.name.endswith(SUFFIX)}
    if not labels and not marks:
        raise InputError(f"There are no labels in {folder}: put NAME{SUFFIX} beside each proposal.")
    cases = []
    for name in sorted({*labels, *marks}):
        beside = [file for file in proposals if file.stem == name]
        if len(beside) != 1:
            needing = labels[name] if name in labels else marks[name][0]
            raise InputError(f"{needing} needs exactly one proposal {name}.* beside it, and there are {len(beside)}.")
        proposal = read(beside[0])
        readers: dict[str, ReaderLabels] = {}
        for path in marks.get(name, []):
            reader, said = _reader(path, name, proposal)
            if reader in readers:
                raise InputError(f"{path} is a second file of marks by {reader} on {name}; keep one of the two.")
            readers[reader] = said
        given = _labels(labels[name]) if name in labels else Labels(proposal=name, verdicts=_majority(list(readers.values())))
        cases.append(Case(name, proposal, given.model_copy(update={"readers": given.readers | readers}), tuple(readers)))
    return cases


def _labels(path: Path) -> Labels:
    try:
        return Labels.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place: Any = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}, {place}: {first['msg']}.") from error


def _marked(path: Path, proposals: list[Path]) -> str:
    """The name of the proposal that an adjudication is about: NAME, or NAME.READER without its last part."""
    name = path.name.removesuffix(adjudication.SUFFIX)
    stems = {file.stem for file in proposals}
    return name if name in stems or name.rpartition(".")[0] not in stems else name.rpartition(".")[0]


def _reader(path: Path, name: str, proposal: Proposal) -> tuple[str, ReaderLabels]:
    """A reader's name and what he said."""
    marks = adjudication.load_adjudication(path)
    adjudication.check_subject(marks, path, proposal.name, proposal.digest)
    verdicts = {
        id: VerdictLabel(verdict=entry.label[0], severity=entry.label[1], note=entry.reason or None, blind=entry.blind)
        for id, entry in marks.entries.items()
        if entry.label
    }
    unnamed = path.name.removesuffix(adjudication.SUFFIX).removeprefix(name).strip(".") or "reader"
    return marks.reader or unnamed, ReaderLabels(verdicts=verdicts)


def _majority(readers: list[ReaderLabels]) -> dict[str, VerdictLabel]:
    """The verdict that more readers gave than any other, by critique; ties are left out."""
    found: dict[str, VerdictLabel] = {}
    for id in dict.fromkeys(id for reader in readers for id in reader.verdicts):
        given = [reader.verdicts[id] for reader in readers if id in reader.verdicts]
        (verdict, most), *others = Counter(label.verdict for label in given).most_common()
        if others and others[0][1] == most:
            continue
        severities = Counter(label.severity for label in given if label.verdict is verdict and label.severity)
        severity = severities.most_common(1)[0][0] if severities else None
        found[id] = VerdictLabel(
            verdict=verdict,
            severity=severity,
            agreement=f"{most}/{len(given)}",
            blind=all(label.blind for label in given),
        )
    return found
