"""An HTTP server that takes what the daemon calls: webhooks, and messages for a Twilio-compatible SMS service."""

import base64
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TWILIO_ACCOUNT = "AC00000000000000000000000000000001"
TWILIO_TOKEN = "a-token-of-the-tests"


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    at: float
    method: str
    path: str
    headers: dict  # lower-case names
    body: bytes
    answered: int

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


class HttpSink:
    """`answers` is a queue of statuses for webhooks (200 when empty); `requests` is all that came."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.sms_answers = []
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("content-length", "0"))
                sink.serve(self, self.rfile.read(length))

            do_PUT = do_POST
            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler, body):
        is_sms = handler.path.startswith("/2010-04-01/")
        status, content = self._sms(handler) if is_sms else self._hook()
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append(Request(time.monotonic(), handler.command, handler.path, headers, body, status))
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _hook(self):
        with self._lock:
            status = self.answers.pop(0) if self.answers else 200
        return status, b"{}"

    def _sms(self, handler):
        expected = "Basic " + base64.b64encode(f"{TWILIO_ACCOUNT}:{TWILIO_TOKEN}".encode()).decode()
        if handler.path != f"/2010-04-01/Accounts/{TWILIO_ACCOUNT}/Messages.json" or handler.headers.get("authorization") != expected:
            return 401, json.dumps({"code": 20003, "message": "Authenticate", "status": 401}).encode()
        with self._lock:
            status = self.sms_answers.pop(0) if self.sms_answers else 201
            number = len(self.requests) + 1
        if status != 201:
            return status, json.dumps({"code": 20500, "message": "not now", "status": status}).encode()
        return 201, json.dumps({"sid": f"SM{number:032x}", "status": "queued", "num_segments": "1", "error_code": None}).encode()

    @property
    def hooks(self):
        """Webhook calls that were answered with a 2xx or not, in order."""
        return [request for request in list(self.requests) if not request.path.startswith("/2010-04-01/")]

    @property
    def texts(self):
        """SMS that were taken."""
        return [request for request in list(self.requests) if request.path.startswith("/2010-04-01/") and request.answered == 201]
