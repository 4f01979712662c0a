# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says, asked by the tiers: who is in which role, at which addresses, with which values. Pure."""

from __future__ import annotations

import ipaddress

# Which groups have which role, as playbooks/preflight.yml has it.
GROUPS = {
    "etcd": ("etcd",), "mysql_replication": ("mysql_replication",), "mha": ("mha_manager",), "mmm": ("mmm_monitor",),
    "galera": ("galera", "galera_arbitrator"), "rabbitmq_cluster": ("rabbitmq",), "rsync_sync": ("content", "content_target"),
    "nfs_content": ("nfs_content", "nfs_content_client"), "scouter": ("scouter", "scouter_agent"),
    "monitoring": ("monitoring", "monitoring_agent"), "tomcat_cluster": ("tomcat",), "apache_modjk": ("apache",), "haproxy": ("haproxy",),
    "ipvs_realserver": ("ipvs_realserver",), "ipvs_director": ("ipvs_director",), "keepalived": ("keepalived",), "firewall": ("firewall",)}
# Where each role says at which address a host of it is reached, and from which it asks.
ADDRESSES = {role: role + "_address" for role in (
    "etcd", "mysql_replication", "galera", "rabbitmq_cluster", "rsync_sync", "nfs_content", "scouter", "monitoring", "tomcat_cluster",
    "ipvs_realserver", "ipvs_director", "keepalived")}
# Whose servers take clients at further ones.
MORE_ADDRESSES = {role: role + "_more_addresses" for role in ("mysql_replication", "galera", "rabbitmq_cluster")}
ANYWHERE = ("0.0.0.0/0", "::/0")
LOOPBACK = ("127.0.0.1", "::1")


class Unknown(ValueError):
    """Its text is a sentence for the user."""


def network(text):
    """An address or a network in its canonical spelling, without the length of a single address; None for anything else."""
    try:
        found = ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


class Site:
    """groups: {group: hosts}. get(host, variable): its value as a task of its role would see it, None where there is none."""

    def __init__(self, groups, get):
        self.groups, self.get = groups, get
        self._addresses, self._homes = {}, None

    def hosts(self, role):
        return self.members(*GROUPS[role])

    def members(self, *groups):
        return list(dict.fromkeys(host for group in groups for host in self.groups.get(group) or []))

    def number(self, host, variable):
        return int(self.get(host, variable) or 0)

    def listed(self, host, variable):
        return list(self.get(host, variable) or [])

    # -- addresses --------------------------------------------------------------------------

    def addresses(self, host):
        """All addresses of a host that the inventory knows, in order. Unknown when there is none: a rule needs one."""
        if host not in self._addresses:
            given = [self.get(host, "ansible_host"), *self.listed(host, "firewall_addresses")]
            given += [self.get(host, name) for role, name in ADDRESSES.items() if host in self.hosts(role)]
            given += [address for role, name in MORE_ADDRESSES.items() if host in self.hosts(role) for address in self.listed(host, name)
                      if network(address) not in LOOPBACK]
            if host in self.hosts("keepalived"):
                given += (self.get(host, "keepalived_addresses") or {}).values()
            self._addresses[host] = list(dict.fromkeys(one for one in map(network, given) if one and "/" not in one))
        if not self._addresses[host]:
            raise Unknown("%s: ansible_host is '%s', no address, which firewall rules need: set it to one, or list them in "
                          "firewall_addresses." % (host, self.get(host, "ansible_host")))
        return self._addresses[host]

    def learn(self, host, address):
        """Another address at which somebody balances to that host."""
        plain = network(address)
        if plain and host in self.everybody() and plain not in self.addresses(host):
            self._addresses[host].append(plain)
            self._homes = None

    def everybody(self):
        return self.members(*self.groups)

    def home(self, name, address=None):
        """The host of the inventory that is meant by a name or an address; None for somebody else."""
        if name in self.everybody():
            return name
        if self._homes is None:
            self._homes = {one: host for host in self.everybody() if self.get(host, "ansible_host") for one in self.known(host)}
        return self._homes.get(network(address or name))

    def known(self, host):
        try:
            return self.addresses(host)
        except Unknown:
            return []

    def networks(self, who):
        """Addresses and networks of hosts, groups, addresses and networks. What is no name of anything is Unknown."""
        found = []
        for one in who:
            plain = network(one)
            if plain:
                found.append(plain)
            elif one in self.everybody():
                found += self.addresses(one)
            elif one in self.groups or any(one in groups for groups in GROUPS.values()):
                found += [address for host in self.members(one) for address in self.addresses(host)]
            else:
                raise Unknown("'%s' is neither a host or a group of the inventory nor an address or a network" % one)
        return list(dict.fromkeys(found))
