# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports each tier has and who needs them, told by its roles' variables. Pure.

Each function yields Doors of all hosts of a tier, whether they have a firewall or not; who is put together in matrix.py.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.failover.stack.plugins.module_utils._firewall.site import ANYWHERE, network
from ansible_collections.failover.stack.plugins.module_utils._monitoring.targets import WATCHED, jobs

EPMD, NFS, SYNC, CLUSTER = 4369, 2049, 8848, 45564
# RabbitMQ's tools, while they run: members answer them by connections of their own.
RABBITMQ_TOOLS = (35672, 35682)
# Tomcat's receiver, where nothing else is given: AJP's port less this.
RECEIVER = 4009
LINK_LOCAL = "fe80::/10"
TUNNELS = {"ipip": "ipip", "gre": "gre"}
DATA_TIERS = {"mysql_replication": "mysql_replication", "galera": "galera", "rabbitmq": "rabbitmq_cluster", "etcd": "etcd"}
# Ledgers of the drills: rows, galera, messages.
LEDGERS = ("mysql_replication", "galera", "rabbitmq_cluster")


class Door(NamedTuple):
    """host: who may be connected to. protocol: tcp, udp, or an IP protocol (vrrp, ipip, gre), which has no ports. ports: numbers or
    (first, last). who: hosts, groups, addresses and networks. why: for people. at: only at these of its addresses. balanced: packets of
    whole connections pass on to others here, of which this host's connection tracking sees one direction only."""

    host: str
    protocol: str
    ports: tuple
    who: tuple
    why: str
    at: tuple = ()
    balanced: bool = False


def tcp(host, ports, who, why, **more):
    return Door(host, "tcp", tuple(sorted({int(port) for port in ports if port})), tuple(who), why, **more)


# -- who uses the data ------------------------------------------------------------------------


def named_in(url, address):
    """Whether a URL names exactly that address or host."""
    return re.search(r"(?<![\w.:-])%s(?![\w-]|\.\w)" % re.escape(str(address)), url) is not None


def urls(site, host):
    """What a host's Tomcats connect to, as their resources say it."""
    for instance in site.listed(host, "tomcat_cluster_instances"):
        for service in instance.get("services") or []:
            for application in service.get("applications") or []:
                yield from (str(one["url"]) for one in application.get("resources") or [] if one.get("url"))


def clients(site, tier, host, addresses):
    """Who uses a data tier at these addresses: Tomcats whose URLs name one, the drills' client, and whom the site names."""
    found = [one for one in site.hosts("tomcat_cluster")
             if any(named_in(url, address) for url in urls(site, one) for address in addresses)]
    drills = site.members("client")[:1]
    found += [one for one in drills if tier in LEDGERS and site.get(one, "drill_ledgers")]
    return found + list((site.get(host, "firewall_tier_clients") or {}).get(tier) or [])


def without_length(address):
    return str(address or "").split("/", maxsplit=1)[0]


def own(site, host, role):
    """Where members listen for each other: at the member's own address, whatever else it has for clients."""
    found = network(site.get(host, role + "_address"))
    return (found,) if found and "/" not in found else ()


# -- data tiers -------------------------------------------------------------------------------


def etcd(site):
    for host in site.hosts("etcd"):
        members = site.listed(host, "etcd_members")
        writers = [one for one in site.hosts("mysql_replication") if site.get(one, "mysql_replication_failover") == "automatic"
                   and host in site.members(site.get(one, "mysql_replication_etcd_group"))]
        yield tcp(host, [site.get(host, "etcd_client_port")], members + writers + clients(site, "etcd", host, []), "etcd, clients")
        yield tcp(host, [site.get(host, "etcd_peer_port")], members, "etcd, members")


