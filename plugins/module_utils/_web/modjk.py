# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mod_jk's status worker: read its XML, decide what to change. Pure but for ask() and answers_ping()."""

from __future__ import annotations

import socket
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree

NAMESPACE = "{http://tomcat.apache.org}"
ACTIVATION = {"active": "ACT", "disabled": "DIS", "stopped": "STP"}
CODE = {"active": 0, "disabled": 1, "stopped": 2}
CPING, CPONG = b"\x12\x34\x00\x01\x0a", b"AB\x00\x01\x09"


class StatusError(Exception):
    """A sentence that tells what is wrong with the status worker or its answer."""


def parse(text):
    """The members of all balancers, as a list of plain dicts, in mod_jk's order."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise StatusError("what the status worker answered is no XML (%s)" % error) from error
    result = root.find(NAMESPACE + "result")
    if result is None or result.get("type") != "OK":
        raise StatusError("the status worker refused: %s" % ("no result" if result is None else result.get("message")))
    states = {code: name for name, code in ACTIVATION.items()}
    return [
        {
            "balancer": balancer.get("name"),
            "name": member.get("name"),
            "route": member.get("route"),
            "host": member.get("host"),
            "port": int(member.get("port", 0)),
            "activation": states.get(member.get("activation"), "unknown"),
            "state": member.get("state", ""),
            "busy": int(member.get("busy", 0)),
            "errors": int(member.get("errors", 0)),
        }
        for balancer in root.iter(NAMESPACE + "balancer")
        for member in balancer.iter(NAMESPACE + "member")
    ]


def in_error(member):
    """Gets no requests. ERR/REC is no error any more: the next request tries it."""
    return member["state"] in ("ERR", "ERR/FRC")


def usable(member):
    return member["activation"] == "active" and not in_error(member)


def of_route(members, route):
    return [member for member in members if member["route"] == route]


def plan(members, state):
    """The status worker's commands that lead from what is to what is wanted, one dict each."""
    commands = []
    for member in members:
        who = {"w": member["balancer"], "sw": member["name"]}
        if member["activation"] != state:
            commands.append(dict(who, cmd="update", vwa=CODE[state]))
        # An error noted while it was out must not keep it out now. (recover is refused when mod_jk has just done so by itself.)
        if state == "active" and member["state"].startswith("ERR"):
            commands.append(dict(who, cmd="reset"))
    return commands


def stale(members, answering):
    """Members that mod_jk does not use though the Tomcat at (host, port) answers."""
    return [m for m in members if m["activation"] == "active" and m["state"].startswith("ERR") and (m["host"], m["port"]) in answering]


def report(members, answers):
    """What is wrong, for people and for programs. answers: (host, port) to True, False or None (not asked)."""
    workers = [dict(one, usable=usable(one), answers=answers.get((one["host"], one["port"]))) for one in members]
    good = {one["balancer"] for one in workers if one["usable"] and one["answers"] is not False}
    return {
        "workers": workers,
        "unusable_balancers": sorted({one["balancer"] for one in workers} - good),
        "in_error": [one["name"] for one in workers if in_error(one)],
        "silent": [one["name"] for one in workers if one["activation"] == "active" and one["answers"] is False],
    }


def complaint(found):
    """One sentence on what keeps the balancers of a report from being healthy; empty when they are."""
    parts = [
        "%s %s" % (", ".join(found[key]), words)
        for key, words in (
            ("unusable_balancers", "has no usable worker"),
            ("in_error", "is held for dead by mod_jk"),
            ("silent", "does not answer AJP"),
        ) if found[key]
    ]
    return "; ".join(parts) + (": start the Tomcats or correct their ports." if parts else "")


def lonely(members, route, state):
    """Balancers that would have no active worker left."""
    if state == "active":
        return []
    mine = {member["balancer"] for member in of_route(members, route)}
    others = {member["balancer"] for member in members if member["route"] != route and usable(member)}
    return sorted(mine - others)


def ask(url, timeout, **query):
    """One question to the status worker, past any proxy of the environment."""
    request = Request(url + "?" + urlencode(dict({"mime": "xml"}, **query)), headers={"Host": "default.invalid"})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
            return answer.read().decode("utf-8", "replace")
    except (URLError, OSError) as error:
        raise StatusError("%s does not answer (%s)" % (url, getattr(error, "reason", error))) from error


def generation_of(text):
    """Which processes answered httpd's status page (?auto): when the parent started, and its count of graceful reloads."""
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    try:
        return lines["RestartTime"], int(lines["ParentServerMPMGeneration"])
    except (KeyError, ValueError) as error:
        raise StatusError("what answered is not httpd's status page (%s)" % error) from error


def answers_ping(host, port, timeout):
    """Whether a Tomcat answers on its AJP connector; needs no secret."""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(CPING)
            got = b""
            while len(got) < len(CPONG):
                part = connection.recv(len(CPONG) - len(got))
                if not part:
                    return False
                got += part
            return got == CPONG
    except OSError:
        return False
