"""The commands as a person meets them: output, one sentence for what goes wrong, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from critic.readers import MAX_TEXT_BYTES
from tests.conftest import CORPUS, RECORDINGS, ROOT, SMALL, Endpoint, Run, completion, error, no_network, reply


@pytest.mark.parametrize("proposal", sorted(CORPUS.glob("*.md")), ids=lambda path: path.stem)
def test_every_text_of_the_corpus_is_screened_offline(proposal: Path, run: Run) -> None:
    with no_network():
        code, out, err = run("review", proposal, "--format", "json")
        _, text, _ = run("read", proposal)
    assert (code, err) == (0, "")
    review = json.loads(out)
    in_scope = json.loads(proposal.with_suffix(".labels.json").read_text())["in_scope"]
    assert review["in_scope"] == in_scope
    assert len(review["critiques"]) == (15 if in_scope else 0)
    for entry in review["critiques"] + review["considerations"]:
        for quotation in entry["quotations"]:
            assert text[quotation["start"] : quotation["end"]] == quotation["text"]
            assert text.count("\n", 0, quotation["start"]) + 1 == quotation["line"]


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (RECORDINGS / "all").glob("*.yaml") if not path.stem.endswith(".2"))
)
def test_a_recorded_review_is_complete_and_the_same_every_time(name: str, run: Run) -> None:
    arguments = ("review", CORPUS / f"{name}.md", "--replay", RECORDINGS / "all" / f"{name}.yaml", "--format", "json")
    with no_network():
        code, out, _ = run(*arguments)
        assert run(*arguments)[1] == out
        _, text, _ = run("read", CORPUS / f"{name}.md")
    assert code == 0
    review = json.loads(out)
    assert review["complete"]
    assert review["provenance"]["mode"] == "recorded"
    assert "language model through a loopback relay" in review["provenance"]["recording_note"]
    for entry in review["critiques"] + review["considerations"]:
        assert entry["status"] != "failed"
        for quotation in entry["quotations"]:
            assert text[quotation["start"] : quotation["end"]] == quotation["text"]


def test_json_meets_the_published_schema(run: Run) -> None:
    schema = json.loads(run("schema")[1])
    review = json.loads(run("review", CORPUS / "D09-persuasion-benchmark.md", "--format", "json")[1])
    jsonschema.validate(review, schema)
    assert schema["properties"]["critiques"]["type"] == "array"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is no text"),
        (b"x" * (MAX_TEXT_BYTES + 3_000_000), "larger than 2 MB"),
        ("Prüfung".encode("latin-1"), "not UTF-8"),
        (b"text\0text", "NUL byte"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(content: bytes, says: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "bad.md").write_bytes(content)
    for command in ("review", "read"):
        code, out, err = run(command, tmp_path / "bad.md")
        assert (code, out) == (2, "")
        assert err.startswith("critic: bad.md ")
        assert says in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{folder}"], "is a folder"),
        (["{folder}/none.md"], "There is no file"),
        (["{small}", "--only", "U99"], "has no U99; it has U1, U2"),
        (["{small}", "--rubrics", "{folder}"], "has no"),
        (["{small}", "-o", "{folder}/none/out.md"], "There is no folder"),
        (["{small}", "-o", "{folder}"], "is a folder; name a file"),
        (["{small}", "--replay", "{folder}/none.yaml"], "There is no recording"),
        (["{small}", "--replay", "{folder}"], "is a folder; name one recording in it"),
        (["{small}", "--base-url", "http://host:abc"], "--base-url: Input should be an address such as https://host/v1"),
        (["{small}", "--base-url", "http://["], "--base-url: Input should be an address such as https://host/v1"),
        (["{small}", "--base-url", "host/v1"], "--base-url: Input should be an address such as https://host/v1"),
        (["{small}", "--replay", "a", "--record", "b"], "exclude each other"),
        (["{small}", "--model", "gpt-4.1"], "There is no API key: set OPENAI_API_KEY"),
        (["{small}", "--config", "{folder}/none.toml"], "There is no configuration file"),
        (["{small}", "--temperature", "9"], "--temperature: Input should be less than or equal to 2"),
    ],
)
def test_bad_options_are_one_sentence_and_exit_2(arguments: list[str], says: str, small: Path, run: Run) -> None:
    code, out, err = run("review", *(part.format(folder=small.parent, small=small) for part in arguments))
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_typos_in_options_exit_2(run: Run) -> None:
    assert run("review")[0] == 2
    assert run("review", "x", "--fromat", "json")[0] == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, error("Incorrect API key"), {}), "refused the key (401)"),
        ((404, error("no such model"), {}), "has no model 'm'"),
        (completion(None, refusal="No."), "The review is incomplete. The model refused: No."),
        (completion("{", finish_reason="length"), "The review is incomplete. The reply was cut off"),
        (completion("I think U4 is raised."), "The review is incomplete. The model's reply cannot be used"),
    ],
)
def test_model_trouble_is_one_sentence_and_exit_3(answer: Any, says: str, endpoint: Endpoint, small: Path, run: Run) -> None:
    endpoint.answers = [answer]
    code, out, err = run("review", small, "--model", "m", "--base-url", endpoint.url)
    assert code == 3
    assert "Sending the proposal to 127.0.0.1 (model m)." in err
    assert says in err
    assert "Traceback" not in err
    if out:
        assert out.lstrip("╭─╮\n│ ").startswith("INCOMPLETE: 21 of 21 entries have no verdict")


def test_an_endpoint_that_is_not_there_is_one_sentence_and_exit_3(
    small: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRITIC_RETRIES", "0")
    code, _, err = run("review", small, "--model", "m", "--base-url", "http://127.0.0.1:1/v1")
    assert code == 3
    assert "127.0.0.1 cannot be reached" in err


def test_half_an_answer_is_no_all_clear_in_any_format(endpoint: Endpoint, small: Path, run: Run) -> None:
    endpoint.answers = [lambda body: completion(reply(body, critiques={}))]
    for format in ("terminal", "markdown", "json"):
        code, out, err = run("review", small, "--model", "m", "--base-url", endpoint.url, "--format", format)
        assert code == 3
        assert "The review is incomplete" in err
        if format == "json":
            assert json.loads(out)["complete"] is False
            assert {entry["status"] for entry in json.loads(out)["critiques"]} == {"failed"}
        else:
            assert "INCOMPLETE: 15 of 21 entries have no verdict" in "\n".join(out.splitlines()[:4])


def test_fail_on_decides_the_exit_code(endpoint: Endpoint, small: Path, run: Run) -> None:
    endpoint.answers = [lambda body: completion(reply(body))]
    model = ("review", small, "--model", "m", "--base-url", endpoint.url)
    assert [run(*model, "--fail-on", level)[0] for level in ("critical", "major", "minor", "never")] == [0, 1, 1, 0]


def test_only_and_output_and_standard_input(run: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "review.json"
    assert run("review", small, "--only", "h3, measurement-deployment-gap", "--format", "json", "-o", out) == (0, "", "")
    assert [entry["id"] for entry in json.loads(out.read_text())["critiques"]] == ["U4", "H3"]
    assert list(tmp_path.glob(".*")) == []
    completed = subprocess.run(
        [sys.executable, "-m", "critic", "read", "-"], input=SMALL.encode(), capture_output=True, cwd=ROOT, check=True
    )
    assert completed.stdout.decode() == SMALL


def test_a_second_pack_reviews_a_document_from_end_to_end(run: Run, endpoint: Endpoint) -> None:
    packs = ROOT / "fixtures" / "packs"
    arguments = ("review", packs / "reproducibility-sample.md", "--rubrics", packs / "reproducibility", "--format", "json")
    offline = json.loads(run(*arguments)[1])
    assert {entry["id"]: entry["verdict"] for entry in offline["critiques"]} == {
        "Q1": "answered",
        "Q2": "raised",
        "Q3": "partly_answered",
        "Q4": "raised",
        "Q5": "answered",
    }
    endpoint.answers = [lambda body: completion(reply(body))]
    asked = json.loads(run(*arguments, "--model", "m", "--base-url", endpoint.url)[1])
    assert [entry["id"] for entry in asked["critiques"]] == ["Q1", "Q2", "Q3", "Q4", "Q5"]
    assert "Mukobi" not in json.dumps(endpoint.requests)


def test_settings_come_from_file_environment_and_flags(
    run: Run, endpoint: Endpoint, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers = [lambda body: completion(reply(body))]
    config = tmp_path / "config.toml"
    config.write_text(
        f'base_url = "{endpoint.url}"\nmodel = "from-file"\nseed = 1\ntemperature = 0.5\n'
        "[prices.test-model]\ninput = 1000\noutput = 0\n"
    )
    monkeypatch.setenv("CRITIC_SEED", "2")
    monkeypatch.setenv("CRITIC_TEMPERATURE", "0.6")
    _, out, _ = run("review", small, "--config", config, "--temperature", "0.7", "--format", "json")
    sent = endpoint.requests[0]
    assert (sent["model"], sent["seed"], sent["temperature"]) == ("from-file", 2, 0.7)
    assert json.loads(out)["provenance"]["price_usd"] == 0.1
    monkeypatch.setenv("CRITIC_SEED", "many")
    code, _, err = run("review", small, "--config", config)
    assert code == 2
    assert "CRITIC_SEED: Input should be a valid integer" in err
    monkeypatch.delenv("CRITIC_SEED")
    config.write_text("modle = 'x'")
    assert "modle: Extra inputs are not permitted" in run("review", small, "--config", config)[2]


def test_a_configuration_in_the_working_folder_is_not_read(
    run: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('base_url = "http://attacker.invalid"')
    (tmp_path / "critic.toml").write_text('base_url = "http://attacker.invalid"')
    monkeypatch.chdir(tmp_path)
    with no_network():
        assert run("review", small, "--format", "json")[0] == 0


def test_record_and_replay(run: Run, endpoint: Endpoint, small: Path, tmp_path: Path) -> None:
    endpoint.answers = [lambda body: completion(reply(body))]
    cassette = tmp_path / "c.yaml"
    live = run(
        "review",
        small,
        "--model",
        "m",
        "--base-url",
        endpoint.url,
        "--record",
        cassette,
        "--note",
        "A test.",
        "--format",
        "json",
    )
    with no_network():
        replayed = json.loads(run("review", small, "--replay", cassette, "--format", "json")[1])
        code, _, err = run("review", small, "--replay", cassette, "--only", "U4")
    assert replayed["critiques"] == json.loads(live[1])["critiques"]
    assert replayed["provenance"]["recording_note"] == "A test."
    assert replayed["provenance"]["host"] is None
    assert code == 2
    assert "has no reply to this request (about U4); changed since it was recorded: the rubrics or the critiques asked" in err


def test_rubrics_commands(run: Run, tmp_path: Path) -> None:
    assert "measurement-deployment-gap" in run("rubrics", "list")[1]
    assert run("rubrics", "show", "u4")[1].startswith("id: U4\n")
    assert run("rubrics", "show", "safety-washing")[1].startswith("id: H3\n")
    assert run("rubrics", "show", "Z1")[0] == 2
    assert "is fine: 15 critiques, 6 considerations" in run("rubrics", "check", ROOT / "rubrics")[1]
    assert run("rubrics", "check", tmp_path)[0] == 2


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m critic review {CORPUS}/D04-safety-label.md | head -n 1"
    completed = subprocess.run(["bash", "-c", command], capture_output=True, cwd=ROOT, check=True, text=True)
    assert completed.stderr == ""


def test_importing_and_help_load_nothing_heavy() -> None:
    heavy = "openai", "langchain_core", "pydantic", "vcr", "yaml"
    code = f"import sys, critic, critic.cli; print([name for name in {heavy} if name in sys.modules])"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True, text=True, env=os.environ
    )
    assert completed.stdout.strip() == "[]"


def test_the_readme_shows_real_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (ROOT / "README.md").read_text()
    excerpt = readme.partition("the first command shows:\n\n```\n")[2].partition("\n```")[0]
    monkeypatch.setenv("COLUMNS", "100")
    name = "N01-eoi-chem-agents"
    _, out, _ = run("review", CORPUS / f"{name}.md", "--replay", RECORDINGS / "all" / f"{name}.yaml")
    for part in excerpt.split("...\n"):
        assert part.strip() in out


def test_the_sample_of_the_review_script_exists() -> None:
    for path in re.findall(r"fixtures/\S+", (ROOT / "scripts" / "review").read_text()):
        assert (ROOT / path).is_file(), path


def test_a_review_that_cannot_be_written_is_not_lost(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    code, out, err = run("review", small, "--format", "json", "-o", small.parent / "out.json")
    assert (code, err) == (
        2,
        f"critic: {small.parent / 'out.json'} cannot be written (No space left on device); the text went to standard output.\n",
    )
    assert json.loads(out)["complete"]


def test_a_secret_is_not_told_even_if_it_is_wrong(run: Run, small: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("api_key = 31337")
    code, _, err = run("review", small, "--config", tmp_path / "config.toml")
    assert code == 2
    assert "31337" not in err