def mysql_replication(site):
    for host in site.hosts("mysql_replication"):
        members = site.listed(host, "mysql_replication_members")
        watching = [one for role in ("mha", "mmm") for one in site.hosts(role) if host in site.listed(one, role + "_members")]
        addresses = [host, *site.addresses(host), without_length(site.get(host, "mysql_replication_writer_address"))]
        users = clients(site, "mysql_replication", host, [one for one in addresses if one])
        yield tcp(host, [site.get(host, "mysql_replication_port")], members + watching + users, "database")
        yield tcp(host, [site.get(host, "mysql_replication_seed_port")], members, "database, whole copies",
                  at=own(site, host, "mysql_replication"))


def mha(site):
    """The manager tries SSH between all members before it watches them, and fetches logs by it."""
    for manager in site.hosts("mha"):
        members = site.listed(manager, "mha_members")
        for host in members:
            yield tcp(host, [site.get(manager, "mha_ssh_port")], [manager, *members], "MHA, by SSH")


def mmm(site):
    for monitor in site.hosts("mmm"):
        members = site.listed(monitor, "mmm_members")
        for host in members:
            yield tcp(host, [site.get(monitor, "mmm_agent_port")], [monitor, *members], "MMM's agent")


def galera(site):
    for host in site.hosts("galera"):
        leaving = site.listed(host, "galera_leaving_members")
        members = site.listed(host, "galera_members") + leaving
        everybody = members + site.listed(host, "galera_arbitrators")
        group = site.number(host, "galera_group_port")
        yield tcp(host, [group], everybody, "Galera, group", at=own(site, host, "galera"))
        yield Door(host, "udp", (group,), tuple(everybody), "Galera, group by multicast")
        if host in members:
            moves = [site.get(host, "galera_ist_port"), site.get(host, "galera_sst_port")]
            yield tcp(host, moves, members, "Galera, transfers", at=own(site, host, "galera"))
            yield tcp(host, [site.get(host, "galera_agent_port")], everybody, "Galera's check agent")
            # Who joins waits until those before it take clients (module galera_member).
            yield tcp(host, [site.get(host, "galera_port")], members, "Galera, members before they join")
            users = clients(site, "galera", host, [host, *site.addresses(host)])
            yield tcp(host, [site.get(host, "galera_port")], users, "Galera, clients")


def rabbitmq_cluster(site):
    for host in site.hosts("rabbitmq_cluster"):
        leaving = site.members(site.get(host, "rabbitmq_cluster_leaving_group") or "")
        members = site.listed(host, "rabbitmq_cluster_members") + [one for one in leaving if one in site.hosts("rabbitmq_cluster")]
        users = clients(site, "rabbitmq_cluster", host, [])
        ports = [site.get(host, "rabbitmq_cluster_port")]
        ports += [site.get(host, "rabbitmq_cluster_tls_port")] if site.get(host, "rabbitmq_cluster_tls") else []
        between = (EPMD, site.number(host, "rabbitmq_cluster_distribution_port"), RABBITMQ_TOOLS)
        yield Door(host, "tcp", between, tuple(members), "RabbitMQ, members", at=own(site, host, "rabbitmq_cluster"))
        yield tcp(host, ports, users, "RabbitMQ, clients")
        if "rabbitmq_management" in site.listed(host, "rabbitmq_cluster_plugins"):
            drills = [one for one in site.members("client")[:1] if site.get(one, "drill_ledgers")]
            yield tcp(host, [site.get(host, "rabbitmq_cluster_management_port")],
                      site.listed(host, "firewall_operators") + members + drills, "RabbitMQ, management")


# -- content, monitoring ----------------------------------------------------------------------


def rsync_sync(site):
    for host in site.hosts("rsync_sync"):
        for content in site.listed(host, "rsync_sync_contents"):
            sources = [content["source"]] if content.get("source") else site.listed(host, "rsync_sync_sources")[:1]
            targets = content.get("targets") or site.listed(host, "rsync_sync_targets")
            if host in sources:
                ssh = content.get("transport") == "ssh"
                port = site.get(host, "rsync_sync_ssh_port" if ssh else "rsync_sync_port")
                yield tcp(host, [port], targets, "content %s" % content.get("name"))
            if host in targets and content.get("push"):
                yield tcp(host, [site.get(host, "rsync_sync_poke_port")], sources, "content %s, news" % content.get("name"))


