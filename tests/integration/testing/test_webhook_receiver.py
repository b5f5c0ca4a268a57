"""Claims about the strict webhook receiver: what it takes, what it rejects, how it fails on demand."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress, Response
from safehold.model.errors import FetchFailed
from safehold.testing.webhook_receiver import Fault, WebhookReceiver

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()
PAYLOAD = json.dumps(
    {"type": "item_held", "timestamp": "2026-01-02T03:04:05Z", "data": {"item_id": "1"}}
).encode()


def signed(
    webhook_id: str, body: bytes = PAYLOAD, *, at: datetime | None = None, secret: str = SECRET
) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body.decode()),
        "content-type": "application/json",
    }


def send(
    receiver: WebhookReceiver, headers: dict[str, str], body: bytes = PAYLOAD, *, deadline_seconds: float = 20
) -> Response:
    return Egress(user_agent="t").send(
        receiver.url,
        body=body,
        headers=headers,
        permitted=PermittedNetworks.of(f"127.0.0.1:{receiver.port}"),
        deadline_seconds=deadline_seconds,
    )


def test_a_rightly_signed_message_is_taken() -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert send(receiver, signed("msg_1")).status == 200
        [delivery] = receiver.wait_for(1, timeout=10)
    assert delivery.webhook_id == "msg_1"
    assert delivery.payload["type"] == "item_held"
    assert receiver.rejections == []


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({"webhook-signature": "v1,AAAA"}, PAYLOAD, "signature"),
        ({"webhook-signature": "nonsense"}, PAYLOAD, "signature"),
        ({}, PAYLOAD + b" ", "signature"),
        ({}, b"\xff", "signature"),
        ({"webhook-id": ""}, PAYLOAD, "webhook-id"),
        ({"webhook-id": "msg.1"}, PAYLOAD, "webhook-id"),
        ({"webhook-timestamp": "soon"}, PAYLOAD, "webhook-timestamp"),
        ({"content-type": "text/plain"}, PAYLOAD, "content-type"),
    ],
)
def test_a_message_that_breaks_the_specification_is_rejected(
    headers: dict[str, str], body: bytes, why: str
) -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert send(receiver, signed("msg_1") | headers, body).status == 400
    assert receiver.rejections == [why]
    assert receiver.deliveries == []
    assert receiver.attempts == []


def test_another_secret_is_rejected() -> None:
    other = "whsec_" + base64.b64encode(b"not the secret").decode()
    with WebhookReceiver(SECRET) as receiver:
        assert send(receiver, signed("msg_1", secret=other)).status == 400
    assert receiver.rejections == ["signature"]


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_timestamp_far_from_now_is_rejected(minutes: int) -> None:
    with WebhookReceiver(SECRET) as receiver:
        headers = signed("msg_1", at=datetime.now(UTC) + timedelta(minutes=minutes))
        assert send(receiver, headers).status == 400
    assert receiver.rejections == ["signature"]


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"not json",
        b"{}",
        b'{"type": "a", "timestamp": "2026-01-02T03:04:05", "data": {}}',
        b'{"type": 1, "timestamp": "2026-01-02T03:04:05Z", "data": {}}',
        b'{"type": "a", "timestamp": "2026-01-02T03:04:05Z", "data": []}',
    ],
)
def test_a_body_of_another_shape_is_rejected(payload: bytes) -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert send(receiver, signed("msg_1", payload), payload).status == 400
    assert receiver.rejections == ["payload"]


def test_a_repeat_is_answered_and_counted_once() -> None:
    with WebhookReceiver(SECRET) as receiver:
        for _ in range(2):
            assert send(receiver, signed("msg_1")).status == 200
    assert len(receiver.deliveries) == 1
    assert receiver.repeats == ["msg_1"]


def test_an_id_cannot_be_used_for_another_message() -> None:
    other = PAYLOAD.replace(b'"1"', b'"2"')
    with WebhookReceiver(SECRET) as receiver:
        send(receiver, signed("msg_1"))
        assert send(receiver, signed("msg_1", other), other).status == 400
    assert receiver.rejections == ["webhook-id used for another message"]


def test_faults_come_in_order_and_then_end() -> None:
    with WebhookReceiver(SECRET) as receiver:
        receiver.fail_next(2, Fault.SERVER_ERROR)
        receiver.fail_next(1, Fault.GONE)
        receiver.fail_next(1, Fault.RESET)
        receiver.fail_next(1, Fault.NO_ANSWER)
        statuses = [send(receiver, signed("msg_1")).status for _ in range(3)]
        reasons = []
        for _ in range(2):
            with pytest.raises(FetchFailed) as failed:
                send(receiver, signed("msg_1"), deadline_seconds=1)
            reasons.append(failed.value.reason)
        statuses.append(send(receiver, signed("msg_1")).status)
    assert statuses == [500, 500, 410, 200]
    assert reasons == ["closed", "timeout"]
    assert [attempt.fault for attempt in receiver.attempts] == [
        Fault.SERVER_ERROR,
        Fault.SERVER_ERROR,
        Fault.GONE,
        Fault.RESET,
        Fault.NO_ANSWER,
        None,
    ]
    assert len(receiver.deliveries) == 1


def test_waiting_for_what_never_comes_says_what_did_come() -> None:
    with WebhookReceiver(SECRET) as receiver, pytest.raises(TimeoutError, match="0 of 1"):
        receiver.wait_for(1, timeout=0.05)
