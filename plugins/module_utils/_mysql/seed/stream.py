# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream between two members over TLS. Each trusts exactly the other's throw-away certificate, made for this transfer.

Frames: four bytes of length and so many bytes; a frame of length 0 is followed by one that tells, as JSON, how it ended.
So a sender that dies in the middle is never taken for one that has finished.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import time

from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure

CHUNK = 1 << 20
# The certificates are pinned, and the members' clocks may differ: when they were made says nothing.
NO_CHECK_TIME = 0x200000
SILENT_S = 30


def certificate(run, directory, name):
    """A new key, which never leaves this directory, and its certificate, which is returned."""
    key, cert = os.path.join(directory, "own.key"), os.path.join(directory, "own.crt")
    code, _out, err = run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                           "-days", "2", "-subj", "/CN=" + name, "-keyout", key, "-out", cert])
    if code:
        raise Failure("openssl made no certificate: %s" % err.strip())
    os.chmod(key, 0o600)
    with open(cert, encoding="ascii") as handle:
        return handle.read()


def context(directory, peer, server):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= NO_CHECK_TIME
    made.load_verify_locations(cadata=peer)
    made.load_cert_chain(os.path.join(directory, "own.crt"), os.path.join(directory, "own.key"))
    return made


def patient(sock):
    """No limit for a peer that waits for a lock, a short one for a peer that is gone."""
    sock.settimeout(None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", SILENT_S * 1000)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        raise Failure("nobody can listen on %s port %d (%s): set mysql_replication_seed_port to a free port" % (
            address, port, error.strerror)) from error
    listener.listen(2)
    return listener


def accept(listener, made, seconds):
    """The first peer with the right certificate; others are sent away."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        listener.settimeout(max(0.1, until - time.monotonic()))
        try:
            plain, _address = listener.accept()
        except socket.timeout:
            break
        try:
            plain.settimeout(10)
            return patient(made.wrap_socket(plain, server_side=True))
        except OSError:
            plain.close()
    raise Failure("the donor did not come within %d s" % seconds)


def connect(address, port, made, seconds):
    until = time.monotonic() + seconds
    while True:
        try:
            return patient(made.wrap_socket(socket.create_connection((address, port), timeout=10)))
        except ssl.SSLError as error:
            raise Failure("%s port %d is not the member that asked for the data (%s)" % (address, port, error.reason)) from error
        except OSError as error:
            if time.monotonic() > until:
                raise Failure("%s port %d cannot be reached (%s): open it between the members, or set "
                              "mysql_replication_seed_port" % (address, port, error.strerror or error)) from error
            time.sleep(0.5)


def throttle(sent, began, rate, clock=time.monotonic):
    """Seconds to wait so that `sent` bytes since `began` are at most `rate` bytes a second."""
    return max(0.0, sent / rate - (clock() - began)) if rate else 0.0


def send(sock, source, counted, rate=0):
    """Everything that `source` gives; returns the number of bytes."""
    sent, began = 0, time.monotonic()
    while True:
        chunk = source.read(CHUNK)
        if not chunk:
            return sent
        sock.sendall(struct.pack("!I", len(chunk)) + chunk)
        sent += len(chunk)
        counted(sent)
        time.sleep(throttle(sent, began, rate))


def send_end(sock, end):
    text = json.dumps(end).encode()
    sock.sendall(struct.pack("!II", 0, len(text)) + text)
    # Until the other side has read it: the unit must not end with bytes on their way.
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(4096):
        pass


def exactly(reader, count):
    try:
        data = reader.read(count)
    except OSError as error:
        # One that dies without having read all that was sent to it resets the connection.
        raise Failure("the stream broke off before its end (%s)" % (error.strerror or error)) from error
    if len(data) < count:
        raise Failure("the stream broke off before its end")
    return data


def receive(reader, sink, counted):
    """Everything into `sink`; returns (bytes, how the sender says it ended)."""
    got = 0
    while True:
        (length,) = struct.unpack("!I", exactly(reader, 4))
        if not length:
            (length,) = struct.unpack("!I", exactly(reader, 4))
            return got, json.loads(exactly(reader, length).decode())
        sink.write(exactly(reader, length))
        got += length
        counted(got)
