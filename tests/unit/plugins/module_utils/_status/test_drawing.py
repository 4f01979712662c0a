"""The screen as a table, as JSON, as a page and as a picture."""

from __future__ import annotations

import json
import pathlib
import re
from xml.etree import ElementTree

import pytest
from ansible_collections.failover.stack.plugins.module_utils._report.page import filled
from ansible_collections.failover.stack.plugins.module_utils._status import asks, judge, page, picture, table

ROOT = pathlib.Path(__file__).resolve().parents[5]
TEMPLATE = str(ROOT / "playbooks/files/status.html")
SVG = "{http://www.w3.org/2000/svg}"
WHEN = "2026-11-30T08:15:00Z"


@pytest.fixture
def broken(lab):
    """One member of Galera does not answer, web2 is drained, <script> is a host's word."""
    entry = lab["galera3"]["tiers"]["galera"]
    del entry["read"]
    entry["error"] = "<script>alert(1)</script> & more"
    lab["lb1"]["tiers"]["ipvs"]["read"]["drained"] = ["198.18.0.22"]
    return judge.judged(lab)


def texts(drawing):
    return ["".join(one.itertext()) for one in ElementTree.fromstring(drawing).iter(SVG + "text")]


# --- Table and JSON ---------------------------------------------------------------------


def test_a_line_for_each_tier_and_what_is_wrong_beneath(broken):
    found = table.table(broken, 120)
    at = next(n for n, one in enumerate(found) if "Galera" in one)
    assert re.match(r"RED   Galera +3 of 3, Primary; galera1 Synced, galera2 Synced$", found[at])
    assert found[at + 1].strip() == "- galera3: <script>alert(1)</script> & more"
    assert next(one for one in found if one.startswith("look")).split() == ["look", "Drains", "1", "in", "force"]
    assert sum(one.startswith(("ok", "look", "RED")) for one in found) == len(broken)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(broken, width):
    assert max(map(len, table.table(broken, width))) <= max(width, 66)


def test_states_and_sentences_are_painted(broken):
    painted = []
    table.table(broken, 120, lambda state, text: painted.append((state, text)) or text)
    assert ("critical", "RED ") in painted and ("critical", "- galera3: <script>alert(1)</script> & more") in painted
    assert ("warning", "- web2 is drained at director lb1") in painted and ("ok", "ok  ") in painted


def test_without_lines_there_is_nothing():
    assert table.table([]) == []


def test_the_document_is_json_and_whole(broken):
    document = json.loads(json.dumps(table.document(broken, WHEN)))
    assert (document["format"], document["at"], document["state"]) == (1, WHEN, "critical")
    assert document["verdict"] == "1 of %d lines are red: Galera" % len(broken)
    (galera,) = (one for one in document["lines"] if one["tier"] == "galera")
    assert set(galera) == {"tier", "title", "cluster", "state", "text", "problems", "warnings", "hosts", "figures"}
    assert galera["hosts"] == ["galera1", "galera2", "galera3"] and galera["figures"]["wanted"] == 3


def test_the_documents_keys_are_described():
    said = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    document = table.document([dict.fromkeys(("tier", "title", "cluster", "text", "problems", "warnings", "hosts", "figures"), "") | {
        "state": "ok"}], WHEN)
    for word in (*document, *document["lines"][0], *judge.TITLES):
        assert "`%s`" % word in said, word


# --- Picture ----------------------------------------------------------------------------


def test_every_host_of_a_tier_has_a_box(lab):
    drawn = texts(picture.picture(picture.panels_of(judge.judged(lab))))
    for host in lab:
        assert host in drawn, host
    assert "httpd + Tomcat" in drawn and "takes writes" in drawn and drawn.count("0 s behind") == 2
    assert "holds 198.18.0.101" in drawn and "stands by" in drawn


