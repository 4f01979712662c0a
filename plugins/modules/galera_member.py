#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: galera_member
short_description: Bootstrap, join, stop and drain one member of a Galera cluster
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
extends_documentation_fragment:
  - failover.stack.galera_server
description:
  - Does what P(failover.stack.galera_cluster#lookup) decided, and looks again right before it acts.
attributes:
  check_mode:
    support: full
    description: Nothing is done and nothing is waited for.
  diff_mode:
    support: none
    description: A service's state has no lines.
options:
  state:
    description:
      - V(bootstrapped) begins a primary component with this member. Refused when the member is in one, or when its position is not
        O(uuid) and O(seqno) any more.
      - V(joined) starts the server unless it runs and waits until it is Synced. One that runs and has left the group, as after an
        incremental transfer with a gap, is restarted.
      - V(discarded) gives up the member's own data. The server is stopped and C(grastate.dat) set aside, so that it gets a whole copy when
        it joins. Refused when it is in a primary component.
      - V(recorded) notes that the cluster goes on without the members in O(given_up), which the check agent tells them when they are back.
      - V(stopped) stops the server. Refused when it is in a primary component, or runs and does not answer us. One that is starting and
        does not end within 1 s is killed, which InnoDB bears.
      - V(drained) makes the check agent answer 503 and waits for client connections to end, for at most O(timeout) seconds.
      - V(ready) takes that back.
    type: str
    choices: [bootstrapped, joined, discarded, recorded, stopped, drained, ready]
    required: true
  how:
    description: Whether to start the server for V(bootstrapped), or to make the component of a running one primary.
    type: str
    choices: [start, running]
    default: start
  uuid:
    description: Cluster that was decided on; empty for a member without state.
    type: str
    default: ""
  seqno:
    description: Position that was decided on.
    type: int
    default: -1
  timeout:
    description: Seconds to wait.
    type: int
    default: 600
  after:
    description:
      - Addresses of members that join before this one. For V(joined) the server is started once they accept connections, or after
        half of O(timeout).
      - Members that begin at once may get each other as donors, and who has just joined himself lacks what was ordered meanwhile.
    type: list
    elements: str
    default: []
    version_added: 0.5.0
  after_port:
    description: Port at which those in O(after) take clients.
    type: int
    default: 3306
    version_added: 0.5.0
  given_up:
    description: For V(recorded), the point of the bootstrap by member; an empty one takes back. What was noted of others before stays.
    type: dict
    default: {}
    version_added: 0.5.0
  drain_file:
    description: File at whose sight the check agent answers 503.
    type: path
    default: /run/failover-galera/drain
"""

EXAMPLES = r"""
- name: Join, one after the other
  failover.stack.galera_member:
    state: joined
  throttle: 1

- name: Join once the second member has
  failover.stack.galera_member:
    state: joined
    after: [198.18.0.32]
    timeout: 1800

- name: Let the proxies send clients elsewhere, and wait at most half a minute for those that are there
  failover.stack.galera_member:
    state: drained
    timeout: 30
"""

RETURN = r"""
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 12.4
connections:
  description: Client connections that were left when a drain ended.
  returned: when O(state=drained)
  type: int
  sample: 0
"""

import glob
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._galera import given_up, state
from ansible_collections.failover.stack.plugins.module_utils._galera.member import (
    CONNECTION,
    DRAIN_FILE,
    accepts,
    connect,
    query,
    unit_state,
)
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.journal import reason

# Repeated starts that end at once will not end otherwise the next time.
ATTEMPTS = 4
# A server that is about to connect to its group looks like one that has left it.
LEFT_SECONDS = 5


class Member:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.began = time.monotonic()

    def seconds(self):
        return round(time.monotonic() - self.began, 1)

    def done(self, changed, **more):
        self.module.exit_json(changed=changed, seconds=self.seconds(), **more)

    def fail(self, sentence):
        self.module.fail_json(msg=sentence, changed=False, seconds=self.seconds())

    def systemctl(self, *arguments):
        return self.module.run_command([self.module.get_bin_path("systemctl", required=True), *arguments, self.params["unit"]])

    def restarts(self):
        out = self.systemctl("show", "--property=NRestarts", "--value", "--")[1]
        return int(out.strip() or 0)

    def why(self):
        """The end of a sentence: the server's own words where its unit's journal has any."""
        rc, out, _err = self.module.run_command(["journalctl", "--unit", self.params["unit"], "--lines", "200", "--output", "cat"])
        words = reason("" if rc else out)
        return ": %s" % words if words else ": journalctl -u %s tells why." % self.params["unit"]

    def wait_synced(self, begin_again=False):
        """How often it had to be started again, which is only done where that is allowed."""
        begin, left_at, again = self.restarts(), None, 0
        while True:
            info = query(self.module)
            if info["synced"]:
                return again
            left_at = (left_at or time.monotonic()) if info["left"] else None
            if begin_again and left_at and time.monotonic() - left_at >= LEFT_SECONDS:
                if again == ATTEMPTS:
                    self.fail("It has left the group %d times while it joined%s" % (again + 1, self.why()))
                self.systemctl("restart", "--no-block")
                begin, left_at, again = self.restarts(), None, again + 1
            if info["service"] == "failed" or self.restarts() - begin >= ATTEMPTS:
                self.fail("The server does not start%s" % self.why())
            if self.seconds() > self.params["timeout"]:
                self.fail("Not Synced within %d s (%s), a longer time may be what it needs%s" % (
                    self.params["timeout"], " ".join(info["problems"]), self.why()))
            time.sleep(0.25)

    # -- states

    def bootstrapped(self):
        info = query(self.module, with_recovery=True)
        if info["primary"]:
            self.fail("It is in a primary component already: nothing is bootstrapped.")
        if (info["uuid"], info["seqno"]) != (self.params["uuid"], self.params["seqno"]):
            self.fail("Its position is %s:%d, but %s:%d was decided on: run again." % (
                info["uuid"], info["seqno"], self.params["uuid"], self.params["seqno"]))
        if self.module.check_mode:
            self.done(True)
        if self.params["how"] == "running":
            self.make_primary(info)
        else:
            self.begin(info)
        self.wait_synced()
        self.done(True)

    def make_primary(self, info):
        connection = connect(self.params) if info["running"] else None
        if connection is None:
            self.fail("It does not answer any more, so its component cannot be made primary: run again.")
        with connection.cursor() as cursor:
            cursor.execute("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
        connection.close()

    def begin(self, info):
        """galera_new_cluster restarts the unit, so it must not run."""
        if info["service"] not in ("inactive", "failed"):
            self.fail("The unit is %s: stop it before it is bootstrapped." % info["service"])
        if info["uuid"]:
            self.write_grastate(info["uuid"], info["seqno"])
        self.systemctl("reset-failed")
        rc, out, err = self.module.run_command([self.module.get_bin_path("galera_new_cluster", required=True), self.params["unit"]])
        if rc != 0:
            self.fail("galera_new_cluster failed (%s)%s" % ((err or out).strip(), self.why()))

    def write_grastate(self, uuid, seqno):
        """Whole again, with what InnoDB knows: a torn one would begin a cluster with another uuid, and all would copy all."""
        import pwd
        path = self.grastate()
        text = "# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: 1\n" % (uuid, seqno)
        account = pwd.getpwnam(self.params["user"])
        beneath.write(path, text, 0o660, account.pw_uid, account.pw_gid, durable=True)

    def grastate(self):
        return os.path.join(self.params["datadir"], "grastate.dat")

    def set_aside(self):
        if os.path.exists(self.grastate()):
            os.rename(self.grastate(), "%s.given-up-%d" % (self.grastate(), int(time.time())))
            # The last few tell what there was.
            for path in sorted(glob.glob(glob.escape(self.grastate()) + ".given-up-*"))[:-5]:
                os.unlink(path)

    def joined(self):
        info = query(self.module)
        if info["synced"]:
            self.done(False)
        foreign = info["running"] and not info["wsrep_on"]
        down = foreign or info["service"] in ("inactive", "failed")
        if self.module.check_mode:
            self.done(down)
        if foreign:
            self.systemctl("stop")
        if down:
            while self.seconds() < self.params["timeout"] / 2 and not all(
                    accepts(address, self.params["after_port"]) for address in self.params["after"]):
                time.sleep(0.5)
            self.forget_view()
            self.systemctl("reset-failed")
            self.systemctl("start", "--no-block")
        again = self.wait_synced(begin_again=True)
        self.done(down or again > 0)

    def forget_view(self):
        """Who is to join begins no cluster: one that was killed alone while it copied would form that component again, empty
        (pc.recovery reads gvwstate.dat)."""
        path = os.path.join(self.params["datadir"], "gvwstate.dat")
        if os.path.exists(path):
            os.remove(path)

    def discarded(self):
        info = query(self.module)
        if info["primary"]:
            self.fail("It is in a primary component meanwhile, so its data are not given up: run again.")
        if info["service"] in ("inactive", "failed") and not os.path.exists(self.grastate()):
            self.done(False)
        if not self.module.check_mode:
            rc, _out, err = self.systemctl("stop")
            if rc != 0:
                self.fail("The server does not stop (%s), so its data are not given up: journalctl -u %s tells why." % (
                    err.strip(), self.params["unit"]))
            self.set_aside()
        self.done(True)

    def recorded(self):
        before = given_up.record_of(beneath.read_text(given_up.RECORD) if beneath.look(given_up.RECORD) else "")
        after = {name: at for name, at in {**before, **self.params["given_up"]}.items() if at}
        if after != before and not self.module.check_mode:
            # The agent, which is not root, reads it.
            beneath.make_directory(os.path.dirname(given_up.RECORD), 0o755)
            beneath.write(given_up.RECORD, json.dumps(after, sort_keys=True) + "\n", 0o644, durable=True)
        self.done(after != before)

    def stopped(self):
        service = unit_state(self.module, self.params["unit"])
        if service in ("inactive", "failed"):
            self.done(False)
        if self.module.check_mode:
            self.done(True)
        info = query(self.module)
        if info["primary"]:
            self.fail("It is in a primary component meanwhile, so it is not stopped: run again.")
        if info["problem"]:
            self.fail("It is not stopped: %s." % info["problem"])
        serving = info["running"]
        self.systemctl("stop", "--no-block")
        killed = False
        while unit_state(self.module, self.params["unit"]) not in ("inactive", "failed"):
            if not serving and not killed and self.seconds() > 1:
                self.systemctl("kill", "--signal=KILL")
                killed = True
            if self.seconds() > self.params["timeout"]:
                self.fail("The server does not end within %d s: journalctl -u %s tells why." % (
                    self.params["timeout"], self.params["unit"]))
            time.sleep(0.2)
        self.done(True)

    def clients(self):
        """Connections over the network, whoever has them; those over the socket are ours."""
        connection = connect(self.params)
        if connection is None:
            return 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE host LIKE '%:%'")
            count = cursor.fetchone()[0]
        connection.close()
        return int(count)

    def drained(self):
        there = os.path.exists(self.params["drain_file"])
        if there or self.module.check_mode:
            self.done(not there, connections=self.clients())
        # The agent must see the file, whatever root's umask is.
        beneath.make_directory(os.path.dirname(self.params["drain_file"]), 0o755)
        beneath.touch(self.params["drain_file"])
        # One check of the proxies at least, so that they have noticed.
        time.sleep(min(1.5, self.params["timeout"]))
        while self.clients() and self.seconds() < self.params["timeout"]:
            time.sleep(0.2)
        self.done(True, connections=self.clients())

    def ready(self):
        there = os.path.exists(self.params["drain_file"])
        if there and not self.module.check_mode:
            os.remove(self.params["drain_file"])
        self.done(there)


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION, **{
            "state": {"type": "str", "required": True,
                      "choices": ["bootstrapped", "joined", "discarded", "recorded", "stopped", "drained", "ready"]},
            "how": {"type": "str", "default": "start", "choices": ["start", "running"]},
            "uuid": {"type": "str", "default": ""},
            "seqno": {"type": "int", "default": -1},
            "timeout": {"type": "int", "default": 600},
            "after": {"type": "list", "elements": "str", "default": []},
            "after_port": {"type": "int", "default": 3306},
            "given_up": {"type": "dict", "default": {}},
            "drain_file": {"type": "path", "default": DRAIN_FILE},
        }),
        supports_check_mode=True,
    )
    if module.params["uuid"] and not state.UUID.match(module.params["uuid"]):
        module.fail_json(msg="uuid is %s, which is none." % module.params["uuid"])
    with beneath.told(module):
        getattr(Member(module), module.params["state"])()


if __name__ == "__main__":
    main()
