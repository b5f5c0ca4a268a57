"""What are these bytes? Told by their first bytes alone, never by a name or a claim.

Nothing here parses: it only compares, so the parent process may use it on hostile bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from safehold.model.media import DecodeFailure

HEAD_BYTES = 1024
"""How much of the media sniff() looks at."""


class Reading(StrEnum):
    """Which reader the bytes belong to."""

    IMAGE = "image"
    HEIF = "heif"
    VIDEO = "video"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """media_type: by IANA's names, "application/octet-stream" when unknown. demuxer: FFmpeg's, for video."""

    media_type: str
    reading: Reading = Reading.NONE
    demuxer: str = ""


UNKNOWN = Sniffed("application/octet-stream")

_PATTERNS: tuple[tuple[re.Pattern[bytes], Sniffed], ...] = tuple(
    (re.compile(pattern, re.DOTALL), sniffed)
    for pattern, sniffed in (
        (rb"\xff\xd8\xff", Sniffed("image/jpeg", Reading.IMAGE)),
        (rb"\x89PNG\r\n\x1a\n", Sniffed("image/png", Reading.IMAGE)),
        (rb"GIF8[79]a", Sniffed("image/gif", Reading.IMAGE)),
        (rb"RIFF....WEBP", Sniffed("image/webp", Reading.IMAGE)),
        (rb"(II[*+]\0|MM\0[*+])", Sniffed("image/tiff", Reading.IMAGE)),
        # "BM" alone starts many words; the size of the second header tells a bitmap from a text.
        (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", Sniffed("image/bmp", Reading.IMAGE)),
        (rb"\x1a\x45\xdf\xa3.{0,64}webm", Sniffed("video/webm", Reading.VIDEO, "matroska")),
        (rb"\x1a\x45\xdf\xa3", Sniffed("video/x-matroska", Reading.VIDEO, "matroska")),
        (rb"RIFF....AVI ", Sniffed("video/x-msvideo", Reading.VIDEO, "avi")),
        (rb"FLV\x01", Sniffed("video/x-flv", Reading.VIDEO, "flv")),
        (rb"OggS\0", Sniffed("video/ogg", Reading.VIDEO, "ogg")),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Sniffed("video/x-ms-asf", Reading.VIDEO, "asf")),
        (rb"\0\0\x01\xba", Sniffed("video/mpeg", Reading.VIDEO, "mpeg")),
        (rb"\x47.{187}\x47.{187}\x47", Sniffed("video/mp2t", Reading.VIDEO, "mpegts")),
        # Known pictures that we do not read: an honest "unsupported", not a false label.
        (rb"\0\0\0\x0cjP  \r\n\x87\n", Sniffed("image/jp2")),
        (rb"(\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n)", Sniffed("image/jxl")),
        (rb"8BPS\0", Sniffed("image/vnd.adobe.photoshop")),
        (rb"\0\0\x01\0[^\0]\0", Sniffed("image/vnd.microsoft.icon")),
        (
            rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]",
            Sniffed("image/svg+xml"),
        ),
        (rb"%PDF-", Sniffed("application/pdf")),
        (rb"PK\x03\x04", Sniffed("application/zip")),
    )
)

_BOX = re.compile(rb"....(ftyp|styp|moov|moof|mdat|wide|free|skip|pnot)", re.DOTALL)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}


def sniff(data: bytes) -> Sniffed:
    """Tell what `data` begins as; the first HEAD_BYTES are enough. Empty or strange bytes are UNKNOWN."""
    head = data[:HEAD_BYTES]
    if _BOX.match(head):
        return _boxed(head)
    for pattern, sniffed in _PATTERNS:
        if pattern.match(head):
            return sniffed
    return UNKNOWN


def _boxed(head: bytes) -> Sniffed:
    """Tell pictures from films in the one container that both use; its brands say which it is."""
    if head[4:8] != b"ftyp":
        return Sniffed("video/quicktime", Reading.VIDEO, "mov")
    size = int.from_bytes(head[:4], "big")
    major = head[8:12]
    brands = {major} | {head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4)}
    if brands & _AVIF_BRANDS:
        return Sniffed("image/avif", Reading.IMAGE)
    if major in _HEIF_BRANDS:
        name = "image/heif" if major in {b"mif1", b"msf1"} else "image/heic"
        return Sniffed(name, Reading.HEIF)
    if major in _AUDIO_BRANDS:
        return Sniffed("audio/mp4", Reading.VIDEO, "mov")
    return Sniffed("video/quicktime" if major == b"qt  " else "video/mp4", Reading.VIDEO, "mov")


def unreadable(sniffed: Sniffed, claimed_type: str | None) -> DecodeFailure:
    """Say why bytes that no reader takes could not be read.

    Claimed to be a picture or film and no picture or film at all: mislabelled. Otherwise unsupported.
    A readable picture of another type than claimed never comes here: it is read like any other.
    """
    claimed_media = _is_media(claimed_type.strip().lower()) if claimed_type else False
    if claimed_media and not _is_media(sniffed.media_type):
        return DecodeFailure.MISLABELLED
    return DecodeFailure.UNSUPPORTED


def _is_media(media_type: str) -> bool:
    return media_type.startswith(("image/", "video/"))
