"""A mail server of other make (aiosmtpd) that keeps every message it was handed, and can refuse, hang or break off."""

import asyncio
import email
import email.policy
import time
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class Mail:
    """A message as it came over the wire."""

    at: float  # monotonic seconds of the machine
    sender: str
    recipients: tuple
    raw: bytes
    answered: bool  # whether the server said 250 after it

    @property
    def message(self):
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def message_id(self):
        return self.message["Message-ID"]


class _Server(SMTP):
    """aiosmtpd's server; `break_off` closes the connection without a word."""

    def break_off(self):
        self.transport.abort()


class _Handler:
    def __init__(self, sink):
        self.sink = sink

    async def handle_RCPT(self, server, session, envelope, address, options):
        del server, session, options
        answer = self.sink.at_recipient.get(address.lower())
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        del session
        behaviour = self.sink.take_behaviour()
        if behaviour == "hang":
            # The message is complete and the server never answers.
            self.sink.keep(envelope, answered=False)
            await self.sink.released()
            return "451 4.4.2 too late"
        if behaviour == "close":
            # The message is complete and the line goes dead: the sender cannot know whether it was taken.
            self.sink.keep(envelope, answered=False)
            server.break_off()
            return "421 4.4.2 gone"
        if behaviour is not None:
            return behaviour
        self.sink.keep(envelope, answered=True)
        return "250 2.0.0 taken"


class _Controller(Controller):
    """The server on a port of the system's choice."""

    def factory(self):
        return _Server(self.handler, hostname="sink.example", enable_SMTPUTF8=True, timeout=120)

    def _trigger_server(self):
        # The parent connects to its own port, which is known only now.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailSink:
    """`at_recipient` answers RCPT by address; `at_data` is a queue of answers to complete messages.

    An entry of `at_data` is a reply line (`"550 5.7.1 no"`), `"hang"`, or `"close"`; when the queue is empty, mail is taken.
    """

    def __init__(self):
        self.mails = []
        self.at_recipient = {}
        self.at_data = []
        self._let_go = False

    def start(self, port=0):
        """Serves on this port; without one, on a port of the system's choice."""
        self._controller = _Controller(_Handler(self), hostname="127.0.0.1", port=port)
        self._controller.start()
        self.port = self._controller.port
        return self

    def stop(self):
        self._let_go = True
        if self._controller.server is not None:
            self._controller.stop()

    def take_behaviour(self):
        return self.at_data.pop(0) if self.at_data else None

    def keep(self, envelope, answered):
        self.mails.append(Mail(time.monotonic(), envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content, answered))

    async def released(self):
        while not self._let_go:
            await asyncio.sleep(0.05)
