#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rabbitmq_cluster_info
short_description: Tell what a RabbitMQ node knows about its cluster
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Members, who of them runs, partitions, alarms, versions, queues by type and leader, and the digest of the Erlang cookie.
  - With O(wait_healthy) it waits until nothing keeps the cluster from being healthy, with O(wait_not_critical) until this node
    can be stopped without a quorum queue losing its majority, or a mirrored one all that have its messages.
  - A node that does not run is no error unless something is waited for.
extends_documentation_fragment: [failover.stack.read_only]
options:
  node:
    description: This host's node. Without it C(rabbit@) and the host's name up to its first dot.
    type: str
  members:
    description: Nodes that must be members and run. Healthy is measured against this.
    type: list
    elements: str
    default: []
  ports:
    description: Ports on which this host's node must listen to be healthy.
    type: list
    elements: int
    default: []
  gather:
    description:
      - V(queues) tells the queues of all vhosts; quorum queues then count for health, too.
      - V(critical) asks whether queues would lose their majority without this node, or mirrored ones all who have their messages.
      - V(plugins) makes it a problem that one of O(plugins) does not run.
    type: list
    elements: str
    choices: [queues, critical, plugins]
    default: []
  plugins:
    description: Plugins that are to run; see RV(missing_plugins).
    type: list
    elements: str
    default: []
  may_be_drained:
    description: Maintenance of this host's node is no problem, as between its restart and the end of its maintenance.
    type: bool
    default: false
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
  wait_not_critical:
    description: Seconds to wait until this node may be stopped before failing. V(0) only reports.
    type: int
    default: 0
  cookie_path:
    description: File of the Erlang cookie.
    type: path
    default: /var/lib/rabbitmq/.erlang.cookie
  package:
    description: Name of the package of which to tell the available version.
    type: str
  package_if_missing:
    description: Tell of O(package) only where RabbitMQ is not installed. apt takes seconds to answer.
    type: bool
    default: false
  authority_path:
    description: Where the certificate of the authority stands that this member trusts.
    type: path
    default: /etc/rabbitmq/tls/ca.pem
  addresses:
    description: Names of members and their addresses, which this host must make of them; see RV(name_problems).
    type: dict
    default: {}
  data_directory:
    description: Where the nodes keep their data, each in a directory with its name.
    type: path
    default: /var/lib/rabbitmq/mnesia
  longnames:
    description: The nodes' names have full host names.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Wait until the cluster is whole
  failover.stack.rabbitmq_cluster_info:
    members: [rabbit@mq1, rabbit@mq2, rabbit@mq3]
    gather: [queues]
    wait_healthy: 60

- name: Wait until all members run and every queue has its majority
  failover.stack.rabbitmq_cluster_info:
    members: [rabbit@mq1, rabbit@mq2, rabbit@mq3]
    gather: [queues]
    wait_healthy: 120

- name: May this node stop?
  failover.stack.rabbitmq_cluster_info:
    wait_not_critical: 60
"""

RETURN = r"""
node:
  description: This host's node.
  returned: always
  type: str
  sample: rabbit@mq1
available:
  description: Whether RabbitMQ runs here and answers.
  returned: always
  type: bool
  sample: true
problems:
  description: One sentence for each thing that keeps the cluster from being healthy.
  returned: always
  type: list
  elements: str
  sample: ["rabbit@mq3 is a member but does not run: playbooks/rabbitmq.yml starts it."]
members:
  description: Members of the cluster.
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq1, rabbit@mq2, rabbit@mq3]
types:
  description: V(disc) or V(ram) of each member.
  returned: always
  type: dict
  sample: {rabbit@mq1: disc, rabbit@mq2: disc, rabbit@mq3: disc}
running:
  description: Members that run.
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq1, rabbit@mq2]
partitions:
  description: Nodes, and from whom a partition separates them.
  returned: always
  type: dict
  sample: {rabbit@mq1: [rabbit@mq3]}
alarms:
  description: Alarms of memory, disk or file handles. While there is one, publishers are blocked.
  returned: always
  type: list
  elements: str
  sample: ["rabbit@mq1 resource_limit disk"]
maintenance:
  description: Members in maintenance.
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq2]
versions:
  description: RabbitMQ's version on each running member.
  returned: always
  type: dict
  sample: {rabbit@mq1: 3.10.8, rabbit@mq2: 3.10.8}
erlang_versions:
  description: Erlang's version on each running member.
  returned: always
  type: dict
  sample: {rabbit@mq1: "25"}
installed_version:
  description: The version that is installed here, whether it runs or not; empty when none is.
  returned: always
  type: str
  sample: 3.10.8
