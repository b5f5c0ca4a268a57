"""A plain mail to another organisation: whoever keeps it can say what the log was that day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import uuid4

from safehold.app.audit.anchors.base import Anchored, Head, Receipt, naming_networks
from safehold.egress import mail
from safehold.egress.connection import Resolve, system_resolve
from safehold.egress.mail import Mail, MailServer

TEXT = """\
This is the head of an audit log, for you to keep. It says nothing about anybody.

log:   {log}
at:    {at}
link:  {seq}
hash:  {hash}

Please keep this mail as it is, where the organisation that sent it cannot reach it. Whoever changes
or removes a record up to this link must come up with another hash for it, and this mail shows that.

To check, ask the sender for an export of the log, compute the chain as described with it, and compare
the hash of link {seq}. In one line, as other anchors keep it:

{statement}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailToOthers:
    """An Anchor. log: what the mails call this log."""

    name: str
    log: str
    server: MailServer
    sender: str
    recipients: tuple[str, ...]
    resolve: Resolve = system_resolve
    kind: str = "mail"
    answers: bool = False

    def set_down(self, head: Head, *, now: datetime) -> Receipt:
        """Mail the head. The receipt is the mail's own id."""
        written = self._written(head, now)
        with naming_networks(self.name):
            mail.send(written, self.server, introduced_as=self._domain, resolve=self.resolve)
        named = written.headers["Message-ID"]
        return Receipt(named.encode("ascii"), f"mailed to {len(self.recipients)}, {named}")

    def try_out(self, *, now: datetime) -> str:
        """Connect, secure, log in, name sender and receivers; send nothing."""
        written = self._written(Head(0, bytes(32)), now)
        with naming_networks(self.name):
            mail.try_out(written, self.server, introduced_as=self._domain, resolve=self.resolve)
        return f"the server would take a mail to {len(self.recipients)}"

    def what_differs(self, anchored: Anchored) -> str | None:
        """Say nothing: the mail is with others. The recorded head is compared with the chain as any other."""
        return None

    def held(self) -> Iterator[tuple[int, bytes]]:
        """Yield nothing: what was mailed cannot be read from here."""
        yield from ()

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def _written(self, head: Head, now: datetime) -> Mail:
        now = now.astimezone(UTC)
        text = TEXT.format(
            log=self.log,
            at=f"{now:%Y-%m-%d %H:%M:%S} UTC",
            seq=head.seq,
            hash=head.hash.hex(),
            statement=head.statement().decode("ascii"),
        )
        headers = {
            "Subject": f"Audit log of {self.log}: link {head.seq}",
            "Date": format_datetime(now),
            "Message-ID": f"<{uuid4().hex}.{head.seq}@{self._domain}>",
        }
        return Mail(sender=self.sender, recipients=self.recipients, headers=headers, text=text)
