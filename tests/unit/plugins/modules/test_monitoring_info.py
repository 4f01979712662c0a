from __future__ import annotations

import io
import json
from urllib.error import URLError

import pytest
from ansible_collections.failover.stack.plugins.modules import monitoring_info

NODE, SQL, SERVER = "http://h:9100/metrics", "https://h:9104/metrics", "http://127.0.0.1:9090"
TARGETS = [{"host": "db1", "job": "node", "url": NODE, "moves": "node_time_seconds"},
           {"host": "db1", "job": "mysqld", "url": SQL, "ca": "/ca.pem", "moves": "mysql_global_status_uptime", "up": "mysql_up"}]
ASKED = {"name": "mon", "targets": TARGETS, "wait_healthy": 5}


class Site:
    """Exporters and a Prometheus. time grows with each question, ours unless it `stands`."""

    def __init__(self):
        self.down, self.stands, self.up, self.silent, self.health, self.rules, self.asked = set(), False, 1, False, "up", 1, []
        self.time = self.rounds = 0

    def __call__(self, url, timeout, use_proxy, ca_path=None):
        self.asked.append((url, ca_path))
        if any(url.startswith(one) for one in self.down):
            raise URLError("refused")
        self.time += 1
        self.rounds += 0 if self.stands else 1
        return io.BytesIO(self.answer(url).encode())

    def answer(self, url):
        if url == NODE:
            return "node_time_seconds %d\n%s" % (self.time, "" if self.silent else "failover_exporter_rounds_total %d\n" % self.rounds)
        if url == SQL:
            return "mysql_global_status_uptime %d\nmysql_up %d\n" % (self.time, self.up)
        path = url[len(SERVER + "/api/v1/"):]
        error = "" if self.health == "up" else "timeout"
        active = [{"scrapeUrl": one, "health": self.health, "lastError": error} for one in (NODE, SQL)]
        data = {"targets?state=active": {"activeTargets": active},
                "rules?type=alert": {"groups": [{"rules": [{}] * self.rules}]},
                "alerts": {"alerts": [{"labels": {"alertname": "FailoverTargetDown", "host": "db1"}, "state": "firing"}]}}
        return json.dumps({"data": data[path]})


@pytest.fixture
def site(monkeypatch, clock):
    played = Site()
    monkeypatch.setattr(monitoring_info, "open_url", played)
    clock(monitoring_info.healthy)
    return played


def test_healthy_once_figures_have_moved(play, site):
    told = play(monitoring_info, ASKED)
    assert told["problems"] == [] and not told["changed"] and told["alerts"] == []
    assert told["targets"][SQL]["up"] == 1 and (SQL, "/ca.pem") in site.asked and (NODE, None) in site.asked
    assert len([url for url, _ca in site.asked if url == NODE]) == 2


def test_a_look_does_not_wait(play, site):
    site.down = {SQL}
    told = play(monitoring_info, dict(ASKED, wait_healthy=0))
    assert told["problems"] == ["db1: %s (mysqld) does not answer (refused): see whether it runs and who may reach it." % SQL]
    assert len(site.asked) == 2


@pytest.mark.parametrize("wrong, says", [
    ({"down": {NODE}}, "db1: %s (node) does not answer (refused)" % NODE),
    ({"silent": True}, "db1: %s (node) does not tell failover_exporter_rounds_total: look at failover-monitoring-exporter there." % NODE),
    ({"stands": True}, "db1: failover_exporter_rounds_total of %s (node) does not move." % NODE),
    ({"up": 0}, "db1: %s (mysqld) answers, and mysql_up is not 1" % SQL)])
def test_what_is_not_healthy_is_told(refused, site, wrong, says):
    for name, value in wrong.items():
        setattr(site, name, value)
    sentence = refused(monitoring_info, ASKED)
    assert sentence.startswith("mon: monitoring is not healthy after 5 s: ") and says in sentence


def test_prometheus_has_targets_rules_and_alerts(play, site):
    told = play(monitoring_info, dict(ASKED, prometheus=SERVER))
    assert told["alerts"] == [{"name": "FailoverTargetDown", "state": "firing", "labels": {"alertname": "FailoverTargetDown",
                                                                                           "host": "db1"}}]


@pytest.mark.parametrize("wrong, says", [
    ({"health": "down"}, "db1: Prometheus on mon has %s (node) as down, timeout." % NODE),
    ({"rules": 0}, "mon: Prometheus has loaded no alert rules."),
    ({"down": {SERVER}}, "mon: Prometheus does not answer (refused): journalctl -u prometheus tells why.")])
def test_a_prometheus_that_lacks_something(refused, site, wrong, says):
    for name, value in wrong.items():
        setattr(site, name, value)
    assert says in refused(monitoring_info, dict(ASKED, prometheus=SERVER))


def test_a_target_that_prometheus_does_not_know(refused, site):
    more = [*TARGETS, dict(TARGETS[0], url=NODE + "?other")]
    site.answer = lambda url, answer=site.answer: answer(url.replace("?other", ""))
    assert "db1: Prometheus on mon has %s?other (node) as not known." % NODE in refused(
        monitoring_info, dict(ASKED, targets=more, prometheus=SERVER))
