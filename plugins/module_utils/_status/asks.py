# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tiers a host has, and what its reader (_status/readers.py) is asked of each. Pure.

Every question takes the role's variables as the host sees them, as plugin_utils/role_values.py gives them: `socket` is haproxy_socket. Each
answer has `cluster`, who belong together, and mostly `units`: [{name, paths}], what must run, and files that a restart alone takes up.
No secret is in any of them.
"""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DIRECTORY as MYSQL_RECORD
from ansible_collections.failover.stack.plugins.module_utils._content import nfs, plan
from ansible_collections.failover.stack.plugins.module_utils._deploy import wiring
from ansible_collections.failover.stack.plugins.module_utils._etcd import cluster as etcd_cluster
from ansible_collections.failover.stack.plugins.module_utils._galera import cluster as galera_cluster
from ansible_collections.failover.stack.plugins.module_utils._monitoring import hosts as monitoring_hosts
from ansible_collections.failover.stack.plugins.module_utils._mysql import led, server
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cluster as rabbitmq_cluster
from ansible_collections.failover.stack.plugins.module_utils._scouter import hosts as scouter_hosts

# name: of the tier and of its reader. role: whose variables. groups: whose hosts have it. ask: the question.
Tier = namedtuple("Tier", "name role groups ask")


def unit(name, paths=()):
    return {"name": name, "paths": list(paths)}


def of_server(server_):
    """What a sentence needs to know of a real server."""
    return {key: server_.get(key) for key in ("name", "address", "weight")}


# --- In front ---------------------------------------------------------------------------


def vip(values):
    instances = list(values["instances"])
    return {"cluster": values["group"], "instances": [one["name"] for one in instances],
            "addresses": [address for one in instances for address in one["addresses"]],
            "states": values["_states"], "unit": values["_unit"], "units": [unit(values["_unit"])]}


def ipvs(values):
    """keepalived's virtual servers; None without any."""
    if not values["virtual_services"]:
        return None
    keys = ("name", "address", "port", "protocol", "fwmark", "quorum")
    services = [dict({key: one.get(key) for key in keys}, servers=[of_server(each) for each in one["servers"]])
                for one in values["virtual_services"]]
    return {"cluster": values["group"], "services": services, "drained": values["_drained"], "units": []}


def ipvs_static(values):
    """A table that nobody watches; None where keepalived does."""
    if values["manager"] != "ipvsadm":
        return None
    services = [dict(
        {key: one.get(key) for key in ("address", "port", "protocol", "fwmark")}, name="service", quorum=1,
        servers=[{"name": each["address"], "address": each["address"], "weight": each.get("weight", 1)} for each in one["servers"]])
        for one in values["services"]]
    return {"cluster": "ipvs_director", "services": services, "drained": "", "units": []}


def realserver(values):
    network = {key: list(values["_wanted_" + key]) for key in ("addresses", "links", "routes", "chains")}
    return dict(network, sysctls=dict(values["_wanted_sysctls"]), cluster="ipvs_realserver", units=[])


def haproxy(values):
    return {"cluster": "haproxy", "socket": values["socket"], "binds": list(values["_binds"]),
            "backends": [one["name"] for one in values["backends"]], "units": [unit(values["_unit"])],
            "certificates": [values["_certificates_directory"] + "/*.pem"]}


# --- Web --------------------------------------------------------------------------------


def httpd(values):
    watchdog = [unit(values["_watchdog_unit"])] if values["watchdog"] else []
    own = unit(values["_unit"], ["%s/conf-available/zz-failover-mpm.conf" % values["_etc"]])
    return {"cluster": "apache", "url": values["_loopback"] + "/jkmanager", "closed": values["_closed_file"], "units": [own, *watchdog],
            "certificates": [values["_certificates"] + "/failover-*.pem"]}


def tomcat(values):
    found = []
    for one in values["instances"]:
        name = "tomcat@%s.service" % one["name"]
        found.append(unit(name, [
            "/etc/systemd/system/tomcat@.service", "%s/%s" % (values["_etc"], one["name"]), "%s/%s/lib" % (values["_var"], one["name"]),
            "/etc/systemd/system/%s.d" % name]))
    watchdog = [unit(values["_watchdog_unit"])] if values["watchdog"] else []
    services = [{"name": "%s/%s" % (instance["name"], service["name"]), "port": int(service["ajp_port"])}
                for instance, service in wiring.services_of(values["instances"])]
    return {"cluster": values["group"], "address": values["address"], "services": services, "units": found + watchdog,
            "sessions": [one["name"] for one in values["instances"]] if values["session_counts"] else []}


def application(values):
    return {"cluster": values["group"], "units": [], "applications": [
        wiring.wired(one, values["instances"], values["inventory_hostname"], values["address"])["asked"]
        for one in values["applications"]]}


# --- Databases and queues ---------------------------------------------------------------


def mysql(values):
    own, automatic = values["_own"], values["failover"] == "automatic"
    dropin = "/etc/systemd/system/%s.d/failover-stack.conf" % own["unit"]
    limits = {"tls": values["tls"], "max_lag": values["max_lag_s"],
              "semi_sync": led.acknowledges(values) if led.elsewhere(values) else values["semi_sync"]}
    agent = [] if led.elsewhere(values) or not values["writer_address"] else [unit(server.AGENT_UNIT)]
    addresses = dict(zip(values["members"], values["addresses"]))
    return {
        "cluster": values["group"], "members": addresses, "sources": list(values["sources"]), "port": values["port"],
        "socket": values["socket"], "failover": values["failover"], "automatic": automatic, "elsewhere": led.elsewhere(values),
        "replicate_from": values.get("replicate_from") or "", "writer_address": values["writer_address"], "limits": limits,
        "record": MYSQL_RECORD, "units": [unit(own["unit"], [own["config"], dropin]), *agent],
        "certificates": [values["_certificates"] + "/*.pem"]}


