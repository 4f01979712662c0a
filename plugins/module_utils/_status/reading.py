# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All tiers of one host at the same time, each for so long at most, and what several of them read.

A reader is a function of (host, asked) that returns a dictionary and changes nothing. `host` stands in for an AnsibleModule: run_command,
get_bin_path, params, fail_json. `asked` is what _status/asks.py says of the tier. Whatever it fails with becomes its tier's error.
"""

from __future__ import annotations

import json
import platform
import threading
import urllib.request

from ansible_collections.failover.stack.plugins.module_utils._host.network_run import text_of
from ansible_collections.failover.stack.plugins.module_utils._vip import vrrp
from ansible_collections.failover.stack.plugins.module_utils._web import haproxy

# So long one question may take: who does not answer a program on its own host by then answers no visitor either.
ANSWER_S = 3
MOST_BYTES = 8 << 20


class Unread(Exception):
    """One sentence on why something cannot be read."""


class Host:
    """What a reader needs of an AnsibleModule. No command outlives limit_s; params are the reader's own."""

    def __init__(self, module, limit_s):
        self.module, self.limit_s, self.params, self.get_bin_path = module, limit_s, {}, module.get_bin_path

    def run_command(self, args, check_rc=False, **more):
        code, out, err = self.module.run_command(["timeout", "--kill-after=1", "%g" % self.limit_s, *args], **more)
        if code == 124:
            raise Unread("%s did not answer within %g s" % (" ".join(args[:2]), self.limit_s))
        if code and check_rc:
            raise Unread("%s ended with %d: %s" % (" ".join(args[:2]), code, " ".join((err or out).split()) or "it says nothing"))
        return code, out, err

    def fail_json(self, msg, **values):
        raise Unread(msg)


class Reading(threading.Thread):
    """One tier. A daemon, since who hangs in the kernel must not keep the module from ending."""

    def __init__(self, reader, host, asked):
        super().__init__(daemon=True)
        self.reader, self.host, self.asked, self.result = reader, host, asked, None

    def run(self):
        try:
            self.result = {"read": self.reader()(self.host, self.asked)}
        except Exception as error:  # Whatever it is: told as the tier's red line, and no other tier is lost with it.
            self.result = {"error": sentence(error)}


def sentence(error):
    """An exception in words, without a full stop; its kind where its own words tell nothing."""
    text = " ".join(str(error).split()).rstrip(".")
    known = isinstance(error, (Unread, OSError)) or type(error).__module__.startswith("ansible_collections.")
    return text if text and known else "%s: %s" % (type(error).__name__, text or "no reason given")


def read_all(tiers, host, limit_s):
    """{tier: {"read": …} or {"error": sentence}}. tiers: {tier: (function that gives its reader, asked)}."""
    readings = {tier: Reading(reader, host(), asked) for tier, (reader, asked) in tiers.items()}
    for one in readings.values():
        one.start()
    waiter = threading.Event()
    deadline = threading.Timer(limit_s, waiter.set)
    deadline.daemon = True
    deadline.start()
    for one in readings.values():
        while one.is_alive() and not waiter.is_set():
            one.join(0.05)
    deadline.cancel()
    late = {"error": "%s did not tell within %g s" % (platform.node(), limit_s)}
    return {tier: dict(one.result or late) for tier, one in readings.items()}


def listening():
    """{(address, port)} on which somebody listens."""
    return set().union(*(haproxy.parse_listening(text_of(path) or "") for path in ("/proc/net/tcp", "/proc/net/tcp6")))


def addresses(host):
    """Every address of this host."""
    return vrrp.addresses_of(host.run_command([host.get_bin_path("ip", required=True), "-json", "address", "show"], check_rc=True)[1])


def fetched_json(url, timeout_s):
    """A document of this very host, past any proxy of the environment."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout_s) as answer:
        return json.loads(answer.read(MOST_BYTES))
