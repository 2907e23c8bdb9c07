"""XML as osTicket reads it: attributes and elements are members of one object (osticket/api.md §7).

Documents with a DTD are refused, and with it entities of their own, bombs and files of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from helpdesk.api.refusals import DocumentUnreadable

TEXT = ":text"
DEEPEST = 100
MOST_ELEMENTS = 100_000


def read_xml(body: bytes) -> dict[str, Any]:
    """Give the members of the root element under its name: `{"ticket": {"subject": …}}`.

    An element becomes a text, or an object with its attributes and elements and the text under `:text`; elements of
    the same name become a list. Blanks around texts are dropped. Raises DocumentUnreadable with osTicket's text.
    """
    if not body.strip():
        raise DocumentUnreadable("XML error: No error at line 1:1")
    builder = _Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(body)
        root: dict[str, Any] = parser.close()
    except DefusedXmlException as error:
        raise DocumentUnreadable(f"XML error: {type(error).__name__}: documents may not bring a DTD") from None
    except ParseError as error:
        raise DocumentUnreadable(_reason(error)) from None
    except (LookupError, ValueError):  # an encoding that is not known here, or that expat cannot use
        raise DocumentUnreadable("XML error: unknown encoding at line 1:1") from None
    return root


def _reason(error: ParseError) -> str:
    line, column = error.position
    text = errors.messages.get(error.code, "")
    if error.code == errors.codes[errors.XML_ERROR_SYNTAX]:
        text = errors.XML_ERROR_INVALID_TOKEN  # PHP's parser has no other word for what is no XML at all
    return f"XML error: {text[:1].upper()}{text[1:]} at line {line}:{column + 1}"


class _Builder:
    """Receives what the parser finds; nothing here calls itself, so that deep documents harm nobody."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._count = 0
        self._result: dict[str, Any] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or self._count > MOST_ELEMENTS:
            raise DocumentUnreadable("XML error: too many elements")
        self._open.append((name, dict(attributes), []))

    def data(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _name: str) -> None:
        name, members, texts = self._open.pop()
        text = "".join(texts).strip()
        value: Any = {**members, TEXT: text} if members and text else members or text
        if not self._open:
            self._result = {name: value}
            return
        parent = self._open[-1][1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def close(self) -> dict[str, Any]:
        return self._result