def nfs_content(site):
    for host in site.members("nfs_content"):
        yield tcp(host, [NFS], site.listed(host, "nfs_content_clients"), "content by NFS")


def scouter(site):
    for host in site.members("scouter"):
        members, port = site.listed(host, "scouter_members"), site.number(host, "scouter_port")
        senders = members + list(ANYWHERE if site.get(host, "scouter_open") else site.listed(host, "scouter_allowed"))
        people = site.listed(host, "firewall_operators")
        yield tcp(host, [port], senders + people, "Scouter")
        yield Door(host, "udp", (port,), tuple(senders), "Scouter")
        people += site.listed(host, "scouter_api_addresses")
        yield tcp(host, [site.get(host, "scouter_http_port")], senders + people, "Scouter, HTTP")


def monitoring(site):
    """Exporters, which are asked by the host where Prometheus runs and by those whom the site names."""
    for host in site.hosts("monitoring"):
        if not site.get(host, "monitoring_exporters"):
            continue
        given = {name: site.get(host, name) for name in WATCHED if site.get(host, name) is not None}
        given["group_names"] = [name for name, hosts in site.groups.items() if host in hosts]
        ports = {job: site.number(host, "monitoring_%s_port" % job) for job in ("node", "mysqld", "apache")}
        told = jobs(given, str(site.get(host, "monitoring_address")), ports)
        who = site.listed(host, "monitoring_servers")
        who += list(ANYWHERE if site.get(host, "monitoring_open") else site.listed(host, "monitoring_allowed"))
        yield tcp(host, [place.rpartition(":")[2] for place in told.values()], who, "figures for Prometheus")


# -- web --------------------------------------------------------------------------------------


def tomcat_cluster(site):
    for host in site.hosts("tomcat_cluster"):
        members = site.listed(host, "tomcat_cluster_members")
        for instance in site.listed(host, "tomcat_cluster_instances"):
            for service in instance.get("services") or []:
                label = "Tomcat %s, " % service.get("name")
                cluster = service.get("cluster")
                if cluster is None:
                    continue
                ajp = int(service["ajp_port"])
                # Before they go on after a silence they ask each other.
                yield tcp(host, [ajp], members, label + "AJP, members")
                yield tcp(host, [cluster.get("receiver_port") or ajp - RECEIVER], members, label + "sessions")
                if cluster.get("membership") == "multicast":
                    yield Door(host, "udp", (int(cluster.get("multicast_port") or CLUSTER),), tuple(members), label + "members")
        yield tcp(host, [service.get("http_port") for instance in site.listed(host, "tomcat_cluster_instances")
                         for service in instance.get("services") or []], clients(site, "tomcat_cluster", host, []), "Tomcat, HTTP")


def apache_ports(site, host):
    applications = site.listed(host, "apache_modjk_applications")
    ports = {site.number(host, "apache_modjk_default_http_port") or 80} | {int(one.get("http_port") or 80) for one in applications}
    return ports | {int(one.get("https_port") or 443) for one in applications if one.get("tls") is not None}


def apache_modjk(site):
    """What is behind nobody of this inventory is asked by visitors."""
    behind = [*haproxy_servers(site), *real_servers(site)]
    for host in site.hosts("apache_modjk"):
        for worker in site.listed(host, "apache_modjk_ajp_connectors"):
            yield tcp(worker["host"], [worker["port"]], [host], "AJP")
        managing = [one for one in site.listed(host, "apache_modjk_management_addresses") + site.listed(
            host, "apache_modjk_trusted_proxies") if not str(one).startswith("127.") and str(one) != "::1"]
        yield tcp(host, apache_ports(site, host), managing, "httpd, trusted proxies and management")
        if not any(door.host == host and apache_ports(site, host) & set(door.ports) for door in behind):
            yield tcp(host, apache_ports(site, host), site.listed(host, "firewall_clients"), "visitors")


