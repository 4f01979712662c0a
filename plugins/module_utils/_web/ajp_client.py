# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an AJP connector the way httpd's mod_jk does: a CPing, and a GET where a path is wanted."""

from __future__ import annotations

import socket

from ansible_collections.failover.stack.plugins.module_utils._web.ajp import CPING, CPONG, get_request, reply_of

PATIENCE = 5.0


def receive(connection, size):
    """So many bytes, however many packets they come in; fewer when the other side ends before."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def ask(host, service, secret, patience=PATIENCE):
    """CPing and GET on one connection; an answer with what went wrong, if anything did."""
    answer = {"host": host, "port": service["port"], "pong": False, "status": 0, "headers": [], "body": "", "error": ""}
    try:
        with socket.create_connection((host, service["port"]), timeout=patience) as connection:
            connection.sendall(CPING)
            answer["pong"] = receive(connection, len(CPONG)) == CPONG
            if not answer["pong"]:
                answer["error"] = "does not answer a CPing"
            elif service.get("path"):
                connection.sendall(get_request(service["path"], secret=secret, headers=service.get("headers")))
                data, reply = b"", None
                while reply is None or not reply.complete:
                    more = connection.recv(65536)
                    if not more:
                        break
                    data += more
                    reply = reply_of(data)
                if reply is not None:
                    answer.update(status=reply.status, headers=[list(header) for header in reply.headers],
                                  body=reply.body.decode("utf-8", "replace"))
    except (OSError, ValueError) as error:
        answer["error"] = str(error)
    return answer
