from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._figures.table import BEAT, MEASURES, NAMED, Figures
from ansible_collections.failover.stack.plugins.module_utils._monitoring import exposition


def test_the_whole_file():
    figures = [Figures("vip", "198.51.100.100", {"held": 1}, {}), Figures("vip", "198.51.100.101", {"held": 0}, {}),
               Figures("unit", "tomcat@a", {"cpu": 2.5, "tasks": None}, {}),
               Figures("deploy", "shop", {"current": 1, "age": 60}, {"version": 'v"1\\\n'})]
    assert exposition.text(figures, 7).splitlines() == [
        "# HELP failover_exporter_rounds_total Rounds since the exporter started.", "# TYPE failover_exporter_rounds_total counter",
        "failover_exporter_rounds_total 7",
        "# HELP failover_unit_cpu_seconds_total CPU busy.", "# TYPE failover_unit_cpu_seconds_total counter",
        'failover_unit_cpu_seconds_total{unit="tomcat@a"} 2.500',
        "# HELP failover_vip_held Virtual address is here (1) or not (0).", "# TYPE failover_vip_held gauge",
        'failover_vip_held{vip="198.51.100.100"} 1', 'failover_vip_held{vip="198.51.100.101"} 0',
        "# HELP failover_deploy_current Has a current release (1).", "# TYPE failover_deploy_current gauge",
        'failover_deploy_current{application="shop",version="v\\"1\\\\\\n"} 1',
        "# HELP failover_deploy_age_seconds Current release was laid down before.", "# TYPE failover_deploy_age_seconds gauge",
        'failover_deploy_age_seconds{application="shop",version="v\\"1\\\\\\n"} 60']


def test_every_figure_of_the_table_is_told_and_read_again():
    figures = [Figures(kind, "one" if kind in NAMED else "", {counter.name: 1 for counter in counters}, {})
               for kind, counters in MEASURES.items()]
    found = exposition.parse(exposition.text(figures, 1))
    names = [exposition.metric(kind, counter) for kind, counters in MEASURES.items() for counter in counters if counter.name != BEAT]
    assert len(set(names)) == len(names) and set(found) == {*names, exposition.ROUNDS}
    assert found["failover_vip_held"] == [({"vip": "one"}, 1.0)]


def test_what_others_tell_is_read():
    found = exposition.parse('# HELP x y\nup 1\nnode_time_seconds 1.796e+09\na{b="c}d",e="f"} NaN 17\nbroken{b="c"\nnone of these\n')
    assert found["up"] == [({}, 1.0)] and found["node_time_seconds"] == [({}, 1.796e9)]
    assert found["a"][0][0] == {"b": "c}d", "e": "f"} and "broken" not in found and len(found) == 3
