"""HTML of messages: what may be stored, and what a page may show (osticket/files.md §4; docs/architecture.md).

Everything here is foreign input, also what comes out of the database: PHP or an older cleaner may have written it. So
it is cleaned by an allow-list twice, when stored and when shown, after decoding (nh3 parses as browsers do).

Pages have a strict content security policy: no style attributes, no images from elsewhere. For the page, emphasis and
alignment in `style` become Bootstrap's utility classes, all other styling goes; images of other servers become
`data-remote-src`, so that opening a ticket tells nobody; `cid:` references become signed links of own attachments.
"""

from __future__ import annotations

import base64
import binascii
import html as html_text
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import nh3
from django.utils.html import linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from helpdesk.legacy.characters import clean_text

_TAGS = {
    *("a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption"),
    *("center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "dir", "div", "dl", "dt", "em"),
    *("figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins"),
    *("kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small"),
    *("span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time"),
    *("tr", "tt", "u", "ul", "var", "wbr"),
}
_DROPPED_WITH_CONTENT = {
    *("applet", "embed", "frameset", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext"),
    *("script", "select", "style", "svg", "template", "textarea", "title", "xmp"),
}
_LAYOUT = {"align", "dir", "lang", "title", "valign"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": _LAYOUT,
    "a": {"href"},
    "blockquote": {"cite"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "del": {"datetime"},
    "font": {"face", "size"},
    "hr": {"size", "width"},
    "img": {"alt", "height", "src", "width"},
    "ins": {"datetime"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "table": {"border", "cellpadding", "cellspacing", "summary", "width"},
    "td": {"colspan", "height", "rowspan", "width"},
    "th": {"colspan", "height", "rowspan", "scope", "width"},
    "time": {"datetime"},
    "ul": {"type"},
}
_STORED_ATTRIBUTES = {
    **_ATTRIBUTES,
    "*": {*_LAYOUT, "bgcolor", "class", "style"},
    "font": {*_ATTRIBUTES["font"], "color"},
}
_SHOWN_ATTRIBUTES = {**_ATTRIBUTES, "*": {*_LAYOUT, "style"}}
_LINK_SCHEMES = {"ftp", "http", "https", "mailto", "sip", "tel", "xmpp"}
_REMOTE = re.compile(r"https?://", re.IGNORECASE)
_CONTENT_ID = re.compile(r"cid:(?P<key>.+)", re.IGNORECASE | re.DOTALL)
_OWN_FILE = re.compile(r"(?:.*/)?file\.php\?(?:.*&)?key=(?P<key>[\w.-]{32})(?:&.*)?", re.DOTALL)
_STORABLE_SOURCE = re.compile(r"https?://|cid:|[\w.@$+-]+\Z", re.IGNORECASE)
"""Addresses of images that are kept: of other servers, and Content-IDs, which mails also write without `cid:`."""
_LOCAL_PATH = re.compile(r"/(?![/\\])")
_DATA_IMAGE = re.compile(
    r"data:(?P<type>image/(?:png|jpe?g|gif|webp|bmp));base64,(?P<data>.+)", re.IGNORECASE | re.DOTALL
)

_STYLE_PROPERTIES = {
    *("background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right"),
    *("border-spacing", "border-style", "border-top", "border-width", "color", "direction", "font-family", "font-size"),
    *("font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin"),
    *("margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding", "padding-bottom"),
    *("padding-left", "padding-right", "padding-top", "text-align", "text-decoration", "text-indent"),
    *("text-transform", "vertical-align", "white-space", "width", "word-break", "word-wrap"),
}
_HARMLESS_VALUE = re.compile(r"(?!.*(?:url|expression|image|var|attr)\s*\()[\w\s#%.,()'\"!-]{1,200}", re.IGNORECASE)
# As nh3 writes them. All tags are matched, for what looks like one inside an attribute must not be taken for one.
_ANY_TAG = re.compile(r'<(?P<name>[a-z][a-z0-9]*)(?P<attributes>(?: [\w:-]+="[^"]*")*)>')
_ATTRIBUTE_NAME = re.compile(r' ([\w:-]+)="[^"]*"')
_KEPT_CLASSES = "Mso"
"""Word's, as in osTicket (osticket/mail.md, Appendix A): other names could meet rules of our own pages."""
_NEGATIVE = re.compile(r"(?:^|\s)-")

_CLASSES_OF_STYLE = (
    ("font-weight", re.compile(r"bold(er)?|[6-9]00"), "fw-bold"),
    ("font-style", re.compile(r"italic|oblique"), "fst-italic"),
    ("text-decoration", re.compile(r".*\bunderline\b.*"), "text-decoration-underline"),
    ("text-decoration", re.compile(r".*\bline-through\b.*"), "text-decoration-line-through"),
    ("text-align", re.compile(r"center"), "text-center"),
    ("text-align", re.compile(r"right|end"), "text-end"),
    ("font-family", re.compile(r".*\b(monospace|courier|consolas)\b.*", re.IGNORECASE), "font-monospace"),
)

_TEXT_ALONE = nh3.Cleaner(tags=set(), clean_content_tags=_DROPPED_WITH_CONTENT)
_MARK = f"ostler{secrets.token_hex(16)}"
"""Marks what the second step of cleaning replaces; no page ever shows it, so no mail can contain it."""
_MARKED_STYLE = re.compile(rf' style="{_MARK}([a-z -]*)"')


@dataclass(frozen=True)
class EmbeddedImage:
    """An image that came inside the HTML as a `data:` address; `placeholder` stands in its place."""

    placeholder: str
    type: str
    data: bytes


@dataclass
class CleanBody:
    """HTML that may be stored, and the images that were taken out of it and are to be stored as files."""

    html: str
    images: list[EmbeddedImage] = field(default_factory=list)


def clean_html(html: str) -> CleanBody:
    """Clean HTML for storage: allowed elements, attributes and style properties only.

    Images given as `data:` addresses are taken out; their `src` becomes `cid:<placeholder>`, to be replaced by the key
    of the stored file. Links to our own download page become `cid:<key>` again, as editors send them back.
    """
    html = clean_text(html)
    images: list[EmbeddedImage] = []

    def filter_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            return _harmless_style(value)
        if attribute == "src":
            return _storable_source(value, images)
        if attribute == "class":
            return " ".join(name for name in value.split() if name.startswith(_KEPT_CLASSES)) or None
        return None if _is_data_address(value) else value  # the scheme is let through for images alone

    cleaner = nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_STORED_ATTRIBUTES,
        attribute_filter=filter_attribute,
        filter_style_properties=_STYLE_PROPERTIES,
        url_schemes={*_LINK_SCHEMES, "cid", "data"},
        link_rel=None,
    )
    return CleanBody(cleaner.clean(html), images)


def displayed_html(
    html: str, *, image_url: Callable[[str], str | None] = lambda key: None, remote_images: bool = False
) -> SafeString:
    """Clean stored HTML for a page.

    `image_url` gives the signed address of the attachment with a file key (lower case) or None; an image without one
    loses its source. With `remote_images` images of other servers are left in place; else they are not loaded.
    """

    def filter_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            return _MARK + _classes_of(value)
        if attribute == "src":
            return _shown_source(value, image_url, remote_images)
        return value

    cleaner = nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_SHOWN_ATTRIBUTES,
        attribute_filter=filter_attribute,
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"loading": "lazy"}},
        url_schemes={*_LINK_SCHEMES, "cid"},
        url_relative=lambda url: url if _LOCAL_PATH.match(url) or _OWN_FILE.fullmatch(url) else None,
        link_rel="noopener noreferrer nofollow",
    )
    cleaned = cleaner.clean(clean_text(html))
    named = _MARKED_STYLE.sub(lambda m: f' class="{m[1]}"' if m[1] else "", cleaned)
    kept_out = named.replace(f' src="{_MARK}', ' data-remote-src="')
    return mark_safe(_ANY_TAG.sub(_with_alternative_text, kept_out))  # noqa: S308 -- nh3 has cleaned it