def test_whose_line_is_red_is_red_in_the_picture(broken):
    panels = {panel["key"]: panel for panel in picture.panels_of(broken)}
    assert {one["name"]: one["state"] for one in panels["galera"]["hosts"]} == {"galera1": "ok", "galera2": "ok", "galera3": "critical"}
    drawing = ElementTree.fromstring(picture.picture(list(panels.values())))
    assert [one.find(SVG + "title").text for one in drawing.iter(SVG + "g")
            if one.get("class") == "critical" and one.find(SVG + "title") is not None] == ["galera3; could not be read"]


def test_a_host_whose_name_begins_another_is_not_red_with_it(lab):
    lab["web2"]["tiers"]["tomcat"]["read"]["answers"] = {"tomcat1/user": False}
    one = next(each for each in judge.judged(lab) if each["tier"] == "tomcat")
    assert picture.of_host("web2", one) == "critical" and picture.of_host("web", one) == "ok"


def test_boxes_stand_beside_each_other_and_within(lab):
    drawing = ElementTree.fromstring(picture.picture(picture.panels_of(judge.judged(lab))))
    width, height = (float(one) for one in drawing.get("viewBox").split()[2:])
    boxes = [tuple(float(one.get(key)) for key in ("x", "y", "width", "height")) for one in drawing.iter(SVG + "rect")
             if one.get("class") == "box"]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    for number, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[number + 1:]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_who_only_pulls_content_has_one_box(lab):
    panels = {panel["key"]: panel for panel in picture.panels_of(judge.judged(lab))}
    assert [one["name"] for one in panels["content"]["hosts"]] == ["content1"]
    assert panels["web"]["hosts"][0]["marks"] == ["2 of 2 workers usable", "3 sessions", "demo v1.0", "media: 40 s"]


def test_whose_content_is_refused_is_red_in_its_box(lab):
    lab["web1"]["tiers"]["content"]["read"]["problems"] = ["content media was never pulled."]
    panels = {panel["key"]: panel for panel in picture.panels_of(judge.judged(lab))}
    assert [one["state"] for one in panels["web"]["hosts"]] == ["critical", "ok"] and panels["content"]["state"] == "critical"


def test_httpd_and_tomcat_on_other_hosts_are_two_panels():
    panels = picture.of_groups({"apache": ["web1"], "tomcat": ["app1"], "haproxy": ["proxy1"]})
    assert [panel["key"] for panel in panels] == ["haproxy", "httpd", "tomcat"]
    assert picture.picture(panels).count('class="call"') == 4


def test_a_tier_without_a_front_is_entered_directly():
    drawing = picture.picture(picture.of_groups({"galera": ["galera1"], "rabbitmq": ["mq1"]}))
    assert drawing.count('class="call"') == 1 and "Galera" in texts(drawing)


def test_the_groups_of_panels_are_those_of_the_tiers():
    tiers = {tier.name: tier.groups for tier in asks.TIERS}
    assert set(picture.GROUPS) == {key for row in picture.ROWS for key in row} - {"web"}
    for tier, groups in picture.GROUPS.items():
        assert set(groups) <= set(tiers[tier]), tier


def test_a_drills_targets_are_told_apart():
    panels = picture.of_groups({"galera": ["galera1", "galera2", "galera3"]}, {"galera1": "ok", "galera2": "critical"})
    assert [one["state"] for one in panels[0]["hosts"]] == ["ok", "critical", ""]


def test_an_empty_inventory_is_a_visitor_alone():
    assert texts(picture.picture([])) == ["visitor"]


# --- Page -------------------------------------------------------------------------------


def test_the_page_is_whole_by_itself_and_shows_no_gap(broken):
    made = filled(TEMPLATE, page.parts(broken, WHEN, "shop & co"))
    assert "@@" not in made and "<script>" not in made and "src=" not in made and "http-equiv" not in made
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", made.replace("https://198.18", ""))
    assert "shop &amp; co" in made and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in made
    assert made.count("<tr>") == len(broken) + 1 and '<span class="tag missed">red</span>' in made and WHEN in made


def test_a_good_page_says_so(lab):
    lines = judge.judged(lab)
    assert page.parts(lines, WHEN, "lab")["VERDICT"] == "all %d lines are good" % len(lines)
    assert page.parts(lines, WHEN, "lab")["STATE"] == "good"
