from __future__ import annotations

import copy

import pytest

DB = {"db1": "198.18.0.31", "db2": "198.18.0.32", "db3": "198.18.0.33"}
WEB = {"web1": "198.18.0.21", "web2": "198.18.0.22"}
CERTIFICATE = {"path": "/etc/etcd/tls/cert.pem", "days": 3649.0, "life_days": 3650.0}
ETCD = {"db1": "https://198.18.0.31:2379", "db2": "https://198.18.0.32:2379", "db3": "https://198.18.0.33:2379"}


def tier(asked, read, *units):
    return {"asked": dict({"cluster": "one", "units": [{"name": name, "paths": []} for name in units]}, **asked), "read": read}


def host(**tiers):
    return {"reached": True, "because": "", "tiers": tiers,
            "machine": {"inactive": [], "stale": [], "reboot": "", "unread": "", "certificates": [dict(CERTIFICATE)]}}


def proxy(holds):
    held = ["198.18.0.101/24"] if holds else []
    servers = [{"backend": "web", "name": name, "status": "UP", "sessions": 2, "address": "", "check": "L7OK", "backup": False,
                "asked": "ready", "up": True} for name in WEB]
    return host(
        vip=tier({"cluster": "haproxy", "addresses": ["198.18.0.101/24"], "instances": ["web"]},
                 {"held": held, "states": {}, "problem": ""}, "keepalived.service"),
        haproxy=tier({"cluster": "haproxy"}, {"servers": servers, "frontends": [], "problems": []}, "haproxy.service"))


def director(holds):
    servers = [{"name": name, "address": address, "weight": 2} for name, address in WEB.items()]
    table = [{"address": "198.18.0.100", "port": 80, "protocol": "tcp", "servers": [dict(one, active_connections=3) for one in servers]}]
    service = {"name": "http", "address": "198.18.0.100", "port": 80, "protocol": None, "fwmark": None, "quorum": 1, "servers": servers}
    return host(
        vip=tier({"cluster": "ipvs_director", "addresses": ["198.18.0.100/24"], "instances": ["web"]},
                 {"held": ["198.18.0.100/24"] if holds else [], "states": {}, "problem": ""}, "keepalived.service"),
        ipvs=tier({"cluster": "ipvs_director", "services": [service], "drained": "/run/keepalived-drained"},
                  {"services": table, "drained": []}))


def web():
    workers = [{"balancer": "user", "name": name, "activation": "active", "state": "OK", "busy": 0, "errors": 0, "usable": True,
                "answers": True} for name in WEB]
    return host(
        realserver=tier({}, {"missing": []}),
        httpd=tier({}, {"workers": workers, "unusable_balancers": [], "in_error": [], "silent": [], "closed": False}, "apache2.service"),
        tomcat=tier({"cluster": "tomcat"}, {
            "answers": {"tomcat1/user": True}, "untold": {},
            "sessions": {"tomcat1/user": {"active": 3, "manager": "BackupManager"}}}, "tomcat@tomcat1.service"),
        application=tier({}, {"applications": {"demo": {"release": "v1.0-1", "version": "v1.0", "stale": []}}}),
        content=tier({"cluster": "content"}, {"ages": {"media": 40}, "sources": [], "problems": []}, "failover-content-media.timer"))


def channel():
    return {"channel": "", "source_host": DB["db1"], "source_port": 3306, "source_uuid": "", "source_server_id": 1, "gtid": "slave_pos",
            "receiver": "running", "applier": "running", "receiver_errno": 0, "applier_errno": 0, "receiver_error": "", "applier_error": "",
            "ssl": True, "lag": 0, "delay": 0}


def info(name):
    writes = name == "db1"
    return {"reachable": True, "dialect": "mariadb", "server_id": int(name[-1]), "server_uuid": "", "writable": writes, "recorded": writes,
            "blank": False, "databases": ["demo"], "channels": [] if writes else [channel()], "version": "10.11.6",
            "semi_sync": {"source_enabled": writes, "source_active": writes, "replica_active": not writes},
            "lease": {"trouble": "", "refused": "", "because": "", "lease": writes},
            "gtid": {"enabled": True, "mode": "ON", "executed": "0-1-100", "state": "0-1-100", "slave": "" if writes else "0-1-100",
                     "server_id": int(name[-1]), "purged": "", "complete": True}}