def text_of_html(html: str) -> str:
    """Give the text of any HTML. Takes as long as the HTML is, which the parser of the standard library does not."""
    return html_text.unescape(_TEXT_ALONE.clean(clean_text(html)))


def text_as_html(text: str) -> str:
    """Turn plain text into HTML: escaped, addresses linked, paragraphs and line breaks kept."""
    spaced = re.sub(r"(?<= ) |(?m:^) ", "\xa0", text.replace("\t", "    "))
    return linebreaks(urlize(spaced, autoescape=True), autoescape=False)


def displayed_text(text: str) -> SafeString:
    """Show a plain-text body on a page; it is stored escaped, although it is no HTML (osticket/tickets.md §1.7)."""
    return displayed_html(text_as_html(html_text.unescape(text)))


def replace_placeholders(html: str, keys: Mapping[str, str]) -> str:
    """Put file keys in the place of placeholders and of the Content-IDs of a mail: `cid:<name>` to `cid:<key>`.

    Names compare exactly; `cid:` may be missing in front of a Content-ID (osticket/files.md §4).
    """
    if not keys:
        return html

    def filter_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute != "src":
            return value
        match = _CONTENT_ID.fullmatch(value)
        key = keys.get(match["key"] if match else value)
        return f"cid:{key}" if key else value

    cleaner = nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_STORED_ATTRIBUTES,
        attribute_filter=filter_attribute,
        url_schemes={*_LINK_SCHEMES, "cid"},
        link_rel=None,
    )
    return cleaner.clean(html)


