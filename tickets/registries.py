"""Questions that tickets ask packages above them."""

from __future__ import annotations

from collections.abc import Callable

from helpdesk.legacy.errors import DomainError
from tickets.models import Ticket

CloseObstacle = Callable[[Ticket], DomainError | None]

_close_obstacles: list[CloseObstacle] = []


def register_close_obstacle(obstacle: CloseObstacle) -> None:
    """Let a package forbid closing: its function gives the refusal, or None when it has nothing against it."""
    if obstacle not in _close_obstacles:
        _close_obstacles.append(obstacle)


def close_obstacles() -> tuple[CloseObstacle, ...]:
    """Give the registered functions."""
    return tuple(_close_obstacles)
