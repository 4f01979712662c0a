# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stream over a real TLS connection on this machine's loopback."""

import io
import socket
import struct
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import stream


@pytest.fixture
def listener():
    made = stream.listen("127.0.0.1", 0)
    yield made
    made.close()


def joined(members, listener, as_name="donor", seconds=5):
    """(what the joiner received, how it ended) while a member connects and does `work`."""
    directories, shown = members
    port, result = listener.getsockname()[1], []

    def serve():
        try:
            sock = stream.accept(listener, stream.context(directories["joiner"], shown["donor"], server=True), seconds)
            sink = io.BytesIO()
            with sock:
                result.append((stream.receive(sock.makefile("rb"), sink, lambda count: None), sink.getvalue()))
        except Failure as failure:
            result.append(failure)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    context = stream.context(directories[as_name], shown["joiner"], server=False)
    return context, port, thread, result


def test_everything_arrives_and_the_sender_says_how_it_ended(members, listener):
    context, port, thread, result = joined(members, listener)
    counted, data = [], b"x" * (stream.CHUNK + 7)
    with stream.connect("127.0.0.1", port, context, 5) as sock:
        assert stream.send(sock, io.BytesIO(data), counted.append) == len(data)
        stream.send_end(sock, {"ok": False, "error": "no such table"})
    thread.join(60)
    assert result == [((len(data), {"ok": False, "error": "no such table"}), data)]
    assert counted == [stream.CHUNK, len(data)]


def test_a_sender_that_dies_is_not_one_that_has_finished(members, listener):
    context, port, thread, result = joined(members, listener)
    with stream.connect("127.0.0.1", port, context, 5) as sock:
        stream.send(sock, io.BytesIO(b"half"), lambda count: None)
    thread.join(60)
    assert [str(each).startswith("the stream broke off before its end") for each in result] == [True]


@pytest.mark.parametrize("linger", [False, True])
def test_a_sender_that_is_reset_is_not_one_that_has_finished(members, listener, linger):
    context, port, thread, result = joined(members, listener)
    sock = stream.connect("127.0.0.1", port, context, 5)
    stream.send(sock, io.BytesIO(b"half"), lambda count: None)
    if linger:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    thread.join(60)
    assert [str(each).startswith("the stream broke off before its end") for each in result] == [True]


def test_a_stranger_is_sent_away_and_the_donor_still_comes(members, listener):
    _context, port, thread, result = joined(members, listener)
    directories, shown = members
    stranger = stream.context(directories["stranger"], shown["joiner"], server=False)
    # TLS 1.3 tells the client of its refused certificate only when it reads.
    with pytest.raises((Failure, OSError)), stream.connect("127.0.0.1", port, stranger, 5) as sock:
        assert sock.recv(1) == b""
        raise OSError("the other side closed")
    donor = stream.context(directories["donor"], shown["joiner"], server=False)
    with stream.connect("127.0.0.1", port, donor, 5) as sock:
        stream.send_end(sock, {"ok": True, "error": ""})
    thread.join(60)
    assert result == [((0, {"ok": True, "error": ""}), b"")]


def test_a_joiner_that_is_another_one_is_refused(members, listener):
    directories, shown = members
    _context, port, thread, result = joined(members, listener, seconds=1)
    with pytest.raises(Failure) as failed:
        stream.connect("127.0.0.1", port, stream.context(directories["donor"], shown["stranger"], server=False), 5)
    assert str(failed.value) == "127.0.0.1 port %d is not the member that asked for the data (CERTIFICATE_VERIFY_FAILED)" % port
    thread.join(60)
    assert [str(each) for each in result] == ["the donor did not come within 1 s"]


def test_a_donor_that_does_not_come_is_said(members, listener):
    directories, shown = members
    with pytest.raises(Failure, match=r"^the donor did not come within 0 s$"):
        stream.accept(listener, stream.context(directories["joiner"], shown["donor"], server=True), 0.1)


def test_a_port_that_nobody_opened_is_said(members):
    directories, shown = members
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Failure) as failed:
        stream.connect("127.0.0.1", port, stream.context(directories["donor"], shown["joiner"], server=False), 0)
    assert str(failed.value) == ("127.0.0.1 port %d cannot be reached (Connection refused): open it between the members, or set "
                                 "mysql_replication_seed_port" % port)


def test_a_port_that_is_taken_is_said(listener):
    port = listener.getsockname()[1]
    with pytest.raises(Failure) as failed:
        stream.listen("127.0.0.1", port)
    assert str(failed.value) == ("nobody can listen on 127.0.0.1 port %d (Address already in use): set mysql_replication_seed_port to a "
                                 "free port" % port)


@pytest.mark.parametrize("data", [b"", b"\0\0", struct.pack("!I", 9) + b"short", struct.pack("!II", 0, 9) + b"{}"])
def test_a_stream_that_is_cut_anywhere_is_no_end(data):
    with pytest.raises(Failure, match=r"^the stream broke off before its end$"):
        stream.receive(io.BytesIO(data), io.BytesIO(), lambda count: None)


def test_openssl_that_fails_is_said(tmp_path):
    with pytest.raises(Failure, match=r"^openssl made no certificate: no randomness$"):
        stream.certificate(lambda command: (1, "", "no randomness\n"), str(tmp_path), "donor")


@pytest.mark.parametrize("sent, rate, passed, waits", [(1000, 100, 4.0, 6.0), (1000, 100, 12.0, 0.0), (1000, 0, 0.0, 0.0)])
def test_throttle(sent, rate, passed, waits):
    assert stream.throttle(sent, 5.0, rate, lambda: 5.0 + passed) == waits
