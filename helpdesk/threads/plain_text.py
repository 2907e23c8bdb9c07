"""HTML as plain text, for the text part of mails (osticket/mail.md §6.4, Appendix A)."""

from __future__ import annotations

import re
import textwrap
from html.parser import HTMLParser

WIDTH = 90
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "div", "dl", "fieldset", "footer", "form", "h1", "h2", "h3", "h4"}
    | {"h5", "h6", "header", "hr", "ol", "p", "pre", "section", "table", "ul"}
)
_LINES = frozenset({"br", "li", "tr", "dt", "dd"})
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})
_MANY_EMPTY_LINES = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    """Collects text; blocks are apart by an empty line, cells by a blank, quotations marked."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0
        self.preformatted = 0
        self.lists: list[int | None] = []
        self.link = ""
        self.link_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in {"ul", "ol"}:
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "a":
            self.link, self.link_start = dict(attrs).get("href") or "", len(self.pieces)
        elif tag == "img":
            self.pieces.append(dict(attrs).get("alt") or "")
        if tag in _BLOCKS:
            self.pieces.append("\n\n")
        elif tag in _LINES:
            self.pieces.append("\n")
        if tag == "li":
            self.pieces.append(self._marker())
        elif tag == "hr":
            self.pieces.append("-" * 20 + "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag == "pre":
            self.preformatted = max(0, self.preformatted - 1)
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
        elif tag == "a":
            self._close_link()
        if tag in _BLOCKS:
            self.pieces.append("\n\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        self.pieces.append(data if self.preformatted else re.sub(r"[ \t\r\n\f]+", " ", data))

    def _marker(self) -> str:
        if not self.lists or self.lists[-1] is None:
            return "* "
        number = self.lists[-1]
        self.lists[-1] = number + 1
        return f"{number}. "

    def _close_link(self) -> None:
        """Name the address of a link whose text does not."""
        text = "".join(self.pieces[self.link_start :]).strip()
        if self.link.startswith(("http:", "https:")) and text and self.link not in text:
            self.pieces.append(f" <{self.link}>")
        self.link = ""


def html_as_text(html: str, *, width: int = WIDTH) -> str:
    """Give HTML as readable plain text: paragraphs apart, lists marked, addresses of links named, lines wrapped."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.pieces).replace("\xa0", " ")
    lines = [line.strip() if "  " not in line else line.rstrip() for line in text.split("\n")]
    wrapped = [_wrapped(line, width) for line in lines]
    return _MANY_EMPTY_LINES.sub("\n\n", "\n".join(wrapped)).strip()


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    return "\n".join(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False))
