"""The one configuration: schema, defaults, file, errors.

The schema is the settings structs of `dsp`, `selector` and the shell; `config.toml` is printed from
them (`aivjd config --write`) and is the manual of every key. An unknown key, a wrong type or a
value out of range is refused with the key and the allowed range; an absent key means its default.
"""

from __future__ import annotations

import hashlib
import textwrap
import tomllib
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from daemon.errors import ConfigError
from daemon.rig_settings import DmxSettings, LinkSettings, MidiSettings, Os2lSettings
from daemon.settings import InputSettings, MemorySettings, OscSettings, RecordSettings, ServerSettings
from dsp.settings import DspSettings
from selector.canonical import canonical
from selector.settings import SelectorSettings


class PackSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which packs are played from."""

    dirs: Annotated[
        tuple[str, ...],
        Meta(
            description="Pack folders: absolute, beside this file, or in the current folder. `--pack` replaces them.",
            extra={"unit": "", "hot": False},
        ),
    ] = ("build/packs/demo",)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    seed: Annotated[
        int,
        Meta(
            ge=-1,
            le=2**53 - 1,
            description="Seed of every draw; -1 takes a new one each start and writes it into the session.",
            extra={"unit": "", "hot": False},
        ),
    ] = -1
    input: InputSettings = InputSettings()
    packs: PackSettings = PackSettings()
    dsp: DspSettings = DspSettings()
    selector: SelectorSettings = SelectorSettings()
    server: ServerSettings = ServerSettings()
    osc: OscSettings = OscSettings()
    link: LinkSettings = LinkSettings()
    midi: MidiSettings = MidiSettings()
    os2l: Os2lSettings = Os2lSettings()
    dmx: DmxSettings = DmxSettings()
    record: RecordSettings = RecordSettings()
    memory: MemorySettings = MemorySettings()

    def decision_sha256(self) -> str:
        """Hash of what a pick depends on: the hearing and deciding parts, not the addresses."""
        return hashlib.sha256(
            canonical(msgspec.to_builtins({"dsp": self.dsp, "selector": self.selector}))
        ).hexdigest()


# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
msgspec.json.Decoder(Config)


def load(path: Path | None) -> Config:
    """Read a configuration file; `None` gives the defaults.

    Raises:
        ConfigError: the file cannot be read or parsed, or a key cannot be used.
    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration ({error})", where=str(path), fix="check the path"
        ) from error
    return parse(text, source=str(path))


def parse(text: str, *, source: str) -> Config:
    """Parse and validate TOML text; `source` names it in errors.

    Raises:
        ConfigError: naming the key, what was expected and where.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=source, fix="mend that line") from error
    return validate(data, source=source)


def validate(data: dict[str, Any], *, source: str) -> Config:
    """Turn plain data into a `Config`, or say which key is wrong."""
    try:
        return msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`")
        if message.startswith("Object contains unknown field"):
            name = message.split("`")[1]
            key = f"{key}.{name}" if key else name
            known = sorted(_known_keys(key.rpartition(".")[0]))
            raise ConfigError(
                f"unknown key `{key}`", where=source, fix=f"known here: {', '.join(known)}"
            ) from None
        if _struct_at(key) is not None:
            # Two keys that contradict each other: the sentence is whole already.
            raise ConfigError(message.rstrip("."), where=source) from None
        raise ConfigError(
            f"`{key}`: {message[0].lower()}{message[1:]}", where=source, fix=_describe(key)
        ) from None


def _struct_at(path: str) -> type[Struct] | None:
    current: Any = Config
    for part in filter(None, path.split(".")):
        hints = get_type_hints(current)
        if part not in hints or not (isinstance(hints[part], type) and issubclass(hints[part], Struct)):
            return None
        current = hints[part]
    return current


def _known_keys(path: str) -> list[str]:
    struct = _struct_at(path)
    return [field.encode_name for field in msgspec.structs.fields(struct)] if struct else []


def _meta(annotation: Any) -> Meta | None:
    if get_origin(annotation) is Annotated:
        return next((m for m in get_args(annotation)[1:] if isinstance(m, Meta)), None)
    return None


def _describe(key: str) -> str:
    parent, _, name = key.partition("[")[0].rpartition(".")
    struct = _struct_at(parent)
    if struct is None:
        return "see config.toml"
    meta = _meta(get_type_hints(struct, include_extras=True).get(name))
    return meta.description.rstrip(".") if meta and meta.description else "see config.toml"


def default_text() -> str:
    """The text of `config.toml`: every key with meaning, unit, range, and hot or cold."""
    lines = [
        "# aivjd configuration. Every key is shown with its default; an absent key means the same.",
        "# hot: may change during a show, by command (control page, OSC) where there is a verb for it; the file",
        "# itself is read at the start. cold: fixed for the session.",
        "",
    ]
    lines += _keys(Config, Config(), "")
    for path, struct, value in _tables(Config, Config(), ""):
        lines += ["", f"# {(struct.__doc__ or '').strip().splitlines()[0]}", f"[{path}]"]
        lines += _keys(struct, value, f"{path}.")
    return "\n".join(lines) + "\n"


def _tables(struct: type[Struct], value: Struct, prefix: str) -> list[tuple[str, type[Struct], Struct]]:
    found = []
    for field in msgspec.structs.fields(struct):
        inner = getattr(value, field.name)
        if isinstance(inner, Struct):
            path = f"{prefix}{field.encode_name}"
            found.append((path, type(inner), inner))
            found += _tables(type(inner), inner, f"{path}.")
    return found


def _listed(hint: Any) -> type[Struct] | None:
    """The table that a key lists any number of, such as `[[osc.desks]]`."""
    inner = get_args(get_args(hint)[0])[:1] if get_origin(hint) is Annotated else ()
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], Struct) else None


def _keys(struct: type[Struct], value: Struct, path: str) -> list[str]:
    lines: list[str] = []
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        default = getattr(value, field.name)
        if isinstance(default, Struct):
            continue
        if (listed := _listed(hints[field.name])) is not None:
            # Written out it would forbid the tables that a user adds.
            lines += ["", *textwrap.wrap(f"# {(listed.__doc__ or '').splitlines()[0]}", 104)]
            lines += [f"# [[{path}{field.encode_name}]]"]
            example = _keys(listed, listed(), "")
            lines += [line if line.startswith("#") else f"# {line}" for line in example]
            continue
        meta = _meta(hints[field.name])
        if meta is None:
            raise TypeError(f"{struct.__name__}.{field.name} lacks its description")
        facts = [
            _range(meta),
            str((meta.extra or {}).get("unit", "")),
            "hot" if (meta.extra or {}).get("hot") else "cold",
        ]
        lines += textwrap.wrap(
            f"{meta.description} ({'; '.join(filter(None, facts))})",
            width=104,
            initial_indent="# ",
            subsequent_indent="# ",
        )
        lines.append(f"{field.encode_name} = {_toml(default)}")
    return lines


def _range(meta: Meta) -> str:
    low = meta.ge if meta.ge is not None else meta.gt
    high = meta.le if meta.le is not None else meta.lt
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
