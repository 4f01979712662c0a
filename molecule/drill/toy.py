"""A service that speaks the demo application's contract; its session lives in the visitor's cookies."""

import http.server
import json
import socket
import sys
import uuid

NAME = socket.gethostname()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
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
