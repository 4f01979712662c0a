#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_writer
short_description: Make a MariaDB or MySQL server the writer, or take that away from it
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - The writer is the one member of a replication topology that takes writes and has the writer address. This module changes that on
    one host, safely and fast. A planned switchover is two tasks, V(fenced) on the old and V(promoted) on the new one.
  - Works hand in hand with the agent (service C(mysql-writer) of role P(failover.stack.mysql_replication#role)) by a record in
    C(/var/lib/failover-mysql). Without an agent it works, too.
attributes:
  check_mode:
    support: full
    description: Nothing is changed. RV(holder) tells whether somebody else has the address. O(gtid) is waited for all the same.
  diff_mode:
    support: full
    description: Server, record and address before and after.
options:
  state:
    description:
      - V(fenced). The server is read-only, the host is not the recorded writer, its clients are disconnected and the address is gone, or
        waits to be handed over to O(yield_to). Works with a server that does not run, too.
      - V(promoted). The server takes writes and has the address, after everybody else was asked for it. It is announced at once.
      - V(drained). A replica receives nothing more and has applied all that it received. For the time between the death of a source and
        the choice of its successor.
      - V(resumed). Undoes V(drained), replication runs again.
      - V(handed_over). With O(lease), on the member that holds it. Its agent makes the server read-only and hands the lease to O(to), whose
        agent takes over when it has everything.
      - V(parked). On a member whose agent holds a lease. Nobody takes over for ten minutes, so that the agents can become such of a cluster
        that is led by hand, one after the other. Elsewhere it does nothing.
      - V(given_up). With O(lease), while nobody holds it. What the members in O(members) alone may have does not count any more.
    type: str
    choices: [fenced, promoted, drained, resumed, handed_over, given_up, parked]
    required: true
  address:
    description: The writer address, C(address/prefix length). Empty when there is none.
    type: str
    default: ""
  own_address:
    description: Address of this host on the interface that O(address) belongs to. By default the interface whose network contains it.
    type: str
    default: ""
  gtid:
    description:
      - For O(state=promoted). Wait until the server has all these transactions, usually RV(gtid) of the fenced writer.
      - For O(state=drained). Go on receiving until the server has them, as long as somebody sends and O(timeout) is not over.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for O(gtid), for the applier of a drained replica, or for statements that keep a server from being fenced.
    type: int
    default: 30
  patience_ms:
    description:
      - Milliseconds that statements and commits under way have to finish when the server is fenced. Those that last longer are ended
        and listed in RV(ended).
    type: int
    default: 300
  address_timeout:
    description: Seconds to wait until nobody else answers for O(address).
    type: int
    default: 3
  yield_to:
    description:
      - For O(state=fenced). Address of the member that will be promoted. A running agent then keeps the address until that
        member asks for it, so clients are refused meanwhile instead of waiting for an answer. Without it the address is given up at once.
    type: str
    default: ""
  stop_replication:
    description: For O(state=promoted). Forget all sources of this server. Not for a source that stays another one's replica.
    type: bool
    default: false
  semi_sync:
    description:
      - For O(state=promoted), where semi-synchronous replication is on. V(now) waits for replicas from the first write on. V(later) does
        not, for a new writer that no replica has turned to yet. A second run with V(now) sets that right.
    type: str
    choices: [now, later]
    default: now
  force:
    description: For O(state=promoted). Promote a replica whose replication stopped with an error.
    type: bool
    default: false
  kill_unit:
    description: For O(state=fenced). Unit of the server, to kill a server that does not answer any more. Empty kills nothing.
    type: str
    default: ""
  lease:
    description:
      - Whether the members decide by a lease who takes the writes. Then the agent makes the server writable and takes the address;
        V(promoted) only begins a cluster in which nobody has held the lease yet, and is refused on a member that does not hold it.
    type: bool
    default: false
  to:
    description: For O(state=handed_over). Name of the member that takes over, as its agent knows it.
    type: str
    default: ""
  members:
    description: For O(state=given_up). Names of members.
    type: list
    elements: str
    default: []
  by:
    description: What the record says about who did this.
    type: str
    default: mysql_writer
extends_documentation_fragment:
  - failover.stack.mysql_login
"""

EXAMPLES = r"""
- name: Nobody writes any more
  failover.stack.mysql_writer:
    state: fenced
    address: 198.18.0.102/24
    yield_to: 198.18.0.32
  register: old

- name: The other one does
  failover.stack.mysql_writer:
    state: promoted
    address: 198.18.0.102/24
    gtid: "{{ old.gtid }}"
    stop_replication: true
  delegate_to: db2

- name: A replica of a dead source receives nothing more and applies what it has
  failover.stack.mysql_writer:
    state: drained
    timeout: 60
  register: drained
"""

RETURN = r"""
before:
  description: Keys C(server) (C(writable), C(read_only) or C(down)), C(recorded) (null when there is no
    record), C(handing_over) and C(address_held).
  returned: always
  type: dict
  sample: {server: writable, recorded: true, handing_over: false, address_held: true}
after:
  description: The same afterwards.
  returned: always
  type: dict
  sample: {server: read_only, recorded: false, handing_over: true, address_held: true}
gtid:
  description: All transactions that the server has, null when it does not answer.
  returned: always
  type: str
  sample: 0-1-4711
ended:
  description: Connections that were ended. Id, user, host, command and seconds in it.
  returned: always
  type: list
  elements: dict
  sample: [{id: 7, user: shop, host: "198.18.0.21:4711", command: Sleep, seconds: 3}]
mac:
  description: MAC address of this host's own interface for O(address), null without one.
  returned: always
  type: str
  sample: "02:42:c6:12:00:1f"
holder:
  description: MAC address of another machine that answers for O(address).
  returned: for O(state=promoted)
  type: str
  sample: "02:42:c6:12:00:20"
killed:
  description: Whether the server was killed.
  returned: for O(state=fenced)
  type: bool
  sample: false
problem:
  description: Why the server does not answer, or why a drained replica is not fit to be promoted. Empty when there is nothing.
  returned: for O(state=fenced) when the server does not answer, for O(state=drained)
  type: str
  sample: ""
seen:
  description: What M(failover.stack.mysql_replica_info) tells of the server, at the end.
  returned: for O(state=drained)
  type: dict
  sample: {reachable: true, writable: false, recorded: false}
read_only_ms:
  description: Milliseconds from the first statement of the fence until nobody could write.
  returned: for O(state=fenced)
  type: int
  sample: 12
caught_up_ms:
  description: Milliseconds until O(gtid) was reached.
  returned: for O(state=promoted)
  type: int
  sample: 8
writable_ms:
  description: Milliseconds until the server took writes.
  returned: for O(state=promoted)
  type: int
  sample: 9
address_ms:
  description: Milliseconds until the address was here.
  returned: for O(state=promoted)
  type: int
  sample: 61
total_ms:
  description: Milliseconds in all.
  returned: always
  type: int
  sample: 85
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql.writer import STATES, Member
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            state={"type": "str", "required": True, "choices": [
                "fenced", "promoted", "drained", "resumed", "handed_over", "given_up", "parked"]},
            address={"type": "str", "default": ""},
            own_address={"type": "str", "default": ""},
            gtid={"type": "str", "default": ""},
            timeout={"type": "int", "default": 30},
            patience_ms={"type": "int", "default": 300},
            address_timeout={"type": "int", "default": 3},
            yield_to={"type": "str", "default": ""},
            stop_replication={"type": "bool", "default": False},
            semi_sync={"type": "str", "choices": ["now", "later"], "default": "now"},
            force={"type": "bool", "default": False},
            kill_unit={"type": "str", "default": ""},
            lease={"type": "bool", "default": False},
            to={"type": "str", "default": ""},
            members={"type": "list", "elements": "str", "default": []},
            by={"type": "str", "default": "mysql_writer"},
        ),
        supports_check_mode=True,
    )
    try:
        result = STATES[module.params["state"]](Member(module.params, platform.node()), module.check_mode)
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.values)
    if module._diff and result["changed"]:
        result["diff"] = {"before": result["before"], "after": result["after"]}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
