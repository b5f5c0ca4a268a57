"""Strict servers that classify pictures over HTTP as vendors do, and go wrong on demand.

They look at nothing but the middle of a picture: the brighter it is, the higher the band. That is enough to
see whose answer came back.
"""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image, UnidentifiedImageError

from safehold.testing.classifier_faults import JSON, OF_THE_ANSWER, Fault, cut, route_of
from safehold.testing.servers import Answer, LocalServer, Received, Route, reply

PRIORITIES = ("VERY_LOW", "LOW", "MEDIUM", "HIGH", "VERY_HIGH")
"""The words of Google's Content Safety API, rising."""
MOST_PICTURES, MOST_BYTES = 32, 10 * 1024 * 1024
"""What it takes in a call."""
_ALLOWED_INFO = frozenset({"jfif", "jfif_version", "jfif_unit", "jfif_density"})


class NotTaken(Exception):
    """A request breaks the rules of the interface. Its words name the rule."""

    def __init__(self, status: int, rule: str) -> None:
        self.status = status
        super().__init__(rule)


@dataclass(frozen=True, slots=True)
class Interface:
    """How a vendor is spoken to.

    path: where. read: returns the files of the pictures; raises NotTaken. value: the word or number for a
    brightness of 0 to 1. answer: the whole answer with these values.
    """

    path: str
    read: Callable[[Received], list[bytes]]
    value: Callable[[float], str | float]
    answer: Callable[[Sequence[str | float]], Any]


@dataclass(slots=True)
class ClassifierServer:
    """Runs on a free loopback port while its `with` block runs.

    taken: the files of each call that kept the rules, in order. refused: the rule that each other call
    broke; a test of a client ends with `assert not server.refused`.
    """

    interface: Interface
    taken: list[list[bytes]] = field(default_factory=list, repr=False)
    refused: list[str] = field(default_factory=list)
    _always: Fault | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: LocalServer = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the server."""
        self._server = LocalServer({self.interface.path: self._answer})

    @property
    def url(self) -> str:
        """Where to post."""
        return self._server.url(self.interface.path)

    @property
    def port(self) -> int:
        """The port, for permitting it."""
        return self._server.port

    @property
    def requests(self) -> list[Received]:
        """Everything that arrived, in order."""
        return self._server.requests

    def fail(self, fault: Fault | None) -> None:
        """Let every proper call meet this fault from now on, none with None."""
        self._always = fault

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _answer(self, answer: Answer) -> None:
        try:
            files = self.interface.read(answer.received)
            brightness = [_brightness(each) for each in files]
        except NotTaken as error:
            with self._lock:
                self.refused.append(str(error))
            reply(b'{"error": {}}', status=error.status, media_type=JSON)(answer)
            return
        with self._lock:
            self.taken.append(files)
        values = [self.interface.value(each) for each in brightness]
        self._route(values, json.dumps(self.interface.answer(values)).encode())(answer)

    def _route(self, values: Sequence[str | float], said: bytes) -> Route:
        fault = self._always
        if fault is None:
            return reply(said, media_type="application/json; charset=UTF-8")
        if fault is Fault.CUT:
            return cut(said)
        if fault is Fault.TWICE:
            return reply(said[:-1] + b", " + said[1:], media_type=JSON)
        if fault not in OF_THE_ANSWER:
            return route_of(fault)
        spoilt = {
            Fault.PARTIAL: values[:-1],
            Fault.TOO_MANY: [*values, values[-1]],
            Fault.NEW_WORD: [*values[:-1], "UNHEARD_OF"],
            Fault.NOT_A_NUMBER: [*values[:-1], float("nan")],
            Fault.BEYOND: [*values[:-1], 1e6],
        }
        return reply(json.dumps(self.interface.answer(spoilt[fault])).encode(), media_type=JSON)


def content_safety(key: str) -> Interface:
    """Return Google's Content Safety API, as the pages named in its card describe it."""

    def read(received: Received) -> list[bytes]:
        _need(received.method == "POST", 404, "POST alone")
        _need("?" not in received.path, 400, "nothing in the query: the key stands in a header")
        _need(received.headers.get("x-goog-api-key") == key, 401, "the key")
        _need(received.headers.get("content-type") == JSON, 400, "the content type is JSON")
        _need(len(received.body) <= MOST_BYTES, 413, "at most 10 MB")
        body = _json(received)
        _need(set(body) == {"images"} and isinstance(body["images"], list), 400, "images and nothing else")
        _need(1 <= len(body["images"]) <= MOST_PICTURES, 400, "1 to 32 images")
        return [_base64(each) for each in body["images"]]

    def answer(values: Sequence[str | float]) -> Any:
        return {"model_version": "made-up-1", "reviewPriorities": list(values)}

    return Interface("/v1beta1/images:classify", read, _priority, answer)


def form_of_one(login: str) -> Interface:
    """Return a made-up vendor that takes a form with one file and answers with a number from 0 to 100."""

    def read(received: Received) -> list[bytes]:
        _need(received.headers.get("authorization") == login, 401, "the login")
        parts = _parts(received)
        _need(set(parts) == {"media", "model"}, 400, "the fields media and model")
        _need(parts["model"] == b"still", 400, "the model")
        return [parts["media"]]

    def answer(values: Sequence[str | float]) -> Any:
        return {"status": "done", "classes": [{"label": "asks", "score": each} for each in values]}

    return Interface("/moderate", read, lambda brightness: round(100 * brightness, 2), answer)


def raw_of_one(login: str) -> Interface:
    """Return a made-up vendor that takes the picture itself and answers with a share."""

    def read(received: Received) -> list[bytes]:
        _need(received.headers.get("authorization") == login, 401, "the login")
        _need(received.headers.get("content-type") == "image/png", 400, "a PNG")
        return [received.body]

    def answer(values: Sequence[str | float]) -> Any:
        return {"result": {"scores": [{"risk": each} for each in values]}}

    return Interface("/v2/score", read, lambda brightness: brightness, answer)


def _need(holds: bool, status: int, rule: str) -> None:
    if not holds:
        raise NotTaken(status, rule)


def _json(received: Received) -> Mapping[str, Any]:
    try:
        body = json.loads(received.body)
    except ValueError:
        raise NotTaken(400, "the body is JSON") from None
    _need(isinstance(body, dict), 400, "the body is an object")
    return dict(body)


def _base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise NotTaken(400, "pictures in base64") from None


def _parts(received: Received) -> dict[str, bytes]:
    head = f"Content-Type: {received.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + received.body)
    _need(message.is_multipart(), 400, "a form")
    found = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        found[str(part.get_param("name", header="content-disposition"))] = bytes(content)
    return found


def _brightness(file: bytes) -> float:
    """Return how bright the middle is, 0 to 1. A picture with anything beside its pixels is not taken."""
    try:
        with Image.open(io.BytesIO(file), formats=["JPEG", "PNG"]) as picture:
            picture.load()
            _need(set(picture.info) <= _ALLOWED_INFO, 400, "nothing beside the picture")
            _need(not picture.getexif(), 400, "no EXIF")
            _need(max(picture.size) <= 512, 400, "at most 512 pixels long")
            pixels = np.asarray(picture.convert("L"))
    except (UnidentifiedImageError, OSError):
        raise NotTaken(400, "a whole JPEG or PNG") from None
    height, width = pixels.shape
    return float(pixels[height // 4 : height // 4 * 3 + 1, width // 4 : width // 4 * 3 + 1].mean()) / 255


def _priority(brightness: float) -> str:
    return PRIORITIES[min(4, int(brightness * 5))]
