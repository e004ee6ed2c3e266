"""A project on disk, and the commands that are called in it."""

import os
import socket
import textwrap

from . import sends
from .binary import call
from .daemon import Daemon
from .http_sink import TWILIO_ACCOUNT, TWILIO_TOKEN

# Every scenario's source begins with it. Zones and hours are the scenario's own business, so the project's is UTC.
HEADER = """project "Acme" {
  timezone "UTC"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}
"""

CRM_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Project:
    """`servers` is a pair of sinks for mail and HTTP; without it every channel writes to the outbox folder."""

    def __init__(self, folder, servers=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.servers = servers
        self.write_key = "a-write-key-of-the-tests"
        self.admin_token = "an-admin-token-of-the-tests"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hook_url = f"{servers[1].url}/hook" if servers else "https://crm.example/hook"
        self.daemons = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMP") and name != "RUST_LOG"}
        self.environment = kept | {
            "CAMP_WRITE_KEY": self.write_key,
            "CAMP_ADMIN_TOKEN": self.admin_token,
            "CRM_SECRET": CRM_SECRET,
            "TWILIO_SID": TWILIO_ACCOUNT,
            "TWILIO_TOKEN": TWILIO_TOKEN,
            "TZ": "Pacific/Chatham",  # the machine's own zone must not matter
        }
        self.config()

    def config(self, more=""):
        """Writes `camp.toml`; `more` is appended."""
        text = f"""\
            [project]
            name = "acme"
            timezone = "UTC"
            public_url = "{self.url}"
            from = "Ana at Acme <ana@acme.example>"
            postal_address = "1 King St W, Toronto ON"

            [server]
            listen = "127.0.0.1:{self.port}"
            write_keys = ["${{CAMP_WRITE_KEY}}"]
            admin_tokens = ["${{CAMP_ADMIN_TOKEN}}"]
            """
        if self.servers:
            mail, http = self.servers
            text += f"""
            [email]
            url = "smtp://127.0.0.1:{mail.port}"

            [sms]
            provider = "twilio"
            base_url = "{http.url}"
            account_sid = "${{TWILIO_SID}}"
            auth_token = "${{TWILIO_TOKEN}}"
            from = "+15550100"

            [webhooks]
            provider = "http"
            allow_private_networks = true
            ports = [{http.port}]
            timeout = "10s"
            """
        self.write("camp.toml", textwrap.dedent(text) + textwrap.dedent(more))

    def write(self, path, text):
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def source(self, text):
        """Writes `main.camp`: the header, then `text`."""
        self.write("main.camp", HEADER + textwrap.dedent(text))

    def campc(self, *arguments, stdin=None, without=(), seconds=60):
        """Calls a command in the project's folder; `without` are variables it shall not see."""
        environment = {name: value for name, value in self.environment.items() if name not in without}
        return call(arguments, self.folder, environment, stdin, seconds)

    def run(self, *more, clock="manual", path=(".",)):
        """Starts the daemon on the project's source (without a path, on what is deployed), and waits until it serves."""
        daemon = Daemon(self, ["run", *path, "--clock", clock, *more])
        self.daemons.append(daemon)
        return daemon.wait_until_ready()

    def sent(self):
        """All that left so far, oldest first within each channel."""
        if not self.servers:
            return sends.of_folder(self.folder / "outbox")
        mail, http = self.servers
        mails = [sends.of_mail(one) for one in list(mail.mails) if one.answered]
        return mails + [sends.of_request(one) for one in list(http.requests) if 200 <= one.answered < 300]

    def close(self):
        """Ends what still runs, and shows what the daemons said: pytest prints it where a test failed."""
        for daemon in self.daemons:
            if daemon.is_alive:
                daemon.kill()
        for log in sorted({daemon.log for daemon in self.daemons}):
            print(f"=== {log.name}\n{log.read_text(errors='replace')[-6000:]}")


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
