#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_info
short_description: Tell how a cluster of etcd members is
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Members, leader, health, alarms, size of the database, whether authentication is on, as this host's member tells it over etcd's JSON
    gateway, and the state of each of O(members), which are asked from here. No login is needed.
  - Also what the host has without a server that runs. Data, snapshots, for how long its certificates are good.
  - With O(wait_healthy) it waits until nothing keeps the cluster from being healthy. A member that does not run is no error otherwise.
extends_documentation_fragment: [failover.stack.read_only]
options:
  name:
    description: This host's member.
    type: str
    required: true
  members:
    description: Members that must be there, and their client URLs. Health is measured against this.
    type: dict
    required: true
  ca:
    description: File with the certificate of the authority that signed the members' certificates.
    type: path
    default: /etc/etcd/tls/ca.pem
  tls_directory:
    description: Directory of the member's own certificate.
    type: path
    default: /etc/etcd/tls
  data_directory:
    description: Directory of the member's data.
    type: path
    required: true
  unit:
    description: The server's unit.
    type: str
    default: etcd.service
  snapshot_directory:
    description: Where snapshots are.
    type: path
    default: /var/backups/etcd
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
  members_only:
    description:
      - Judge only whether all members are there and follow one leader, so that one may be restarted. An alarm or the age of a snapshot
        would keep the very configuration away that ends it.
    type: bool
    default: false
  revision_lag:
    description: How many revisions a member may be behind; V(0) does not judge that.
    type: int
    default: 1000
  snapshot_age_s:
    description: How old the newest snapshot may be, in seconds; V(0) does not judge that.
    type: int
    default: 0
  certificate_days:
    description: A certificate that ends within so many days is a problem.
    type: float
    default: 7
  answer_s:
    description: Seconds in which a member must answer.
    type: int
    default: 8
"""

EXAMPLES = r"""
- name: Wait until the cluster is whole
  failover.stack.etcd_info:
    name: etcd1
    members: {etcd1: "https://192.0.2.1:2379", etcd2: "https://192.0.2.2:2379", etcd3: "https://192.0.2.3:2379"}
    data_directory: /var/lib/etcd/etcd
    wait_healthy: 60
"""

RETURN = r"""
available:
  description: Whether this host's member answers.
  returned: always
  type: bool
  sample: true
active:
  description: What systemd says of the server's unit.
  returned: always
  type: str
  sample: active
has_data:
  description: Whether there are data of a member in O(data_directory).
  returned: always
  type: bool
  sample: true
trusts_authority:
  description: Whether there is a certificate at O(ca).
  returned: always
  type: bool
  sample: true
cluster_id:
  description: The cluster's identifier, as etcdctl writes it.
  returned: always
  type: str
  sample: cdf818194e3a8c32
member_id:
  description: The member's own.
  returned: always
  type: str
  sample: 8e9e05c52164694d
leader:
  description: Name of the leader that this member knows; empty without one.
  returned: always
  type: str
  sample: etcd2
members:
  description: Members of the cluster by name (empty before the first start), id, peer_urls, client_urls, learner.
  returned: always
  type: list
  elements: dict
  sample:
    - {name: etcd1, id: 8e9e05c52164694d, peer_urls: ["https://192.0.2.1:2380"], client_urls: ["https://192.0.2.1:2379"], learner: false}
statuses:
  description: Of each of O(members) whether it answers, its leader, version, revision, term, size of its database, or its error.
  returned: always
  type: dict
  sample: {etcd1: {available: true, leader: 91bc3c398fb3c146, version: 3.5.16, revision: 4711, db_bytes: 20480, error: ""}}
alarms:
  description: Alarms and where they are.
  returned: always
  type: list
  elements: str
  sample: ["NOSPACE at etcd2"]
auth_enabled:
  description: Whether authentication is on; null when nobody could tell, as without a leader.
  returned: always
  type: bool
  sample: true
version:
  description: Version of this member.
  returned: always
  type: str
  sample: 3.5.16
revision:
  description: Its revision.
  returned: always
  type: int
  sample: 4711
db_bytes:
  description: Size of its database's file.
  returned: always
  type: int
  sample: 20480
snapshots:
  description: Snapshots in O(snapshot_directory) by name, revision and age_s, the oldest first.
  returned: always
  type: list
  elements: dict
  sample: [{name: etcd1-20261130T081500Z-r4711.db, revision: 4711, age_s: 300}]
certificate_days:
  description: For how many days the certificates in O(tls_directory) are valid.
  returned: always
  type: dict
  sample: {cert.pem: 3649.9, ca.pem: 3649.9}