disabled_feature_flags:
  description: Feature flags that are not enabled, experimental ones apart.
  returned: always
  type: list
  elements: str
  sample: [stream_queue]
listeners:
  description: Ports of each running member.
  returned: always
  type: dict
  sample: {rabbit@mq1: [5671, 25672]}
internode_tls:
  description: Whether the running node speaks TLS with its peers.
  returned: always
  type: bool
  sample: true
cookie_digest:
  description: Digest of the Erlang cookie, as RabbitMQ's log shows it; empty when there is none.
  returned: always
  type: str
  sample: ej/rJAU4YbMTkX8asksFpQ==
cookie_accepted:
  description: Whether the cookie's file has the owner and the permissions that Erlang wants.
  returned: always
  type: bool
  sample: true
missing_plugins:
  description: Those of O(plugins) that are not installed here; none before RabbitMQ itself is.
  returned: always
  type: list
  elements: str
  sample: []
trusts_authority:
  description: Whether there is a certificate at O(authority_path).
  returned: always
  type: bool
  sample: true
remembers:
  description: Members of the cluster as the node wrote them down on disk; also of one that does not run.
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq1, rabbit@mq2, rabbit@mq3]
name_problems:
  description: One sentence for each name in O(addresses) that does not lead to its address.
  returned: always
  type: list
  elements: str
  sample: []
versions_available:
  description: Installed and available version of O(package).
  returned: when O(package) is given
  type: dict
  sample: {installed: 3.10.8, candidate: 3.10.8}
upgrade_problems:
  description: Why this member must not be upgraded to the available version of O(package).
  returned: when O(package) is given
  type: list
  elements: str
  sample: []
queues:
  description: Queues of all vhosts.
  returned: when O(gather) has V(queues)
  type: list
  elements: dict
  sample: [{vhost: shop, name: orders, type: quorum, leader: rabbit@mq1, members: [rabbit@mq1, rabbit@mq2, rabbit@mq3], messages: 12}]
queue_counts:
  description: Number of queues by type and leader.
  returned: when O(gather) has V(queues)
  type: dict
  sample: {quorum: {rabbit@mq1: 2, rabbit@mq2: 1}}
critical:
  description: Queues that would lose their majority without this node, below 4.0 also mirrored ones of which nobody else has the messages.
  returned: when O(gather) has V(critical)
  type: list
  elements: dict
  sample: [{name: orders, vhost: shop}]
"""

import glob
import os
import pwd
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import (
    addresses_of,
    critical_of,
    own_node,
    package_versions,
    queues_of,
    remembered,
    status_of,
    wait_for,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import SERVERS, Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import digest, normalise
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import (
    ACTIVE_PLUGINS,
    count_by,
    idle_plugins,
    missing_plugins,
    missing_ports,
    name_problems,
    newest_version,
    parse_status,
    quorum_troubles,
    troubles,
    upgrade_problems,
)

TLS_DISTRIBUTION = {"inet_tls", "inet6_tls"}
# Where the server looks for plugins.
PLUGIN_PLACES = (SERVERS + "/plugins/*", "/usr/lib/rabbitmq/plugins/*")


def text_of(path):
    try:
        with open(path, encoding="latin-1") as handle:
            return handle.read()
    except OSError:
        return ""


def accepted(path):
    """Erlang takes a cookie that belongs to the server's user and that nobody else can read."""
    try:
        info = os.stat(path)
        return info.st_uid == pwd.getpwnam("rabbitmq").pw_uid and stat.S_IMODE(info.st_mode) in (0o400, 0o600)
    except (OSError, KeyError):
        return False


