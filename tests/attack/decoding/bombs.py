"""Small files that ask for much: pixels, frames, notes and nesting. Harmless grey, made on the spot."""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

MANY = 20_000


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", len(body) + 8) + name + body


def saved(name: str, size: tuple[int, int] = (32, 24), **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, name, **options)
    return out.getvalue()


PIXEL = chunk(b"IDAT", zlib.compress(b"\0\0"))


def pixel_bombs() -> Iterator[tuple[str, bytes]]:
    """Sizes in the header that no memory holds, with and without the data to match."""
    yield "png header", png(2**31 - 1, 2**31 - 1, PIXEL)
    yield (
        "png of one bit that unpacks",
        png(40_000, 40_000, chunk(b"IDAT", zlib.compress(bytes(40_000 * 5_001), 9)), depth=1),
    )
    yield (
        "gif header",
        b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0\0;",
    )
    small_gif = bytearray(saved("GIF"))
    small_gif[6:10] = b"\xff\xff\xff\xff"
    yield "gif screen around a small frame", bytes(small_gif)
    bmp = bytearray(saved("BMP"))
    bmp[18:26] = struct.pack("<ii", 100_000, 100_000)
    yield "bmp header", bytes(bmp)
    yield (
        "bmp of runs",
        b"BM"
        + bytes(8)
        + b"\x36\0\0\0"
        + struct.pack("<IiiHHIIiiII", 40, 60_000, 60_000, 1, 8, 1, 0, 0, 0, 0, 0)
        + bytes(1024)
        + b"\xff\0" * 1000,
    )
    jpeg = bytearray(saved("JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    yield "jpeg header", bytes(jpeg)
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"\xff\xff\xff" * 2
    yield "webp canvas", b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    for name, data in (
        ("tiff header", tiff(400_000, 400_000)),
        ("tiff of many samples", tiff(9_000, 9_000, 60)),
    ):
        yield name, data
    for name in ("AVIF", "HEIF"):
        data = bytearray(saved(name, (64, 64)))
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", 200_000, 200_000)
        yield f"{name.lower()} size", bytes(data)


def tiff(width: int, height: int, samples: int = 1, **extra: int) -> bytes:
    """One page, compressed by runs of nothing."""
    tags = {256: width, 257: height, 258: 8, 259: 32773, 262: 1, 273: 8, 277: samples, 278: height, 279: 4}
    tags |= {int(key): value for key, value in extra.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return (
        b"II*\0" + struct.pack("<I", 12) + b"\x81\0\x81\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


def frame_bombs() -> Iterator[tuple[str, bytes]]:
    """More frames and pages than anybody shows."""
    frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    palette = b"\x80\0\0" + bytes(3) + b"\xff\xff\xff"
    yield "gif of tiny frames", b"GIF89a\x01\0\x01\0" + palette + frame * 50_000 + b";"
    control = struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 100, 0, 0)
    announced = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield (
        "apng that announces two thousand million frames",
        png(1, 1, announced, chunk(b"fcTL", control), PIXEL),
    )
    frames = [
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * number - 1, 1, 1, 0, 0, 1, 100, 0, 0))
        + chunk(b"fdAT", struct.pack(">I", 2 * number) + zlib.compress(b"\0\0"))
        for number in range(1, 5_000)
    ]
    count = chunk(b"acTL", struct.pack(">II", 5_000, 0))
    yield "apng of tiny frames", png(1, 1, count, chunk(b"fcTL", control), PIXEL, *frames)
    page = tiff(1, 1)
    yield "tiff whose last page is its first", page[:-4] + struct.pack("<I", 12)


def slow_bombs() -> Iterator[tuple[str, bytes]]:
    """Those whose frames each cost something, so that the limit of time may be what ends them."""
    frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    palette = b"\x80\0\0" + bytes(3) + b"\xff\xff\xff"
    yield "gif of tiny frames on a large screen", b"GIF89a\xff\x0f\xff\x0f" + palette + frame * MANY + b";"
    page = tiff(1, 1)
    pages = bytearray(b"II*\0" + struct.pack("<I", 8))
    entries = page[12:-4]
    for number in range(MANY):
        pages += entries + struct.pack("<I", 0 if number == MANY - 1 else len(pages) + len(entries) + 4)
    yield "tiff of many pages", bytes(pages)


def note_bombs() -> Iterator[tuple[str, bytes]]:
    """Notes, profiles and tables that unpack or multiply."""
    zeros = zlib.compress(bytes(100_000_000), 9)
    yield "png text that unpacks", png(1, 1, chunk(b"zTXt", b"note\0\0" + zeros), PIXEL)
    yield (
        "png text in many parts",
        png(1, 1, *[chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(900_000), 9))] * 60, PIXEL),
    )
    yield "png international text", png(1, 1, chunk(b"iTXt", b"note\0\x01\0\0\0" + zeros), PIXEL)
    yield "png profile that unpacks", png(1, 1, chunk(b"iCCP", b"profile\0\0" + zeros), PIXEL)
    jpeg = saved("JPEG")
    segment = b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)
    yield "jpeg of notes", jpeg[:2] + segment * 400 + jpeg[2:]
    yield (
        "jpeg of profiles",
        jpeg[:2] + (b"\xff\xe2\xff\xffICC_PROFILE\0\x01\xff" + bytes(65_519)) * 400 + jpeg[2:],
    )
    yield "jpeg with notes that name themselves", jpeg[:2] + exif_loop() + jpeg[2:]
    yield "tiff whose entries share their bytes", shared_tiff()
    deep = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 200_000
    yield "png of deep text", png(1, 1, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + deep), PIXEL)
    block = b"\xff" + bytes(255)
    yield "gif of comments", saved("GIF")[:-1] + (b"!\xfe" + block * 1000 + b"\0") * 40 + b";"


