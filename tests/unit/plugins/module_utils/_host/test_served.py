# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server shows at its doors, asked of real sockets."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import served, tls

# The first packet of MariaDB 11.8.9, its challenge made up; capabilities 0xfffe.
GREETING = b"\x0a5.5.5-11.8.9-MariaDB\0" + b"\x07\0\0\0" + b"abcdefgh\0" + b"\xfe\xff" + b"\x2d\x02\0" + bytes(20)


@pytest.fixture
def pair(tmp_path):
    """Paths of a certificate and its key."""
    key = tls.new_key()
    (tmp_path / "cert.pem").write_text("# ours\n" + tls.self_signed(key, "db1", 30))
    (tmp_path / "key.pem").write_text(key)
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


class Door:
    """Somebody who takes one connection: says `begins`, reads a packet, and speaks TLS where there is a pair."""

    def __init__(self, tmp_path, pair, begins=b"", end=False):
        self.path, self.pair, self.begins, self.end, self.got = str(tmp_path / "door"), pair, begins, end, b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        connection, _peer = self.listener.accept()
        with connection:
            connection.sendall(len(self.begins).to_bytes(3, "little") + b"\0" + self.begins if self.begins else b"")
            if self.end:
                return
            self.got = connection.recv(36) if self.begins else b""
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.pair)
            with context.wrap_socket(connection, server_side=True):
                pass

    def close(self):
        self.thread.join()
        self.listener.close()


@pytest.mark.parametrize("protocol, begins", [("tls", b""), ("mysql", GREETING)])
def test_it_is_the_one_of_the_file(tmp_path, pair, protocol, begins):
    door = Door(tmp_path, pair, begins)
    shown = served.served({"protocol": protocol, "socket": door.path}, served.context(pair))
    door.close()
    with open(pair[0], encoding="ascii") as handle:
        assert shown == served.first_of(handle.read())
    # A whole packet that asks for TLS, and nothing about who comes.
    assert door.got == (served.tls_request() if begins else b"") and len(served.tls_request()) == 36


@pytest.mark.parametrize("greeting, says", [
    (GREETING.replace(b"\xfe\xff", b"\xfe\xf7"), "it offers no TLS"), (b"\xff\x10\x04Too many connections", "it takes no connections now"),
    (b"", "it closed the connection")])
def test_a_server_that_offers_none(tmp_path, pair, greeting, says):
    door = Door(tmp_path, pair, greeting, end=True)
    with pytest.raises(served.NotServed, match=says) as error:
        served.served({"protocol": "mysql", "socket": door.path}, served.context())
    door.close()
    assert not error.value.broken


def test_a_handshake_that_fails_is_another_thing_than_nobody_there(tmp_path, pair):
    door = Door(tmp_path, pair, end=True)
    with pytest.raises(served.NotServed) as error:
        served.served({"protocol": "tls", "socket": door.path}, served.context())
    door.close()
    assert error.value.broken
    with pytest.raises(served.NotServed, match=r"127[.]0[.]0[.]1:1: ") as error:
        served.served({"protocol": "tls", "address": "127.0.0.1", "port": 1}, served.context())
    assert not error.value.broken


def test_a_key_that_does_not_fit_is_an_error(tmp_path, pair):
    (tmp_path / "other.pem").write_text(tls.new_key())
    with pytest.raises(OSError):
        served.context((pair[0], str(tmp_path / "other.pem")))


def test_a_file_without_a_certificate_and_names_of_doors():
    with pytest.raises(ValueError, match="it has no certificate"):
        served.first_of("-----BEGIN PRIVATE KEY-----")
    assert [served.name_of(door) for door in (
        {"socket": "/run/a"}, {"address": "198.51.100.1", "port": 5671}, {"address": "2001:db8::1", "port": 3306})] == [
            "/run/a", "198.51.100.1:5671", "[2001:db8::1]:3306"]


@pytest.mark.parametrize("newest, started, loaded, due", [
    (10, 20, None, False), (20, 10, None, True), (20, 10, 20, False), (30, 10, 20, True), (20, 30, 10, False)])
def test_what_a_process_has_taken_up(newest, started, loaded, due):
    assert served.due(newest, started, loaded) is due