# -- balancers --------------------------------------------------------------------------------


def haproxy_servers(site):
    for proxy in site.hosts("haproxy"):
        backends = {one["name"]: one for one in site.listed(proxy, "haproxy_backends")}
        for name, servers in (site.get(proxy, "haproxy_servers") or {}).items():
            for server in servers:
                host = site.home(server.get("name"), server.get("address"))
                if host is not None:
                    site.learn(host, server.get("address"))
                    ports = [server.get("port"), (backends[name].get("check") or {}).get("port"), (server.get("check") or {}).get("port")]
                    yield tcp(host, ports, [proxy], "HAProxy, %s" % name)


def users_of(site, proxy, frontend, visitors):
    """Whom a frontend is for: those that the site names, a data tier's own clients, else visitors."""
    chosen = (site.get(proxy, "firewall_frontend_clients") or {}).get(frontend.get("name"))
    if chosen is not None:
        return list(chosen)
    backends = {one["name"]: one.get("group") for one in site.listed(proxy, "haproxy_backends")}
    tier = DATA_TIERS.get(backends.get(frontend.get("default_backend")))
    if tier is None:
        return visitors
    places = [bind.get("address") for bind in frontend.get("binds") or [] if bind.get("address")]
    return clients(site, tier, proxy, places or [proxy, *site.addresses(proxy)])


def haproxy(site):
    yield from haproxy_servers(site)
    for host in site.hosts("haproxy"):
        for frontend in site.listed(host, "haproxy_frontends"):
            who = users_of(site, host, frontend, site.listed(host, "firewall_clients"))
            ports = [bind.get("port") for bind in frontend.get("binds") or []]
            yield tcp(host, ports, who, "HAProxy, %s" % frontend.get("name"))
        if site.get(host, "haproxy_stats_enabled"):
            yield tcp(host, [site.get(host, "haproxy_stats_port")], site.listed(host, "firewall_operators"), "HAProxy, statistics")


def keepalived(site):
    for host in site.hosts("keepalived"):
        members = site.listed(host, "keepalived_members")
        instances = site.listed(host, "keepalived_instances")
        more = [peer for one in instances for peer in one.get("peers") or []]
        six = any(one.get("unicast") is False and any(":" in str(text) for text in one.get("addresses") or []) for one in instances)
        if instances:
            yield Door(host, "vrrp", (), (*members, *more, *([LINK_LOCAL] if six else [])), "VRRP")
        daemon = site.get(host, "keepalived_sync_daemon") or {}
        if daemon:
            yield Door(host, "udp", (int(daemon.get("port") or SYNC),), tuple(members), "IPVS, connections")
    directors = site.hosts("ipvs_director")
    for host in directors:
        for daemon in site.listed(host, "ipvs_director_sync_daemons"):
            yield Door(host, "udp", (int(daemon.get("port") or SYNC),), tuple(directors), "IPVS, connections")


def services(site):
    """(director, name, protocol, [(address, ports)], servers, clients) of all virtual servers; no ports are all."""
    for host in site.hosts("keepalived"):
        for one in site.listed(host, "keepalived_virtual_services"):
            yield host, one, one.get("name") or "IPVS", one.get("clients")
    for host in site.hosts("ipvs_director"):
        if site.get(host, "ipvs_director_manager") == "ipvsadm":
            for one in site.listed(host, "ipvs_director_services"):
                yield host, one, "IPVS", None


def places(site, host, service):
    """Where a virtual server is asked: [(address, ports)]."""
    if not service.get("fwmark"):
        return [(str(service["address"]), (int(service["port"]),) if service.get("port") else ((1, 65535),))]
    marks = [one for one in site.listed(host, "ipvs_director_marks") if int(one["mark"]) == int(service["fwmark"])]
    return [(without_length(address), tuple(int(port) for port in one.get("ports") or []) or ((1, 65535),))
            for one in marks for address in one["addresses"]]