def database(name):
    identity = {"db1": "a1", "db2": "a2", "db3": "a3"}
    members = [{"name": one, "id": identity[one], "peer_urls": [], "client_urls": [], "learner": False} for one in DB]
    status = {"available": True, "id": identity[name], "cluster_id": "c1", "leader": "a2", "version": "3.4.23", "revision": 100,
              "raft_term": 2, "raft_index": 9, "db_bytes": 1, "db_bytes_in_use": 1, "learner": False, "error": ""}
    limits = {"members": ETCD, "revision_lag": 1000, "snapshot_age_s": 10800, "snapshot_directory": "/var/backups/etcd",
              "certificate_days": 7}
    return host(
        mysql=tier({"cluster": "mysql_replication", "members": DB, "sources": ["db1"], "port": 3306, "failover": "automatic",
                    "automatic": True, "elsewhere": False, "replicate_from": "", "writer_address": "198.18.0.102/24",
                    "limits": {"tls": True, "max_lag": 10, "semi_sync": True}},
                   {"info": info(name), "lease": {"writer": "db1", "term": 4, "sync": {}}, "holds": name == "db1"},
                   "mariadb.service", "mysql-writer.service"),
        backup=tier({"cluster": "mysql_replication"}, {
            "count": 1, "newest": {"name": "db3-20261130T030000Z", "age_s": 7200, "rows": 9} if name == "db3" else {},
            "restored": {"name": "db3-20261129T030000Z", "age_s": 86400} if name == "db3" else {}}),
        etcd=tier({"name": name, "members": ETCD, "limits": limits}, {
            "status": status, "members": members, "alarms": [], "auth_enabled": True,
            "snapshots": [{"name": "s", "revision": 90, "age_s": 600}]}, "etcd.service"))


def galera():
    status = {"wsrep_cluster_size": 3, "wsrep_local_state_comment": "Synced", "wsrep_cluster_status": "Primary"}
    return host(galera=tier({"cluster": "galera", "size": 3, "arbitrator": False}, {
        "service": "active", "running": True, "primary": True, "synced": True, "uuid": "u1", "seqno": 5, "drained": False, "queue": 0,
        "status": status, "problem": "", "problems": []}, "mariadb.service", "failover-galera-agent.service"))


def queue_node(name):
    nodes = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]
    return host(rabbitmq=tier({"nodes": nodes, "node": "rabbit@" + name}, {
        "running": nodes, "members": nodes, "partitions": {}, "alarms": [], "maintenance": [], "version": "3.10.8",
        "queues": {"count": 2, "messages": 7} if name == "mq1" else None, "problems": []}, "rabbitmq-server.service"))


LAB = {
    "lb1": director(True), "lb2": director(False), "proxy1": proxy(True), "proxy2": proxy(False), "web1": web(), "web2": web(),
    **{name: database(name) for name in DB}, "galera1": galera(), "galera2": galera(), "galera3": galera(),
    **{name: queue_node(name) for name in ("mq1", "mq2", "mq3")},
    "content1": host(
        content=tier({"cluster": "content"}, {"ages": {}, "sources": ["media"], "problems": []}, "rsync.service"),
        nfs=tier({}, {"exports": ["shared"], "reads": {}, "problems": []}, "nfs-server.service")),
    "files1": host(nfs=tier({}, {"exports": [], "reads": {"shared": 0.02}, "problems": []}, "autofs.service")),
    "mon": host(
        scouter=tier({}, {"collector": True, "alive": 20, "expected": 20, "problems": []}, "scouter.service"),
        mha=tier({"members": DB}, {"writers": ["db1"], "problems": []}),
        mmm=tier({"members": list(DB)}, {"mode": "ACTIVE", "roles": {}, "problems": []}),
        monitoring=tier({}, {}, "prometheus-node-exporter.service"), firewall=tier({}, {}, "failover-firewall.service"))}


@pytest.fixture
def lab():
    """What all hosts of a stack tell while all is well, to be broken by a test."""
    return copy.deepcopy(LAB)
