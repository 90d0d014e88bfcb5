"""Rubric packs: a folder of YAML that says what to ask of a proposal, checked as it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from critic.errors import InputError
from critic.findings import Severity, Verdict
from critic.resources import resource

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}[0-9]{1,3}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cues(_Part):
    """Regular expressions, matched without regard to case, by which the offline assessor judges."""

    claim: list[Text] = []
    answer: list[Text] = []
    applies: int = Field(1, ge=1, description="how many claim cues must match for the critique to apply")
    helps: int = Field(1, ge=0, description="how many answer cues make it partly answered")
    whole: int = Field(2, ge=1, description="how many answer cues make it answered")

    @field_validator("claim", "answer")
    @classmethod
    def _compile(cls, patterns: list[str], info: ValidationInfo) -> list[str]:
        for pattern in [] if (info.context or {}).get("tested") else patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from error
        return patterns


class Example(_Part):
    """A short passage and the verdict that it earns."""

    text: Text
    verdict: Verdict
    why: Text


class Rubric(_Part):
    """What every rubric has: the names it goes by and where its source treats it."""

    id: Id
    slug: Slug
    title: Text
    section: Text


class Critique(Rubric):
    """One way in which a proposal's promise may fail."""

    link: Slug = Field(description="the id of the pack's link that it attacks")
    claim: Text = Field(description="the claim under attack, as the proposal would put it")
    applies_when: Text
    not_applicable_when: Texts
    raised_when: Texts
    partly_answered_when: Texts
    answered_when: Texts
    severity: dict[Severity, Text]
    hard_cases: list[Text] = []
    ask: Text = Field(description="a question for the applicant")
    remedy: Text = Field(description="what a writer can do about it")
    recommendations: list[Id] = []
    cues: Cues
    examples: Annotated[list[Example], Field(min_length=2)]

    @field_validator("severity")
    @classmethod
    def _every_level(cls, severity: dict[Severity, str]) -> dict[Severity, str]:
        if missing := [level.value for level in Severity if level not in severity]:
            raise ValueError(f"says nothing for {', '.join(missing)}")
        return severity

    @field_validator("examples")
    @classmethod
    def _both_ends(cls, examples: list[Example]) -> list[Example]:
        if missing := {Verdict.RAISED, Verdict.ANSWERED} - {example.verdict for example in examples}:
            raise ValueError(f"has no example with the verdict {' or '.join(sorted(missing))}")
        return examples


class Consideration(Rubric):
    """Something that makes an evaluation worth more, and earns credit."""

    present_when: Texts
    partial_when: Texts
    absent_when: Texts
    remedy: Text
    cues: Cues


class Recommendation(Rubric):
    """What an actor can do; where a finding sends its reader."""

    actor: Text
    text: Text


class Link(_Part):
    """One arrow of the argument under review, or one group of questions."""

    id: Slug
    title: Text


class OutlineItem(_Part):
    """One step of the proposal's own argument, to be retold from the text."""

    id: Slug
    title: Text
    ask: Text
    cues: list[Text] = []


class Scope(_Part):
    """Which documents the pack is about. Cues: `claim` speaks for, `answer` against."""

    text: Text
    cues: Cues


class Probe(_Part):
    """A blatantly flawed passage to plant in a proposal; a model that does not find it is not to be trusted.

    `openings` and `flaws` are combined anew for every proposal; `{number}` in them becomes a number.
    """

    critique: Id
    openings: Texts
    flaws: Texts


class Pack(_Part):
    """What stands in `pack.yaml`."""

    name: Slug
    title: Text
    source: Text
    argument: Text = Field(description="what is being checked, in a few sentences, for the model")
    scope: Scope
    links: Annotated[list[Link], Field(min_length=1)]
    outline: list[OutlineItem] = []
    probes: list[Probe] = []
    ground_rules: Texts = Field(description="settled rules that hold for every critique")


class Recommendations(_Part):
    """What stands in `recommendations.yaml`."""

    recommendations: list[Recommendation]


