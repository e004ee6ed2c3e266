"""One scenario's stage: a project with its daemon, and questions about what it sent."""

from .calendar import MONDAY
from .waiting import eventually


def mail_of(name):
    """The address of a person."""
    return f"{name}@people.example"


def phone_of(name):
    """The number of a person: one of Ofcom's for drama, where the legal hours of +1 do not apply."""
    return f"+447700900{sum(name.encode()) % 1000:03d}"


class Stage:
    """What the tests of the scenarios speak to."""

    def __init__(self, project):
        self.project = project
        self.daemon = None

    def begins(self, source, at=MONDAY, clock="manual"):
        """Writes the source, starts the daemon on it and moves its clock to `at`."""
        self.project.source(source)
        self.daemon = self.project.run(clock=clock)
        if clock == "manual":
            self.daemon.advance_to(at)
        return self.daemon

    def redeploys(self, source, clock="manual"):
        """Stops the daemon, changes the source and starts again on the same store."""
        self.daemon.stop()
        self.project.source(source)
        self.daemon = self.project.run(clock=clock)
        return self.daemon

    def restarts(self, clock="manual"):
        self.daemon.stop()
        self.daemon = self.project.run(clock=clock)
        return self.daemon

    def person(self, name, **parts):
        """Makes a contact who can be reached by mail and SMS, or changes the one of that name."""
        reachable = {"email": mail_of(name), "phone": phone_of(name), "consent": {"sms": "given"}}
        made = self.daemon.put_contact(name, **(reachable | parts))
        self.daemon.idle()
        return made

    def sent(self, channel=None, to=None):
        """What left, filtered."""
        return [one for one in self.project.sent() if channel in (None, one.channel) and to in (None, one.to)]

    def texts(self, channel=None, to=None):
        """The words of what left: subjects, SMS texts, webhook bodies."""
        return [one.text for one in self.sent(channel, to)]

    def expect(self, channel, text, to=None):
        """The latest send with these words, waiting for it to arrive."""

        def arrived():
            return [one for one in self.sent(channel, to) if one.text == text]

        return eventually(f'{channel} "{text}" (sent so far: {self.texts()})', arrived)[-1]

    def expect_only(self, *texts, to=None):
        """Exactly these words have left, in any order, and nothing more is on its way."""
        self.daemon.idle()
        eventually(f"{len(texts)} sends", lambda: len(self.sent(to=to)) >= len(texts))
        self.daemon.idle()
        found = sorted(str(text) for text in self.texts(to=to))
        assert found == sorted(str(text) for text in texts), f"sent: {found}"
