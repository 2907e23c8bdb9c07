"""What Outlook packs into winmail.dat (osticket/mail.md §3.7).

Read here and not by tnefparse: that trusts the counts in the stream, so four bytes that name four thousand million
properties keep it busy for minutes, as often as they occur. Here a stream is walked once, and every length is checked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from helpdesk.mail.reading.charsets import text_of

MEDIA_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
MOST_ATTRIBUTES = 5000
MOST_PROPERTIES = 2000
_SIGNATURE = 0x223E9F78
_CODE_PAGE, _MESSAGE = 0x69007, 0x69003
_FILE_BEGINS, _FILE_PROPERTIES, _FILE_NAME, _FILE_DATA = 0x69002, 0x69005, 0x18010, 0x6800F
_IMPORTANCE, _BODY_HTML, _INTERNET_CODE_PAGE = 0x0017, 0x1013, 0x3FDE
_LONG_NAME, _SHORT_NAME, _TRANSPORT_NAME = 0x3707, 0x3704, 0x370C
_MEDIA_TYPE, _CONTENT_ID, _DATA = 0x370E, 0x3712, 0x3701
_FIXED = {0x0002: 2, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 2, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8}
_FIXED |= {0x0048: 16}
_TEXT, _UNICODE = 0x001E, 0x001F
_VARIABLE = {_TEXT, _UNICODE, 0x000D, 0x0102}
_MULTIPLE, _NAMED = 0x1000, 0x8000


class TnefError(Exception):
    """The stream is damaged, or larger than we read; the file stays what it is."""


@dataclass
class PackedFile:
    """A file in the stream."""

    name: str = ""
    media_type: str = ""
    content: bytes = b""
    content_id: str = ""


@dataclass
class Packed:
    """What the stream holds; `html` is '' where it holds none."""

    html: str = ""
    importance: int | None = None
    files: list[PackedFile] = field(default_factory=list)


def unpack(stream: bytes, *, most_bytes: int) -> Packed:
    """Read a stream whose contents are at most `most_bytes`; raises TnefError."""
    try:
        return _unpack(memoryview(stream), most_bytes)
    except struct.error as error:
        raise TnefError("ends too early") from error


def _unpack(stream: memoryview, most_bytes: int) -> Packed:
    packed, charset, html, unpacked = Packed(), "cp1252", b"", 0
    for tag, data in _attributes(stream):
        if tag == _CODE_PAGE:
            charset = f"cp{struct.unpack_from('<I', data)[0]}"
        elif tag == _MESSAGE:
            found = dict(_properties(data))
            charset = f"cp{_number(found[_INTERNET_CODE_PAGE])}" if _INTERNET_CODE_PAGE in found else charset
            html = found.get(_BODY_HTML, (0, html))[1]
            packed.importance = _number(found[_IMPORTANCE]) if _IMPORTANCE in found else packed.importance
        elif tag == _FILE_BEGINS:
            packed.files.append(PackedFile())
        elif tag in {_FILE_PROPERTIES, _FILE_NAME, _FILE_DATA}:
            if not packed.files:
                packed.files.append(PackedFile())
            _tell(packed.files[-1], tag, data, charset)
            unpacked += len(data)
            if unpacked > most_bytes:
                raise TnefError("holds too much")
    packed.html = text_of(html.rstrip(b"\0"), _python_name(charset))
    packed.files = [file for file in packed.files if file.content or file.name]
    return packed


def _attributes(stream: memoryview) -> Iterator[tuple[int, memoryview]]:
    if len(stream) < 6 or struct.unpack_from("<I", stream)[0] != _SIGNATURE:
        raise TnefError("has no signature")
    position, count = 6, 0
    while position < len(stream):
        _level, tag, length = struct.unpack_from("<BII", stream, position)
        data = stream[position + 9 : position + 9 + length]
        (wanted,) = struct.unpack_from("<H", stream, position + 9 + length)
        if sum(data) % 65536 != wanted:
            raise TnefError("has a wrong checksum")
        count += 1
        if count > MOST_ATTRIBUTES:
            raise TnefError("has too many attributes")
        yield tag, data
        position += 9 + length + 2


def _properties(data: memoryview) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Give the properties by number, each with its kind and value; ends where the block is not understood."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _index in range(min(count, MOST_PROPERTIES)):
        if position + 4 > len(data):
            return
        kind, number = struct.unpack_from("<HH", data, position)
        position += 4
        if number & _NAMED:
            position = _after_name(data, position)
        values = 1
        if kind & _MULTIPLE or kind & 0xFFF in _VARIABLE:
            (values,) = struct.unpack_from("<I", data, position)
            position += 4
        kind &= 0xFFF
        if kind not in _FIXED and kind not in _VARIABLE:
            return
        for _value in range(min(values, MOST_PROPERTIES)):
            if kind in _VARIABLE:
                (length,) = struct.unpack_from("<I", data, position)
                position += 4
            else:
                length = _FIXED[kind]
            yield number, (kind, bytes(data[position : position + length]))
            position += length + (-length) % 4
            if position > len(data):
                return


def _after_name(data: memoryview, position: int) -> int:
    position += 16
    (is_text,) = struct.unpack_from("<I", data, position)
    position += 4
    (length,) = struct.unpack_from("<I", data, position)
    return position + 4 + (length + (-length) % 4 if is_text else 0)


def _tell(file: PackedFile, tag: int, data: memoryview, charset: str) -> None:
    if tag == _FILE_DATA:
        file.content = bytes(data)
    elif tag == _FILE_NAME:
        file.name = file.name or _base_name(_text((_TEXT, bytes(data)), charset))
    else:
        found = dict(_properties(data))
        names = [_text(found[one], charset) for one in (_LONG_NAME, _SHORT_NAME, _TRANSPORT_NAME) if one in found]
        file.name = next((_base_name(name) for name in names if name), file.name)
        file.media_type = _text(found[_MEDIA_TYPE], charset) if _MEDIA_TYPE in found else file.media_type
        file.content_id = _text(found[_CONTENT_ID], charset).strip("<>") if _CONTENT_ID in found else file.content_id
        file.content = found[_DATA][1] if _DATA in found and not file.content else file.content


def _text(value: tuple[int, bytes], charset: str) -> str:
    kind, data = value
    if kind == _UNICODE:
        return text_of(data, "utf-16-le").strip()
    return text_of(data.split(b"\0")[0], _python_name(charset)).strip()


def _python_name(charset: str) -> str:
    return {"cp65001": "utf-8", "cp20127": "us-ascii", "cp28591": "iso-8859-1", "cp20866": "koi8-r"}.get(
        charset, charset
    )


def _base_name(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _number(value: tuple[int, bytes]) -> int:
    return int.from_bytes(value[1][:4], "little")
