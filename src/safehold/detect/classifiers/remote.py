"""A classifier on another machine, asked over HTTP as its card says. It goes through the one door outward.

What it is handed was made anew from pixels by a confined worker, and is written anew here: no byte of an
upload and nothing that was said beside the picture in it.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from safehold.detect.classifiers.base import Pixels, Unanswered
from safehold.detect.classifiers.cards import read_card
from safehold.detect.classifiers.remote_answers import MOST_BYTES, opinions
from safehold.detect.classifiers.remote_cards import PICTURE, PICTURES, Login, RemoteCard, Sending
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress, Response
from safehold.egress.urls import parse_target
from safehold.model.classifier import ClassifierInfo, Opinion
from safehold.model.errors import AddressRefused, BadSettings, FetchFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a classifier is reached, and with what. url: as the operator wrote it. username: of `basic`."""

    url: str = field(repr=False)
    permitted: PermittedNetworks
    username: str | None = None
    key: str | None = field(default=None, repr=False)


class RemoteClassifier:
    """Asks one machine. Safe to share between threads: every call is a connection of its own."""

    def __init__(self, name: str, card: RemoteCard, access: Access, egress: Egress) -> None:
        """Raises BadSettings where the address is none, or the key and the card do not go together."""
        try:
            destination = parse_target(access.url).host_header
        except AddressRefused as error:
            raise BadSettings(f"classifiers.{name}.url: {error.what}") from None
        self._card, self._access, self._egress = card, access, egress
        self._info = card.info(name, destination=destination)
        self._login = _login(name, card.login, access)

    @property
    def info(self) -> ClassifierInfo:
        """Return what it is."""
        return self._info

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        """Return an opinion of each picture. Raises Unanswered, Garbled and TimeoutError."""
        if not pictures:
            return []
        how = self._card.sending
        body, media_type = _body([_written(each, how) for each in pictures], how)
        answer = self._call(body, media_type, seconds)
        if answer.status != 200:
            raise Unanswered(f"status_{answer.status}", rest=_rest(answer))
        return opinions(
            answer.body,
            answer.headers.get("content-type", ""),
            self._card.answer,
            pictures=len(pictures),
            version=self._info.version,
        )

    def close(self) -> None:
        """Nothing is held."""

    def _call(self, body: bytes, media_type: str, seconds: float) -> Response:
        headers = {**self._card.sending.headers, **self._login}
        headers |= {"Content-Type": media_type, "Accept": "application/json"}
        try:
            return self._egress.send(
                self._access.url,
                body=body,
                headers=headers,
                permitted=self._access.permitted,
                deadline_seconds=seconds,
                answer_bytes=MOST_BYTES + 1,
            )
        except AddressRefused:
            raise Unanswered("address_refused") from None
        except FetchFailed as error:
            if error.reason == "timeout":
                raise TimeoutError from None
            raise Unanswered(error.reason) from None


def open_remote(name: str, card: str, access: Access, egress: Egress) -> RemoteClassifier:
    """Return the classifier of a card. name: as in the settings. Nothing is sent. Raises BadSettings."""
    read, _ = read_card(card, RemoteCard)
    return RemoteClassifier(name, read, access, egress)


def _login(name: str, login: Login, access: Access) -> Mapping[str, str]:
    """Return the header that says who asks."""
    wanted = {"key": login.form != "none", "username": login.form == "basic"}
    given = {"key": access.key is not None, "username": access.username is not None}
    for what, needed in wanted.items():
        if needed != given[what]:
            raise BadSettings(
                f"classifiers.{name}.{what}: the card {'needs one' if needed else 'knows of none'}.",
                advice="A key may come by the environment, to every command that reads these settings:"
                f" SAFEHOLD_CLASSIFIERS__{name.upper()}__KEY.",
            )
    if access.key is None:
        return {}
    if not (access.key.isascii() and access.key.isprintable()):
        raise BadSettings(f"classifiers.{name}.key: not what a header can carry.")
    if login.form == "basic":
        pair = f"{access.username}:{access.key}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if login.form == "bearer":
        return {"Authorization": f"Bearer {access.key}"}
    return {str(login.header): access.key}


def _written(pixels: Pixels, how: Sending) -> bytes:
    """Return a picture as a file that holds the picture alone."""
    picture = Image.fromarray(pixels)
    scale = (how.max_pixels / (picture.width * picture.height)) ** 0.5
    if scale < 1:
        size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    if how.format == "jpeg":
        picture.save(file, "JPEG", quality=how.quality)
    else:
        picture.save(file, "PNG")
    return file.getvalue()


def _body(pictures: Sequence[bytes], how: Sending) -> tuple[bytes, str]:
    """Return the body of a call and its content type."""
    if how.form == "raw":
        return pictures[0], f"image/{how.format}"
    if how.form == "multipart":
        return _form(pictures[0], how)
    texts = [base64.b64encode(each).decode() for each in pictures]
    listed = texts if how.each is None else [_filled(how.each, {PICTURE: text}) for text in texts]
    return json.dumps(_filled(how.body, {PICTURE: texts[0], PICTURES: listed})).encode(), "application/json"


def _form(picture: bytes, how: Sending) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    part = f"--{boundary}\r\nContent-Disposition: form-data; name="
    said = "".join(f'{part}"{name}"\r\n\r\n{value}\r\n' for name, value in how.fields.items())
    head = f'{said}{part}"{how.field}"; filename="picture.{how.format}"\r\n'
    head += f"Content-Type: image/{how.format}\r\n\r\n"
    body = head.encode() + picture + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _filled(value: Any, by: Mapping[str, Any]) -> Any:
    """Return a body with what stands in it for pictures put in."""
    if isinstance(value, dict):
        return {name: _filled(each, by) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, by) for each in value]
    return by.get(value, value) if isinstance(value, str) else value


def _rest(answer: Response) -> float | None:
    """Return for how many seconds it wants to be left alone. A date is not read: clocks differ."""
    said = answer.headers.get("retry-after", "").strip()
    return float(said) if answer.status in (429, 503) and said.isdecimal() and len(said) < 10 else None
