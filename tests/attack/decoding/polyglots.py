"""Files that are two things at once: harmless pictures with another format before, after or inside."""

import io
import zipfile

import bombs


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("note.txt", "A quiet lake between two hills.")
    return out.getvalue()


HTML = b"<!DOCTYPE html><script>document.title = 'read as a page'</script>"
SCRIPT = b"/*"
PHP = b"<?php echo 'read as a program'; ?>"


def readable() -> dict[str, tuple[bytes, bytes]]:
    """Name to (the polyglot, the plain picture that it must be read as)."""
    jpeg, png, gif = (bombs.saved(name, (200, 150)) for name in ("JPEG", "PNG", "GIF"))
    comment = b"\xff\xfe" + (len(PHP) + 2).to_bytes(2, "big") + PHP
    page = bombs.chunk(b"tEXt", b"note\0" + HTML)
    return {
        "jpeg and zip": (jpeg + zipped(), jpeg),
        "jpeg and page": (jpeg + HTML, jpeg),
        "jpeg with a program in its comment": (jpeg[:2] + comment + jpeg[2:], jpeg),
        "png and page": (png[:33] + page + png[33:], png),
        "png and zip": (png + zipped(), png),
        "gif and script": (gif[:-1] + b"!\xfe\x02*/\0;" + b"=1;alert(1)", gif),
        "jpeg and film": (jpeg + bombs.box(b"ftyp", b"isom\0\0\0\0isom") + bombs.box(b"mdat"), jpeg),
        "jpeg and document": (jpeg + b"%PDF-1.7\n%%EOF", jpeg),
    }


def unreadable() -> dict[str, bytes]:
    """Pictures behind the head of something else: other programs may find them, so they are never clear."""
    jpeg, png = bombs.saved("JPEG", (200, 150)), bombs.saved("PNG", (200, 150))
    return {
        "document before a jpeg": b"%PDF-1.4\n" + jpeg,
        "zip before a png": zipped() + png,
        "page before a png": HTML + png,
        "script before a gif": SCRIPT + bombs.saved("GIF"),
        "film box around a jpeg": bombs.box(b"ftyp", b"isom\0\0\0\0isom") + bombs.box(b"mdat", jpeg),
        "quicktime before a jpeg": bombs.box(b"wide") + bombs.box(b"mdat", jpeg),
        "svg that embeds": b"<svg xmlns='http://www.w3.org/2000/svg'><image/></svg>" + png,
    }