problems:
  description: One sentence for each thing that keeps the cluster from being healthy.
  returned: always
  type: list
  elements: str
  sample: ["etcd3 is no member of the cluster (etcd1, etcd2): playbooks/etcd.yml adds it."]
"""

import concurrent.futures
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._etcd import snapshot, state
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError
from ansible_collections.failover.stack.plugins.module_utils._etcd.member import active_state, has_data
from ansible_collections.failover.stack.plugins.module_utils._host import healthy, tls


def days_of(directory):
    """For how long each certificate there is valid; nothing where there is none, or nobody who can read it."""
    found = {}
    for name in ("cert.pem", "ca.pem") if tls.x509 else ():
        try:
            with open(os.path.join(directory, name), encoding="ascii", errors="replace") as handle:
                certificate = tls.read(handle.read())
        except FileNotFoundError:
            continue
        if certificate:
            found[name] = tls.days_left(certificate)
    return found


class Info:
    def __init__(self, module):
        self.module, self.params = module, module.params

    def api(self, url):
        return Api(url, self.params["ca"], self.params["answer_s"])

    def status(self, url):
        try:
            return state.status_of(self.api(url).call("maintenance/status"))
        except ApiError as error:
            return state.silent(str(error))

    def statuses(self):
        """Of all members at once: one that is frozen must not hold up the others."""
        urls = self.params["members"]
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
            return dict(zip(urls, pool.map(self.status, urls.values())))

    def cluster(self, own):
        """What the own member tells of the cluster; alarms and authentication only with a leader, without one the question hangs."""
        found = {"members": [], "alarms": [], "auth_enabled": None}
        if not own["available"]:
            return found
        api = self.api(self.params["members"][self.params["name"]])
        try:
            found["members"] = state.members_of(api.call("cluster/member/list"))
            if own["leader"] and not own["learner"]:
                found["alarms"] = state.alarms_of(api.call("maintenance/alarm", {"action": "GET"}), found["members"])
                found["auth_enabled"] = api.auth_enabled()
        except ApiError:  # It went away, or lost its leader, in between: the next look tells.
            pass
        return found

    def look(self):
        params = self.params
        trusts = os.path.exists(params["ca"])
        statuses = self.statuses() if trusts else {name: state.silent("%s is not there" % params["ca"]) for name in params["members"]}
        own = statuses[params["name"]]
        info = {
            "available": own["available"], "active": active_state(self.module, params["unit"]),
            "has_data": has_data(params["data_directory"]),
            "trusts_authority": trusts, "cluster_id": own["cluster_id"], "member_id": own["id"], "version": own["version"],
            "revision": own["revision"], "db_bytes": own["db_bytes"], "statuses": statuses, **self.cluster(own),
            "snapshots": snapshot.listed(params["snapshot_directory"], time.time()), "certificate_days": days_of(params["tls_directory"])}
        info["leader"] = state.name_of(info["members"], own["leader"])
        limits = {name: params[name] for name in ("members", "revision_lag", "snapshot_age_s", "snapshot_directory", "certificate_days")}
        info["problems"] = list(state.problems(params["name"], info, limits, params["members_only"]))
        return info

    def run(self):
        healthy.tell(self.module, self.look, "%s: the cluster" % self.params["name"], every_s=0.5)


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "members": {"type": "dict", "required": True},
            "ca": {"type": "path", "default": "/etc/etcd/tls/ca.pem"},
            "tls_directory": {"type": "path", "default": "/etc/etcd/tls"},
            "data_directory": {"type": "path", "required": True},
            "unit": {"type": "str", "default": "etcd.service"},
            "snapshot_directory": {"type": "path", "default": "/var/backups/etcd"},
            "wait_healthy": {"type": "int", "default": 0},
            "members_only": {"type": "bool", "default": False},
            "revision_lag": {"type": "int", "default": 1000},
            "snapshot_age_s": {"type": "int", "default": 0},
            "certificate_days": {"type": "float", "default": 7},
            "answer_s": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
    )
    if module.params["name"] not in module.params["members"]:
        module.fail_json(msg="members (%s) does not have %s: name the member of this host." % (
            ", ".join(module.params["members"]), module.params["name"]))
    if len(module.params["members"]) == 1:
        module.warn("%s is the only member of its cluster: when it is lost, all is. Three members bear the loss of one." % (
            module.params["name"]))
    Info(module).run()


if __name__ == "__main__":
    main()
