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

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect, login
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import contains, subtract, union
from ansible_collections.failover.stack.plugins.module_utils._sql.status import read_info
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

# How long the candidate has, after the fence, before the agent gives the address up without having been asked for it.
YIELD_S = 30.0
ROUND_S, POLL_S = 0.05, 0.005
# Without an announcement of the binary log's own, a former writer could not see that another one has begun.
MARKER = "FLUSH PRIVILEGES"
# Enough for the server to have got it; after a failover it waits for replicas that come later than that.
MARKER_S = 0.1


def split_address(text):
    """('198.18.0.102', 24) of '198.18.0.102/24'; without a length it is the address alone. (None, 0) for nothing."""
    if not text:
        return None, 0
    address, _slash, prefix = text.partition("/")
    return address, int(prefix or (128 if ":" in address else 32))


def seconds_since(start):
    return round((time.monotonic() - start) * 1000)


class Member:
    """This host: its server, its address, its record."""

    def __init__(self, params, host):
        self.params, self.host = params, host
        self.address, self.prefix = split_address(params["address"])
        self.server = self.sql = None
        self.problem = ""

    def open(self):
        """Connects; False, with the reason in problem, when the server does not answer."""
        try:
            self.server = connect(dict(login(self.params), read_timeout=self.params["connect_timeout"]))
            self.sql = SqlDialect(self.server)
        except Failure as failure:
            self.problem = str(failure)
        return self.sql is not None

    def another(self, read_timeout=None):
        """A further connection, to work beside the first or to wait in."""
        return SqlDialect(connect(dict(login(self.params), read_timeout=read_timeout or self.params["connect_timeout"])))

    def state(self):
        record = mysql_record.read_record()[0]
        return {
            "server": ("down" if not self.sql else "writable" if self.sql.writable() else "read_only"),
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
        os.makedirs(mysql_record.DIRECTORY, mode=0o700, exist_ok=True)
        mysql_record.write_record(dict(values, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))

    def locked(self):
        os.makedirs(mysql_record.DIRECTORY, mode=0o700, exist_ok=True)
        return mysql_record.locked()

    @contextlib.contextmanager
    def wire(self):
        wire = virtual.Wire(self.interface(), self.address)
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
    sql, ended, failed = member.another(read_timeout=limit_s + 5), [], []

    def close():
        try:
            sql.run(sql.read_only_statement())
        except Failure as failure:
            failed.append(failure)

    number = sql.one("SELECT CONNECTION_ID() AS i")["i"]
    worker, start = threading.Thread(target=close, daemon=True), time.monotonic()
    worker.start()
    worker.join(patience_s)
    while worker.is_alive() and time.monotonic() - start < limit_s:
        local = time.monotonic() - start > limit_s / 2
        ended += member.sql.end([row for row in member.sql.clients(local) if row["Id"] != number])
        worker.join(ROUND_S)
    if worker.is_alive():
        member.sql.end([{"Id": number}])
        worker.join(1)
        raise Failure("%s: the server cannot be made read-only, %d connections were ended and still something writes after %s s: look at "
                      "SHOW PROCESSLIST there." % (member.host, len(ended), limit_s))
    if failed:
        raise failed[0]
    sql.server.close()
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
    """The MAC address of the one to whom the agent shall hand the address over; None when it is given up right away."""
    if not (member.params["yield_to"] and before["address_held"] and mysql_record.agent_runs()):
        return None
    with member.wire() as wire:
        return wire.mac_of(member.params["yield_to"], member.params["own_address"] or None)


def fence(member, check):
    """From here on nobody writes. Returns the result of the module."""
    start = time.monotonic()
    up = member.open()
    before = member.state()
    result = {"changed": not is_fenced(before), "before": before, "ended": [], "gtid": None, "killed": False}
    if not up:
        result["problem"] = member.problem
    if check or not result["changed"]:
        result["gtid"] = member.sql.position() if up else None
        return finished(member, result, before, start)
    next_writer = successor(member, before)
    with member.locked():
        begun = time.monotonic()
        if up:
            result["ended"] = close_server(member, member.params["patience_ms"] / 1000.0, member.params["timeout"])
            result["gtid"] = member.sql.position()
            member.sql.wait_for_replicas(False)
        else:
            result["killed"] = kill_server(member)
        if next_writer:
            member.record(writer=False, by=member.params["by"], yield_to=next_writer, yield_until=time.time() + YIELD_S)
        else:
            member.record(writer=False, by=member.params["by"])
            if up:
                result["ended"] += [shown(row) for row in member.sql.end(member.sql.clients())]
            if member.address:
                virtual.remove(member.address)
    result["read_only_ms"] = seconds_since(begun)
    return finished(member, result, before, start)


def finished(member, result, before, start):
    result["after"] = member.state() if result["changed"] else before
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
    have = member.sql.semi_sync() if member.params["semi_sync"] == "now" else None
    return have is None or have[1]


def objections(channels):
    """Why a replica is not fit to take writes."""
    return ["replication '%s' from %s:%s stopped with: %s" % (c["name"], c["host"], c["port"], c["error"]) for c in channels if c["error"]]


def wait_for(member, gtid, timeout):
    """Until everything of the former writer is here; what is missing otherwise."""
    end = time.monotonic() + timeout
    while not contains(member.sql.position(), gtid):
        if time.monotonic() > end:
            return subtract(gtid, member.sql.position())
        time.sleep(POLL_S)
    return ""


def check_candidate(member, channels):
    wrong = objections(channels)
    if wrong and not member.params["force"]:
        raise Failure("%s: is not promoted: %s. Repair it, or take another member." % (member.host, "; ".join(wrong)))


def promote(member, check):
    """From here on this member takes the writes. Returns the result of the module."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before, channels = member.state(), member.sql.channels()
    if member.params["lease"] and not is_promoted(member, before):
        lease.may_begin(member.host)
    leaving = channels if member.params["stop_replication"] else []
    result = {"changed": not is_promoted(member, before) or bool(leaving), "before": before, "ended": [], "holder": None}
    if not is_promoted(member, before):
        check_candidate(member, channels)
    if not result["changed"] or (check and not member.params["gtid"]):
        result.update(gtid=member.sql.position(), holder=holder(member, before))
        return finished(member, result, before, start)
    if member.params["gtid"]:
        missing = wait_for(member, member.params["gtid"], member.params["timeout"])
        if missing:
            raise Failure("%s: lacks %s of the former writer after %d s, so it is not promoted: look at its replication." % (
                member.host, missing, member.params["timeout"]))
    result["caught_up_ms"] = seconds_since(start)
    if check:
        result.update(gtid=member.sql.position(), holder=holder(member, before))
        return finished(member, result, before, start)
    for channel in leaving:
        member.sql.stop(channel)
    try:
        with member.locked():
            take(member, before, result, start)
    except Exception:
        for channel in leaving:
            member.sql.start(channel)
        raise
    for channel in leaving:
        member.sql.forget(channel)
    if not before["recorded"]:
        mark(member)
    result["gtid"] = member.sql.position()
    return finished(member, result, before, start)


def take(member, before, result, start):
    """Whatever goes wrong on the way to the address, a server that was read-only is so again."""
    try:
        member.sql.allow_writes(member.params["semi_sync"] == "now")
        result["writable_ms"] = seconds_since(start)
        take_address(member, before, result, start)
    except Exception:
        result.pop("address_ms", None)
        if not before["recorded"] and mysql_record.read_record()[0].get("writer"):
            # Else the agent would open the server again.
            member.record(writer=False, by=member.params["by"])
        if member.address and not before["address_held"] and virtual.holds(member.address):
            virtual.remove(member.address)
        if before["server"] != "writable":
            member.sql.run(member.sql.read_only_statement())
        raise


def take_address(member, before, result, start):
    if member.address and not before["address_held"]:
        with member.wire() as wire:
            other = wire.wait_free(member.address, member.params["address_timeout"])
            if other:
                raise Failure("%s: %s is held by %s, so this member is left read-only: fence that one first (%s %s tells whether it "
                              "still answers)." % (member.host, member.address, other, "ndisc6" if wire.six else "arping", member.address))
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
    try:
        sql = member.another(read_timeout=60)
    except Failure:
        return

    def flush():
        with contextlib.suppress(Failure):
            sql.run(MARKER)

    worker = threading.Thread(target=flush, daemon=True)
    worker.start()
    worker.join(MARKER_S)


# --- Settle --------------------------------------------------------------------------


def receive(member, gtid):
    """Gives a source that was fenced, and still sends, the time to send all that it has. What is not here then is judged by who chooses."""
    end = time.monotonic() + member.params["timeout"]
    while gtid and time.monotonic() < end:
        channels = member.sql.channels()
        here = member.sql.position()
        for channel in channels:
            here = union(here, channel["received"]) if channel["gtid"] else here
        if contains(here, gtid) or not [channel for channel in channels if channel["io"] == "Yes"]:
            return
        time.sleep(POLL_S)


def drain_relay_log(member, check):
    """A replica of a dead source: receives no more, and has applied what it received."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before, channels = member.state(), member.sql.channels()
    receiving = [c for c in channels if c["io"] != "No"]
    result = {"changed": bool(receiving), "before": before, "ended": [], "problem": "; ".join(objections(channels))}
    if not check:
        receive(member, member.params["gtid"])
        for channel in receiving:
            member.sql.stop(channel, receiver_only=True)
        end = time.monotonic() + member.params["timeout"]
        waiting = [c for c in member.sql.channels() if c["applier"] == "Yes"]
        while waiting and time.monotonic() < end:
            waiting = [c for c in member.sql.channels() if c["applier"] == "Yes" and not member.sql.applied(c)]
            time.sleep(POLL_S if waiting else 0)
        left = [c for c in member.sql.channels() if not member.sql.applied(c)]
        result["problem"] = "; ".join(objections(member.sql.channels()) or ["not everything that was received is applied"] * bool(left))
    result["gtid"] = member.sql.position()
    result["seen"] = dict(read_info(member.server), recorded=bool(before["recorded"]), reachable=True)
    return finished(member, result, before, start)


def resume(member, check):
    """Undoes drain_relay_log()."""
    start = time.monotonic()
    if not member.open():
        raise Failure("%s: the server does not answer: %s" % (member.host, member.problem))
    before = member.state()
    resting = [c for c in member.sql.channels() if c["io"] == "No" or c["applier"] == "No"]
    for channel in resting if not check else ():
        member.sql.start(channel)
    return finished(member, {"changed": bool(resting), "before": before, "ended": [], "gtid": member.sql.position()}, before, start)


# --- With a lease: the agents do it --------------------------------------------------


def hand_over(member, check):
    start = time.monotonic()
    member.open()
    before, to = member.state(), member.params["to"]
    status = lease.known(member.host)
    result = {"changed": status["view"]["writer"] != to, "before": before, "ended": [], "gtid": None}
    if result["changed"]:
        lease.may_hand_over(member.host, status, to)
        if not check:
            lease.hand_over(member.host, to, member.params["patience_ms"], member.params["timeout"])
    return finished(member, result, before, start)


def give_up(member, check):
    start = time.monotonic()
    member.open()
    before, names = member.state(), member.params["members"]
    status = lease.known(member.host)
    result = {"changed": bool(set(names) & set(status["view"]["sync"])), "before": before, "ended": [], "gtid": None}
    if result["changed"] and not check:
        lease.give_up(member.host, status, names, member.params["timeout"])
    return finished(member, result, before, start)


def park(member, check):
    """Without an agent that holds the lease there is nothing to note."""
    start = time.monotonic()
    member.open()
    before, status = member.state(), lease.status()
    result = {"changed": bool(status.get("lease")) and not lease.parked(status["view"]), "before": before, "ended": [], "gtid": None}
    if result["changed"] and not check:
        lease.park(member.host, member.params["timeout"])
    return finished(member, result, before, start)


STATES = {"fenced": fence, "promoted": promote, "drained": drain_relay_log, "resumed": resume, "handed_over": hand_over,
          "given_up": give_up, "parked": park}
