#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvsadm
short_description: Virtual services, real servers, time-outs and sync daemons of the kernel's IPVS table
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description:
  - Describes the IPVS table as it shall be. Reads it once, plans the smallest batch of changes, and gives that to
    B(one) C(ipvsadm --restore), whatever its size. Nothing is started when nothing is to be changed.
  - The kernel may refuse a line of a batch without ipvsadm failing. So the table is read again after a change, and what the
    kernel did not take is reported in RV(ignore:refused) with ipvsadm's own words.
  - A service that a running keepalived in the same network namespace has in its configuration is left to keepalived. Naming it is refused.
  - The table lives in the kernel's memory and is empty after a restart of the machine.
notes:
  - A server with weight 0 gets no new connections, but visitors whom O(services[].persistent) binds to it still reach it,
    unless the sysctl C(net.ipv4.vs.expire_quiescent_template) is 1.
  - UDP has no active connections, so UDP servers are drained at once.
requirements:
  - ipvsadm 1.31. On a host without ipvsadm check mode shows what would be made of an empty table.
  - A kernel with IPVS.
attributes:
  check_mode:
    support: full
    description: Nothing is changed and nothing is waited for.
  diff_mode:
    support: full
    description: The services that change, as C(ipvsadm -Sn) prints them, with thresholds where they are set.
