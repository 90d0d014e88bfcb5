"""Recordings replay without a network, hold no secrets, and say what changed when they no longer fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from langchain_core.messages import HumanMessage

from critic.asking import Reply, ask
from critic.errors import InputError
from critic.models import OpenAIChat
from critic.recording import recording, replaying
from tests.conftest import Endpoint, chat, completion, error, no_network

HELLO = "hello\nworld"


async def asked(model: OpenAIChat, text: str = HELLO) -> Reply:
    try:
        return await ask(model, [HumanMessage("system"), HumanMessage(text)], {"type": "object"})
    finally:
        await model.aclose()


async def recorded(endpoint: Endpoint, path: Path) -> Reply:
    with recording(path, "Answered by a test server.", {"model": "test-model", "temperature": 0}):
        return await asked(chat(endpoint, temperature=0, api_key="sk-secret-key"))


async def test_a_replay_gives_the_recorded_reply_without_a_network(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers = [completion('{"a": 1}\n{"b": "é"}')]
    live = await recorded(endpoint, tmp_path / "c.yaml")
    with no_network(), replaying(tmp_path / "c.yaml") as said:
        assert await asked(chat(Endpoint(), base_url="https://elsewhere.invalid/v1", temperature=0)) == live
    assert (said.note, said.settings) == ("Answered by a test server.", {"model": "test-model", "temperature": 0})


async def test_a_recording_is_readable_and_holds_no_secrets(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers = [
        (200, completion("fine\nindeed"), {"set-cookie": "id=1", "openai-organization": "acme", "x-request-id": "r1"})
    ]
    await recorded(endpoint, tmp_path / "c.yaml")
    text = (tmp_path / "c.yaml").read_text()
    assert "    content: |-\n        hello\n        world" in text.replace("      content", "    content")
    for secret in ("sk-secret", "127.0.0.1", "id=1", "acme", "r1", "uthorization"):
        assert secret not in text
    assert yaml.safe_load(text)["critic"]["note"] == "Answered by a test server."


async def test_passing_faults_are_not_recorded_and_refused_parameters_are(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers = [
        (429, error("slow"), {"retry-after-ms": "1"}),
        (400, error("temperature is not supported", param="temperature"), {}),
        completion("fine"),
    ]
    live = await recorded(endpoint, tmp_path / "c.yaml")
    assert [each["status"]["code"] for each in yaml.safe_load((tmp_path / "c.yaml").read_text())["interactions"]] == [400, 200]
    with no_network(), replaying(tmp_path / "c.yaml"):
        assert await asked(chat(Endpoint(), base_url="https://x.invalid", temperature=0)) == live


async def test_what_is_recorded_already_is_not_asked_again(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers = [completion("fine")]
    await recorded(endpoint, tmp_path / "c.yaml")
    await recorded(endpoint, tmp_path / "c.yaml")
    assert len(endpoint.requests) == 1


async def test_a_miss_says_what_changed(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers = [completion("fine")]
    await recorded(endpoint, tmp_path / "c.yaml")
    with replaying(tmp_path / "c.yaml"):
        with pytest.raises(InputError, match=r"parameters \({'temperature': 0.0} -> {'temperature': 1.0}\)\. Record it again"):
            await asked(chat(Endpoint(), base_url="https://x.invalid", temperature=1))
        with pytest.raises(InputError, match=r"changed since it was recorded: the text of the proposal\."):
            await asked(chat(Endpoint(), base_url="https://x.invalid", temperature=0), text="bye")


@pytest.mark.parametrize("content", ["", "a: [", "just text", "interactions: 7", "critic: {}\ninteractions: [{}]"])
def test_what_is_no_recording(content: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    with pytest.raises(InputError, match="There is no recording"), replaying(path):
        pass
    path.write_text(content)
    with pytest.raises(InputError, match="is no recording of critic's"), replaying(path):
        pass
