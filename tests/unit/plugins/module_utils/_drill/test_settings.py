from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import settings

P = {"address": "198.51.100.1", "port": 80, "host_header": "www", "path": "/p", "session_path": "/s", "vips": ["198.51.100.1"],
     "served_header": "X-Served-By", "sorry_header": "X-Sorry", "serving": ["web1"], "rate": 100, "sessions": 20, "session_rate": 3.0,
     "time_limit_ms": 1000, "arp_ms": 50, "before_s": 4, "hold_s": 8, "after_s": 6, "back_s": 90, "playbook_s": 300, "control": "/run/c",
     "addresses": {"db1": "198.51.100.11", "db2": "198.51.100.12"}, "ledger_passwords": {"rows": "x"},
     "ledgers": {"rows": {"kind": "sql", "address": "198.51.100.2", "servers": ["db1", "db2"]}, "open": {"address": "198.51.100.3"}}}
PLAIN = {"name": "d", "fault": "none"}


def test_a_drill_observes_what_the_run_says():
    found = settings.observed(P, PLAIN)
    assert found["service"]["vips"] == ["198.51.100.1"] and found["service"]["neighbours"] == P["addresses"]
    assert found["load"] == {"rate": 100, "sessions": 20, "session_rate": 3.0, "time_limit_ms": 1000, "arp_ms": 50}
    assert (found["download"]["count"], found["quiet"]["count"], found["state"]) == (0, 0, "run")
    assert "ledger" not in found and found["max_s"] == 18 + 270 + 120


def test_a_drill_has_an_address_and_a_load_of_its_own():
    found = settings.observed(P, dict(PLAIN, address="198.51.100.9", load={"rate": 0, "keep_every": 2}, before_s="1",
                                      download={"path": "/f"}, quiet={"every_s": 1}))
    assert found["service"]["address"] == "198.51.100.9" and found["service"]["vips"] == ["198.51.100.9"]
    assert found["load"]["rate"] == 0 and found["load"]["keep_every"] == 2 and found["load"]["sessions"] == 20
    assert found["download"] == {"count": 1, "planned_s": 75, "anew_s": 1, "path": "/f"}
    assert found["quiet"] == {"count": 1, "every_s": 1}
    assert settings.observed(P, dict(PLAIN, address="198.51.100.9", vips=[]))["service"]["vips"] == []


def test_more_addresses_of_a_service_are_virtual_ones_too():
    assert (settings.service(P, PLAIN)["also"], settings.service(P, PLAIN)["body"]) == ([], "json")
    found = settings.service(P, dict(PLAIN, address="198.51.100.9", also=["198.51.100.8"], body="any"))
    assert (found["address"], found["also"], found["body"]) == ("198.51.100.9", ["198.51.100.8"], "any")
    assert found["vips"] == ["198.51.100.9", "198.51.100.8"]
    assert settings.service(P, dict(PLAIN, also=["198.51.100.8"]))["vips"] == ["198.51.100.1", "198.51.100.8"]
    assert settings.service(P, dict(PLAIN, also=["198.51.100.8"], vips=[]))["vips"] == []


@pytest.mark.parametrize("more, playbooks", [
    ({"fault": "playbook"}, 1), ({"then": {}, "heal": [{}, {}]}, 3), ({"fault": "playbook", "then": {}, "heal": [{}]}, 3)])
def test_the_observer_outlasts_every_playbook(more, playbooks):
    assert settings.longest_s(P, dict(PLAIN, **more)) == settings.longest_s(P, PLAIN) + 300 * playbooks


def test_who_serves_may_be_asked_at_another_address():
    found = settings.steady(P, dict(PLAIN, address="198.51.100.9", steady_address="198.51.100.8", serving=["web2"]))
    assert found["service"]["address"] == "198.51.100.8" and found["service"]["vips"] == ["198.51.100.9"]
    assert found["service"]["serving"] == ["web2"] and (found["state"], found["wait_s"]) == ("steady", 90)
    assert settings.steady(P, PLAIN)["service"]["serving"] == ["web1"]
    assert "serving" not in settings.observed(P, PLAIN)["service"]


def test_a_ledger_is_the_runs_with_the_drills_changes():
    assert settings.ledger(P, dict(PLAIN, ledger={"name": "rows", "interval_ms": 5, "servers": ["db2"]})) == {
        "kind": "sql", "address": "198.51.100.2", "interval_ms": 5, "servers": {"db2": "198.51.100.12"},
        "password_file": "/etc/failover-drill/rows.password", "file": "/var/lib/failover-drill/d.ledger"}
    assert settings.ledger(P, dict(PLAIN, ledger={"name": "open"}))["password_file"] == ""
    assert P["ledgers"]["rows"]["servers"] == ["db1", "db2"]


def test_passwords_are_secrets_and_nothing_else():
    found = settings.password_files({"rows": "s3cret"})
    assert found["files"] == [{"path": "/etc/failover-drill/rows.password", "content": "@@rows@@\n", "mode": "0600"}]
    assert found["secrets"] == {"rows": "s3cret"} and found["directories"][0]["mode"] == "0700"


def test_units_and_disks():
    drill = dict(PLAIN, unit="x.service", disk={"path": "/data"})
    assert settings.unit(drill, "kill", 5.0) == {"unit": "x.service", "stay_dead": False, "act": "kill", "moment": 5.0}
    assert settings.unit(dict(drill, stay_dead=True), "start")["stay_dead"] is True
    assert settings.disk(drill, "shrink") == {"path": "/data", "unit": "x.service", "act": "shrink", "spare_mb": 64}
    assert settings.disk(drill, "fill") == {"path": "/data", "unit": "x.service", "act": "fill"}


def test_what_mends_a_drill_is_told_whom_it_hit():
    drill = dict(PLAIN, heal=[{"playbook": "a.yml", "vars": {"x": 1}}], afterwards=[{"playbook": "b.yml"}])
    heal, afterwards = settings.mending(drill, ["h"])
    assert heal == [{"playbook": "a.yml", "vars": {"x": 1, "drill_targets": ["h"]}}]
    assert afterwards == [{"playbook": "b.yml", "vars": {"drill_targets": ["h"]}}]
    assert settings.mending(PLAIN, []) == ([], [])


def test_a_playbook_may_have_to_fail_and_to_say_something():
    drill = dict(PLAIN, fault="playbook", playbook="a.yml", fails=True, says="no .* left", heal=[{"playbook": "b.yml", "says": "done"}])
    assert settings.step(drill, []) == {"playbook": "a.yml", "vars": {"drill_targets": []}, "fails": True, "says": "no .* left"}
    assert settings.mending(drill, [])[0] == [{"playbook": "b.yml", "vars": {"drill_targets": []}, "says": "done"}]


def test_the_head_of_the_report():
    assert settings.about(P, "client1", "now") == {
        "address": "198.51.100.1", "rate": 100, "sessions": 20, "session_rate": 3.0, "time_limit_ms": 1000, "arp_ms": 50, "at": "now",
        "from": "client1"}
