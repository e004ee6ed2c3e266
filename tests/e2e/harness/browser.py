"""A real browser, and a shop's site for it to visit: pages that carry the pixel script."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import sync_playwright

# Headless, without the calls a browser makes on its own account.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def chromium(path="/usr/bin/chromium"):
    """A browser for the time of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Site:
    """A web site whose every page carries `/camp.js` of `script_origin`."""

    def __init__(self, script_origin):
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the library's name
                page = f'<!doctype html><title>Shop {self.path}</title><h1>Shop</h1><script src="{site.script_origin}/camp.js" defer></script>'
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        self.script_origin = script_origin
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Another name than the daemon's address: two origins, as in life.
        self.url = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
