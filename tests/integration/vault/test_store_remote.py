"""Claims about object stores by URL, against a real HTTP server on loopback that speaks enough S3."""

from collections.abc import Iterator

import pytest

from safehold.model.errors import BadSettings, Conflict, NotFound, VaultDown
from safehold.model.ids import ObjectId, new_id
from safehold.testing.bucket import Bucket, Fault
from safehold.vault.store import CiphertextStore


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as running:
        yield running


def a_store(bucket: Bucket) -> CiphertextStore:
    return CiphertextStore("s3://evidence", options=bucket.options)


def test_an_object_store_keeps_objects_once_and_by_id(bucket: Bucket) -> None:
    store, object_id = a_store(bucket), ObjectId(new_id())
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
    bucket.fault = Fault.CARELESS
    with pytest.raises(BadSettings, match="replaced"):
        a_store(bucket).probe()
    assert bucket.objects == {}


def test_an_object_that_reads_back_differently_is_not_taken_for_stored(bucket: Bucket) -> None:
    bucket.fault = Fault.GARBLES
    with pytest.raises(VaultDown):
        a_store(bucket).put(ObjectId(new_id()), b"ciphertext")


def test_a_store_that_does_not_answer_is_down() -> None:
    with Bucket() as gone:
        store = a_store(gone)
    with pytest.raises(VaultDown):
        store.put(ObjectId(new_id()), b"ciphertext")
