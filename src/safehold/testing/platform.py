"""A small platform that speaks our API, for demonstrations and tests: it uploads and shows the answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
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
        boundary = secrets.token_hex(16)
        before_context = f'--{boundary}\r\nContent-Disposition: form-data; name="context"\r\n\r\n'
        before_file = (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="upload"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        written = before_context + json.dumps(dict(context)) + before_file
        body = written.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.send("POST", "/v1/scan", body, {"Content-Type": content_type, **(headers or {})})

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
            connection.request(method, path, body, {"Authorization": f"Bearer {self._key}", **headers})
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.getheader("content-type") or "")
        return Answer(response.status, json.loads(raw) if is_json and raw else raw.decode("utf-8", "replace"))
