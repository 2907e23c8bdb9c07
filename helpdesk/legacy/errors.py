"""The errors of the domain: what a service or a policy says when it refuses.

Every refusal carries a stable `code` (for API answers, logs and tests) and a translatable `message` (for people).
Views, the API, the mail gateway and the commands turn one of the four kinds into their own answer; an error that is
not a `DomainError` is a bug and is left to the error handler.

`message` is usually a lazy translation (`gettext_lazy`). Values belong into it as named placeholders, before it is
handed over: `_("%(name)s is not an agent.") % {"name": name}`.
"""

# ruff: noqa: N818 -- named by what happened, as people say it
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class DomainError(Exception):
    """A refusal that people may read: `code` is stable, `message` is translatable, `field` names the input, if one."""

    def __init__(self, message: str | _StrPromise, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return str(self.message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.message)!r}, code={self.code!r}, field={self.field!r})"


class ValidationFailed(DomainError):
    """The input cannot be used as it is; `field` names the part to change, where there is one."""


class PermissionRefused(DomainError):
    """The actor may not do this to an object that the actor may know about."""


class NotFound(DomainError):
    """The object does not exist, or the actor may not know that it does: both answer alike."""


class Conflict(DomainError):
    """The object is not in a state that allows this, or somebody else was faster."""
