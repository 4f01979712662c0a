# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vhost_info and ajp_ping ask real servers on this machine's loopback."""

import contextlib
import http.server
import socket
import struct
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.ajp import CPING, CPONG
from ansible_collections.failover.stack.plugins.modules import ajp_ping, vhost_info

SECRET = "Nn8-of-the-connector"


class Pages(http.server.BaseHTTPRequestHandler):
    """Every virtual host answers with its own name; lost.example has nothing."""

    def do_GET(self):
        name = self.headers["Host"].split(":")[0]
        self.send_response(404 if name == "lost.example" else 200)
        self.end_headers()
        self.wfile.write(b"I am %s\n" % name.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def nobody():
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_each_name_is_asked_at_the_one_address(site, play):
    hosts = [{"name": name, "port": site} for name in ("shop.example", "lost.example")]
    result = play(vhost_info, {"hosts": hosts, "path": "/health"})
    assert result["answers"] == [
        {"url": "http://shop.example:%d/health" % site, "status": 200, "good": True, "error": ""},
        {"url": "http://lost.example:%d/health" % site, "status": 404, "good": False, "error": ""}]


@pytest.mark.parametrize("content, good", [("I am shop.example", True), ("I am another", False)])
def test_the_right_one_must_answer(site, play, content, good):
    result = play(vhost_info, {"hosts": [{"name": "shop.example", "port": site}], "content": content})
    assert result["answers"][0]["good"] is good and not result["changed"]


def test_what_does_not_answer_is_said_when_it_was_waited_for(nobody, site, play, refused, clock):
    clock(vhost_info)
    hosts = [{"name": "shop.example", "port": nobody}, {"name": "lost.example", "port": site}]
    assert play(vhost_info, {"hosts": hosts})["answers"][0]["error"].endswith("Connection refused")
    assert refused(vhost_info, {"hosts": hosts, "wait": 2}) == (
        "At 127.0.0.1 these do not answer as they should: http://shop.example:%d/ ([Errno 111] Connection refused), "
        "http://lost.example:%d/ (404)." % (nobody, site))


def test_a_port_without_tls_is_an_error_not_a_crash(site, play):
    answer = play(vhost_info, {"hosts": [{"name": "shop.example", "port": site, "scheme": "https"}]})["answers"][0]
    assert (answer["status"], answer["good"]) == (0, False) and answer["error"]


# ajp_ping

class Tomcat(threading.Thread):
    """A connector: answers a CPing with `pong` in pieces, a request with `status`."""

    def __init__(self, pong=CPONG, status=200):
        super().__init__(daemon=True)
        self.pong, self.status, self.requests = pong, status, []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(4)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            # A client that has heard enough goes.
            with connection, contextlib.suppress(OSError):
                if connection.recv(len(CPING)) != CPING:
                    continue
                connection.sendall(self.pong[:2])
                connection.sendall(self.pong[2:])
                self.requests.append(connection.recv(65536))
                text = b"OK"
                head = struct.pack("!BHH", 4, self.status, len(text)) + text + b"\0" + struct.pack("!H", 0)
                for packet in (head, b"\x03" + struct.pack("!H", 2) + b"up\0", b"\x05\x01"):
                    connection.sendall(b"AB" + struct.pack("!H", len(packet)) + packet)


@pytest.fixture
def tomcat(request):
    made = Tomcat(**getattr(request, "param", {}))
    yield made
    made.listener.close()


def test_a_connector_that_answers_in_pieces_is_healthy(tomcat, play):
    result = play(ajp_ping, {"services": [{"port": tomcat.port, "path": "/health"}], "secret": SECRET})
    (answer,) = result["answers"]
    assert (answer["pong"], answer["status"], answer["body"], answer["error"], result["changed"]) == (True, 200, "up", "", False)
    assert SECRET.encode() in tomcat.requests[0] and SECRET not in str(result)


@pytest.mark.parametrize("tomcat, sentence", [
    ({"status": 503}, "AJP port 127.0.0.1:{port}: answers /health with status 503"),
    ({"pong": b"HTTP/1.1 400"}, "AJP port 127.0.0.1:{port}: does not answer a CPing"),
    ({"pong": b"AB"}, "AJP port 127.0.0.1:{port}: timed out"),
], indirect=["tomcat"])
def test_what_is_wrong_with_a_connector_is_said(tomcat, refused, clock, sentence, monkeypatch):
    clock(ajp_ping)
    monkeypatch.setattr(ajp_ping, "PATIENCE", 0.3)
    assert refused(ajp_ping, {"services": [{"port": tomcat.port, "path": "/health"}], "timeout": 0}) == (
        "Not healthy after 0 s: %s." % sentence.format(port=tomcat.port))


def test_ports_at_which_nobody_listens_are_said_all_at_once(nobody, refused, clock):
    clock(ajp_ping)
    assert refused(ajp_ping, {"services": [{"port": nobody}], "receivers": [nobody], "timeout": 2}) == (
        "Not healthy after 2 s: AJP port 127.0.0.1:{0}: [Errno 111] Connection refused; session receiver 127.0.0.1:{0}: [Errno 111] "
        "Connection refused.".format(nobody))
