"""A small platform that speaks our API, for demonstrations and tests: it uploads and shows the answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and the JSON body (None where there was none)."""

    status: int
    body: Any


class Platform:
    """Calls the API at `base_url` (http on this machine) with one key."""

    def __init__(self, base_url: str, key: str, *, timeout_seconds: float = 60.0) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._key = key
        self._timeout = timeout_seconds

    def upload(
        self,
        data: bytes,
        context: Mapping[str, Any],
        *,
        media_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Scan a file as a multipart upload."""
        return self._post("/v1/scan", context, [("file", data)], media_type, headers)

    def stream(
        self,
        stream_id: str,
        frames: Sequence[bytes],
        context: Mapping[str, Any],
        *,
        media_type: str = "image/jpeg",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Scan frames of a live stream. stream_id: as it stands in an address."""
        parts = [("frame", frame) for frame in frames]
        return self._post(f"/v1/streams/{stream_id}/frames", context, parts, media_type, headers)

    def _post(
        self,
        path: str,
        context: Mapping[str, Any],
        files: Sequence[tuple[str, bytes]],
        media_type: str,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        boundary = secrets.token_hex(16)
        disposition = f"--{boundary}\r\nContent-Disposition: form-data; name="
        body = f'{disposition}"context"\r\n\r\n{json.dumps(dict(context))}\r\n'.encode()
        for name, data in files:
            head = f'{disposition}"{name}"; filename="upload"\r\nContent-Type: {media_type}\r\n\r\n'
            body += head.encode() + data + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.send("POST", path, body, {"Content-Type": content_type, **(headers or {})})

    def ask(
        self, method: str, path: str, value: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a JSON request, or one without a body."""
        body = None if value is None else json.dumps(value).encode()
        return self.send(method, path, body, {"Content-Type": "application/json", **(headers or {})})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send any request with the key and return the answer."""
        connection = HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            # Whoever is refused because of its size may hear so before all of it is sent.
            with suppress(BrokenPipeError):
                connection.request(method, path, body, {"Authorization": f"Bearer {self._key}", **headers})
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.getheader("content-type") or "")
        return Answer(response.status, json.loads(raw) if is_json and raw else raw.decode("utf-8", "replace"))
