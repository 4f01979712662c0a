# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing and promoting a member: the two halves of a change of the writer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils import _mysql_guard as guard
from ansible_collections.failover.stack.plugins.module_utils import _virtual_address as virtual
from ansible_collections.failover.stack.plugins.module_utils._mysql_connection import Failure, connect, login
from ansible_collections.failover.stack.plugins.module_utils._mysql_gtid import contains, subtract
from ansible_collections.failover.stack.plugins.module_utils._mysql_status import read_info
from ansible_collections.failover.stack.plugins.module_utils._mysql_writer_sql import Words

# How long the candidate has, after the fence, before the guard gives the address up without having been asked for it.
YIELD_S = 30.0
ROUND_S, POLL_S = 0.05, 0.005
# Without an announcement of the binary log's own, a former writer could not see that another one has begun.
MARKER = "FLUSH PRIVILEGES"


def split_address(text):
    """('198.18.0.102', 24) of '198.18.0.102/24'; without a length it is the address alone. (None, 0) for nothing."""
    if not text:
        return None, 0
    address, _slash, prefix = text.partition("/")
    return address, int(prefix or 32)


def seconds_since(start):
    return round((time.monotonic() - start) * 1000)


class Member:
    """This host: its server, its address, its record."""

    def __init__(self, params, host):
        self.params, self.host = params, host
        self.address, self.prefix = split_address(params["address"])
        self.server = self.words = None
        self.problem = ""

    def open(self):
        """Connects; False, with the reason in problem, when the server does not answer."""
        try:
            self.server = connect(dict(login(self.params), read_timeout=self.params["connect_timeout"]))
            self.words = Words(self.server)
        except Failure as failure:
            self.problem = str(failure)
        return self.words is not None

    def another(self, read_timeout=None):
        """A further connection, to work beside the first or to wait in."""
        return Words(connect(dict(login(self.params), read_timeout=read_timeout or self.params["connect_timeout"])))

    def look(self):
        record = guard.read_record()[0]
        return {
            "server": ("down" if not self.words else "writable" if self.words.writable() else "read_only"),
            "recorded": record.get("writer"),
            "handing_over": record.get("yield_until", 0) > time.time(),
            "address_held": bool(self.address) and virtual.holds(self.address),
        }

    def interface(self):
        name = virtual.interface_of(self.params["own_address"]) if self.params["own_address"] else virtual.interface_towards(self.address)
        if not name:
            raise Failure("%s: no interface has %s: give own_address, an address of this host on the interface that the writer address "
                          "shall be on." % (self.host, self.params["own_address"] or "a network with " + self.address))
        return name

    def record(self, **values):
        os.makedirs(guard.DIRECTORY, mode=0o700, exist_ok=True)
        guard.write_record(dict(values, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))

    def locked(self):
        os.makedirs(guard.DIRECTORY, mode=0o700, exist_ok=True)
        return guard.locked()

    @contextlib.contextmanager
    def wire(self):
        wire = virtual.Wire(self.interface())
        try:
            yield wire
        finally:
            wire.close()


def shown(row):
    """What may be told of a connection that was ended; never its statement."""
    return {"id": row["Id"], "user": row["User"], "host": row["Host"], "command": row["Command"], "seconds": row["Time"]}


# --- Fence ---------------------------------------------------------------------------


def is_fenced(state):
    return state["server"] != "writable" and state["recorded"] is False and (not state["address_held"] or state["handing_over"])


def close_server(member, patience_s, limit_s):
    """Makes the server read-only; the connections that had to be ended for it.

    The statement waits for statements and commits that are under way. Whoever still works after `patience_s` is ended, at last local
    clients, too.
    """
    words, ended, failed = member.another(read_timeout=limit_s + 5), [], []

    def close():
        try:
            words.run(words.read_only_statement())
        except Failure as failure:
            failed.append(failure)

    number = words.one("SELECT CONNECTION_ID() AS i")["i"]
    worker, start = threading.Thread(target=close, daemon=True), time.monotonic()
    worker.start()
    worker.join(patience_s)
    while worker.is_alive() and time.monotonic() - start < limit_s:
        local = time.monotonic() - start > limit_s / 2
        ended += member.words.end([row for row in member.words.clients(local) if row["Id"] != number])
        worker.join(ROUND_S)
    if worker.is_alive():
        member.words.end([{"Id": number}])
        worker.join(1)
        raise Failure("%s: the server cannot be made read-only, %d connections were ended and still something writes after %s s: look at "
                      "SHOW PROCESSLIST there." % (member.host, len(ended), limit_s))
    if failed:
        raise failed[0]
    words.server.close()
    return [shown(row) for row in ended]


