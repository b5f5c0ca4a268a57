"""Claims about destinations, signatures and the retry schedule, without any network."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from safehold.act.channels import webhook
from safehold.act.channels.base import Destination, Receipt, Verdict
from safehold.act.deliver import SCHEDULE, next_attempt
from safehold.model.errors import BadSettings
from safehold.model.ids import DeliveryId, new_id

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of just these tests").decode()
NOW = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
FAILED = Receipt(verdict=Verdict.FAILED, status=400, error="status")


def destination(*secrets: str, enabled: bool = True) -> Destination:
    return Destination(
        name="platform",
        url="https://platform.example/hook",
        secrets=secrets or (SECRET,),
        kinds=frozenset({"item_cleared"}),
        enabled=enabled,
    )


def test_a_destination_is_inactive_until_enabled() -> None:
    quiet = Destination(name="n", url="u", secrets=(SECRET,), kinds=frozenset({"item_cleared"}))
    assert not quiet.wants("item_cleared")
    assert destination().wants("item_cleared")
    assert not destination().wants("outcome_reversed")


@pytest.mark.parametrize(
    "secrets",
    [
        (),
        ("",),
        ("whsec_",),
        (SECRET.removeprefix("whsec_"),),
        ("whsec_short",),
        ("whsec_" + "!" * 40,),
        (SECRET, "whsec_"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(),),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(),),
    ],
)
def test_a_destination_without_a_usable_secret_is_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(BadSettings):
        Destination(name="n", url="u", secrets=secrets, kinds=frozenset())


def test_a_destination_shows_neither_address_nor_secret() -> None:
    shown = repr(destination())
    assert "platform.example" not in shown
    assert "whsec_" not in shown


def test_every_secret_signs_so_that_either_side_can_change_first() -> None:
    content = webhook.encode({"type": "item_cleared"})
    now = datetime.now(UTC)
    headers = webhook.signed_headers(
        destination(SECRET, OTHER), webhook_id=DeliveryId(new_id()), content=content, now=now
    )
    for secret in (SECRET, OTHER):
        Webhook(secret).verify(content, headers)
    stranger = "whsec_" + base64.b64encode(b"a secret that nobody ever used").decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(stranger).verify(content, headers)


def test_the_signed_moment_is_the_one_in_the_header() -> None:
    headers = webhook.signed_headers(destination(), webhook_id=DeliveryId(new_id()), content=b"{}", now=NOW)
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert "." not in headers["webhook-id"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.text(), json_values), st.randoms())
def test_equal_messages_are_equal_bytes(body: dict[str, object], random: object) -> None:
    keys = list(body)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert webhook.encode({key: body[key] for key in keys}) == webhook.encode(body)


def test_the_waits_are_those_of_standard_webhooks() -> None:
    waits = []
    for attempt in range(1, 10):
        at = next_attempt(attempt, FAILED, NOW)
        assert at is not None
        waits.append((at - NOW).total_seconds())
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


def test_the_tenth_failure_is_the_last() -> None:
    assert len(SCHEDULE) == 9
    assert next_attempt(10, FAILED, NOW) is None


def test_a_destination_that_is_gone_is_not_tried_again() -> None:
    assert next_attempt(1, Receipt(verdict=Verdict.GONE, status=410, error="gone"), NOW) is None


def test_a_longer_wait_that_was_asked_for_is_granted_and_a_shorter_one_is_not() -> None:
    longer = Receipt(verdict=Verdict.DOWN, status=429, error="status", retry_after=timedelta(minutes=2))
    shorter = Receipt(verdict=Verdict.DOWN, status=429, error="status", retry_after=timedelta(seconds=0))
    assert next_attempt(1, longer, NOW) == NOW + timedelta(minutes=2)
    assert next_attempt(1, shorter, NOW) == NOW + timedelta(seconds=5)
