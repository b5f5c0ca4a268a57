"""A bucket on loopback that speaks enough S3 for an object store by URL, and misbehaves on demand."""

from __future__ import annotations

import threading
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_WRITTEN = "2026-11-22T02:00:00.000Z"


class Fault(StrEnum):
    """What the bucket does instead of what it should."""

    CARELESS = "replaces what is there although it was told to create only"
    GARBLES = "keeps other bytes than it was given"
    DROPS = "says that it has written, and has not"
    AWAY = "status 503"
    CONFLICT = "status 409 for each write"


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fault: Fault | None = None
        super().__init__(("127.0.0.1", 0), _Handler)


class Bucket:
    """Runs on a free loopback port while its `with` block runs.

    objects: what lies in it, by path with the bucket's name in front. fault: may be changed at any time.
    """

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="bucket")

    @property
    def objects(self) -> dict[str, bytes]:
        """What lies in the bucket."""
        return self._server.objects

    @property
    def fault(self) -> Fault | None:
        """What is wrong with it."""
        return self._server.fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        """Make something wrong with it, or nothing."""
        self._server.fault = fault

    @property
    def options(self) -> dict[str, str]:
        """What a client of the store needs to be told, by obstore's names."""
        endpoint = f"http://127.0.0.1:{self._server.server_port}"
        return {"endpoint": endpoint, "region": "somewhere", "skip_signature": "true"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        create_only = self.headers["If-None-Match"] == "*"
        if self.server.fault is Fault.CONFLICT:
            self._answer(409)
        elif self.path in self.server.objects and create_only and self.server.fault is not Fault.CARELESS:
            self._answer(412)
        else:
            if self.server.fault is not Fault.DROPS:
                self.server.objects[self.path] = (
                    body[:-1] + b"?" if self.server.fault is Fault.GARBLES else body
                )
            self._answer(200)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.server.objects.get(self.path)
        if "list-type=2" in parts.query:
            self._answer(200, _listing(self.server.objects, parts.path, parse_qs(parts.query)))
        else:
            self._answer(404) if body is None else self._answer(200, body)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.path, None)
        self._answer(204)

    def do_POST(self) -> None:  # deletion in bulk
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
        for key in keys:
            self.server.objects.pop(f"{urlsplit(self.path).path.rstrip('/')}/{key}", None)
        gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(503 if self.server.fault is Fault.AWAY else status)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 02:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _listing(objects: dict[str, bytes], bucket: str, query: dict[str, list[str]]) -> bytes:
    begins = f"{bucket.rstrip('/')}/{unquote(query.get('prefix', [''])[0])}"
    rows = "".join(
        f"<Contents><Key>{escape(path.removeprefix(bucket.rstrip('/') + '/'))}</Key>"
        f"<LastModified>{_WRITTEN}</LastModified><ETag>1</ETag><Size>{len(body)}</Size></Contents>"
        for path, body in sorted(objects.items())
        if path.startswith(begins)
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()
