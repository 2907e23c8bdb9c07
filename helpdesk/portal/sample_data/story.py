"""How the tickets of the sample help desk are written down: a first message and what happened afterwards.

The stories are TOML files, one per department, in the folder `stories`.
"""

import html
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

ADMINISTRATOR = "administrator"
"""Stands for the administrator of the help desk, whoever that is."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happens to a ticket, `days_later` than what was before (0: some hours later)."""

    days_later: float = 0


@dataclass(frozen=True, kw_only=True)
class Says(Step):
    """The requester writes, or the end user `who`."""

    text: str
    files: Sequence[str] = ()
    who: str = ""


@dataclass(frozen=True, kw_only=True)
class Replies(Step):
    """An agent answers, and sets a status with it."""

    agent: str
    text: str
    files: Sequence[str] = ()
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class Notes(Step):
    """An agent writes a note that only agents see."""

    agent: str
    text: str
    title: str = ""
    files: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Claims(Step):
    """An agent takes the ticket."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class Assigns(Step):
    """An agent gives the ticket to another agent or to a team."""

    agent: str
    to: str
    comments: str = ""


@dataclass(frozen=True, kw_only=True)
class Closes(Step):
    """An agent closes the ticket."""

    agent: str
    status: str = "Resolved"
    comments: str = ""


@dataclass(frozen=True, kw_only=True)
class Reopens(Step):
    """An agent opens the ticket again."""

    agent: str
    comments: str = ""


@dataclass(frozen=True, kw_only=True)
class Plans(Step):
    """An agent makes a task of the ticket, for an agent or a team, to be done within `due` hours."""

    agent: str
    title: str
    text: str
    to: str = ""
    due: float | None = None


@dataclass(frozen=True, kw_only=True)
class Finishes(Step):
    """An agent says what came of the task with this title, and completes it."""

    agent: str
    title: str
    text: str


@dataclass(frozen=True)
class Story:
    """A ticket: who wrote what `days` ago, and the steps since. `due`: hours until an agent promised an answer.

    Tickets with `opened_by` were opened by that agent, on the telephone; only those can have a due date.
    """

    subject: str
    by: str
    days: float
    text: str
    steps: Sequence[Step] = ()
    department: str = "Support"
    topic: str = "General Inquiry"
    priority: str = "normal"
    source: str = "Web"
    opened_by: str = ""
    due: float | None = None
    files: Sequence[str] = ()
    copies: Sequence[str] = ()


_KINDS: Mapping[str, type[Step]] = {
    kind.__name__.lower(): kind for kind in (Says, Replies, Notes, Claims, Assigns, Closes, Reopens, Plans, Finishes)
}


def stories() -> list[Story]:
    """Give all stories, the oldest first."""
    return sorted(_stories(), key=lambda story: -story.days)


@dataclass(frozen=True)
class Prepared:
    """A canned response: HTML with variables, for a department or for all."""

    title: str
    text: str
    department: str = ""


def prepared_answers() -> list[Prepared]:
    """Give the canned responses."""
    source = resources.files("helpdesk.portal.sample_data").joinpath("canned_responses.toml")
    return [Prepared(**fields) for fields in tomllib.loads(source.read_text(encoding="utf-8"))["response"]]


@dataclass(frozen=True)
class KnownQuestion:
    """An FAQ: HTML, and who sees it."""

    question: str
    answer: str
    visibility: str


@dataclass(frozen=True)
class KnownArea:
    """A category with its FAQs."""

    name: str
    description: str
    visibility: str
    faqs: list[KnownQuestion]


def knowledge_base() -> list[KnownArea]:
    """Give the categories with their FAQs."""
    source = resources.files("helpdesk.portal.sample_data").joinpath("knowledge_base.toml")
    areas = tomllib.loads(source.read_text(encoding="utf-8"))["category"]
    return [KnownArea(faqs=[KnownQuestion(**one) for one in area.pop("faq")], **area) for area in areas]


def _stories() -> Iterator[Story]:
    for file in resources.files("helpdesk.portal.sample_data").joinpath("stories").iterdir():
        if file.name.endswith(".toml"):
            for fields in tomllib.loads(file.read_text(encoding="utf-8"))["story"]:
                steps = [_step(**step) for step in fields.pop("steps", [])]
                yield Story(**fields, steps=steps)


def _step(kind: str, **fields: Any) -> Step:
    return _KINDS[kind](**fields)


_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_PICTURE = re.compile(r"!\[([^\]]+)\]")


def as_html(text: str) -> str:
    """Turn the markup of the stories into HTML: paragraphs, `- ` lists, ``` code, `code`, **strong**, ![picture]."""
    parts = re.split(r"```\n(.*?)\n```", text.strip(), flags=re.DOTALL)
    return "".join(_code_block(part) if number % 2 else _paragraphs(part) for number, part in enumerate(parts))


def _code_block(text: str) -> str:
    return f"<pre><code>{html.escape(text)}</code></pre>"


def _paragraphs(text: str) -> str:
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return "".join(_block(block) for block in blocks if block)


def _block(block: str) -> str:
    lines = [_inline(line.strip()) for line in block.splitlines()]
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{line[2:]}</li>' for line in lines)}</ul>"
    return f"<p>{'<br>'.join(lines)}</p>"


def _inline(text: str) -> str:
    text = html.escape(text, quote=False)
    text = _CODE.sub(r"<code>\1</code>", text)
    text = _PICTURE.sub(r'<img src="cid:\1" alt="\1">', text)
    return _STRONG.sub(r"<strong>\1</strong>", text)
