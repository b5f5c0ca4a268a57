"""Claims about object stores by URL, against a real HTTP server on loopback that speaks enough S3."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from safehold.model.errors import BadSettings, Conflict, NotFound, VaultDown
from safehold.model.ids import ObjectId, new_id
from safehold.vault.store import CiphertextStore


class Bucket(ThreadingHTTPServer):
    """Holds objects in memory. careless: ignores the create-only condition, as some look-alikes do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.objects: dict[str, bytes] = {}
        self.careless = self.garbles = False


class Request(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (
            self.path in self.server.objects
            and self.headers["If-None-Match"] == "*"
            and not self.server.careless
        ):
            return self.answer(412)
        self.server.objects[self.path] = body[:-1] + b"?" if self.server.garbles else body
        return self.answer(200)

    def do_GET(self) -> None:
        body = self.server.objects.get(self.path)
        return self.answer(404) if body is None else self.answer(200, body)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.path, None)
        return self.answer(204)

    def do_POST(self) -> None:  # deletion in bulk
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
        for key in keys:
            self.server.objects.pop("/evidence/" + key, None)
        gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return self.answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 02:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def a_store(port: int) -> CiphertextStore:
    options = {"endpoint": f"http://127.0.0.1:{port}", "region": "somewhere", "skip_signature": "true"}
    return CiphertextStore("s3://evidence", options=options)


def test_an_object_store_keeps_objects_once_and_by_id(bucket: Bucket) -> None:
    store, object_id = a_store(bucket.server_port), ObjectId(new_id())
    store.probe()
    store.put(object_id, b"ciphertext")
    assert list(bucket.objects) == [f"/evidence/objects/{object_id.hex[-2:]}/{object_id}"]
    assert store.get(object_id) == b"ciphertext"
    with pytest.raises(Conflict):
        store.put(object_id, b"another")
    store.delete(object_id)
    with pytest.raises(NotFound):
        store.get(object_id)


def test_a_store_that_lets_objects_be_replaced_is_refused_at_the_start(bucket: Bucket) -> None:
    bucket.careless = True
    with pytest.raises(BadSettings, match="replaced"):
        a_store(bucket.server_port).probe()
    assert bucket.objects == {}


def test_an_object_that_reads_back_differently_is_not_taken_for_stored(bucket: Bucket) -> None:
    bucket.garbles = True
    with pytest.raises(VaultDown):
        a_store(bucket.server_port).put(ObjectId(new_id()), b"ciphertext")


def test_a_store_that_does_not_answer_is_down() -> None:
    with Bucket() as server:
        port = server.server_port
    with pytest.raises(VaultDown):
        a_store(port).put(ObjectId(new_id()), b"ciphertext")