def visitors_of(site, host, service, given):
    chosen = (site.get(host, "firewall_frontend_clients") or {}).get(service.get("name"))
    return list(chosen if chosen is not None else given or site.listed(host, "firewall_clients"))


def protocol_of(service):
    return str(service.get("protocol") or "tcp").lower()


def real_servers(site):
    """Real servers take what visitors sent, from the visitors' own addresses, and the director's questions."""
    for director, service, name, given in services(site):
        who = visitors_of(site, director, service, given)
        for server in service.get("servers") or []:
            host = site.home(server.get("name"), server.get("address"))
            if host is None or host == director:
                continue
            site.learn(host, server.get("address"))
            ports = (int(server["port"]),) if server.get("port") else tuple(
                port for _address, found in places(site, director, service) for port in found)
            asked = [one["connect_port"] for one in server.get("checks") or [] if one.get("connect_port")]
            at = reached_at(site, director, service, host, server)
            yield Door(host, protocol_of(service), ports, tuple(who), "visitors, by %s" % name, at)
            numbers = [port for port in ports if isinstance(port, int)]
            yield tcp(host, numbers + asked, [director], "director, %s" % name)


def translated(server):
    """Whether the director puts the server's address in; else a packet keeps the virtual one."""
    return str(server.get("method") or "DR") == "NAT"


def reached_at(site, director, service, host, server):
    """The addresses to which visitors' packets are when a real server's rules see them; empty for any of its own."""
    if translated(server) or site.get(host, "ipvs_realserver_way") == "redirect":
        return ()
    return tuple(network(address) or address for address, _ports in places(site, director, service))


def tunnels(site):
    directors = list(dict.fromkeys([*site.hosts("ipvs_director"), *(host for host, _one, _name, _given in services(site))]))
    for host in site.hosts("ipvs_realserver"):
        if site.get(host, "ipvs_realserver_method") == "TUN":
            kind = site.get(host, "ipvs_realserver_tunnel")
            if kind == "gue":
                yield Door(host, "udp", (site.number(host, "ipvs_realserver_tunnel_port"),), tuple(directors), "IPVS, tunnel")
            else:
                yield Door(host, TUNNELS[kind], (), tuple(directors), "IPVS, tunnel")


def directors_own(site):
    for host, service, name, given in services(site):
        for address, ports in places(site, host, service):
            yield Door(host, protocol_of(service), ports, tuple(visitors_of(site, host, service, given)), "visitors, %s" % name,
                       (network(address) or address,), True)


def replies(site):
    """(director, protocol, ports, addresses of servers) of what comes back through a director with NAT."""
    for host, service, _name, _given in services(site):
        for server in service.get("servers") or []:
            if translated(server):
                ports = (int(server["port"]),) if server.get("port") else tuple(
                    port for _address, found in places(site, host, service) for port in found)
                yield host, protocol_of(service), ports, (network(server.get("address")),)


# -- all ---------------------------------------------------------------------------------------


def everybody(site):
    """Every host with a firewall: operators by SSH, and what the site adds."""
    for host in site.hosts("firewall"):
        yield tcp(host, [site.get(host, "firewall_ssh_port")], site.listed(host, "firewall_operators"), "operators, by SSH")
        for one in site.listed(host, "firewall_allow"):
            yield Door(host, one.get("protocol") or "tcp", tuple(ports_of(one.get("ports") or [])), tuple(one["from"]),
                       one.get("why") or "firewall_allow")


def ports_of(texts):
    """Numbers and ranges: 80, 8000-8100."""
    for text in texts:
        first, _dash, last = str(text).partition("-")
        yield (int(first), int(last)) if last else int(first)


TIERS = (etcd, mysql_replication, mha, mmm, galera, rabbitmq_cluster, rsync_sync, nfs_content, scouter, monitoring, tomcat_cluster,
         apache_modjk, haproxy, keepalived, real_servers, tunnels, directors_own, everybody)
