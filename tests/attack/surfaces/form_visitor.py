"""A visitor who reads pages as a browser would, finds every form in them, and fills in what it is told to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

TYPED = frozenset({"text", "search", "password", "email", "url", "tel", ""})
"""The kinds of input into which somebody can type anything."""


@dataclass
class Form:
    """One form of a page: what it would send as it stands, and the names of what can be typed into."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)

    @property
    def shape(self) -> str:
        """Where it leads, ids left out: what makes it the same form on another page."""
        return re.sub(r"[0-9a-f-]{36}", "ID", f"{self.method} {urlsplit(self.action).path}")


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._page, self._select = page, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(urljoin(self._page, given["href"]))
        elif tag == "form":
            method = given.get("method", "get").lower()
            self.forms.append(Form(urljoin(self._page, given.get("action", "")), method))
        elif self.forms and given.get("name"):
            self._field(tag, given)
        elif tag == "option" and self._select and self.forms:
            self.forms[-1].fields.setdefault(self._select, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.forms[-1], given["name"]
        if tag == "textarea" or (tag == "input" and given.get("type", "") in TYPED):
            form.typed.append(name)
            form.fields[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag in ("input", "button"):
            form.fields.setdefault(name, given.get("value", "on"))


class Visitor:
    """Walks the pages at an address, with the cookies that it is given."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = httpx.Client(base_url=base_url, follow_redirects=True, timeout=60)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def forms(self, path: str) -> list[Form]:
        """Return the forms of a page."""
        return self._read(path).forms

    def pages(self, start: str, *, at_most: int = 80) -> Iterator[str]:
        """Yield the pages of ours that can be reached by links from `start`, each path once."""
        waiting, seen = [start], {start}
        while waiting and len(seen) <= at_most:
            path = waiting.pop(0)
            yield path
            for link in self._read(path).links:
                parts = urlsplit(link)
                if parts.path not in seen and f"{parts.scheme}://{parts.netloc}" == self.base_url:
                    seen.add(parts.path)
                    waiting.append(parts.path)

    def submit(
        self, form: Form, change: Callable[[str, str], str] = lambda _, value: value
    ) -> httpx.Response:
        """Send a form as its page would; `change` gives each typed field its text."""
        values = {
            name: change(name, value) if name in form.typed else value for name, value in form.fields.items()
        }
        headers = {"origin": self.base_url}
        if form.method == "get":
            return self.client.get(form.action, params=values)
        return self.client.post(form.action, data=values, headers=headers)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form of the console."""
        [form] = [one for one in self.forms("/console/sign-in") if "password" in one.typed]
        texts = {"name": name, "password": password}
        answer = self.submit(form, lambda field, value: texts.get(field, value))
        assert answer.status_code == 200, answer.text
        assert "/sign-in" not in answer.url.path

    def confirm(self, password: str) -> None:
        """Prove by the password who it is: the forms that change who may come in are there then."""
        [form] = [one for one in self.forms("/console/confirm") if "password" in one.typed]
        answer = self.submit(form, lambda _, value: value or password)
        assert answer.status_code == 200, answer.text
        assert "/confirm" not in answer.url.path

    def _read(self, path: str) -> _Reader:
        answer = self.client.get(path)
        reader = _Reader(str(answer.url))
        if "html" in answer.headers.get("content-type", ""):
            reader.feed(answer.text)
        return reader
