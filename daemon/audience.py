"""Whom the show speaks to: browsers, through the web server, and desks, through their door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Audience(Protocol):
    """Where announcements go: the web server."""

    def publish(self, message: Mapping[str, Any]) -> None:
        """An ordered message for every client."""

    def publish_snapshot(self, message: Mapping[str, Any]) -> None:
        """A latest-wins snapshot."""

    def publish_audio(self, frame: bytes) -> None:
        """A latest-wins audio frame."""

    def client_counts(self) -> dict[str, int]:
        """Connections by role."""


class Desk(Protocol):
    """The door for desks: is told when the state changes, and learns what they send."""

    def changed(self) -> None:
        """The state may have changed."""

    def watch(self, learnt: Callable[[], None]) -> None:
        """Call `learnt` whenever something was learnt or forgotten."""

    def learn(self, text: str) -> None:
        """Bind the next address that comes."""

    def forget(self, address: str) -> None:
        """Undo what an address is bound to."""

    def describe(self) -> dict[str, Any]:
        """What the state says of it."""
