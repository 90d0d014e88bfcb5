"""Recorded replies: cassettes of real exchanges that make a review repeatable without a key and without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vcr
import yaml
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request as HttpRequest

from critic.errors import InputError

_URI = "https://endpoint.invalid/chat/completions"  # a recording says nothing of hosts or of keys in addresses
_KEPT_STATUS = (200, 400, 422)  # replies, and refused parameters; what passes by itself is asked again
_UNUSED = ("httplib", "requests", "boto3", "urllib3", "httplib2", "tornado", "aiohttp", "httpx")  # openai goes through httpx2
_FENCE = "=====END PROPOSAL"


@dataclass(frozen=True)
class Recorded:
    """What a recording says of itself."""

    note: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@contextmanager
def replaying(path: Path) -> Iterator[Recorded]:
    """Inside, every request is answered from the recording, and none leaves the machine.

    Raises:
        InputError: there is no such recording, or it cannot be read; from inside, a request is not in it, and the message
            says what changed.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one recording in it.")
    if not path.is_file():
        raise InputError(f"There is no recording {path}; make one with --record.")
    cassettes: list[Cassette] = []

    def check(request: HttpRequest) -> HttpRequest:
        request = _stripped(request)
        if cassettes and not any(_body(known) == _body(request) for known in cassettes[0].requests):
            raise InputError(_what_changed(_body(request), [_body(known) for known in cassettes[0].requests], path))
        return request

    player = _vcr(record_mode="none", before_record_request=check)
    with ExitStack() as stack:
        try:
            cassette = stack.enter_context(player.use_cassette(str(path), allow_playback_repeats=True))
            said = Recorded(**cassette.get_metadata("critic", {}))
        except (yaml.YAMLError, LookupError, TypeError, ValueError, CannotOverwriteExistingCassetteException) as error:
            raise InputError(f"{path} is no recording of critic's: {' '.join(str(error).split())[:200]}") from error
        cassettes.append(cassette)
        yield said


@contextmanager
def recording(path: Path, note: str, settings: dict[str, Any]) -> Iterator[None]:
    """Inside, every exchange is recorded, without keys, cookies or hosts; what the recording has already is not asked again.

    Args:
        path: a YAML file, made if it is missing. Exchanges that are not used any more are dropped from it.
        note: who or what answered, and when; shown with every review that is made from the recording.
        settings: model and parameters, taken up again by a replay.
    """
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to record into.")
    recorder = _vcr(
        record_mode="new_episodes", before_record_request=_stripped, before_record_response=_kept, drop_unused_requests=True
    )
    with recorder.use_cassette(str(path)) as cassette:
        said = cassette.get_metadata("critic", {})
        said.update({"note": note or said.get("note"), "settings": settings})
        yield


def _vcr(**options: Any) -> vcr.VCR:
    player = vcr.VCR(
        serializer="readable", match_on=["method", "body"], decode_compressed_response=True, skip_patchers=_UNUSED, **options
    )
    player.register_serializer("readable", _Readable)
    return player


def _stripped(request: HttpRequest) -> HttpRequest:
    return HttpRequest(request.method, _URI, request.body, {"content-type": "application/json"})


def _kept(response: dict[str, Any]) -> dict[str, Any] | None:
    if response["status"]["code"] not in _KEPT_STATUS:
        return None
    return response | {"headers": {"content-type": ["application/json"]}}


def _body(request: HttpRequest) -> dict[str, Any]:
    body = json.loads(request.body)
    return body if isinstance(body, dict) else {}


def _what_changed(wanted: dict[str, Any], recorded: list[dict[str, Any]], path: Path) -> str:
    """Compare a request with the recorded one that has most in common with it."""
    parts = _parts(wanted)
    nearest = max(
        (_parts(body) for body in recorded), key=lambda other: sum(parts[name] == other.get(name) for name in parts), default={}
    )
    changed = [name for name in parts if parts[name] != nearest.get(name)]
    told = ", ".join(
        f"{name} ({nearest.get(name)!r} -> {parts[name]!r})" if name in ("model", "parameters") else name for name in changed
    )
    keys = re.findall(r"an object with the keys (.+?)\. Each", str(wanted.get("messages", [])))
    about = f" (about {', '.join(keys).replace(chr(34), '')})" if keys else ""
    return f"{path} has no reply to this request{about}; changed since it was recorded: {told}. Record it again with --record."


def _parts(body: dict[str, Any]) -> dict[str, Any]:
    """A request by what a person may have changed."""
    messages = [str(message.get("content")) for message in body.get("messages", [])]
    proposal, _, task = (messages[1] if len(messages) > 1 else "").partition(_FENCE)
    return {
        "the system prompt": messages[:1],
        "the text of the proposal": proposal,
        "the rubrics or the critiques asked": task.partition("\n")[2],
        "the conversation": messages[2:],
        "the form of the reply": body.get("response_format"),
        "model": body.get("model"),
        "parameters": {key: value for key, value in body.items() if key not in ("messages", "response_format", "model")},
    }


class _Readable:
    """YAML in which bodies are no strings of escapes but what they say: JSON as YAML, long texts as blocks."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        interactions = [
            {
                "request": _opened(each["request"]["body"]),
                "response": _opened(each["response"]["body"]["string"]),
                "status": each["response"]["status"],
            }
            for each in cassette["interactions"]
        ]
        whole = {**cassette.get("metadata", {}), "interactions": interactions}
        return yaml.dump(whole, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=120)

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        whole = yaml.load(text, Loader=yaml.CSafeLoader)
        headers = {"content-type": ["application/json"]}
        return {
            "interactions": [
                {
                    "request": {"method": "POST", "uri": _URI, "body": json.dumps(each["request"]), "headers": headers},
                    "response": {
                        "status": each["status"],
                        "headers": headers,
                        "body": {"string": json.dumps(each["response"])},
                    },
                }
                for each in whole["interactions"]
            ],
            "metadata": {"critic": whole["critic"]},
        }


def _opened(body: str) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        return body


class _Blocks(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _block)
