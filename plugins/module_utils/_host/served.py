# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that a server shows to whoever comes, and whether it is the one of a file.

A door is a dictionary: protocol (tls, or mysql, which begins in the clear), and socket, or address and port.
"""

from __future__ import annotations

import re
import socket
import ssl

from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)
# Of the capabilities in MariaDB's and MySQL's handshake: https://mariadb.com/kb/en/connection/
TLS, CLIENT = 0x800, 0x8A01
LONGEST = 1 << 24
CHARACTER_SET = 45


class NotServed(Exception):
    """Nobody is there, or somebody who shows no certificate. broken: it does speak TLS, and a handshake fails."""

    def __init__(self, sentence, broken=False):
        super().__init__(sentence)
        self.broken = broken


def first_of(text):
    """The first certificate of a PEM file, which is the server's own, as it goes over the wire. Raises ValueError."""
    found = PEM.search(text)
    if not found:
        raise ValueError("it has no certificate")
    return ssl.PEM_cert_to_DER_cert(found.group(0))


def name_of(door):
    return door.get("socket") or at_port(door["address"], door["port"])


def capabilities(greeting):
    """What a MariaDB or MySQL server can do, by the payload of its first packet; None where it refuses whoever comes."""
    end = greeting.find(b"\0", 1)
    # Protocol 10, the version, the connection's number, eight bytes of a challenge and a filler.
    if greeting[:1] != b"\x0a" or end < 0 or len(greeting) < end + 16:
        return None
    return int.from_bytes(greeting[end + 14:end + 16], "little")


def tls_request():
    """The packet by which a client asks for TLS, before it has said who it is."""
    body = CLIENT.to_bytes(4, "little") + LONGEST.to_bytes(4, "little") + bytes([CHARACTER_SET]) + bytes(23)
    return len(body).to_bytes(3, "little") + b"\x01" + body


def received(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise OSError("it closed the connection")
        data += part
    return data


def ask_for_tls(connection):
    greeting = received(connection, int.from_bytes(received(connection, 4)[:3], "little"))
    can = capabilities(greeting)
    if can is None:
        raise OSError("it takes no connections now")
    if not can & TLS:
        raise OSError("it offers no TLS")
    connection.sendall(tls_request())


def context(own=None):
    """own: (certificate, key) to come with, where clients must have one. What is shown is compared, so nothing is verified. Raises OSError
    when the two do not fit."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if own:
        made.load_cert_chain(*own)
    return made


def served(door, visitor, timeout=5.0):
    """The certificate (DER) that a server shows at a door to who comes with a context(). Raises NotServed."""
    speaks = False
    try:
        if door.get("socket"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            connection.connect(door["socket"])
        else:
            connection = socket.create_connection((door["address"], int(door["port"])), timeout)
        with connection:
            if door["protocol"] == "mysql":
                ask_for_tls(connection)
            speaks = True
            with visitor.wrap_socket(connection) as wrapped:
                return wrapped.getpeercert(True)
    except OSError as error:
        raise NotServed("%s: %s" % (name_of(door), error.strerror or error), speaks) from error


def due(newest, started, loaded):
    """Whether a process may run with other certificates than the files have, by seconds: the newest change of the files, its start, and the
    newest change that it was told to take up, None where it was told nothing."""
    return newest > started and (loaded is None or newest > loaded)