def backup(values):
    return {"cluster": values["group"], "directory": values["backup_directory"], "units": []}


def galera(values):
    own = galera_cluster.server(values)
    return {
        "cluster": values["group"], "arbitrator": own["is_arbitrator"], "size": own["size"],
        "login": {"login_user": "root", "login_password": None, "login_unix_socket": values["_socket"], "datadir": values["_datadir"],
                  "unit": values["_unit"], "user": values["_user"], "drain_file": values["_drain_file"], "cluster_size": own["size"]},
        "units": [unit(one["name"], [] if one.get("when_stale") else one["reads"]) for one in own["units"]],
        "certificates": [values["_tls_path"] + "/*.pem"] if values["tls"] else []}


def etcd(values):
    own = etcd_cluster.member(values)
    return {
        "cluster": values["group"], "name": values["inventory_hostname"], "members": own["endpoints"], "ca": own["ca"],
        "snapshot_directory": values["snapshot_directory"],
        "limits": {"members": own["endpoints"], "revision_lag": values["revision_lag"], "snapshot_age_s": int(values["snapshot_age_s"]),
                   "snapshot_directory": values["snapshot_directory"], "certificate_days": own["certificate_days"]},
        "units": [unit(values["_unit"], [etcd_cluster.SETTINGS, own["tls_directory"]])],
        "certificates": [own["tls_directory"] + "/*.pem"]}


def rabbitmq(values):
    return {
        "cluster": values["group"], "node": rabbitmq_cluster.node(values), "nodes": rabbitmq_cluster.nodes(values),
        "ports": rabbitmq_cluster.ports(values), "vhosts": [one["name"] for one in values["vhosts"]],
        "units": [unit(one["name"], [] if one.get("when_stale") else one["reads"]) for one in rabbitmq_cluster.server(values)["units"]],
        "certificates": [values["_tls_path"] + "/*.pem"] if rabbitmq_cluster.any_tls(values) else []}


def mha(values):
    return {"cluster": "mha_manager", "members": dict(zip(values["members"], values["addresses"])), "units": []}


def mmm(values):
    return {"cluster": "mmm_monitor", "members": list(values["_host"]["names"].values()), "readers": list(values["reader_addresses"]),
            "units": []}


# --- Content and what watches -----------------------------------------------------------


def content(values):
    own = plan.member(values)
    return {"cluster": "content", "sources": own["sources"], "targets": own["targets"], "binds": own["listens"],
            "units": [unit(name) for name in plan.active(values)]}


def by_nfs(values):
    own = nfs.member(values)
    return {"cluster": "nfs_content", "exports": own["exports"], "root": own["root"], "contents": own["contents"], "binds": own["binds"],
            "answer_s": float(values["answer_s"]), "units": [unit(name) for name in nfs.active(values)]}


def scouter(values):
    own = scouter_hosts.member(values)
    return {"cluster": "scouter", "collector": own["is_collector"], "url": own["url"], "units": scouter_hosts.active(values),
            "objects": scouter_hosts.expected(values) if own["is_collector"] else []}


def monitoring(values):
    return {"cluster": "monitoring", "units": monitoring_hosts.active(values)}


def firewall(values):
    """Whether the rules are the right ones playbooks/verify.yml and exposure.yml tell."""
    return {"cluster": "firewall", "units": [unit(values["_unit"])]}


# In the order of the screen: as a visitor's request goes.
TIERS = (
    Tier("vip", "keepalived", ("keepalived",), vip),
    Tier("ipvs", "keepalived", ("ipvs_director",), ipvs),
    Tier("ipvs_static", "ipvs_director", ("ipvs_director",), ipvs_static),
    Tier("haproxy", "haproxy", ("haproxy",), haproxy),
    Tier("realserver", "ipvs_realserver", ("ipvs_realserver",), realserver),
    Tier("httpd", "apache_modjk", ("apache",), httpd),
    Tier("tomcat", "tomcat_cluster", ("tomcat",), tomcat),
    Tier("application", "app_deploy", ("app_deploy",), application),
    Tier("mysql", "mysql_replication", ("mysql_replication",), mysql),
    Tier("backup", "mysql_replication", ("mysql_replication",), backup),
    Tier("etcd", "etcd", ("etcd",), etcd),
    Tier("mha", "mha", ("mha_manager",), mha),
    Tier("mmm", "mmm", ("mmm_monitor",), mmm),
    Tier("galera", "galera", ("galera", "galera_arbitrator"), galera),
    Tier("rabbitmq", "rabbitmq_cluster", ("rabbitmq",), rabbitmq),
    Tier("content", "rsync_sync", ("content", "content_target"), content),
    Tier("nfs", "nfs_content", ("nfs_content", "nfs_content_client"), by_nfs),
    Tier("scouter", "scouter", ("scouter", "scouter_agent"), scouter),
    Tier("monitoring", "monitoring", ("monitoring", "monitoring_agent"), monitoring),
    Tier("firewall", "firewall", ("firewall",), firewall),
)


def tiers_of(host, groups):
    """The tiers that a host has. groups: {group: [hosts]}. Who leaves a cluster is none of its members any more."""
    leaving = {"galera": "galera_leaving", "rabbitmq": "rabbitmq_leaving"}
    return [tier for tier in TIERS if host not in groups.get(leaving.get(tier.name), [])
            and any(host in groups.get(group, []) for group in tier.groups)]
