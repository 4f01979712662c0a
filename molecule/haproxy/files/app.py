"""A real but trivial web server: its name, its health, a slow download. Port 8443 ends TLS itself, and below /named it answers 421, as
httpd does, to who has not said in the handshake what he says in the Host header. Port 8090 wants the PROXY protocol (version 2)."""

import http.server
import socket
import ssl
import threading
import time

NAME = socket.gethostname()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path.startswith("/slow"):
            return self.slow()
        named = getattr(self.connection, "named", None) == self.headers.get("Host")
        seen = "".join("%s: %s\n" % pair for pair in self.headers.items())
        body = ("server: %s\npath: %s\n%s" % (NAME, self.path, seen)).encode()
        self.send_response(421 if self.path.startswith("/named") and not named else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def slow(self):
        self.send_response(200)
        self.send_header("Content-Length", "60000")
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b"x" * 1000)
            time.sleep(0.1)

    def log_message(self, *_arguments):
        pass


class Proxied(Handler):
    """Whose connection does not begin with a PROXY header is not answered; its words are added to what was seen."""

    def setup(self):
        super().setup()
        head = self.rfile.read(16)
        if head[:12] != b"\r\n\r\n\0\r\nQUIT\n":
            raise ConnectionError("no PROXY header")
        body = self.rfile.read(int.from_bytes(head[14:16], "big"))
        self.told = socket.inet_ntoa(body[:4]) if head[13] >> 4 == 1 else "nobody"

    def parse_request(self):
        good = super().parse_request()
        if good:
            self.headers["Proxied-For"] = self.told
        return good


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def remember(connection, name, _context):
    connection.named = name


plain = Server(("", 8080), Handler)
threading.Thread(target=Server(("", 8090), Proxied).serve_forever, daemon=True).start()
tls = Server(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/opt/app/cert.pem", "/opt/app/key.pem")
context.sni_callback = remember
tls.socket = context.wrap_socket(tls.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=tls.serve_forever, daemon=True).start()
plain.serve_forever()
