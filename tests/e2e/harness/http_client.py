"""A plain HTTP client: no redirects followed, no exception for a status, one header set at a time."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

# What a person's mail program sends when it shows a picture.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict  # lower-case names
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, *statuses):
        """Itself, after making sure of the status."""
        assert self.status in statuses, f"answered {self.status}, not {statuses}: {self.text[:2000]}"
        return self


def request(method, url, body=None, headers=None, seconds=60):
    """Sends one request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def browse(url, method="GET"):
    """Fetches an address as a person's browser does."""
    return request(method, url, headers={"user-agent": BROWSER, "accept": "*/*"})
