# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A RabbitMQ cluster as far as its command-line tools show it."""

from __future__ import annotations

import json
import os
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import ask, cli


class Rabbit:
    """Members, queues, definitions; what the tools do to them. `breaks`: the so many-th command that changes something fails, once."""

    CHANGING = ("stop_app", "start_app", "join_cluster", "reset", "force_reset", "forget_cluster_node", "change_cluster_node_type",
                "import_definitions", "delete_queue", "delete_user", "delete_vhost", "clear_policy", "clear_permissions",
                "close_all_connections", "clear_global_parameter", "clear_parameter", "enable", "disable", "shrink", "grow",
                "add_member", "eval", "drain", "revive", "enable_feature_flag", "systemctl")

    def __init__(self, root):
        self.me, self.version = "rabbit@mq2", "3.10.8"
        # What each node believes; a node of its own is in a cluster of one.
        self.clusters = [{"rabbit@mq1", "rabbit@mq3"}, {"rabbit@mq2"}]
        self.running, self.maintenance, self.serving = {"rabbit@mq1", "rabbit@mq2", "rabbit@mq3"}, set(), True
        self.queues, self.connections, self.flags = {}, [], []
        self.definitions = {"vhosts": [{"name": "/"}, {"name": "shop"}], "users": [], "permissions": [], "bindings": [],
                            "global_parameters": [], "policies": [], "parameters": []}
        self.plugins, self.plugins_file = ["rabbitmq_management"], root / "enabled_plugins"
        self.plugins_file.write_text("[rabbitmq_management].\n")
        self.data = root / "mnesia"
        self.data.mkdir()
        self.did, self.imported, self.breaks, self.now = [], [], None, 1000.0
        self.refuses = {}
        # How often systemd still says that the unit starts; how often the cluster's status was asked for meanwhile.
        self.starting, self.asked_early = 0, 0
        # Shovels, (vhost, name), that are there and do nothing; with ("", "") in it those that are loaded become such.
        self.given_up = set()

    # The cluster

    def members(self, node):
        return next((cluster for cluster in self.clusters if node in cluster), set())

    def queue(self, name, vhost="shop", kind="classic", messages=0, members=None, **more):
        self.queues[vhost, name] = {"name": name, "type": kind, "messages": messages, "consumers": 0, "durable": True, "arguments": {},
                                    "members": list(members or [self.me]), "online": list(members or [self.me]),
                                    "leader": (members or [self.me])[0], "state": "running", "auto_delete": False, **more}

    def export(self):
        queues = [{"vhost": vhost, "name": name, "durable": queue["durable"], "auto_delete": queue["auto_delete"],
                   "arguments": queue["arguments"]} for (vhost, name), queue in sorted(self.queues.items())]
        return {**self.definitions, "rabbitmq_version": self.version, "queues": queues}

    def load(self, path):
        with open(path, encoding="utf-8") as handle:
            given = json.load(handle)
        assert os.stat(path).st_mode & 0o077 == 0
        self.imported.append(given)
        for one in given.get("queues", []):
            if (one["vhost"], one["name"]) not in self.queues:
                self.queue(one["name"], one["vhost"], one["arguments"].get("x-queue-type", "classic"), arguments=one["arguments"])
        keys = {"users": ("name",), "permissions": ("user", "vhost"), "global_parameters": ("name",), "vhosts": ("name",),
                "policies": ("vhost", "name"), "bindings": ("vhost", "source", "destination")}
        for section, names in keys.items():
            for one in given.get(section, []):
                others = [each for each in self.definitions[section] if any(each.get(name) != one.get(name) for name in names)]
                self.definitions[section] = [*others, one]
        for one in given.get("parameters", []):
            if self.given_up:
                # The same value again starts nothing.
                self.given_up.add((one["vhost"], one["name"]))
                continue
            # A shovel is through at once.
            source, target = (self.queues[one["vhost"], one["value"][side + "-queue"]] for side in ("src", "dest"))
            target["messages"] += source["messages"]
            source["messages"] = 0

    def deleted(self, vhost, name, if_empty):
        if if_empty and self.queues[vhost, name]["messages"]:
            return 1, "", "Error:\nqueue is not empty"
        del self.queues[vhost, name]
        self.definitions["bindings"] = [one for one in self.definitions["bindings"] if (one["vhost"], one["destination"]) != (vhost, name)]
        return 0, "", ""

    # The tools

    def __call__(self, args, **more):
        words = [word for word in args if word not in ("--quiet", "--formatter", "json", "--silent", "--no-block")]
        tool, words = words[0], words[1:]
        node = self.me
        if "--node" in words:
            at = words.index("--node")
            node, words = words[at + 1], words[:at] + words[at + 2:]
        if tool == "systemctl" and words[0] == "show" and self.starting:
            self.starting -= 1
            return 0, "ActiveState=activating\n", ""
        if tool == "systemctl" and words[0] == "show":
            return 0, "ActiveState=%s\nExecMainStartTimestampMonotonic=5000000\n" % (
                "active" if self.me in self.running else "inactive"), ""
        if tool == "journalctl":
            return 0, "", ""
        verb = "systemctl" if tool == "systemctl" else words[0]
        if verb in self.CHANGING:
            self.did.append(" ".join(words if words[0] != "import_definitions" else words[:1]))
            if self.breaks is not None:
                self.breaks -= 1
                if self.breaks < 0:
                    self.breaks = None
                    return 70, "", "Error: broken off"
        for begin, answer in self.refuses.items():
            if " ".join(words).startswith(begin):
                return answer
        return getattr(self, verb)(node, words[1:])

    def systemctl(self, _node, words):
        changed = self.running.discard if words[0] == "stop" else self.running.add
        changed(self.me)
        if words[0] == "start" and not any(self.data.iterdir()):
            self.clusters = [cluster - {self.me} for cluster in self.clusters] + [{self.me}]
        return 0, "", ""

    def cluster_status(self, node, _words):
        self.asked_early += bool(self.starting and node == self.me)
        if node not in self.running:
            return 69, "", "Error: epmd reports: node 'rabbit' not running at all"
        members = sorted(self.members(node))
        running = sorted(set(members) & self.running) if self.serving else []
        return 0, json.dumps({
            "disk_nodes": members, "ram_nodes": [], "running_nodes": running, "listeners": {name: [{"port": 5672}] for name in running},
            "maintenance_status": {name: "under maintenance" if name in self.maintenance else "not under maintenance" for name in members},
            "versions": {name: {"rabbitmq_version": self.version} for name in running},
            "feature_flags": [{"name": name, "state": "disabled"} for name in self.flags]}), ""

    def list_vhosts(self, _node, _words):
        return 0, json.dumps([{"name": one["name"]} for one in self.definitions["vhosts"]]), ""

    def list_exchanges(self, _node, _words):
        return 0, "[]", ""

    def list_queues(self, node, words):
        vhost = words[words.index("--vhost") + 1]
        return 0, json.dumps([dict(queue, arguments=None) for (where, _name), queue in sorted(self.queues.items()) if where == vhost]), ""

    def list_connections(self, _node, _words):
        return 0, json.dumps(self.connections), ""

    def list_parameters(self, _node, words):
        vhost = words[words.index("--vhost") + 1]
        there = sorted(name for where, name in self.given_up if where == vhost)
        return 0, json.dumps([{"component": "shovel", "name": name} for name in there]), ""

    def clear_parameter(self, _node, words):
        assert words[2] == "shovel"
        self.given_up.remove((words[1], words[3]))
        if self.given_up == {("", "")}:
            self.given_up.clear()
        return 0, "", ""

    def export_definitions(self, _node, _words):
        return 0, json.dumps(self.export()), ""

    def import_definitions(self, _node, words):
        self.load(words[0])
        return 0, "", ""

    def delete_queue(self, _node, words):
        return self.deleted(words[1], words[-1], "--if-empty" in words)

    def delete_user(self, _node, words):
        self.definitions["users"] = [one for one in self.definitions["users"] if one["name"] != words[0]]
        return 0, "", ""

    def delete_vhost(self, _node, words):
        self.definitions["vhosts"] = [one for one in self.definitions["vhosts"] if one["name"] != words[0]]
        self.queues = {key: queue for key, queue in self.queues.items() if key[0] != words[0]}
        return 0, "", ""

    def clear_policy(self, _node, words):
        self.definitions["policies"] = [one for one in self.definitions["policies"] if (one["vhost"], one["name"]) != (words[1], words[2])]
        return 0, "", ""

    def clear_permissions(self, _node, words):
        self.definitions["permissions"] = [
            one for one in self.definitions["permissions"] if (one["vhost"], one["user"]) != (words[1], words[2])]
        return 0, "", ""

    def close_all_connections(self, _node, words):
        self.connections = [row for row in self.connections if row["vhost"] != words[1]]
        return 0, "", ""

    def clear_global_parameter(self, _node, words):
        self.definitions["global_parameters"] = [one for one in self.definitions["global_parameters"] if one["name"] != words[0]]
        return 0, "", ""

    def list(self, _node, _words):
        return 0, "\n".join(self.plugins) + "\n", ""

    def enable(self, _node, words):
        self.plugins.append(words[0])
        self.plugins_file.write_text("[%s].\n" % ",".join(self.plugins))
        return 0, "", ""

    def disable(self, _node, words):
        self.plugins.remove(words[0])
        return 0, "", ""

    def stop_app(self, node, _words):
        self.serving = False
        return 0, "", ""

    def start_app(self, node, _words):
        self.serving = True
        return 0, "", ""

    def leave(self):
        self.clusters = [cluster - {self.me} for cluster in self.clusters]
        self.clusters = [cluster for cluster in self.clusters if cluster] + [{self.me}]
        self.queues = {key: queue for key, queue in self.queues.items() if queue["members"] != [self.me]}

    def reset(self, _node, _words):
        self.leave()
        return 0, "", ""

    force_reset = reset

    def join_cluster(self, _node, words):
        self.leave()
        self.clusters = [cluster | {self.me} if words[-1] in cluster else cluster for cluster in self.clusters if cluster != {self.me}]
        return 0, "", ""

    def forget_cluster_node(self, node, words):
        self.clusters = [cluster - {words[0]} for cluster in self.clusters]
        return 0, "", ""

    def shrink(self, _node, words):
        for queue in self.queues.values():
            if len(queue["members"]) > 1:
                queue["members"] = [node for node in queue["members"] if node != words[0]]
        return 0, "", ""

    def grow(self, _node, words):
        for queue in self.queues.values():
            if queue["type"] == "quorum" and words[0] not in queue["members"]:
                queue["members"].append(words[0])
        return 0, "", ""

    def drain(self, _node, _words):
        self.maintenance.add(self.me)
        return 0, "", ""

    def revive(self, _node, _words):
        self.maintenance.discard(self.me)
        return 0, "", ""

    def enable_feature_flag(self, _node, _words):
        self.flags = []
        return 0, "", ""

    def eval(self, _node, _words):
        return 0, "ok\n", ""


@pytest.fixture
def rabbit(tmp_path, monkeypatch):
    from ansible.module_utils.basic import AnsibleModule

    made = Rabbit(tmp_path)

    def sleep(seconds):
        made.now += seconds

    monkeypatch.setattr(AnsibleModule, "run_command", lambda self, args, **more: made(args, **more))
    monkeypatch.setattr(cli, "TOOLS", "/nowhere")
    monkeypatch.setattr(cli, "reachable", lambda node, timeout=3.0: None)
    monkeypatch.setattr(cli, "command_of", lambda tool: [tool])
    monkeypatch.setattr(ask, "time", types.SimpleNamespace(monotonic=lambda: made.now, sleep=sleep))
    monkeypatch.setattr(ask, "pwd", types.SimpleNamespace(getpwnam=lambda name: (name, "x", os.getuid(), os.getgid())))
    monkeypatch.setattr(ask.os, "uname", lambda: types.SimpleNamespace(nodename="mq2.example.org"))
    monkeypatch.setattr(ask, "has_mirrors", lambda: False)
    return made
