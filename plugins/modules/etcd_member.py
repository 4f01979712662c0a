#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Start, add, drain, take out or restore a member of an etcd cluster
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Acts on this host's member and, over the JSON gateway of O(endpoints), on the cluster it belongs to.
  - What a first start needs, the others or the members of a new cluster, is laid down in C(/run) for that start alone. A member with data
    is started with these and nothing else, one without data is only ever added as a new member, since one that came back under its old
    identity without its data would have forgotten what it voted for and confirmed.
  - Data are never removed. What is not to be used any more is renamed.
attributes:
  check_mode:
    support: full
    description: Nothing is changed.
  diff_mode:
    support: none
    description: See RV(steps).
options:
  state:
    description:
      - V(started) starts a member with its data, or with O(initial) as one of a new cluster, and waits until it knows a leader.
      - V(joined) adds this host to the cluster of O(endpoints), in the place of a member that has its name or peer URL. As a learner, which
        has no vote, until it has caught up. One that has data and is a learner is only promoted.
      - V(set_aside) stops the server and renames its data.
      - V(drained) gives the lead to another member, if this one has it.
      - V(removed) takes the member O(name) out of the cluster of O(endpoints).
      - V(restored) stops the server, renames its data and unpacks O(snapshot) in their place, for a cluster of O(initial). It is not
        started.
    type: str
    choices: [started, joined, set_aside, drained, removed, restored]
    default: started
  name:
    description: The member. For V(removed) its identifier is taken, too.
    type: str
    required: true
  url:
    description: Its client URL.
    type: str
    default: ""
  peer_url:
    description: Its peer URL.
    type: str
    default: ""
  endpoints:
    description: Client URLs of the members that are asked, by name.
    type: dict
    default: {}
  initial:
    description: The members of a new cluster, C(name=peer URL) separated by commas.
    type: str
    default: ""
  token:
    description: What distinguishes a new cluster from others with the same members.
    type: str
    default: etcd-cluster
  snapshot:
    description: File to restore.
    type: path
  data_directory:
    description: Directory of the member's data.
    type: path
    default: /var/lib/etcd/etcd
  user:
    description: Who the server is.
    type: str
    default: etcd
  unit:
    description: The server's unit.
    type: str
    default: etcd.service
  ca:
    description: File with the certificate of the authority that signed the members' certificates.
    type: path
    default: /etc/etcd/tls/ca.pem
  root_password:
    description: Password of C(root), where the cluster's membership is changed.
    type: str
  login_file:
    description: File with the password that C(root) had until now, if any; tried after O(root_password).
    type: path
  timeout:
    description: Seconds to wait for what is to come.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Go on with its data
  failover.stack.etcd_member:
    name: etcd1
    url: https://192.0.2.1:2379
    data_directory: /var/lib/etcd/etcd

- name: A machine that lost its data is added as a new member
  failover.stack.etcd_member:
    state: joined
    name: etcd3
    url: https://192.0.2.3:2379
    peer_url: https://192.0.2.3:2380
    endpoints: {etcd1: "https://192.0.2.1:2379", etcd2: "https://192.0.2.2:2379"}
    root_password: "{{ etcd_root_password }}"
    data_directory: /var/lib/etcd/etcd
"""

RETURN = r"""
steps:
  description: What was (in check mode, would be) done.
  returned: always
  type: list
  elements: str
  sample: [remove etcd3, add etcd3 as a learner, start, promote]
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 4.2
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._etcd import lead, member, snapshot, state
from ansible_collections.failover.stack.plugins.module_utils._etcd.accounts import ROOT
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError, Unreachable, wait_for

# etcd's words for what passes: members that have just met, a learner that has not caught up yet.
PASSING = ("unhealthy cluster", "not enough started members", "in sync with leader", "no leader", "timed out", "leader changed")
STARTED = ("active", "activating", "reloading")


