"""The running daemon: its process, and its HTTP interface as a caller sees it."""

import base64
import json
import signal
import subprocess
from urllib.parse import quote

from .binary import binary
from .calendar import instant, rfc3339
from .http_client import browse, request
from .waiting import PATIENCE_SECONDS, eventually


class DidNotStart(Exception):
    """The process ended before it was ready."""

    def __init__(self, exit_code, said):
        super().__init__(f"the daemon exited with {exit_code}:\n{said}")
        self.exit = exit_code
        self.said = said


class Daemon:
    """`campc run` on a project. Made by `Project.run`."""

    def __init__(self, project, arguments):
        self.project = project
        self.url = project.url
        self.log = project.folder.parent / f"{project.folder.name}-daemon.log"
        with self.log.open("ab") as log:
            log.write(f"--- campc {' '.join(arguments)}\n".encode())
            log.flush()
            self._from = log.tell()
            self.process = subprocess.Popen(
                [str(binary()), *arguments], cwd=project.folder, env=project.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_until_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise DidNotStart(self.process.returncode, self.said)
            try:
                return request("GET", self.url + "/readyz", seconds=5).status == 200
            except OSError:
                return False

        eventually("the daemon to be ready", ready)
        return self

    @property
    def said(self):
        """What this process has written."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode("utf-8", "replace")

    @property
    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Asks it to end, as an operator does; it must drain and exit with 0."""
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_SECONDS)
        assert code == 0, f"the daemon exited with {code} after SIGTERM:\n{self.said}"

    def kill(self):
        """Ends it as a power cut does."""
        self.process.kill()
        self.process.wait()

    # Sending events, with the write key.

    def send(self, path, item):
        """Posts to one of Segment's routes."""
        key = base64.b64encode(f"{self.project.write_key}:".encode()).decode()
        headers = {"authorization": f"Basic {key}", "content-type": "application/json"}
        return request("POST", self.url + path, json.dumps(item).encode(), headers)

    def identify(self, user, **traits):
        return self.send("/v1/identify", {"userId": user, "traits": traits}).expect(200)

    def track(self, user, event, message_id=None, **properties):
        item = {"userId": user, "event": event, "properties": properties}
        return self.send("/v1/track", item | ({"messageId": message_id} if message_id else {})).expect(200)

    def page(self, user, path):
        return self.send("/v1/page", {"userId": user, "properties": {"path": path}}).expect(200)

    # The admin interface.

    def admin(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.project.admin_token}", "content-type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return request(method, self.url + path, content, headers, seconds=120)

    def put_contact(self, key, **parts):
        return self.admin("PUT", f"/v1/contacts/{quote(key, safe='')}", parts).expect(200, 201).json

    def contact(self, key):
        return self.admin("GET", f"/v1/contacts/{quote(key, safe='')}").expect(200).json

    def journal(self, key):
        return rows(self.admin("GET", f"/v1/contacts/{quote(key, safe='')}/journal").expect(200))

    def happened(self, key, what):
        """The journal lines of a contact that say `what`."""
        return [line for line in self.journal(key) if line["what"] == what]

    def idle(self):
        """Returns when everything that came in is processed and nothing is due."""
        self.admin("POST", "/v1/idle").expect(200)

    def now(self):
        answer = self.admin("GET", "/v1/clock").expect(200).json
        return instant(answer.get("now") or answer["at"])

    def advance(self, **parts):
        """Moves a manual clock by this much real duration, and waits for what falls due."""
        from .calendar import of

        self.advance_to(self.now() + of(**parts))

    def advance_to(self, when):
        self.admin("POST", "/v1/clock/advance", {"to": rfc3339(when)}).expect(200)
        self.idle()

    # What a reader of a mail does.

    def open(self, mail):
        """Shows the pictures of a mail."""
        answer = browse(mail.pixel).expect(200)
        assert answer.headers["content-type"] == "image/gif"
        self.idle()

    def click(self, link):
        """Follows a tracked link as far as its redirect; returns where that leads."""
        answer = browse(link).expect(302)
        self.idle()
        return answer.headers["location"]


def rows(answer):
    """A list that comes as JSON Lines, as an array, or under a key."""
    try:
        content = answer.json
    except json.JSONDecodeError:
        return [json.loads(line) for line in answer.text.splitlines() if line.strip()]
    if isinstance(content, list):
        return content
    lists = [value for value in content.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else [content]
