"""What a template is, wherever it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """Subject and body (HTML) with variables."""

    subject: str
    body: str
