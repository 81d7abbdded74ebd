"""A cue list in a file of its own: `[[scenes]]` in TOML, or `{"scenes": [...]}` in JSON."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from daemon import config as configuration
from daemon.config import Config
from daemon.errors import ConfigError


def with_cues(config: Config, path: Path | None) -> Config:
    """The configuration with the scenes of this file in place of its own.

    Raises:
        ConfigError: the file cannot be read or parsed, or a scene cannot be used.
    """
    if path is None:
        return config
    data: dict[str, Any] = msgspec.to_builtins(config)
    data["selector"]["scenes"] = _scenes(path)
    return configuration.validate(data, source=str(path))


def _scenes(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(
            f"the cue list cannot be read ({error})", where=str(path), fix="check the path"
        ) from error
    except ValueError as error:
        raise ConfigError(f"not a cue list: {error}", where=str(path), fix="mend that line") from error
    if not isinstance(found, dict) or set(found) != {"scenes"}:
        raise ConfigError(
            "a cue list has scenes and nothing else", where=str(path), fix="begin each with [[scenes]]"
        )
    return found["scenes"]