options:
  services:
    description:
      - Virtual services. A service is known by address, port and protocol, or by fwmark and family.
      - A service is described completely. What is left out has its default, except thresholds.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Virtual address, IPv4 or IPv6.
        type: str
      port:
        description: Virtual port. V(0) is every port and needs O(services[].persistent).
        type: int
      protocol:
        description: Protocol.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      fwmark:
        description: Firewall mark, instead of address, port and protocol.
        type: int
      family:
        description: Address family of a service with O(services[].fwmark).
        type: str
        choices: [ipv4, ipv6]
        default: ipv4
      scheduler:
        description: Scheduler.
        type: str
        choices: [rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh]
        default: wlc
      scheduler_flags:
        description: V(sh-fallback) and V(sh-port), V(mh-fallback) and V(mh-port) of these schedulers, V(flag-1) to V(flag-3) of others.
        type: list
        elements: str
        default: []
      persistent:
        description: Seconds for which a client stays with its server. Left out, clients are not bound.
        type: int
      netmask:
        description: Clients of one such network stay together. A mask or prefix length for IPv4, a prefix length for IPv6.
        type: str
      persistence_engine:
        description: Bind by the SIP call instead of the client's address, UDP only.
        type: str
        choices: [sip]
      one_packet:
        description: Choose a server for every packet, UDP only.
        type: bool
        default: false
      servers:
        description: The real servers. Others are removed, unless O(purge_servers=false).
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: Address of the real server.
            type: str
            required: true
          port:
            description: Port of the real server, by default the service's. Only V(NAT) can have another one.
            type: int
          method:
            description: Forwarding method. Direct routing, masquerading or tunnel.
            type: str
            choices: [DR, NAT, TUN]
            default: DR
          tunnel_type:
            description: Kind of tunnel, by default V(ipip). Only with V(TUN).
            type: str
            choices: [ipip, gue, gre]
          tunnel_port:
            description: UDP port of a V(gue) tunnel.
            type: int
          tunnel_checksum:
            description: Checksums of a V(gue) or V(gre) tunnel, by default V(none). V(remcsum) only for V(gue).
            type: str
            choices: [none, csum, remcsum]
          weight:
            description: Weight. V(0) drains. No new connections, those that exist go on.
            type: int
            default: 1
          upper_threshold:
            description:
              - No new connections from this number on. V(0) is no limit.
              - When neither threshold is given, those of a server that exists are left as they are.
            type: int
          lower_threshold:
            description: New connections again below this number. Without it three quarters of O(services[].servers[].upper_threshold).
            type: int
          state:
            description: Whether the server shall be there.
            type: str
            choices: [present, absent]
            default: present
      state:
        description: Whether the service shall be there.
        type: str
        choices: [present, absent]
        default: present
  purge:
    description:
      - Remove services that are not named. Without it they stay.
      - Services of a running keepalived stay in any case and are listed in RV(left_to_keepalived).
    type: bool
    default: false
  purge_servers:
    description: Remove servers of a named service that are not named.
    type: bool
    default: true
  weights:
    description:
      - Changes the weight of real servers that are there and nothing else, for instance to drain one.
      - Applies to every service that has the server, or to the one that is named.
    type: list
    elements: dict
    default: []
    suboptions:
      server:
        description: Address of the real server.
        type: str
        required: true
      server_port:
        description: Port of the real server, by default any.
        type: int
      weight:
        description: Its new weight. V(0) drains.
        type: int
        required: true
      address:
        description: Virtual address of the service.
        type: str
      port:
        description: Virtual port of the service.
        type: int
      protocol:
        description: Protocol of the service.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      fwmark:
        description: Firewall mark of the service.
        type: int
      family:
        description: Address family of a service with O(weights[].fwmark).
        type: str
        choices: [ipv4, ipv6]
        default: ipv4
  timeouts:
    description: Seconds after which an idle connection is forgotten. Left out or V(0), a value stays as it is.
    type: dict
    suboptions:
      tcp:
        description: Established TCP connections.
        type: int
      tcpfin:
        description: TCP connections after a FIN.
        type: int
      udp:
        description: UDP.
        type: int
  sync_daemons:
    description:
      - Connection sync daemons, at most one of each state. An empty list stops them. Left out, they are not touched.
      - A daemon with other settings is stopped and started again.
    type: list
    elements: dict
    suboptions:
      state:
        description: A master sends its connections, a backup receives them.
        type: str
        choices: [master, backup]
        required: true
      interface:
        description: Interface for multicast.
        type: str
        required: true
      id:
        description: Sync id from 0 to 255. A backup with V(0) takes everything.
        type: int
        default: 0
      maxlen:
        description: Bytes in a message, by default from the interface's MTU. The kernel lifts a backup's to 1024.
        type: int
      group:
        description: Multicast address, by default 224.0.0.81.
        type: str
      port:
        description: UDP port, by default 8848.
        type: int
      ttl:
        description: Time to live, by default 1.
        type: int
  wait_for_drain:
    description: Seconds to wait until the servers that are wanted with weight 0 have no active connections. V(0) does not wait.
    type: int
    default: 0
  drain_strict:
    description: Fail when connections are left after O(wait_for_drain). Without it that is only reported.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Two web servers behind one address, nothing else in the table
  failover.stack.ipvsadm:
    purge: true
    services:
      - address: 198.18.0.100
        port: 80
        scheduler: wrr
        servers:
          - {address: 198.18.0.11, weight: 3}
          - {address: 198.18.0.12, weight: 1}

- name: Drain one server in every service that has it
  failover.stack.ipvsadm:
    weights: [{server: 198.18.0.11, weight: 0}]
    wait_for_drain: 60

- name: Connections survive the director
  failover.stack.ipvsadm:
    sync_daemons:
      - {state: master, interface: eth0, id: 51}
      - {state: backup, interface: eth0, id: 51}
"""

RETURN = r"""
commands:
  description: The lines given to C(ipvsadm --restore), or that would be given in check mode.
  returned: always
  type: list
  elements: str
  sample: ["-a -t 198.18.0.100:80 -r 198.18.0.23:80 -g -w 1"]
left_to_keepalived:
  description: Services that O(purge) left alone because they are keepalived's.
  returned: always
  type: list
  elements: str
  sample: ["198.18.0.101:80/tcp"]