def kill_server(member):
    """A server that hangs cannot be asked to stop writing."""
    unit = member.params["kill_unit"]
    if not unit:
        return False
    done = subprocess.run(  # pylint: disable=ansible-bad-function
        ["systemctl", "kill", "--signal=SIGKILL", unit], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def successor(member, before):
    """The MAC address of the one to whom the guard shall hand the address over; None when it is given up right away."""
    if not (member.params["yield_to"] and before["address_held"] and guard.guard_runs()):
        return None
    with member.wire() as wire:
        return wire.mac_of(member.params["yield_to"], member.params["own_address"] or None)


def fence(member, check):
    """From here on nobody writes. Returns the result of the module."""
    start = time.monotonic()
    up = member.open()
    before = member.look()
    result = {"changed": not is_fenced(before), "before": before, "ended": [], "gtid": None, "killed": False}
    if not up:
        result["problem"] = member.problem
    if check or not result["changed"]:
        result["gtid"] = member.words.position() if up else None
        return finished(member, result, before, start)
    heir = successor(member, before)
    with member.locked():
        begun = time.monotonic()
        if up:
            result["ended"] = close_server(member, member.params["patience_ms"] / 1000.0, member.params["timeout"])
            result["gtid"] = member.words.position()
            member.words.wait_for_replicas(False)
        else:
            result["killed"] = kill_server(member)
        if heir:
            member.record(writer=False, by=member.params["by"], yield_to=heir, yield_until=time.time() + YIELD_S)
        else:
            member.record(writer=False, by=member.params["by"])
            if up:
                result["ended"] += [shown(row) for row in member.words.end(member.words.clients())]
            if member.address:
                virtual.remove(member.address)
    result["read_only_ms"] = seconds_since(begun)
    return finished(member, result, before, start)


def finished(member, result, before, start):
    result["after"] = member.look() if result["changed"] else before
    result["mac"] = own_mac(member)
    result["total_ms"] = seconds_since(start)
    return result


def own_mac(member):
    """What this host would answer for the address."""
    if not member.address:
        return None
    with open("/sys/class/net/%s/address" % member.interface(), encoding="ascii") as handle:
        return handle.read().strip()


# --- Promote -------------------------------------------------------------------------


def is_promoted(member, state):
    if not (state["server"] == "writable" and state["recorded"] and (state["address_held"] or not member.address)):
        return False
    have = member.words.semi_sync() if member.params["semi_sync"] == "now" else None
    return have is None or have[1]


def objections(channels):
    """Why a replica is not fit to take writes."""
    return ["replication '%s' from %s:%s stopped with: %s" % (c["name"], c["host"], c["port"], c["error"]) for c in channels if c["error"]]


def wait_for(member, gtid, timeout):
    """Until everything of the former writer is here; what is missing otherwise."""
    end = time.monotonic() + timeout
    while not contains(member.words.position(), gtid):
        if time.monotonic() > end:
            return subtract(gtid, member.words.position())
        time.sleep(POLL_S)
    return ""


def check_candidate(member, channels):
    wrong = objections(channels)
    if wrong and not member.params["force"]:
        raise Failure("%s: is not promoted: %s. Mend it, or take another member." % (member.host, "; ".join(wrong)))


def promote(member, check):
    """From here on this member takes the writes. Returns the result of the module."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before, channels = member.look(), member.words.channels()
    leaving = channels if member.params["stop_replication"] else []
    result = {"changed": not is_promoted(member, before) or bool(leaving), "before": before, "ended": [], "holder": None}
    if not is_promoted(member, before):
        check_candidate(member, channels)
    if not result["changed"] or (check and not member.params["gtid"]):
        result.update(gtid=member.words.position(), holder=holder(member, before))
        return finished(member, result, before, start)
    if member.params["gtid"]:
        missing = wait_for(member, member.params["gtid"], member.params["timeout"])
        if missing:
            raise Failure("%s: lacks %s of the former writer after %d s, so it is not promoted: look at its replication." % (
                member.host, missing, member.params["timeout"]))
    result["caught_up_ms"] = seconds_since(start)
    if check:
        result.update(gtid=member.words.position(), holder=holder(member, before))
        return finished(member, result, before, start)
    for channel in leaving:
        member.words.stop(channel)
    try:
        with member.locked():
            take(member, before, result, start)
    except Failure:
        for channel in leaving:
            member.words.start(channel)
        raise
    for channel in leaving:
        member.words.forget(channel)
    if not before["recorded"]:
        mark(member)
    result["gtid"] = member.words.position()
    return finished(member, result, before, start)


def take(member, before, result, start):
    member.words.allow_writes(member.params["semi_sync"] == "now")
    result["writable_ms"] = seconds_since(start)
    if member.address and not before["address_held"]:
        with member.wire() as wire:
            other = wire.wait_free(member.address, member.params["address_timeout"])
            if other:
                if before["server"] != "writable":
                    member.words.run(member.words.read_only_statement())
                raise Failure("%s: %s is held by %s, so this member is left read-only: fence that one first (arping %s tells whether it "
                              "still answers)." % (member.host, member.address, other, member.address))
            virtual.add(wire.interface, member.address, member.prefix)
            wire.announce(member.address)
            result["address_ms"] = seconds_since(start)
            member.record(writer=True, by=member.params["by"])
            time.sleep(ROUND_S)
            wire.announce(member.address)
    else:
        member.record(writer=True, by=member.params["by"])


def holder(member, before):
    """Who else answers for the address now."""
    if not member.address or before["address_held"]:
        return None
    with member.wire() as wire:
        return wire.wait_free(member.address, 0.1)


def mark(member):
    """One transaction of its own, for which nobody waits: a replica might have to acknowledge it, and may be away."""
    def flush():
        with contextlib.suppress(Failure):
            member.another(read_timeout=60).run(MARKER)

    worker = threading.Thread(target=flush, daemon=True)
    worker.start()
    worker.join(0.3)


# --- Settle --------------------------------------------------------------------------


def settle(member, check):
    """A replica of a dead source: receives no more, and has applied what it received."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before, channels = member.look(), member.words.channels()
    receiving = [c for c in channels if c["io"] != "No"]
    result = {"changed": bool(receiving), "before": before, "ended": [], "problem": "; ".join(objections(channels))}
    if not check:
        for channel in receiving:
            member.words.stop(channel, receiver_only=True)
        end = time.monotonic() + member.params["timeout"]
        waiting = [c for c in member.words.channels() if c["applier"] == "Yes"]
        while waiting and time.monotonic() < end:
            waiting = [c for c in member.words.channels() if c["applier"] == "Yes" and not member.words.applied(c)]
            time.sleep(POLL_S if waiting else 0)
        left = [c for c in member.words.channels() if not member.words.applied(c)]
        result["problem"] = "; ".join(objections(member.words.channels()) or ["not everything that was received is applied"] * bool(left))
    result["gtid"] = member.words.position()
    result["seen"] = dict(read_info(member.server), recorded=bool(before["recorded"]), reachable=True)
    return finished(member, result, before, start)


def resume(member, check):
    """Undoes settle."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before = member.look()
    resting = [c for c in member.words.channels() if c["io"] == "No" or c["applier"] == "No"]
    for channel in resting if not check else ():
        member.words.start(channel)
    return finished(member, {"changed": bool(resting), "before": before, "ended": [], "gtid": member.words.position()}, before, start)


STATES = {"fenced": fence, "promoted": promote, "settled": settle, "resumed": resume}
