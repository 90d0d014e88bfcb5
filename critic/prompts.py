"""The texts in `prompts/`, and the requests that they make of a proposal and a rubric pack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from critic.findings import Severity
from critic.proposal import Proposal
from critic.resources import resource
from critic.rubrics import Consideration, Critique, RubricPack

# Stand for the proposal's text and its token in a prompt that is rendered once for many; no rubric has such characters.
_TEXT, _TOKEN = "\x00text\x00", "\x00token\x00"
_RENDERED: dict[tuple[Any, ...], list[BaseMessage]] = {}


class Grouping(StrEnum):
    """How many critiques share one request."""

    ALL = "all"
    LINK = "link"
    ONE = "one"


@dataclass(frozen=True)
class Request:
    """One request to a model. It knows nothing of the others, so it can be stored, recorded or asked again by itself."""

    proposal: Proposal
    pack: RubricPack
    critiques: tuple[Critique, ...]
    considerations: tuple[Consideration, ...]
    overview: bool  # whether it asks for scope and outline

    @property
    def ids(self) -> list[str]:
        """The critiques and considerations that it asks about."""
        return [critique.id for critique in self.critiques] + [consideration.id for consideration in self.considerations]

    @cached_property
    def messages(self) -> list[BaseMessage]:
        """System text, then the proposal and behind it the rubrics: what repeats comes first, for prompt caches."""
        key = (self.pack.digest, *self.ids, self.overview)
        # The same for every proposal but for its text, and rendering takes longer than all else that is done with a request.
        if key not in _RENDERED:
            _RENDERED[key] = self._rendered()
        token = fence_token(self.proposal)
        return [
            message.model_copy(
                update={"content": str(message.content).replace(_TOKEN, token).replace(_TEXT, self.proposal.text)}
            )
            for message in _RENDERED[key]
        ]

    def _rendered(self) -> list[BaseMessage]:
        return _template("task").format_messages(
            **_shared(self.pack, _TEXT, _TOKEN),
            overview=[item.model_dump() for item in self.pack.about.outline] if self.overview else [],
            critiques=[_described(critique, self.pack) for critique in self.critiques],
            considerations=[consideration.model_dump() for consideration in self.considerations],
            critique_ids=_quoted(critique.id for critique in self.critiques),
            consideration_ids=_quoted(consideration.id for consideration in self.considerations),
        )

    def repair(self, problem: str) -> str:
        """What to say after a reply that cannot be used."""
        return _text("repair").replace("{{{problem}}}", problem)


def requests(proposal: Proposal, pack: RubricPack, grouping: Grouping, *, overview: bool = True) -> list[Request]:
    """Split the work on one proposal into requests.

    The first asks for scope and outline. With `all` it asks for everything; else the considerations share it, and each of the
    others asks about the critiques of one link, or about one critique. `overview=False` leaves scope and outline out.
    """
    if grouping is Grouping.ALL:
        return [Request(proposal, pack, pack.critiques, pack.considerations, overview)]
    if grouping is Grouping.LINK:
        by_link = [tuple(c for c in pack.critiques if c.link == link.id) for link in pack.about.links]
        groups = [group for group in by_link if group]
    else:
        groups = [(critique,) for critique in pack.critiques]
    first = Request(proposal, pack, (), pack.considerations, overview)
    return [first, *(Request(proposal, pack, group, (), overview=False) for group in groups)]


def second_look_messages(proposal: Proposal, pack: RubricPack, findings: Mapping[str, Mapping[str, Any]]) -> list[BaseMessage]:
    """Ask to challenge findings.

    Args:
        proposal: what they are about.
        pack: the rubrics they were judged by.
        findings: by critique id; each with `verdict`, `severity`, `reasoning` and `quotations` (`role` and `text`).
    """
    return _template("second_look").format_messages(
        **_shared(pack, proposal.text, fence_token(proposal)),
        findings=[_described(c, pack) | dict(findings[c.id]) for c in pack.critiques if c.id in findings],
        finding_ids=_quoted(findings),
    )


def chat_question(proposal: Proposal, pack: RubricPack) -> str:
    """What somebody would ask in a chat window; a baseline."""
    (message,) = _chat_template().format_messages(
        source=pack.about.source,
        critiques=[{"id": critique.id, "title": critique.title} for critique in pack.critiques],
        critique_ids=", ".join(critique.id for critique in pack.critiques),
        text=proposal.text,
    )
    return str(message.text)


def fence_token(proposal: Proposal) -> str:
    """A token that a proposal cannot contain on purpose, because it changes with every character of it."""
    return sha256(f"fence {proposal.digest}".encode()).hexdigest()[:16]


@cache
def prompts_digest() -> str:
    """SHA-256 of the texts in `prompts/`, in hexadecimal."""
    names = sorted(path.name for path in resource("prompts").glob("*.md"))
    return sha256("\0".join(f"{name}\0{_text(name.removesuffix('.md'))}" for name in names).encode()).hexdigest()


def _shared(pack: RubricPack, text: str, token: str) -> dict[str, Any]:
    about = pack.about
    return {
        "source": about.source,
        "argument": about.argument,
        "scope": about.scope.text,
        "ground_rules": about.ground_rules,
        "token": token,
        "text": text,
    }


def _described(critique: Critique, pack: RubricPack) -> dict[str, Any]:
    leads_to = [r for r in pack.recommendations if r.id in critique.recommendations]
    return critique.model_dump(mode="json") | {
        "severities": [{"level": level.value, "when": critique.severity[level]} for level in Severity],
        "leads_to": "; ".join(f"{r.id} ({r.actor}: {r.title.lower()})" for r in leads_to) or "nothing",
    }


def _quoted(ids: Iterable[str]) -> str:
    return ", ".join(f'"{id}"' for id in ids)


@cache
def _template(task: str) -> ChatPromptTemplate:
    user = f"{_text('proposal')}\n{_text(task)}"
    return ChatPromptTemplate.from_messages([("system", _text("system")), ("human", user)], template_format="mustache")


@cache
def _chat_template() -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("human", _text("chat"))], template_format="mustache")


@cache
def _text(name: str) -> str:
    text = (resource("prompts") / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{> (\w+)\}\}\n", lambda other: _text(other[1]), text)
