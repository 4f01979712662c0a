# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many sessions a Tomcat instance has, as it tells at its own socket (role tomcat_cluster, sessions.jsp)."""

from __future__ import annotations

import socket

# Of the service that answers there; no service of a site's is called so.
SERVICE = "failover-status"
SOCKET = "/run/tomcat-cluster/%s/status.sock"
MOST_BYTES = 1 << 20


class SessionsError(Exception):
    """One sentence, without a full stop, on why an instance does not tell."""


def socket_of(instance):
    return SOCKET % instance


def application_of(instance, service, path):
    """How an application of an instance is called: tomcat1/user, tomcat1/user/shop. path: empty or / for the root."""
    return "%s/%s%s" % (instance, service, path if path != "/" else "")


def applications(instances):
    """Those of instances as role tomcat_cluster is told them."""
    return [application_of(one["name"], service["name"], application.get("path") or "") for one in instances or []
            for service in one.get("services") or [] for application in service.get("applications") or []]


def ask(instance, timeout_s, path=""):
    """{application: {"active": number, "manager": name of Tomcat's class}} of one instance. path: of another socket than its own. Raises
    SessionsError, OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(path or socket_of(instance))
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        told = b""
        while len(told) < MOST_BYTES:
            part = connection.recv(65536)
            if not part:
                break
            told += part
    return parse(instance, told.decode("utf-8", "replace"))


def parse(instance, answer):
    """A whole answer of HTTP; in its body a line for each application: service, path, manager and number, tabs between them."""
    head, _empty, body = answer.partition("\r\n\r\n")
    status = head.split("\r\n", 1)[0].split(" ")
    if status[1:2] != ["200"]:
        raise SessionsError("%s answers with %s at its socket" % (instance, status[1] if len(status) > 1 else "something else than HTTP"))
    rows = [line.split("\t") for line in body.splitlines() if line.strip()]
    if any(len(row) != 4 or not row[3].isdigit() for row in rows):
        raise SessionsError("%s tells something else than sessions at its socket" % instance)
    return {application_of(instance, service, path): {"active": int(number), "manager": manager}
            for service, path, manager, number in sorted(rows) if service != SERVICE}
