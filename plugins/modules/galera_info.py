#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: galera_info
short_description: Read the state of a Galera member, running or not
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
extends_documentation_fragment:
  - failover.stack.galera_server
description:
  - A running member tells its status by SQL. Of one that is down C(grastate.dat), C(gvwstate.dat) and, where the sequence number
    is not there, InnoDB itself are read.
  - InnoDB is asked by C(mariadbd --wsrep-recover) as the service's user, only while the server is down. That replays the redo log,
    as every start does; nothing else is changed.
attributes:
  check_mode:
    support: full
    description: The same is read.
  diff_mode:
    support: none
    description: Nothing is ever changed.
options:
  recover:
    description: Ask InnoDB for the position when nothing else tells it and the server is down.
    type: bool
    default: false
  wait_settled:
    description:
      - Seconds to wait for a server that is starting until it is in a primary component. V(0) does not wait.
      - Without a whole C(gvwstate.dat) it cannot form its last component again, then nothing is waited for either.
    type: int
    default: 0
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
  cluster_size:
    description: Members and arbitrators that a healthy cluster has. V(0) does not look.
    type: int
    default: 0
  package:
    description: Package of which installed and available version are returned.
    type: str
"""

EXAMPLES = r"""
- name: Read the member, position included
  failover.stack.galera_info:
    recover: true
  register: __galera_info

- name: Wait until it is Synced
  failover.stack.galera_info:
    wait_healthy: 60
    cluster_size: 3

- name: Wait for a server that is starting, then read it; may the package be upgraded without leaving its series?
  failover.stack.galera_info:
    wait_settled: 30
    package: mariadb-server
"""

RETURN = r"""
service:
  description: State of the unit in systemd's words.
  returned: always
  type: str
  sample: active
running:
  description: Whether the server answers.
  returned: always
  type: bool
  sample: true
starting:
  description: Whether its process is there, or is about to be, but does not answer.
  returned: always
  type: bool
  sample: false
primary:
  description: Whether it is in a primary component.
  returned: always
  type: bool
  sample: true
synced:
  description: Whether it is Synced and ready.
  returned: always
  type: bool
  sample: true
uuid:
  description: The cluster its data belong to; empty when unknown.
  returned: always
  type: str
  sample: c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8
seqno:
  description: Its position; -1 when unknown.
  returned: always
  type: int
  sample: 3050
source:
  description: Where the position comes from, V(running), V(grastate.dat), V(recovered) or V(none).
  returned: always
  type: str
  sample: running
grastate:
  description: State of grastate.dat, V(ok), V(missing), V(empty) or V(torn).
  returned: always
  type: str
  sample: ok
safe_to_bootstrap:
  description: Whether Galera says that this member was the last to leave.
  returned: always
  type: bool
  sample: false
gvwstate:
  description: The last primary component, from gvwstate.dat, when that is whole.
  returned: always
  type: dict
  sample:
    my_uuid: 0f1c2a3b-e5a4-11f1-8e6e-7f2f3b9b0c11
    view: "0f1c2a3b-e5a4-11f1-8e6e-7f2f3b9b0c11:7"
    members: [0f1c2a3b-e5a4-11f1-8e6e-7f2f3b9b0c11]
given_up:
  description: Members that the cluster went on without, and the point of that bootstrap, as this member noted it.
  returned: always
  type: dict
  sample: {galera3: "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8:30"}
settled:
  description: Points at which the cluster went on without this member, which has got a whole copy since.
  returned: always
  type: list
  elements: str
  sample: []
sst_in_progress:
  description: Whether a state transfer to this member broke off.
  returned: always
  type: bool
  sample: false
databases:
  description: Databases that somebody made.
  returned: always
  type: list
  elements: str
  sample: [shop]
drained:
  description: Whether the check agent sends clients elsewhere, for a restart.
  returned: always
  type: bool
  sample: false
queue:
  description: Transactions received and not yet applied.
  returned: always
  type: int
  sample: 0
status:
  description: wsrep status, flow control included.
  returned: always
  type: dict
  sample: {wsrep_cluster_size: 3, wsrep_cluster_status: Primary, wsrep_local_state_comment: Synced}
variables:
  description: Some variables of the running server.
  returned: always
  type: dict
  sample: {read_only: "OFF", version: 10.11.19-MariaDB-0+deb12u1}
problem:
  description: Why the position cannot be read; empty when it can.
  returned: always
  type: str
  sample: ""
problems:
  description: One sentence for each thing that keeps the member from being healthy.
  returned: always
  type: list
  elements: str
  sample: []
versions:
  description: Installed and available version of O(package).
  returned: when O(package) is given
  type: dict
  sample: {installed: 10.11.18-0+deb12u1, candidate: 10.11.19-0+deb12u1, same_series: true}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._galera.member import CONNECTION, query, versions, wait_for


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION, **{
            "recover": {"type": "bool", "default": False},
            "wait_settled": {"type": "int", "default": 0},
            "wait_healthy": {"type": "int", "default": 0},
            "cluster_size": {"type": "int", "default": 0},
            "package": {"type": "str"},
        }),
        supports_check_mode=True,
    )
    params = module.params
    info = query(module)
    if params["wait_settled"]:
        # Without gvwstate.dat it cannot find back into its last component by itself, so there is nothing to wait for.
        info = wait_for(module, params["wait_settled"], lambda info: info["primary"] or not info["starting"] or not info["gvwstate"])
    if params["wait_healthy"]:
        info = wait_for(module, params["wait_healthy"], lambda info: not info["problems"])
        if info["problems"]:
            module.fail_json(msg="Not healthy after %d s: %s" % (params["wait_healthy"], " ".join(info["problems"])), changed=False, **info)
    if params["recover"]:
        info = query(module, with_recovery=True)
    if params["package"]:
        info["versions"] = versions(module, params["package"])
    module.exit_json(changed=False, **info)


if __name__ == "__main__":
    main()
