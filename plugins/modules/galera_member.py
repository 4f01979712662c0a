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
  - Does what P(failover.stack.galera_recovery#filter) decided, and looks again right before it acts.
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
      - V(joined) starts the server unless it runs and waits until it is Synced.
      - V(discarded) gives up the member's own data. The server is stopped and C(grastate.dat) set aside, so that it gets a whole copy when
        it joins.
      - V(stopped) stops the server. Refused when it is in a primary component, or runs and does not answer us. One that is starting and
        does not end within 1 s is killed, which InnoDB bears.
      - V(drained) makes the check agent answer 503 and waits for client connections to end, for at most O(timeout) seconds.
      - V(ready) takes that back.
      - V(watched) makes the account by which O(agent_user) of the operating system may log in over the socket and read the status,
        and nothing else.
      - V(donor) tells a running server with which account it copies its data for a joining member (O(sst_user), O(sst_password)). It reads
        that from its configuration at its start only, and does not show what it has. A server that does not run is left alone.
    type: str
    choices: [bootstrapped, joined, discarded, stopped, drained, ready, watched, donor]
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
  agent_user:
    description: User of the check agent, of the operating system and of the server.
    type: str
    default: galera-agent
  sst_user:
    description: Account for copies, needed for V(donor).
    type: str
  sst_password:
    description: Its password, needed for V(donor).
    type: str
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
"""

RETURN = r"""
seconds:
  description: How long it took.
  returned: always
  type: float
connections:
  description: Client connections that were left when a drain ended.
  returned: when O(state=drained)
  type: int
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils import _galera_state as state
from ansible_collections.failover.stack.plugins.module_utils._galera_member import CONNECTION, DRAIN_FILE, connect, look, unit_state

# Repeated starts that end at once will not end otherwise the next time.
ATTEMPTS = 4


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

    def wait_synced(self):
        begin = self.restarts()
        while True:
            seen = look(self.module)
            if seen["synced"]:
                return
            if seen["service"] == "failed" or self.restarts() - begin >= ATTEMPTS:
                self.fail("The server does not start: journalctl -u %s tells why." % self.params["unit"])
            if self.seconds() > self.params["timeout"]:
                self.fail("Not Synced within %d s (%s): journalctl -u %s tells how far it is; a longer time may be what it needs." % (
                    self.params["timeout"], " ".join(seen["problems"]), self.params["unit"]))
            time.sleep(0.25)

    # -- states

    def bootstrapped(self):
        seen = look(self.module, with_recovery=True)
        if seen["primary"]:
            self.fail("It is in a primary component already: nothing is bootstrapped.")
        if (seen["uuid"], seen["seqno"]) != (self.params["uuid"], self.params["seqno"]):
            self.fail("Its position is %s:%d, but %s:%d was decided on: run again." % (
                seen["uuid"], seen["seqno"], self.params["uuid"], self.params["seqno"]))
        if self.module.check_mode:
            self.done(True)
        if self.params["how"] == "running":
            self.make_primary(seen)
        else:
            self.begin(seen)
        self.wait_synced()
        self.done(True)

    def make_primary(self, seen):
        connection = connect(self.params) if seen["running"] else None
        if connection is None:
            self.fail("It does not answer any more, so its component cannot be made primary: run again.")
        with connection.cursor() as cursor:
            cursor.execute("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
        connection.close()

    def begin(self, seen):
        """galera_new_cluster restarts the unit, so it must not run."""
        if seen["service"] not in ("inactive", "failed"):
            self.fail("The unit is %s: stop it before it is bootstrapped." % seen["service"])
        if seen["uuid"]:
            self.write_grastate(seen["uuid"], seen["seqno"])
        self.systemctl("reset-failed")
        rc, out, err = self.module.run_command([self.module.get_bin_path("galera_new_cluster", required=True), self.params["unit"]])
        if rc != 0:
            self.fail("galera_new_cluster failed (%s): journalctl -u %s tells why." % ((err or out).strip(), self.params["unit"]))

    def write_grastate(self, uuid, seqno):
        """Whole again, with what InnoDB knows: a torn one would begin a cluster with another uuid, and all would copy all."""
        import pwd
        path = os.path.join(self.params["datadir"], "grastate.dat")
        text = "# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: 1\n" % (uuid, seqno)
        temporary = path + ".new"
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        account = pwd.getpwnam(self.params["user"])
        os.chown(temporary, account.pw_uid, account.pw_gid)
        os.chmod(temporary, 0o660)
        os.rename(temporary, path)

    def set_aside(self):
        path = os.path.join(self.params["datadir"], "grastate.dat")
        if os.path.exists(path):
            os.rename(path, "%s.given-up-%d" % (path, int(time.time())))

    def joined(self):
        seen = look(self.module)
        if seen["synced"]:
            self.done(False)
        foreign = seen["running"] and not seen["wsrep_on"]
        down = foreign or seen["service"] in ("inactive", "failed")
        if self.module.check_mode:
            self.done(down)
        if foreign:
            self.systemctl("stop")
        if down:
            self.systemctl("reset-failed")
            self.systemctl("start", "--no-block")
        self.wait_synced()
        self.done(down)

    def discarded(self):
        if not self.module.check_mode:
            rc, _out, err = self.systemctl("stop")
            if rc != 0:
                self.fail("The server does not stop (%s), so its data are not given up: journalctl -u %s tells why." % (
                    err.strip(), self.params["unit"]))
            self.set_aside()
        self.done(True)

    def stopped(self):
        service = unit_state(self.module, self.params["unit"])
        if service in ("inactive", "failed"):
            self.done(False)
        if self.module.check_mode:
            self.done(True)
        seen = look(self.module)
        if seen["primary"]:
            self.fail("It is in a primary component meanwhile, so it is not stopped: run again.")
        if seen["problem"]:
            self.fail("It is not stopped: %s." % seen["problem"])
        serving = seen["running"]
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
        directory = os.path.dirname(self.params["drain_file"])
        os.makedirs(directory, exist_ok=True)
        # The agent must see the file, whatever root's umask is.
        os.chmod(directory, 0o755)
        with open(self.params["drain_file"], "w", encoding="utf-8"):
            pass
        # One look of the proxies at least, so that they have noticed.
        time.sleep(min(1.5, self.params["timeout"]))
        while self.clients() and self.seconds() < self.params["timeout"]:
            time.sleep(0.2)
        self.done(True, connections=self.clients())

    def ready(self):
        there = os.path.exists(self.params["drain_file"])
        if there and not self.module.check_mode:
            os.remove(self.params["drain_file"])
        self.done(there)

    def watched(self):
        connection = connect(self.params)
        if connection is None:
            self.fail("MariaDB does not answer, so the check agent's account cannot be made: journalctl -u %s tells why." %
                      self.params["unit"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT plugin FROM mysql.user WHERE User = %s AND Host = 'localhost'", (self.params["agent_user"],))
            changed = cursor.fetchall() != (("unix_socket",),)
            if changed and not self.module.check_mode:
                cursor.execute("CREATE OR REPLACE USER %s@'localhost' IDENTIFIED VIA unix_socket", (self.params["agent_user"],))
        connection.close()
        self.done(changed)

    def donor(self):
        connection = connect(self.params)
        if connection is None:
            self.done(False)
        if not self.module.check_mode:
            with connection.cursor() as cursor:
                cursor.execute("SET GLOBAL wsrep_sst_auth = %s", ("%s:%s" % (self.params["sst_user"], self.params["sst_password"]),))
        connection.close()
        self.done(True)


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION, **{
            "state": {"type": "str", "required": True,
                      "choices": ["bootstrapped", "joined", "discarded", "stopped", "drained", "ready", "watched", "donor"]},
            "how": {"type": "str", "default": "start", "choices": ["start", "running"]},
            "uuid": {"type": "str", "default": ""},
            "seqno": {"type": "int", "default": -1},
            "timeout": {"type": "int", "default": 600},
            "agent_user": {"type": "str", "default": "galera-agent"},
            "sst_user": {"type": "str"},
            "sst_password": {"type": "str", "no_log": True},
            "drain_file": {"type": "path", "default": DRAIN_FILE},
        }),
        required_if=[("state", "donor", ["sst_user", "sst_password"])],
        supports_check_mode=True,
    )
    if module.params["uuid"] and not state.UUID.match(module.params["uuid"]):
        module.fail_json(msg="uuid is %s, which is none." % module.params["uuid"])
    getattr(Member(module), module.params["state"])()


if __name__ == "__main__":
    main()
