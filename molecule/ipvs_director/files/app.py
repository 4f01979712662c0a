"""app.py PORT...: a real but trivial web server. Its name, its health, a file to download."""

import http.server
import socket
import sys
import threading

NAME = socket.gethostname()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = b"x" * 150000 if self.path == "/file" else NAME.encode()
        self.send_response(200)
        self.send_header("X-Server", NAME)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    # IPv4 as well.
    address_family = socket.AF_INET6
    request_queue_size = 128
    daemon_threads = True


for port in sys.argv[2:]:
    threading.Thread(target=Server(("", int(port)), Handler).serve_forever, daemon=True).start()
Server(("", int(sys.argv[1])), Handler).serve_forever()