def command_lines():
    """Of the Erlang machines on this host."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        words = text_of(path).split("\0")
        if os.path.basename(words[0]).startswith("beam"):
            yield words


class Info:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.node = own_node(module.params["node"])
        self.cli = Cli(module.run_command, module.params["longnames"])

    def host(self):
        """What needs no RabbitMQ that runs."""
        cookie = normalise(text_of(self.params["cookie_path"]))
        return {
            "node": self.node, "cookie_digest": digest(cookie) if cookie else "",
            "cookie_accepted": accepted(self.params["cookie_path"]),
            "internode_tls": any(TLS_DISTRIBUTION & set(words) for words in command_lines() if "rabbit" in words),
            "trusts_authority": os.path.exists(self.params["authority_path"]),
            "installed_version": newest_version(glob.glob(SERVERS)),
            "missing_plugins": missing_plugins(self.params["plugins"], [os.path.basename(path) for place in PLUGIN_PLACES
                                                                        for path in glob.glob(place)]),
            "remembers": remembered(self.params["data_directory"], self.node),
            "name_problems": list(name_problems(self.node.partition("@")[2], self.params["addresses"],
                                                {name: addresses_of(name) for name in self.params["addresses"]})),
        }

    def package(self, info):
        """What could be installed, and whether the node as it is bears it."""
        if not self.params["package"] or (self.params["package_if_missing"] and newest_version(glob.glob(SERVERS))):
            return {}
        found = package_versions(self.module, self.params["package"])
        return {"versions_available": found,
                "upgrade_problems": upgrade_problems(found["installed"], found["candidate"], info["disabled_feature_flags"])}

    def query(self):
        """The cluster; raises CliError when RabbitMQ does not run here."""
        status = status_of(self.cli)
        info = {"available": True, **{key: value for key, value in status.items() if key not in ("knows_ram", "cluster_name")}}
        if self.params["may_be_drained"]:
            status["maintenance"] = [node for node in status["maintenance"] if node != self.node]
        info["problems"] = list(troubles(status, self.params["members"]))
        info["problems"] += missing_ports(self.node, status["listeners"].get(self.node, []), self.params["ports"])
        # While it waits anyway, the dear questions are left for when the cheap one is answered well: a node that starts needs the time.
        if "queues" in self.params["gather"] and not (self.params["wait_healthy"] and info["problems"]):
            info["queues"] = queues_of(self.cli)
            info["queue_counts"] = count_by(info["queues"], "type", "leader")
            info["problems"] += quorum_troubles(info["queues"], status["running"], status["members"])
        if "plugins" in self.params["gather"] and not (self.params["wait_healthy"] and info["problems"]):
            info["problems"] += idle_plugins(self.node, self.params["plugins"], self.cli.do("rabbitmqctl", "eval", ACTIVE_PLUGINS))
        return info

    def nothing(self, error):
        info = {key: value for key, value in parse_status({}).items() if key not in ("knows_ram", "cluster_name")}
        if "queues" in self.params["gather"]:
            info.update(queues=[], queue_counts={})
        return {**info, "available": False, "problems": ["%s does not answer: %s" % (self.node, error)]}

    def healthy(self):
        seconds = self.params["wait_healthy"]
        info, error = wait_for(self.query, lambda info: not info["problems"], seconds)
        info = info or self.nothing(error)
        if seconds and info["problems"]:
            self.module.fail_json(msg="%s: the cluster is not healthy after %d s: %s" % (self.node, seconds, " ".join(info["problems"])),
                                  **self.host(), **info)
        return info

    def critical(self):
        seconds = self.params["wait_not_critical"]
        queues, error = wait_for(lambda: critical_of(self.cli), lambda queues: not queues, seconds)
        if seconds and error:
            held = ", ".join("'%s' in '%s'" % (queue["name"], queue["vhost"]) for queue in (queues or [])[:5])
            self.module.fail_json(msg="%s must not stop now: after %d s %s" % (self.node, seconds, (
                "these queues would still lose their majority, or all who have their messages: %s." % held if held else error)),
                critical=queues or [])
        return queues or []

    def run(self):
        if not self.cli_is_here():
            info = self.nothing("RabbitMQ is not installed here.")
            self.module.exit_json(changed=False, **self.host(), **info, **self.package(info))
        info = self.healthy()
        if "critical" in self.params["gather"] or self.params["wait_not_critical"]:
            info["critical"] = self.critical() if info["available"] else []
        self.module.exit_json(changed=False, **self.host(), **info, **self.package(info))

    def cli_is_here(self):
        here = self.module.get_bin_path("rabbitmqctl")
        if not here and (self.params["wait_healthy"] or self.params["wait_not_critical"]):
            self.module.fail_json(msg="%s: RabbitMQ is not installed here." % self.node)
        return here


def main():
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str"},
            "members": {"type": "list", "elements": "str", "default": []},
            "ports": {"type": "list", "elements": "int", "default": []},
            "gather": {"type": "list", "elements": "str", "choices": ["queues", "critical", "plugins"], "default": []},
            "plugins": {"type": "list", "elements": "str", "default": []},
            "may_be_drained": {"type": "bool", "default": False},
            "wait_healthy": {"type": "int", "default": 0},
            "wait_not_critical": {"type": "int", "default": 0},
            "cookie_path": {"type": "path", "default": "/var/lib/rabbitmq/.erlang.cookie"},
            "package": {"type": "str"},
            "package_if_missing": {"type": "bool", "default": False},
            "addresses": {"type": "dict", "default": {}},
            "data_directory": {"type": "path", "default": "/var/lib/rabbitmq/mnesia"},
            "authority_path": {"type": "path", "default": "/etc/rabbitmq/tls/ca.pem"},
            "longnames": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        Info(module).run()
    except CliError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