class Member:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.began, self.steps = time.monotonic(), []

    # -- ends

    def done(self, **more):
        self.module.exit_json(changed=bool(self.steps), steps=self.steps, seconds=self.seconds(), **more)

    def fail(self, sentence):
        self.module.fail_json(msg=sentence, changed=False, steps=self.steps, seconds=self.seconds())

    def seconds(self):
        return round(time.monotonic() - self.began, 1)

    def step(self, words):
        """Names what comes next; whether it is to be done."""
        self.steps.append(words)
        return not self.module.check_mode

    # -- the unit

    def systemctl(self, *words):
        return self.module.run_command([self.module.get_bin_path("systemctl", required=True), *words, self.params["unit"]])

    def why(self):
        rc, out, _err = self.module.run_command(
            ["journalctl", "--unit", self.params["unit"], "--lines", "100", "--output", "cat", "--no-pager"])
        words = "" if rc else member.words_of(out)
        return ": " + words.rstrip(".") + "." if words else ": journalctl -u %s tells why." % self.params["unit"]

    def runs(self):
        return member.active_state(self.module, self.params["unit"]) in STARTED

    def start(self):
        if self.runs() or not self.step("start"):
            return
        self.systemctl("reset-failed")
        rc, out, err = self.systemctl("start", "--no-block")
        if rc:
            self.fail("%s cannot be started: %s" % (self.params["name"], (err or out).strip()))

    def stop(self):
        if not self.runs() or not self.step("stop"):
            return
        rc, out, err = self.systemctl("stop")
        if rc:
            self.fail("%s cannot be stopped: %s" % (self.params["name"], (err or out).strip()))

    # -- the cluster

    def own(self):
        return Api(self.params["url"], self.params["ca"])

    def status(self, url):
        return state.status_of(Api(url, self.params["ca"]).call("maintenance/status"))

    def knows_leader(self):
        status = self.status(self.params["url"])
        return status if status["leader"] else None

    def wait_leader(self):
        if self.module.check_mode:
            return {}
        status, words = wait_for(self.knows_leader, self.params["timeout"])
        if not status:
            self.fail("%s has no leader after %d s (%s)%s" % (
                self.params["name"], self.params["timeout"], words or "no majority of the members is there", self.why()))
        member.take_away()
        return status

    def leading(self):
        """The leader, as a member that answers tells it. A follower hands a promotion on without the login, and all that comes of it is
        "request timed out" (seen with 3.4.23)."""
        for name, url in self.params["endpoints"].items():
            if name == self.params["name"]:
                continue
            try:
                leader = self.status(url)["leader"]
                found = state.members_of(Api(url, self.params["ca"]).call("cluster/member/list")) if leader else []
            except ApiError:  # Another one may answer.
                continue
            at = next((one["client_urls"] for one in found if one["id"] == leader), [])
            if at:
                return Api(at[0], self.params["ca"])
        return None

    def spokesman(self):
        """The same, and root there. Waited for: members that were just started elect."""
        api, _words = wait_for(self.leading, 0 if self.module.check_mode else self.params["timeout"])
        if not api:
            self.fail("%s: none of the other members (%s) knows a leader: without a majority the cluster's members cannot be changed." % (
                self.params["name"], ", ".join(name for name in self.params["endpoints"] if name != self.params["name"])))
        api.login_as(ROOT, [self.params["root_password"], member.read_login(self.params["login_file"])])
        return api

    def insist(self, question):
        """Of what passes etcd is asked again."""
        def ask():
            try:
                return question() or True
            except ApiError as error:
                if isinstance(error, Unreachable) or any(error.says(words) for words in PASSING):
                    raise
                refused.append(error)
                return True
        refused = []
        answer, words = wait_for(ask, self.params["timeout"])
        if refused:
            raise refused[0]
        if not answer:
            self.fail("%s: etcd says after %d s: %s." % (self.params["name"], self.params["timeout"], words.rstrip(".")))
        return answer

    # -- states

    def started(self):
        if not member.has_data(self.params["data_directory"]):
            if not self.params["initial"]:
                self.fail("%s: there are no data in %s, and it is no member of a new cluster: playbooks/etcd.yml adds it as a new "
                          "member." % (self.params["name"], self.params["data_directory"]))
            # One that tries in vain since a run that was broken off.
            self.stop()
            if self.step("form a cluster of " + self.params["initial"]):
                member.lay_down("new", self.params["initial"], self.params["token"])
        self.start()
        self.wait_leader()
        self.done()

    def joined(self):
        api = self.spokesman()
        if not member.has_data(self.params["data_directory"]):
            self.stop()
            self.become_new(api)
        self.start()
        self.promote(api)
        self.done()

    def become_new(self, api):
        """Out with what has our name or place, in as a learner; and what its first start needs."""
        name, peer = self.params["name"], self.params["peer_url"]
        found = state.members_of(api.call("cluster/member/list"))
        for one in found:
            if (one["name"] == name or peer in one["peer_urls"]) and self.step("remove " + (one["name"] or one["id"])):
                self.insist(lambda one=one: api.call("cluster/member/remove", {"ID": str(int(one["id"], 16))}))
        if not self.step("add %s as a learner" % name):
            return
        answer = self.insist(lambda: api.call("cluster/member/add", {"peerURLs": [peer], "isLearner": True}))
        there = [(one["name"] or name, one["peer_urls"][0]) for one in state.members_of(answer) if one["name"] or peer in one["peer_urls"]]
        member.lay_down("existing", ",".join("%s=%s" % pair for pair in there), self.params["token"])

    def learner(self, api):
        """Its entry in the cluster's list while it has no vote."""
        found = state.members_of(api.call("cluster/member/list"))
        return next((one for one in found if one["learner"] and self.params["peer_url"] in one["peer_urls"]), None)

    def promote(self, api):
        if self.module.check_mode:
            self.steps.append("promote")
            return
        status, words = wait_for(lambda: self.status(self.params["url"]), self.params["timeout"])
        if not status:
            self.fail("%s does not answer after %d s (%s)%s" % (self.params["name"], self.params["timeout"], words, self.why()))
        one = self.learner(api)
        if one:
            self.step("promote")
            # The leader may have changed since.
            self.insist(lambda: self.spokesman().call("cluster/member/promote", {"ID": str(int(one["id"], 16))}))
        self.wait_leader()

    def set_aside(self):
        self.stop()
        beside = ""
        if os.path.isdir(os.path.join(self.params["data_directory"], "member")) and self.step("set its data aside"):
            beside = member.set_aside(self.params["data_directory"])
        member.take_away()
        self.done(beside=beside)

    def drained(self):
        status = self.status(self.params["url"])
        if status["leader"] != status["id"]:
            self.done()
        api = self.own()
        to = lead.heir(api, status["id"], self.status)
        if to and self.step("give the lead to " + to["name"]):
            api.login_as(ROOT, [self.params["root_password"], member.read_login(self.params["login_file"])])
            self.insist(lambda: lead.give(api, to))
        self.done()

    def removed(self):
        api = self.spokesman()
        for one in state.members_of(api.call("cluster/member/list")):
            if self.params["name"] in (one["name"], one["id"]) and self.step("remove " + self.params["name"]):
                self.insist(lambda one=one: api.call("cluster/member/remove", {"ID": str(int(one["id"], 16))}))
        self.done()

    def restored(self):
        path, directory = self.params["snapshot"], self.params["data_directory"]
        wrong = snapshot.objection(path)
        if wrong:
            self.fail("%s is no whole snapshot: %s: choose another one." % (path, wrong))
        self.stop()
        if not self.step("restore " + os.path.basename(path)):
            self.done()
        unpacked = directory + ".restored"
        tool = self.module.get_bin_path("etcdutl") or self.module.get_bin_path("etcdctl", required=True)
        self.module.run_command(["rm", "-rf", "--", unpacked], check_rc=True)
        rc, out, err = self.module.run_command([
            tool, "snapshot", "restore", path, "--name", self.params["name"], "--data-dir", unpacked,
            "--initial-cluster", self.params["initial"], "--initial-cluster-token", self.params["token"],
            "--initial-advertise-peer-urls", self.params["peer_url"]], environ_update={"ETCDCTL_API": "3"})
        if rc:
            self.fail("%s cannot be restored: %s" % (path, (err or out).strip()[-500:]))
        member.give_to(unpacked, self.params["user"])
        beside = member.set_aside(directory)
        member.replace(directory, unpacked)
        self.done(beside=beside)


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "joined", "set_aside", "drained", "removed", "restored"], "default": "started"},
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "default": ""},
            "peer_url": {"type": "str", "default": ""},
            "endpoints": {"type": "dict", "default": {}},
            "initial": {"type": "str", "default": ""},
            "token": {"type": "str", "default": "etcd-cluster", "no_log": False},
            "snapshot": {"type": "path"},
            "data_directory": {"type": "path", "default": "/var/lib/etcd/etcd"},
            "user": {"type": "str", "default": "etcd"},
            "unit": {"type": "str", "default": "etcd.service"},
            "ca": {"type": "path", "default": "/etc/etcd/tls/ca.pem"},
            "root_password": {"type": "str", "no_log": True},
            "login_file": {"type": "path"},
            "timeout": {"type": "int", "default": 60},
        },
        required_if=[("state", "started", ["url"]), ("state", "drained", ["url"]), ("state", "joined", ["url", "peer_url", "endpoints"]),
                     ("state", "removed", ["endpoints"]), ("state", "restored", ["snapshot", "initial", "peer_url"])],
        supports_check_mode=True,
    )
    own = Member(module)
    try:
        getattr(own, module.params["state"])()
    except ApiError as error:
        own.fail("%s: etcd said: %s." % (module.params["name"], str(error).rstrip(".")))
    except OSError as error:
        own.fail("%s: %s." % (module.params["name"], error))


if __name__ == "__main__":
    main()