def exif_loop() -> bytes:
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)  # the table of this table is this table
    body = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 3) + entry * 3 + struct.pack("<I", 8)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def shared_tiff() -> bytes:
    length = 4_000_000
    entries = b"".join(struct.pack("<HHII", 40_000 + number, 1, length, 8) for number in range(20_000))
    table = struct.pack("<H", 20_000) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + length) + bytes(length) + table


def nested_bombs() -> Iterator[tuple[str, bytes]]:
    """Boxes in boxes, and counts without end."""
    brand = box(b"ftyp", b"isom\0\0\0\0isom")
    for name in (b"moov", b"trak", b"udta", b"meta"):
        inside = b""
        for _ in range(5_000):
            inside = box(name, inside)
        yield f"mp4 of nested {name.decode()}", brand + box(b"moov", inside)
    table = box(b"stsz", bytes(8), b"\xff\xff\xff\xff")
    sample = box(
        b"stbl", table, box(b"stco", bytes(4), b"\xff\xff\xff\xff"), box(b"stts", bytes(4), b"\xff" * 4)
    )
    yield "mp4 of countless samples", brand + box(b"moov", box(b"trak", box(b"mdia", box(b"minf", sample))))
    yield "mp4 of boxes without size", brand + (b"\0\0\0\0moov") * 5_000
    yield "mp4 of huge boxes", brand + b"\0\0\0\x01moov" + b"\x7f" + b"\xff" * 7 + bytes(64)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    inside = b""
    for _ in range(5_000):
        inside = box(b"iprp", inside)
    yield "heic of nested boxes", heic + box(b"meta", bytes(4), inside) + box(b"mdat")
    yield (
        "heic of countless items",
        heic + box(b"meta", bytes(4), box(b"iinf", b"\x01\0\0\0\xff\xff\xff\xff")),
    )
    yield (
        "webm of nested masters",
        b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x18\x53\x80\x67\x01\xff\xff" * 5_000,
    )
    yield "avi of nested lists", b"RIFF\xff\xff\xff\x7fAVI " + b"LIST\xff\xff\xff\x7fhdrl" * 5_000
