# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The scripts that MHA calls: fence the old writer, promote the new one, see whether a writer is really away. By our agents on the members.

Started as `mha_script failover|online|shutdown|secondary` with MHA's own options. It ends with what MHA understands.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import subprocess
import time

from ansible_collections.failover.stack.plugins.module_utils._mha.config import AT_WORK, BIN, MANAGER, MANAGER_CONFIG

OK, FAILED, NETWORK, REACHED, STOPPED = 0, 1, 2, 3, 10
# The writer agent of a server that is gone keeps the address for 10 s; one that is cut off gives it up by itself.
SILENCE_S, AGAIN_S, ASK_S, ACT_S = 15, 1.0, 8, 90
HANDED_OVER = MANAGER + "/handover.json"


def say(text):
    print(text, flush=True)


def options(words):
    """{name: value} of --name=value."""
    pairs = [word[2:].partition("=") for word in words if word.startswith("--")]
    return {name: value.strip("'") for name, _equals, value in pairs}


class Members:
    """The members' agents, asked by SSH."""

    def __init__(self, config):
        self.config = config

    def ask(self, place, verb, timeout=ASK_S, **given):
        """(reply, None), or (None, why nobody answered)."""
        line = " ".join(["failover-mha", verb, *("%s=%s" % each for each in sorted(given.items()))])
        command = [BIN + "/ssh", "-p", str(self.config["ssh_port"]), "-o", "BatchMode=yes",
                   "-o", "ConnectTimeout=%d" % self.config["ssh_connect_s"], "%s@%s" % (self.config["ssh_user"], place), line]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
            reply = json.loads(done.stdout.strip().splitlines()[-1])
        except subprocess.TimeoutExpired:
            return None, "no answer in %d s" % timeout
        except (ValueError, IndexError):
            return None, (done.stderr.strip().splitlines() or ["it ended with %d" % done.returncode])[-1]
        return (None, reply["failed"]) if "failed" in reply else (reply["result"], None)

    def others(self, address):
        return {name: one for name, one in self.config["members"].items() if one != address}

    def probes(self, address):
        """{name: what it sees of that member's server and of the writer address} of those who can be asked."""
        others = self.others(address)
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(others))) as pool:
            replies = list(pool.map(lambda one: self.ask(one, "probe", address=address)[0], others.values()))
        return {name: reply for name, reply in zip(others, replies) if reply}


def standing(probes):
    """Who sees what of a writer, as words; empty when it is away for everybody."""
    seen = ["%s gets an answer from its server" % name for name, one in sorted(probes.items()) if one["answers"]]
    return seen + ["for %s the writer address is held by %s" % (name, one["holder"]) for name, one in sorted(probes.items())
                   if one["holder"]]


def secondary(members, given):
    """Whether a master that MHA cannot reach is away for the others, too."""
    probes = members.probes(given["master_ip"])
    if not probes:
        say("no other member can be asked: it is rather the manager that is cut off")
        return NETWORK
    reached = [name for name, one in sorted(probes.items()) if one["answers"]]
    if reached:
        say("%s still reached by %s" % (given["master_ip"], ", ".join(reached)))
        return REACHED
    return OK


def silence(members, address, since, now=time.monotonic, sleep=time.sleep):
    """A writer that cannot be fenced: it stops by itself when it is cut off, and then nobody hears of it any more."""
    sleep(max(0.0, since + members.config["isolation_s"] + 1 - now()))
    end = now() + SILENCE_S
    while True:
        probes = members.probes(address)
        seen = standing(probes) if probes else ["no other member can be asked"]
        if not seen:
            return OK
        if now() > end:
            say("%s cannot be fenced and is not away: %s. Nobody takes its part." % (address, "; ".join(seen)))
            return FAILED
        sleep(AGAIN_S)


def fence(members, address, **given):
    reply, why = members.ask(address, "fence", ACT_S, **given)
    if reply is None:
        say("%s cannot be fenced: %s" % (address, why))
        return None
    say("%s is fenced: %s" % (address, json.dumps(reply, sort_keys=True)))
    return reply


def promote(members, address, **given):
    reply, why = members.ask(address, "promote", ACT_S, **given)
    say("%s is promoted: %s" % (address, json.dumps(reply, sort_keys=True)) if reply else "%s is not promoted: %s" % (address, why))
    return OK if reply else FAILED


def begin():
    """If nobody has the writer's part in the end, mha_manager puts that right."""
    with open(AT_WORK, "w", encoding="utf-8") as handle:
        handle.write("%d\n" % time.time())


def failover(members, given):
    command, old, since = given.get("command"), given.get("orig_master_ip"), time.monotonic()
    if command in ("stop", "stopssh"):
        begin()
    if command == "stopssh":
        return OK if fence(members, old) else FAILED
    if command == "stop":
        # SSH may have come back since MHA tried it.
        return OK if fence(members, old) else silence(members, old, since)
    if command == "start":
        return promote(members, given["new_master_ip"])
    return OK


def online(members, given):
    old, new = given["orig_master_ip"], given["new_master_ip"]
    if given.get("command") == "stop":
        begin()
        reply = fence(members, old, yield_to=new)
        if reply is None:
            return FAILED
        with open(HANDED_OVER, "w", encoding="utf-8") as handle:
            json.dump({"from": old, "to": new, "gtid": reply["gtid"]}, handle)
        return OK
    with open(HANDED_OVER, encoding="utf-8") as handle:
        handed = json.load(handle)
    os.unlink(HANDED_OVER)
    if (handed["from"], handed["to"]) == (old, new) and promote(members, new, gtid=handed["gtid"] or "") == OK:
        return OK
    promote(members, old)
    return FAILED


def shutdown(members, given):
    """Fenced is enough: the server is read-only or dead, and its binary logs can be read."""
    if given.get("command") != "stopssh":
        return OK
    reply, why = members.ask(given["ip"], "status")
    if reply and reply["server"] != "writable" and reply["recorded"] is False:
        return STOPPED
    say("%s is not fenced: %s" % (given["ip"], why or json.dumps(reply, sort_keys=True)))
    return FAILED


KINDS = {"failover": failover, "online": online, "shutdown": shutdown, "secondary": secondary}


def main(kind, *words):
    with open(MANAGER_CONFIG, encoding="utf-8") as handle:
        config = json.load(handle)
    given = options(words)
    if given.get("command") == "status":
        return OK
    return KINDS[kind](Members(config), given)
