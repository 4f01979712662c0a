"""A service that speaks the demo application's contract; its session lives in the visitor's cookies.

It also stands in for what is not here: a file to download, two servers that share connections three to two, a sorry server.
"""

import hashlib
import http.server
import itertools
import json
import socket
import sys
import uuid

NAME = socket.gethostname()
BLOB = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(65536))
SHARES = itertools.cycle(["alpha", "alpha", "alpha", "beta", "beta"])


def sorry():
    try:
        with open("/run/toy-sorry") as handle:
            return handle.read().startswith("yes")
    except OSError:
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server_name = None

    def do_GET(self):
        if sorry():
            self.send_response(503)
            self.send_header("X-Sorry", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/blob":
            self.send_response(200)
            self.send_header("Content-Length", str(len(BLOB)))
            self.end_headers()
            self.wfile.write(BLOB)
            return
        if self.path == "/shared.json" and self.server_name is None:
            # Like a director's choice: once for a connection.
            self.server_name = next(SHARES)
        answer = {"version": "1", "instance": NAME, "jvm_route": NAME}
        cookies = dict(c.strip().split("=", 1) for c in self.headers.get("Cookie", "").split(";") if "=" in c)
        if self.path == "/session.json":
            known = "JSESSIONID" in cookies
            identity = cookies.get("JSESSIONID", uuid.uuid4().hex).split(".")[0]
            count = int(cookies.get("COUNT", 0)) + 1
            answer.update(session=identity + "." + NAME, counter=count, new=not known)
            cookies = {"JSESSIONID": identity + "." + NAME, "COUNT": str(count)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", self.server_name or NAME)
        if self.path == "/session.json":
            for key, value in cookies.items():
                self.send_header("Set-Cookie", "%s=%s; Path=/" % (key, value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


Server(("", int(sys.argv[1])), Handler).serve_forever()