drained:
  description:
    - A server waited for each. Service, server, whether it is drained, seconds it took, active connections left.
  returned: with O(wait_for_drain), not in check mode
  type: list
  elements: dict
  sample: [{service: "198.18.0.100:80/tcp", server: "198.18.0.23:80", drained: true, seconds: 4.2, active_connections: 0}]
refused:
  description: Lines that the kernel has not taken.
  returned: on such a failure
  type: list
  elements: str
  sample: ["-A -t 198.18.0.100:80 -s mh"]
problems:
  description: One sentence for each mistake in the options.
  returned: on such a failure
  type: list
  elements: str
  sample: ["db2: services[0] lacks address: add it."]
"""

import platform
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Absent, Change, Failure, Ipvsadm, starter, wait_for_drain
from ansible_collections.failover.stack.plugins.module_utils._ipvs.keepalived import owners
from ansible_collections.failover.stack.plugins.module_utils._ipvs.plan import draining

WEIGHT = {
    "server": {"type": "str", "required": True},
    "server_port": {"type": "int"},
    "weight": {"type": "int", "required": True},
    "address": {"type": "str"},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"], "default": "tcp"},
    "fwmark": {"type": "int"},
    "family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv4"},
}
DAEMON = {
    "state": {"type": "str", "choices": ["master", "backup"], "required": True},
    "interface": {"type": "str", "required": True},
    "id": {"type": "int", "default": 0},
    "maxlen": {"type": "int"},
    "group": {"type": "str"},
    "port": {"type": "int"},
    "ttl": {"type": "int"},
}


def tool(module, host):
    """The runner. Without ipvsadm check mode works on an empty table."""
    path = module.get_bin_path("ipvsadm")
    if path is None:
        if module.check_mode:
            return Absent(host)
        raise Failure("%s: there is no ipvsadm here: install the package ipvsadm, then run again." % host)
    return Ipvsadm(host, starter(path))


def work(module, host):
    params = module.params
    change = Change(tool(module, host), params, owners).check().read().plan()
    result = {"changed": bool(change.lines), "commands": change.lines}
    if module._diff:
        result["diff"] = change.diff
    if change.lines and not module.check_mode:
        output = change.apply()
        if output:
            module.warn("%s: ipvsadm says: %s, but the table is as it shall be." % (host, output))
    result["left_to_keepalived"] = change.left
    if params["wait_for_drain"] and not module.check_mode:
        pairs = draining(change.desired.services)
        result["drained"] = wait_for_drain(
            change.ipvsadm, pairs, params["wait_for_drain"], time.monotonic, time.sleep) if pairs else []
        left = [entry for entry in result["drained"] if not entry["drained"]]
        if left and params["drain_strict"]:
            raise Failure("%s: %d servers still have connections after %d s (first: %s has %d): wait longer, or end them." % (
                host, len(left), params["wait_for_drain"], left[0]["server"], left[0]["active_connections"]), **result)
    return result


def main():
    module = AnsibleModule(
        argument_spec={
            # Its suboptions are checked by Desired, many times faster than an argument_spec does it.
            "services": {"type": "list", "elements": "dict", "default": []},
            "purge": {"type": "bool", "default": False},
            "purge_servers": {"type": "bool", "default": True},
            "weights": {"type": "list", "elements": "dict", "default": [], "options": WEIGHT},
            "timeouts": {"type": "dict", "options": {"tcp": {"type": "int"}, "tcpfin": {"type": "int"}, "udp": {"type": "int"}}},
            "sync_daemons": {"type": "list", "elements": "dict", "options": DAEMON},
            "wait_for_drain": {"type": "int", "default": 0},
            "drain_strict": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    host = platform.node()
    if module.params["weights"] and (module.params["services"] or module.params["purge"]):
        module.fail_json(msg="%s: weights stands beside services or purge: weights changes what is there, services describes what "
                             "shall be; use one task for each." % host)
    try:
        module.exit_json(**work(module, host))
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.values)


if __name__ == "__main__":
    main()
