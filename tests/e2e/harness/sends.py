"""What left the daemon, read the same way from the outbox folder and from the servers that received it."""

import base64
import email
import email.policy
import json
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Send:
    """One thing handed over. `text` is a mail's subject, an SMS's words, a webhook's body as an object."""

    channel: str
    to: str
    text: object
    effect: str | None
    raw: bytes = b""
    line: dict = field(default_factory=dict)  # the line of the index, in the folder

    @property
    def message(self):
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def html(self):
        return self.message.get_body(("html",)).get_content()

    @property
    def plain(self):
        return self.message.get_body(("plain",)).get_content()

    @property
    def pixel(self):
        """The address of the picture that tells of an open."""
        found = re.findall(r'https?://[^"\s]+/t/o/[^"\s]+\.gif', self.html)
        assert len(found) == 1, f"{len(found)} pixels in\n{self.html}"
        return found[0]

    @property
    def links(self):
        """The tracked links, in their order."""
        return re.findall(r'href="(https?://[^"]+/t/c/[^"]+)"', self.html)

    @property
    def unsubscribe_url(self):
        """The address in the header that mail programs use."""
        return re.search(r"<(https?://[^>]+)>", self.message["List-Unsubscribe"]).group(1)


def link_to(send, target):
    """The tracked link of a mail that leads to `target`: the target is readable in its token, and only the MAC guards it."""
    for link in send.links:
        token = link.rsplit("/", 1)[1]
        if target.encode() in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)):
            return link
    raise AssertionError(f"no tracked link to {target} among {send.links}")


def of_folder(folder):
    """The sends of an outbox folder, in the order of the index."""
    index = folder / "index.jsonl"
    if not index.exists():
        return []
    # A line that is being written is not there yet.
    whole = index.read_text().rpartition("\n")[0]
    return [_of_line(folder, json.loads(line)) for line in whole.splitlines()]


def _of_line(folder, line):
    raw = (folder / line["file"]).read_bytes()
    if line["channel"] in ("email", "notify"):
        text = line["subject"]
    elif line["channel"] == "sms":
        text = raw.decode().split("\n\n", 1)[1].strip()
    elif line["channel"] == "webhook":
        text = line["body"]
    else:
        text = line.get("subject")
    return Send(line["channel"], line["to"], text, line["effect_id"], raw, line)


def of_mail(mail):
    """A message of the mail server."""
    message = mail.message
    effect = message["Message-ID"].strip("<>").split("@")[0] if message["Message-ID"] else None
    return Send("email", ", ".join(mail.recipients), str(message["Subject"]), effect, mail.raw)


def of_request(request):
    """A call of the HTTP server."""
    if request.path.startswith("/2010-04-01/"):
        return Send("sms", request.form["To"], request.form["Body"], None, request.body)
    effect = request.headers.get("webhook-id", "").removeprefix("msg_") or None
    return Send("webhook", request.path, request.json, effect, request.body)
