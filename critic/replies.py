"""The JSON that a request asks for: its schema, and what a model's reply says in it."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from critic.findings import Credit, Severity, Verdict
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.prompts import Request

_M = TypeVar("_M", bound=BaseModel)
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


class UnusableReplyError(ValueError):
    """The reply is no JSON object."""


def reply_schema(request: Request) -> dict[str, Any]:
    """JSON Schema of the reply, within what strict structured output allows: every field required, none besides.

    Each critique asked is a required key, so that none can be left out. The order of the fields makes a model look before it
    judges: quotations, reasoning, verdict, severity.
    """
    critique = object_schema(
        claim_quotations=_TEXTS,
        answer_quotations=_TEXTS,
        reasoning=_TEXT,
        verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
        severity={"type": ["string", "null"], "enum": [*(severity.value for severity in Severity), None]},
        absent=_TEXT,
        change=_TEXT,
        question=_TEXT,
        recommendations=_TEXTS,
        confidence={"type": "number"},
    )
    consideration = object_schema(
        quotations=_TEXTS, reasoning=_TEXT, value={"type": "string", "enum": [credit.value for credit in Credit]}
    )
    fields: dict[str, Any] = {}
    if request.overview:
        fields["in_scope"] = {"type": "boolean"}
        fields["scope_reason"] = _TEXT
        fields["outline"] = object_schema(**{item.id: {"type": ["string", "null"]} for item in request.pack.about.outline})
    for name, asked, reference in (
        ("critiques", request.critiques, "critique"),
        ("considerations", request.considerations, "consideration"),
    ):
        if asked:
            each = object_schema(**{rubric.id: {"$ref": f"#/$defs/{reference}"} for rubric in asked})
            fields[name] = {"anyOf": [each, {"type": "null"}]} if request.overview else each
    return object_schema(**fields) | {"$defs": {"critique": critique, "consideration": consideration}}


def parse_reply(text: str, request: Request) -> Reading:
    """Read a reply.

    Each entry stands by itself: one that is missing or malformed becomes a failure and spoils no other.

    Raises:
        UnusableReplyError: there is no JSON object in the reply.
    """
    reply = json_object(text)
    in_scope = reply.get("in_scope")
    in_scope = in_scope if isinstance(in_scope, bool) and request.overview else None
    outline = reply.get("outline")
    failures: dict[str, str] = {}
    if in_scope is False:
        critiques, considerations = {}, {}
    else:
        critiques = _entries(reply.get("critiques"), [critique.id for critique in request.critiques], Judgement, failures)
        considerations = _entries(
            reply.get("considerations"),
            [consideration.id for consideration in request.considerations],
            CreditJudgement,
            failures,
        )
    return Reading(
        in_scope=in_scope,
        scope_reason=str(reply.get("scope_reason") or "") if request.overview else "",
        outline={key: str(value) if value else None for key, value in outline.items()} if isinstance(outline, dict) else {},
        critiques=critiques,
        considerations=considerations,
        failures=failures,
    )


def object_schema(**properties: Any) -> dict[str, Any]:
    """JSON Schema of an object with exactly these properties, in this order."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _entries(given: Any, ids: list[str], kind: type[_M], failures: dict[str, str]) -> dict[str, _M]:
    if isinstance(given, list):  # what models without structured output like to send
        given = {entry["id"]: entry for entry in given if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    given = given if isinstance(given, dict) else {}
    found: dict[str, _M] = {}
    for id in ids:
        if id not in given:
            failures[id] = "The model gave no answer on it."
            continue
        try:
            found[id] = kind.model_validate(given[id])
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ")
            failures[id] = f"The model's answer on it is malformed ({f'{field}: ' if field else ''}{problem})."
    return found


def json_object(text: str) -> dict[str, Any]:
    """Find the JSON object in a reply that may have thoughts, a code fence or a greeting around it.

    Raises:
        UnusableReplyError: there is none.
    """
    text = re.sub(r"^\s*<think>.*?</think>", "", text, flags=re.DOTALL)
    decoder = json.JSONDecoder(strict=False)
    problem = "there is no JSON object in it"
    for opening in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, opening.start())
        except json.JSONDecodeError as error:
            problem = f"it is not JSON ({error.msg} at line {error.lineno})"
            break
        if isinstance(value, dict):
            return value
    raise UnusableReplyError(problem)
