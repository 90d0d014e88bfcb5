"""The one place for configuration: flags, before the environment, before a configuration file, before the defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from critic.errors import InputError
from critic.pricing import Price

DEFAULT_MODEL = "gpt-6.1-terra"
_OPENAI = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}


class Settings(BaseModel):
    """Which model is asked, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = None  # None: the default model if there is a key or an endpoint, else the offline assessor
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = Field(0, ge=0, le=2)
    seed: int | None = 7
    max_tokens: int | None = Field(None, ge=1)  # of one reply; None: the model's own limit
    timeout: float = Field(300, gt=0)  # seconds that one request may take
    retries: int = Field(5, ge=0)
    patience: float = Field(0, ge=0)  # seconds to wait for an endpoint that is busy or gone, once it has answered
    concurrency: int = Field(8, ge=1)  # requests under way at once
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)  # sent, as an estimate
    grouping: str = Field("all", pattern="^(all|link|one)$")  # how many critiques share a request
    samples: int = Field(1, ge=1)  # readings by each model; the verdict is by vote
    panel: list[str] = []  # names of models that vote, in place of `model`
    second_look: bool = False  # whether each finding is challenged once
    probe: bool = False  # whether one more request tests that the model has not been turned
    prices: dict[str, Price] = {}  # by model name

    @property
    def online(self) -> bool:
        """Whether a model is to be asked: there is a model name, a key or an endpoint."""
        return bool(self.model or self.panel or self.base_url or self.api_key)

    def recorded(self) -> dict[str, Any]:
        """What a recording has to know to ask the same again."""
        kept = {"temperature", "seed", "max_tokens", "grouping", "samples", "panel", "second_look", "probe"}
        return {"model": self.model or DEFAULT_MODEL, **self.model_dump(include=kept)}

    @field_validator("panel", mode="before")
    @classmethod
    def _names(cls, panel: Any) -> Any:
        return [name.strip() for name in panel.split(",") if name.strip()] if isinstance(panel, str) else panel

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        try:
            parts = urlsplit(url or "https://none")
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise PydanticCustomError("address", "Input should be an address such as https://host/v1")
        return url


def load_settings(flags: Mapping[str, Any], config: Path | None = None) -> Settings:
    """Put the settings together.

    A configuration file is never picked up from the working folder: the folder may have come from the applicant, and a
    `base_url` in it would send everything to him.

    Args:
        flags: from the command line; None means not given.
        config: a TOML file; None for CRITIC_CONFIG, or else `critic/config.toml` in the user's configuration folder.

    Raises:
        InputError: a value is wrong or unknown; the message says where it came from.
    """
    named = config or (Path(os.environ["CRITIC_CONFIG"]) if os.environ.get("CRITIC_CONFIG") else None)
    path = named or Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "critic" / "config.toml"
    names = {field: _OPENAI.get(field, f"CRITIC_{field.upper()}") for field in Settings.model_fields if field != "prices"}
    layers: list[tuple[dict[str, Any], dict[str, str]]] = [
        (_from_file(path, required=named is not None), {}),
        ({field: os.environ[name] for field, name in names.items() if os.environ.get(name)}, names),
        ({field: value for field, value in flags.items() if value is not None}, {f: f"--{f.replace('_', '-')}" for f in flags}),
    ]
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for layer, called in layers:
        for field, value in layer.items():
            values[field] = value
            origin[field] = called.get(field, f"{path}, {field}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        given = "a secret" if field == "api_key" else repr(values.get(field))
        raise InputError(f"{origin.get(field, field)}: {first['msg']} (given: {given}).") from None


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise InputError(f"There is no configuration file {path}.") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The configuration file {path} cannot be used: {error}.") from error
