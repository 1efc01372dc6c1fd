"""A small proxy below a path, which it takes away: what stands before the service at an operator's, without TLS."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/cds"
"""The path below which the service is reached."""
OF_THE_HOP = {"connection", "transfer-encoding", "content-length", "host"}
"""Headers of one connection alone."""


@contextmanager
def prefix_proxy(port: int) -> Iterator[str]:
    """The address of a proxy on this machine, which leads to a port of it until the block ends."""

    class Passing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_HOP}
            headers |= {"Host": self.headers["Host"], "X-Forwarded-Prefix": PREFIX}
            service = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                service.request(self.command, self.path.removeprefix(PREFIX), body or None, headers)
                reply = service.getresponse()
                told = reply.read()
            except OSError:
                self.send_error(502)
                return
            finally:
                service.close()
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in OF_THE_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