class RubricPack(BaseModel):
    """A whole pack: its critiques in the order of its links, considerations and recommendations."""

    model_config = ConfigDict(frozen=True)

    about: Pack
    critiques: tuple[Critique, ...]
    considerations: tuple[Consideration, ...]
    recommendations: tuple[Recommendation, ...]

    @property
    def rubrics(self) -> tuple[Rubric, ...]:
        """Everything in it that has a name of its own."""
        return (*self.critiques, *self.considerations, *self.recommendations)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in the pack, in hexadecimal."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    def only(self, ids: list[str]) -> RubricPack:
        """The same pack with the critiques and considerations named in `ids` (ids or slugs).

        Raises InputError for a name that the pack does not have.
        """
        rubrics = [rubric for rubric in self.rubrics if not isinstance(rubric, Recommendation)]
        known = {name.lower(): rubric.id for rubric in rubrics for name in (rubric.id, rubric.slug)}
        if unknown := [name for name in ids if name.lower() not in known]:
            raise InputError(
                f"The rubric pack '{self.about.name}' has no {' or '.join(unknown)}; "
                f"it has {', '.join(rubric.id for rubric in rubrics)}."
            )
        wanted = {known[name.lower()] for name in ids}
        return self.model_copy(
            update={
                "critiques": tuple(critique for critique in self.critiques if critique.id in wanted),
                "considerations": tuple(c for c in self.considerations if c.id in wanted),
            }
        )


def load_rubrics(folder: Path | None = None) -> RubricPack:
    """Load and check a rubric pack.

    Args:
        folder: holds `pack.yaml`, `critiques/*.yaml` and, where the pack has them, `considerations/*.yaml` and
            `recommendations.yaml`. None for the pack that comes with `critic`.

    Raises:
        InputError: a file is missing or wrong; the message names file, line and field.
    """
    # Compiling the cues takes longer than all the rest, and those of our own pack are compiled by our tests.
    tested = folder is None
    folder = folder or resource("rubrics")
    if not folder.is_dir():
        raise InputError(f"The rubric pack {folder} is not a folder.")
    about = _load(folder / "pack.yaml", Pack, tested)
    links = [link.id for link in about.links]
    critiques = dict(_load_all(folder / "critiques", Critique, tested))
    considerations = dict(_load_all(folder / "considerations", Consideration, tested))
    listed = folder / "recommendations.yaml"
    recommendations = _load(listed, Recommendations, tested).recommendations if listed.exists() else []
    if not critiques:
        raise InputError(f"The rubric pack {folder} has no critiques: put one YAML file each in {folder / 'critiques'}.")
    known = {recommendation.id for recommendation in recommendations}
    for path, critique in critiques.items():
        if critique.link not in links:
            raise _wrong(path, ("link",), f"'{critique.link}' is no link of {folder / 'pack.yaml'} ({', '.join(links)})")
        if unknown := [name for name in critique.recommendations if name not in known]:
            raise _wrong(path, ("recommendations",), f"{', '.join(unknown)} is not in {listed}")
    taken: dict[str, Path] = {}
    if missing := {probe.critique for probe in about.probes} - {critique.id for critique in critiques.values()}:
        raise _wrong(folder / "pack.yaml", ("probes",), f"there is no critique {', '.join(sorted(missing))}")
    rubrics: dict[Path, Rubric] = {**critiques, **considerations}
    for path, rubric in rubrics.items():
        for field, name in (("id", rubric.id), ("slug", rubric.slug)):
            if name in taken:
                raise _wrong(path, (field,), f"{name} is taken by {taken[name]}")
            taken[name] = path
    return RubricPack(
        about=about,
        critiques=tuple(sorted(critiques.values(), key=lambda critique: (links.index(critique.link), _order(critique.id)))),
        considerations=tuple(sorted(considerations.values(), key=lambda consideration: _order(consideration.id))),
        recommendations=tuple(recommendations),
    )


_P = TypeVar("_P", bound=_Part)


def _order(id: str) -> tuple[str, int]:
    letters = id.rstrip("0123456789")
    return letters, int(id[len(letters) :])


def _load_all(folder: Path, kind: type[_P], tested: bool) -> Iterator[tuple[Path, _P]]:
    for path in sorted(folder.glob("*.yaml")):
        yield path, _load(path, kind, tested)


def _load(path: Path, kind: type[_P], tested: bool) -> _P:
    try:
        text = path.read_text(encoding="utf-8")
        return kind.model_validate(yaml.load(text, Loader=yaml.CSafeLoader), context={"tested": tested})
    except FileNotFoundError:
        raise InputError(f"The rubric pack has no {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{path}, line {line}: not YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(path, first["loc"], first["msg"].removeprefix("Value error, ")) from error


def _wrong(path: Path, loc: tuple[int | str, ...], problem: str) -> InputError:
    field = ".".join(str(part) for part in loc if part != "[key]") or "the file"
    return InputError(f"{path}, line {_line(path, loc)}, {field}: {problem}.")


def _line(path: Path, loc: tuple[int | str, ...]) -> int:
    """Find the 1-based line of a field, or of the nearest thing around it that the file has."""
    node = yaml.compose(path.read_text(encoding="utf-8"))
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if not found:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
