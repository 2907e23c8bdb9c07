"""HTML of long answers: what may be stored and shown, and its plain text."""

from __future__ import annotations

import html
import re

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

from helpdesk.legacy.characters import clean_text

_SCRIPTING = re.compile(r"(?:javascript|vbscript|livescript|data|mocha)\s*:", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x20\x7f\u200b-\u200f\u2028-\u202e\ufeff]+")
_DENIED = "denied:"
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH_END = re.compile(r"</(?:p|div|h[1-6]|ul|ol|table|blockquote|pre)>", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_ROW_END = re.compile(r"</(?:li|tr|dt|dd)>", re.IGNORECASE)
_SCHEMES = {"http", "https", "mailto", "tel", "ftp", "sip", "xmpp", "denied", "cid"}
_SCRIPTING_SCHEMES = {"javascript", "vbscript", "livescript", "mocha", "data"}


def _denied_scripts(tag: str, attribute: str, value: str) -> str | None:
    """Keep the address of a script as text, as osTicket's cleaner does: `denied:javascript:…`."""
    if attribute in {"href", "src", "cite"} and _SCRIPTING.match(_INVISIBLE.sub("", value)):
        return f"{_DENIED}{value}"
    return value


_STORING = nh3.Cleaner(
    url_schemes=_SCHEMES | _SCRIPTING_SCHEMES, attribute_filter=_denied_scripts, link_rel=None, strip_comments=True
)
_SHOWING = nh3.Cleaner(url_schemes=_SCHEMES, link_rel="noopener noreferrer nofollow", strip_comments=True)
_TEXT_ONLY = nh3.Cleaner(tags=set(), clean_content_tags={"script", "style"})


def clean_answer(text: str) -> str:
    """Give HTML that may be stored: no scripts, no event handlers (osticket/forms.md §4.2)."""
    return _STORING.clean(clean_text(text))


def shown_answer(text: str) -> SafeString:
    """Give stored HTML for a page, cleaned once more: PHP or an older cleaner may have written it."""
    return mark_safe(_SHOWING.clean(clean_text(text)))  # noqa: S308 -- nh3 has just cleaned it


def plain_text(text: str) -> str:
    """Give the text of HTML, with line ends where it has paragraphs, rows and breaks."""
    spaced = _PARAGRAPH_END.sub("\n\n", _ROW_END.sub("\n", _LINE_END.sub("\n", clean_answer(text))))
    return _EMPTY_LINES.sub("\n\n", html.unescape(_TEXT_ONLY.clean(spaced)))


_MARKUP = re.compile(r"</?[a-z][^<>]*>|&(?:#\w+|\w+);", re.IGNORECASE)
_PLAIN_MARKUP = re.compile(r"</?p>|<br\s*/?>", re.IGNORECASE)


def typed_as_html(text: str) -> str:
    """Give what was typed into a box for HTML: text without any markup keeps its lines and paragraphs."""
    if not text.strip() or _MARKUP.search(text):
        return text
    return linebreaks(text.strip("\r\n"), autoescape=True)


def html_as_typed(text: str) -> str:
    """Give HTML as it is edited in a box: HTML of nothing but paragraphs and line breaks is plain text."""
    rest = _PLAIN_MARKUP.sub("", text)
    if _MARKUP.search(rest.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").replace("&#x27;", "")):
        return text
    typed = plain_text(text).strip("\n")
    return typed if typed_as_html(typed) or not typed else text