def _with_alternative_text(tag: re.Match[str]) -> str:
    """Give the tag; an image without `alt` gets an empty one, or screen readers would spell out its address."""
    if tag["name"] != "img" or "alt" in _ATTRIBUTE_NAME.findall(tag["attributes"]):
        return tag[0]
    return f'<img alt=""{tag["attributes"]}>'


def _is_data_address(value: str) -> bool:
    return re.sub(r"[\x00-\x20]+", "", value).lower().startswith("data:")


def _storable_source(value: str, images: list[EmbeddedImage]) -> str | None:
    own_file = _OWN_FILE.fullmatch(value)
    if own_file:
        return f"cid:{own_file['key']}"
    if not _is_data_address(value):
        return value if _STORABLE_SOURCE.match(value.strip()) else None
    embedded = _DATA_IMAGE.fullmatch(value.strip())
    if embedded is None:
        return None
    try:
        data = base64.b64decode(re.sub(r"\s+", "", embedded["data"]), validate=True)
    except binascii.Error:
        return None
    image = EmbeddedImage(f"embedded-{secrets.token_hex(8)}", embedded["type"].lower(), data)
    images.append(image)
    return f"cid:{image.placeholder}"


def _shown_source(value: str, image_url: Callable[[str], str | None], remote_images: bool) -> str | None:
    content_id = _CONTENT_ID.fullmatch(value.strip())
    if content_id:
        return image_url(content_id["key"].lower())
    if _REMOTE.match(value.strip()):
        return value if remote_images else f"{_MARK}{value}"
    own_file = _OWN_FILE.fullmatch(value)
    return image_url(own_file["key"].lower()) if own_file else None


def _harmless_style(value: str) -> str | None:
    declarations = []
    for name, setting in _declarations(value):
        is_harmless = _HARMLESS_VALUE.fullmatch(setting) and not (_moves(name) and _NEGATIVE.search(setting))
        if name in _STYLE_PROPERTIES and is_harmless:
            declarations.append(f"{name}:{setting}")
    return ";".join(declarations) or None


def _declarations(style: str) -> list[tuple[str, str]]:
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    return [(name.strip().lower(), setting.strip()) for name, colon, setting in pairs if colon]


def _moves(name: str) -> bool:
    """Whether a negative value of the property can put content over its neighbours."""
    return name.startswith("margin") or name in {"text-indent", "letter-spacing"}


def _classes_of(style: str) -> str:
    declared = dict(_declarations(style))
    return " ".join(
        css_class for name, pattern, css_class in _CLASSES_OF_STYLE if pattern.fullmatch(declared.get(name, "").lower())
    )
