from __future__ import annotations

import xml.etree.ElementTree as tree

import pytest
from ansible_collections.failover.stack.plugins.module_utils._figures import table
from ansible_collections.failover.stack.plugins.module_utils._scouter import measures


def test_names_of_objects():
    assert measures.object_name("web1", "host") == "/web1/X$host"
    assert measures.object_name("web1", "unit", table.short("tomcat@tomcat1.service")) == "/web1/X$unit_tomcat@tomcat1"
    assert table.short("docker.socket") == "docker.socket"


def test_a_line():
    fields = {"memory": 96, "cpu": 12.5, "tasks": None, "beat": 3, "unheard_of": 1}
    assert measures.line("unit", "web1", fields, 1796048860243000000, "tomcat@a b") == (
        "failover_unit,host=web1,unit=tomcat@a\\ b memory=96i,cpu=12.500,beat=3i 1796048860243000000")


def test_without_figures_there_is_no_line():
    assert measures.line("httpd", "web1", {"busy": None}, 1) == ""


def test_every_line_has_a_time_and_every_number_ends_with_what_the_collector_reads():
    """A number without i or a digit at its end, and a line without a time, are thrown away and answered with 200."""
    for kind, counters in table.MEASURES.items():
        text = measures.line(kind, "h", {counter.name: number for counter, number in zip(counters, [1, 2.0] * 9)}, 7, "u")
        _tags, fields, when = text.split(" ")
        assert when == "7" and all(field[-1] in "0123456789i" for field in fields.split(","))
        assert len(fields.split(",")) == len(counters)


def test_the_collector_is_told_of_all_that_is_sent():
    found = tree.fromstring(measures.measurements(35).encode("utf-8"))
    assert found.find("objectDeadtimeMs").text == "35000"
    told = {one.find("measurementName").text: one for one in found.find("measurements")}
    assert set(told) == {"failover_" + kind for kind in table.MEASURES}
    for kind, counters in table.MEASURES.items():
        mappings = told["failover_" + kind].find("counterMappings")
        assert [one.find("tgFieldName").text for one in mappings] == [counter.name for counter in counters]
        assert [one.find("deltaType").text == "DELTA" for one in mappings] == [counter.rate for counter in counters]
    assert [tag.text for tag in told["failover_unit"].find("objNameAppendTags")] == ["unit"]
    assert list(told["failover_host"].find("objNameAppendTags")) == []


@pytest.mark.parametrize("kind", table.MEASURES)
def test_every_measure_has_its_beat(kind):
    assert table.BEAT in [counter.name for counter in table.MEASURES[kind]]


def test_the_seed_has_the_one_object_type_that_a_new_collector_needs():
    assert len(tree.fromstring(measures.seed().encode("utf-8")).findall("Types/ObjectType")) == 1
