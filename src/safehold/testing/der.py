"""Just enough DER to write a time stamp and to read the request for one, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

INTEGER, OCTETS, NULL, OID, TRUE, SEQUENCE, SET, TIME = 0x02, 0x04, 0x05, 0x06, 0x01, 0x30, 0x31, 0x18


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it was read. whole: with its tag and length."""

    tag: int
    content: bytes = field(repr=False)
    whole: bytes = field(repr=False)

    def inside(self) -> list[Element]:
        """Return the elements that the content consists of. Raises ValueError for anything but DER."""
        return list(read(self.content))

    def number(self) -> int:
        """Return the content as an integer."""
        return int.from_bytes(self.content, "big", signed=True)


def read(data: bytes) -> Iterator[Element]:
    """Yield the elements that follow each other in these bytes. Raises ValueError for anything but DER."""
    place = 0
    while place < len(data):
        try:
            tag, length, begin = data[place], data[place + 1], place + 2
            if length > 0x80:
                begin += length - 0x80
                length = int.from_bytes(data[place + 2 : begin], "big")
        except IndexError:
            raise ValueError("an element ends early") from None
        end = begin + length
        if end > len(data):
            raise ValueError("an element ends early")
        yield Element(tag, data[begin:end], data[place:end])
        place = end


def element(tag: int, *content: bytes) -> bytes:
    """Return one element that holds these bytes."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + body


def sequence(*content: bytes) -> bytes:
    """Return a sequence of elements."""
    return element(SEQUENCE, *content)


def set_of(*content: bytes) -> bytes:
    """Return a set of elements, in the order that DER asks for."""
    return element(SET, *sorted(content))


def integer(value: int) -> bytes:
    """Return an integer."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """Return a string of bytes."""
    return element(OCTETS, value)


def oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    return element(OID, bytes([first * 40 + second]), *map(_base_128, rest))


def instant(at: datetime) -> bytes:
    """Return an instant, to the second."""
    return element(TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def explicit(number: int, *content: bytes) -> bytes:
    """Return elements under a context tag of this number."""
    return element(0xA0 + number, *content)


def _base_128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))
