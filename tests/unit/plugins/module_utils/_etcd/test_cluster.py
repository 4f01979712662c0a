from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import cluster

HOSTS = ["etcd1", "etcd2", "etcd3"]


def values(host="etcd1", family=4, **more):
    address = {4: "192.0.2.%s", 6: "2001:db8::%s"}[family]
    addresses = {name: address % name[-1] for name in HOSTS}
    return {
        "inventory_hostname": host, "ansible_play_hosts": HOSTS, "ansible_check_mode": False, "members": HOSTS,
        "cluster_name": "etcd", "address": addresses[host], "member_addresses": addresses,
        "client_port": 2379, "peer_port": 2380, "tls_names": [], "tls_days": 3650,
        "tls_directory": "/tls", "new_authority": False, "heartbeat_ms": 100, "election_ms": 1000, "quota_mb": 64, "compaction_s": 3600,
        "restart_delay_ms": 1000, "log_level": "info", "snapshot_directory": "/var/backups/etcd", "snapshot_interval_s": 3600,
        "snapshots_kept": 24, "discard": [], "replace": "", "restore": True, "restore_from": "", "restore_snapshot": "",
        "_directory": "/var/lib/etcd", "_unit": "etcd.service", "_user": "etcd", "_program": [{"path": "/program/run.py", "content": ""}],
        **more}


def blank(**more):
    return {"has_data": False, "available": False, "cluster_id": "", "member_id": "", "leader": "", "members": [], "snapshots": [],
            "statuses": {}, "trusts_authority": False, "active": "inactive", **more}


@pytest.mark.parametrize("family, at", [(4, "192.0.2.%d"), (6, "[2001:db8::%d]")])
def test_urls_of_both_families(family, at):
    found = cluster.member(values(family=family))
    assert found["client_url"] == "https://%s:2379" % (at % 1)
    assert found["peers"]["etcd3"] == "https://%s:2380" % (at % 3)
    assert found["initial"] == ",".join("etcd%d=https://%s:2380" % (n, at % n) for n in (1, 2, 3))


def test_a_member():
    found = cluster.member(values("etcd2", tls_names=["DNS:lease"], tls_days=20, ansible_play_hosts=["etcd2", "etcd3"]))
    assert found["certificate_names"] == ["DNS:etcd2", "IP:192.0.2.2", "DNS:lease"]
    assert found["is_first"] and found["certificate_days"] == 1 and found["data_directory"] == "/var/lib/etcd/etcd"
    assert not cluster.member(values("etcd2"))["is_first"]


def test_settings():
    lines = dict(line.split("=", 1) for line in cluster.settings(values(family=6)).splitlines()[1:])
    assert lines["ETCD_LISTEN_CLIENT_URLS"] == lines["ETCD_ADVERTISE_CLIENT_URLS"] == "https://[2001:db8::1]:2379"
    assert lines["ETCD_PEER_CLIENT_CERT_AUTH"] == "true" and lines["ETCD_QUOTA_BACKEND_BYTES"] == "67108864"
    assert lines["ETCD_AUTO_COMPACTION_RETENTION"] == "3600s"
    # Whoever starts must go on with what he has, or be told by a run.
    assert not [name for name in lines if name.startswith("ETCD_INITIAL_CLUSTER")]


def test_the_unit_does_not_give_up_and_does_not_begin_without_data():
    text = cluster.dropin(values())
    for line in ("StartLimitIntervalSec=0", "Restart=always", "TimeoutStartSec=infinity", "AssertPathExists=|/var/lib/etcd/etcd/member/wal",
                 "AssertPathExists=|/run/failover-etcd/initial.env", "EnvironmentFile=-/run/failover-etcd/initial.env"):
        assert line in text.splitlines()


def test_files():
    found = cluster.config(values())
    assert [one["path"] for one in found["files"]] == [
        "/etc/etcd/failover.env", "/etc/systemd/system/etcd.service.d/failover.conf", "/etc/systemd/system/failover-etcd-snapshot.service",
        "/etc/systemd/system/failover-etcd-snapshot.timer", "/program/run.py"]
    modes = {one["path"]: one.get("mode") for one in found["directories"]}
    assert modes["/var/lib/etcd/etcd"] == modes["/var/backups/etcd"] == "0700"
    texts = {one["path"]: one["content"] for one in found["files"]}
    assert "OnUnitActiveSec=3600" in texts["/etc/systemd/system/failover-etcd-snapshot.timer"]
    assert "--url https://192.0.2.1:2379" in texts["/etc/systemd/system/failover-etcd-snapshot.service"]


def test_units():
    (server,) = cluster.units(values())
    assert server["state"] == "as_is" and "/etc/etcd/tls" in server["reads"]

    def names(**more):
        return [one["name"] for one in cluster.snapshot_units(values(**more))]
    assert names(_info=blank()) == ["failover-etcd-snapshot.timer", "failover-etcd-snapshot.service"]
    assert names(_info=blank(snapshots=[{"name": "s"}])) == ["failover-etcd-snapshot.timer"]
    assert names(_info=blank(), ansible_check_mode=True) == ["failover-etcd-snapshot.timer"]


def test_decisions_are_made_of_what_was_told_in_this_run():
    infos = [blank(), blank(), blank(has_data=True)]
    assert cluster.decision(values(infos=[blank()] * 3))["form"]
    found = cluster.decision(values(infos=infos, ansible_play_hosts=HOSTS[:2]))
    assert found["refused"] == ["etcd3: it was not reached, and nobody else has data: a new cluster is formed with all of its members "
                                "only. Bring it back, or take it out of the group."]


def test_objections():
    def told(**more):
        given = values(infos=[blank()] * 3, **more)
        return cluster.objections(dict(given, _info=blank(trusts_authority=True)), exists=lambda path: False)
    assert told() == [
        "etcd1: etcd_tls_directory is /tls, which has no ca.pem, but this member trusts one: bring the directory here from the controller "
        "that made it. -e etcd_new_authority=true makes a new one, for a cluster that is stopped."]
    assert told(new_authority=True) == []


def test_an_etcd_of_somebody_else_is_left_alone():
    given = values(infos=[blank()] * 3)
    assert cluster.objections(dict(given, _info=blank(active="active"))) == [
        "etcd1: etcd.service runs there, but neither with data in /var/lib/etcd/etcd nor at https://192.0.2.1:2379, so it is somebody's "
        "own: stop and disable it when nobody needs it."]
    # One that tries in vain since a run that was broken off; one whose data were removed under it.
    assert cluster.objections(dict(given, _info=blank(active="activating"))) == []
    assert cluster.objections(dict(given, _info=blank(active="active", available=True))) == []


def test_replacement_and_restoration():
    lost = [blank(snapshots=[{"name": "s", "revision": 1, "age_s": 2}]), blank(), blank()]
    assert cluster.restoration(values(infos=lost)) == {
        "refused": "", "source": "etcd1", "name": "s", "age_s": 2, "revision": 1, "path": "/var/backups/etcd/s"}
    assert "knows a leader" in cluster.replacement(values(infos=lost, replace="etcd2"))
