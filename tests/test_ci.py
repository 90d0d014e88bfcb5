"""The pre-commit hooks and the example workflow do what their pages say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from critic.cli import pre_commit
from tests.conftest import CORPUS, ROOT

WORKFLOW = yaml.safe_load((ROOT / "docs" / "examples" / "critic.yml").read_text())
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def hook(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["critic-pre-commit", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        pre_commit.main()
    return int(ended.value.code or 0)


def test_the_hook_reviews_every_file_and_ends_with_the_highest_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fine, bad, odd = CORPUS / "N07-audit-firm-offer.md", tmp_path / "none.md", tmp_path / "-o.md"
    odd.write_text("# A plan\n\nWe measure whether the model can attack. A score below 20% means that it is safe to release.\n")
    monkeypatch.chdir(tmp_path)
    args = ["--offline", "--only=U4", "--fail-on=critical"]
    assert hook(monkeypatch, *args, fine, CORPUS / "D02-cbrn-quiz.md") == 0
    out = capfd.readouterr().out
    assert "N07-audit-firm-offer.md" in out
    assert "D02-cbrn-quiz.md" in out
    assert hook(monkeypatch, "--offline", "--only=U4", "--fail-on=minor", CORPUS / "D02-cbrn-quiz.md") == 1
    assert hook(monkeypatch, *args, fine, bad) == 2
    assert "There is no file" in capfd.readouterr().err
    assert hook(monkeypatch, "--offline", "--only", "U4", "--", "-o.md") == 0
    assert hook(monkeypatch, *HOOKS["critic"]["args"]) == 0


def test_the_hooks_ask_no_model_unless_told_to() -> None:
    assert "--offline" in HOOKS["critic"]["args"]
    assert HOOKS["critic-rubrics-check"]["pass_filenames"] is False


@pytest.mark.parametrize("own", ["true", "false"])
def test_the_workflow_reviews_what_changed_and_nothing_else(own: str, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    (folder / "proposals").mkdir(parents=True)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "critic").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m critic "$@"\n')
    (tools / "critic").chmod(0o755)
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "OWN": own,
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
        "CRITIC_MODEL": "",
    }

    def shell(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=folder, env=environment | more, capture_output=True, text=True, check=False)

    def commit() -> str:
        shell("git", "add", "-A")
        assert shell("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x").returncode == 0
        return shell("git", "rev-parse", "HEAD").stdout.strip()

    text = (CORPUS / "D02-cbrn-quiz.md").read_text()
    shell("git", "init", "-q")
    (folder / "proposals" / "old.md").write_text(text)
    base = commit()
    (folder / "proposals" / "$(touch pwned) ; -x.md").write_text(text)
    (folder / "proposals" / "picture.png").write_bytes(b"\x89PNG")
    (folder / "elsewhere.md").write_text(text)
    commit()
    (step,) = [step for step in WORKFLOW["jobs"]["review"]["steps"] if step.get("id") == "review"]
    done = shell("bash", "-e", "-c", step["run"], BASE=base)
    assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "output").read_text() == "files=1\n"
    assert not (folder / "pwned").exists()
    logs = sorted((folder / "sarif").iterdir())
    assert len(logs) == (1 if own == "true" else 0)
    assert ("::notice file=proposals/$(touch pwned) ; -x.md" in done.stdout) == (own == "false")


def test_the_workflow_keeps_the_key_to_one_step_and_expands_nothing_in_a_script() -> None:
    steps = WORKFLOW["jobs"]["review"]["steps"]
    assert sum("secrets." in str(step) for step in steps) == 1
    assert not any("${{" in step.get("run", "") for step in steps)
    assert "pull_request_target" not in WORKFLOW[True]  # YAML takes the key `on` for a boolean
