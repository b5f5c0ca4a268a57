"""Claims about sending mail, against real servers on the loopback interface."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from safehold.egress.addresses import PermittedNetworks
from safehold.egress.mail import Attachment, Mail, MailServer, Security, send, try_out
from safehold.model.errors import AddressRefused, BadSettings, MailFailed
from safehold.testing.certificates import CertificateFiles, self_signed_certificate
from safehold.testing.mail_server import Fault, MailReceiver, Script, hostile, says

HELLO = b"220 here\r\n"
OFFERS = b"250-here\r\n250 STARTTLS\r\n"


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return self_signed_certificate(tmp_path, "mail.test", "127.0.0.1")


def a_mail(text: str = "one\n.two\n..three\n", recipients: tuple[str, ...] = ("keeper@others.test",)) -> Mail:
    return Mail(sender="audit@here.test", recipients=recipients, headers={"Subject": "a head"}, text=text)


def to(port: int, files: CertificateFiles | None = None, **others: object) -> MailServer:
    known: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "permitted": PermittedNetworks.of(f"127.0.0.1:{port}"),
        "ca_file": files.certificate if files else None,
        "deadline_seconds": 10.0,
    }
    return MailServer(**{**known, **others})  # type: ignore[arg-type]


def failing(server: MailServer, mail: Mail | None = None) -> str:
    with pytest.raises(MailFailed) as failed:
        send(mail or a_mail(), server, introduced_as="here.test")
    return failed.value.reason


def test_a_mail_arrives_whole_over_starttls(files: CertificateFiles) -> None:
    with MailReceiver(tls=files.server_context()) as receiver:
        mail = a_mail(recipients=("one@others.test", "two@others.test"))
        send(mail, to(receiver.port, files), introduced_as="here.test")
    [taken] = receiver.taken
    assert taken.over_tls
    assert taken.login is None
    assert (taken.sender, taken.recipients) == ("audit@here.test", ("one@others.test", "two@others.test"))
    assert taken.content == b"".join(mail.as_pieces())
    assert taken.message["To"] == "one@others.test, two@others.test"
    assert taken.message.get_payload() == "one\r\n.two\r\n..three\r\n"


def test_a_mail_arrives_over_tls_from_the_first_byte_with_a_login(files: CertificateFiles) -> None:
    login = ("audit", "a longer pass phrase")
    with MailReceiver(tls=files.server_context(), implicit=True, login=login) as receiver:
        server = to(receiver.port, files, security=Security.TLS, username=login[0], password=login[1])
        send(a_mail(), server, introduced_as="here.test")
    assert [taken.login for taken in receiver.taken] == ["audit"]


def test_a_wrong_password_is_named_as_such_and_nothing_is_sent(files: CertificateFiles) -> None:
    with MailReceiver(tls=files.server_context(), login=("audit", "right")) as receiver:
        assert failing(to(receiver.port, files, username="audit", password="wrong")) == "login"
    assert receiver.taken == []


def test_a_trial_names_sender_and_receivers_and_sends_nothing(files: CertificateFiles) -> None:
    with MailReceiver(tls=files.server_context()) as receiver:
        try_out(a_mail(), to(receiver.port, files), introduced_as="here.test")
        receiver.fault = Fault.UNKNOWN_RECEIVER
        with pytest.raises(MailFailed, match="refused:550"):
            try_out(a_mail(), to(receiver.port, files), introduced_as="here.test")
    assert receiver.taken == []


def test_a_mail_whose_answer_is_lost_is_one_that_may_have_come(files: CertificateFiles) -> None:
    with MailReceiver(tls=files.server_context()) as receiver:
        receiver.fault = Fault.ANSWER_LOST
        assert failing(to(receiver.port, files)) == "unanswered"
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (58_368,), (58_369, 3), (100, 200_000, 57)])
def test_an_attachment_arrives_byte_for_byte_however_it_is_cut(
    files: CertificateFiles, sizes: tuple[int, ...]
) -> None:
    pieces = [bytes(each % 251 for each in range(size)) for size in sizes]
    mail = replace(a_mail(), attachment=Attachment("a-file.bin", pieces))
    with MailReceiver(tls=files.server_context()) as receiver:
        send(mail, to(receiver.port, files), introduced_as="here.test")
    [taken] = receiver.taken
    _whole, text, attached = taken.message.walk()
    assert attached.get_payload(decode=True) == b"".join(pieces)
    assert attached.get_filename() == "a-file.bin"
    assert text.get_content_type() == "text/plain"


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.ANSWER_LOST])
def test_a_refusal_is_named_by_its_status(files: CertificateFiles, fault: Fault) -> None:
    with MailReceiver(tls=files.server_context()) as receiver:
        receiver.fault = fault
        assert failing(to(receiver.port, files)) == f"refused:{fault.value[:3]}"
    assert receiver.taken == []


def test_a_server_without_tls_gets_nothing(files: CertificateFiles) -> None:
    with MailReceiver() as receiver:
        assert failing(to(receiver.port, files)) == "no_tls"
        assert failing(to(receiver.port, files, security=Security.TLS)) == "tls"
    assert receiver.taken == []


def test_a_certificate_that_nobody_vouches_for_or_that_is_for_another_name_is_refused(
    tmp_path: Path, files: CertificateFiles
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = self_signed_certificate(folder, "other.test")
    with MailReceiver(tls=files.server_context()) as receiver:
        assert failing(to(receiver.port)) == "tls"
    with MailReceiver(tls=other.server_context()) as receiver:
        assert failing(to(receiver.port, other)) == "tls"
    assert receiver.taken == []


def test_without_tls_only_where_it_is_asked_for_and_never_with_a_password() -> None:
    with MailReceiver() as receiver:
        send(a_mail(), to(receiver.port, security=Security.NONE), introduced_as="here.test")
    assert [taken.over_tls for taken in receiver.taken] == [False]
    with pytest.raises(BadSettings, match="over TLS only"):
        to(25, security=Security.NONE, username="audit", password="x")


def hang_up_in_the_middle(connection: socket.socket) -> None:
    connection.recv(100)


def answer_in_the_open(connection: socket.socket) -> None:
    connection.recv(1)
    connection.sendall(b"250 no\r\n")


HOSTILE: list[tuple[Script, str]] = [
    (says(b""), "closed"),
    (says(b"HTTP/1.1 200 OK\r\n"), "protocol"),
    (says(b"554 go away\r\n"), "refused:554"),
    (says(b"220-" + b"x" * 40_000), "protocol"),
    (says(b"220-more\r\n" * 8000), "protocol"),
    (says(HELLO, b"250 here\r\n", b"250 ok\r\n"), "no_tls"),
    # Words slipped in before the handshake must not count as the secured server's.
    (says(HELLO, OFFERS, b"220 go on\r\n250-here\r\n250 AUTH PLAIN\r\n"), "protocol"),
    (says(HELLO, OFFERS, b"220 go on\r\n", then=answer_in_the_open), "tls"),
    (says(HELLO, OFFERS, b"454 not now\r\n"), "refused:454"),
]


@pytest.mark.parametrize(("script", "reason"), HOSTILE)
def test_a_hostile_server_ends_in_a_stable_reason(script: Script, reason: str) -> None:
    with hostile(script) as port:
        assert failing(to(port)) == reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            says(
                HELLO,
                b"250 here\r\n",
                b"250 ok\r\n",
                b"250 ok\r\n",
                b"354 go\r\n",
                then=hang_up_in_the_middle,
            ),
            # The end of the mail was on its way by then.
            "unanswered",
        ),
        (says(HELLO, b"250 here\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 too early\r\n"), "refused:250"),
        (says(HELLO, b"250 here\r\n", b"250 ok\r\n", b"450 later\r\n"), "refused:450"),
    ],
)
def test_a_server_that_breaks_off_has_not_taken_the_mail(script: Script, reason: str) -> None:
    with hostile(script) as port:
        assert failing(to(port, security=Security.NONE)) == reason


def test_a_server_that_drips_gains_nothing() -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"2")
            connection.settimeout(0.05)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    with hostile(drip) as port:
        assert failing(to(port, deadline_seconds=0.5)) in ("timeout", "protocol")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "2130706433"])
def test_a_server_on_an_inner_network_is_refused_unless_it_is_named(host: str) -> None:
    with pytest.raises(AddressRefused):
        send(a_mail(), MailServer(host=host, port=25), introduced_as="here.test")


@pytest.mark.parametrize(
    "host", ["", "a b", "name@here", "here/there", "here:25", "here\r\nRSET", "here?x", "a\\b"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        send(a_mail(), MailServer(host=host, port=25), introduced_as="here.test")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b>\r\nRCPT TO:<c@d",
        "a b@c",
        "a@b c",
        "a@b\n",
        "<a@b>",
        "a@b,c@d",
        "a@",
        "@b",
        "é@b",
        "a@b\0",
    ],
)
def test_what_is_no_address_cannot_be_written_to_or_from(address: str) -> None:
    for sender, recipient in (("a@b.test", address), (address, "a@b.test")):
        with pytest.raises(BadSettings):
            Mail(sender=sender, recipients=(recipient,), headers={}, text="")


@pytest.mark.parametrize("value", ["a\r\nBcc: b@c", "a\nb", "a\rb", "é", "\0", "x" * 1000])
def test_no_header_or_line_can_bring_another(value: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        Mail(sender="a@b.test", recipients=("a@b.test",), headers={"Subject": value}, text="")
    for text in (f"{value}\r\n.\r\nMAIL FROM:<x@y>", "a\rb"):
        with pytest.raises(ValueError, match="printable ASCII"):
            Mail(sender="a@b.test", recipients=("a@b.test",), headers={}, text=text)


def test_no_header_is_named_by_anything_but_letters() -> None:
    for name in ("X\r\nBcc", "X:", "X Y", "", "é", "subject"):
        with pytest.raises(ValueError, match="printable ASCII"):
            Mail(sender="a@b.test", recipients=("a@b.test",), headers={name: "1"}, text="")


def test_passwords_and_text_are_in_no_repr() -> None:
    shown: Callable[[object], str] = repr
    server = MailServer(host="mail.test", port=587, username="audit", password="secret-word")
    assert "secret-word" not in shown(server)
    assert "one" not in shown(a_mail())
