from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight import etcd
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, listening
from ansible_collections.failover.stack.plugins.module_utils._preflight.scouter import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/scouter"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
SUM = "sha256:" + "a" * 64


def values(host="mon", **changes):
    return {
        "scouter_exporter": not changes.get("telegraf"),
        **DEFAULTS, "scouter_collectors": ["mon"], "scouter_members": ["mon", "web1"], "scouter_address": "198.51.100.61",
        "scouter_collector_address": "198.51.100.61", "scouter_maven_repository": "https://repository.test/maven2/", "scouter_dead_s": 35,
        "scouter_password": "long-enough-for-this", "scouter_tomcat_instances": ["a"], "scouter_units": ["tomcat@a.service"],
        "scouter_java_instances": ["a"], "scouter_watched": {host: {"keepalived_instances": [{"name": "web"}]}},
        **{"scouter_" + name: value for name, value in changes.items()}}


def test_the_usual():
    assert problems("mon", values()) == []
    assert problems("web1", values(password=None, maven_repository="")) == []
    assert problems("mon", values(maven_repository="", archive="https://files.test/scouter-all-2.20.0.tar.gz", archive_checksum=SUM)) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"members": []}, "mon: scouter_group is 'scouter' and scouter_agent_group 'scouter_agent', it is in neither: name its groups."),
    ({"collectors": ["mon", "mon2"]}, "mon: group 'scouter' has 2 hosts (mon, mon2): name one, it is the collector."),
    ({"collectors": [], "collector_address": ""}, "mon: group 'scouter' has 0 hosts (none): name one, it is the collector."),
    ({"collector_address": ""}, "mon: scouter_collector_address is empty: set ansible_host or scouter_address of mon."),
    ({"collector_address": "mon.example"}, "mon: scouter_collector_address is 'mon.example', which is no address: give the collector's "
     "own, "
     "agents do not say when they cannot resolve a name."),
    ({"address": ""}, "mon: scouter_address is empty: set ansible_host or scouter_address to an address of this host."),
    ({"maven_repository": ""}, "mon: neither scouter_maven_repository nor scouter_archive is given, and no distribution has Scouter: "
     "give the "
     "URL of a Maven repository, or of the release archive."),
    ({"maven_repository": "m2/repository"}, "mon: scouter_maven_repository is 'm2/repository': give a URL (http, https) or an absolute "
     "path "
     "on the controller."),
    ({"maven_repository": "https://me:secret@repository.test/"}, "mon: scouter_maven_repository has a password "
     "(https://(not shown)@repository.test/), which would stand in logs: give a source that wants none, such as a mirror of your own."),
    ({"archive": "/srv/scouter-all-2.20.0.tar.gz"}, "mon: scouter_archive_checksum is '': write sha256: and the 64 hexadecimal digits of "
     "/srv/scouter-all-2.20.0.tar.gz, an archive without is not unpacked."),
    ({"archive": "/srv/scouter.zip", "archive_checksum": SUM}, "mon: scouter_archive is '/srv/scouter.zip': give the "
     "scouter-all-<version>.tar.gz."),
    ({"vrrp_instances": ["web", "shop"]}, "mon: scouter_vrrp_instances has 'shop', and the host's VRRP instances are web: correct the "
     "name."),
    ({"rabbitmq_url": "http://me:secret@127.0.0.1/metrics"}, "mon: scouter_rabbitmq_url is 'http://(not shown)@127.0.0.1/metrics': give "
     "a URL such as http://127.0.0.1:15692/metrics; RabbitMQ asks nobody there for a password."),
    ({"telegraf": "https://files.test/t.deb", "telegraf_checksum": SUM, "exporter": True}, "mon: scouter_exporter is true and "
     "scouter_telegraf is 'https://files.test/t.deb': both would tell of the same things under the same names, take one out."),
    ({"telegraf": "https://files.test/t.deb"}, "mon: scouter_telegraf_checksum is '': write sha256: and the 64 hexadecimal digits of "
     "https://files.test/t.deb, one without is not run."),
    ({"telegraf": "https://files.test/t.deb", "telegraf_checksum": "md5:1"}, "mon: scouter_telegraf_checksum is 'md5:1': write sha256: "
     "and the 64 hexadecimal digits of https://files.test/t.deb, one without is not run."),
    ({"telegraf": "/nowhere/t.deb", "telegraf_checksum": SUM}, "mon: scouter_telegraf is '/nowhere/t.deb', which is no file on the "
     "controller: give a path there, or a URL."),
    ({"telegraf": "t.deb", "telegraf_checksum": SUM}, "mon: scouter_telegraf is 't.deb': give a URL (http, https) or an absolute path on "
     "the controller."),
    ({"telegraf": "https://files.test/t.rpm", "telegraf_checksum": SUM}, "mon: scouter_telegraf is 'https://files.test/t.rpm': give the "
     ".deb or the .tar.gz of Telegraf's project."),
    ({"telegraf": "https://me:secret@files.test/t.deb", "telegraf_checksum": SUM}, "mon: scouter_telegraf has a password "
     "(https://(not shown)@files.test/t.deb), which would stand in logs: give a source that wants none."),
    ({"telegraf_checksum": SUM}, "mon: scouter_telegraf_checksum is '%s', and scouter_telegraf is empty: name the file, or take the "
     "checksum out." % SUM),
    ({"telegraf": "https://files.test/t.deb", "telegraf_checksum": SUM, "mysql_user": "w", "mysql_password": "a@{b:c}d"},
     "mon: scouter_mysql_password has a dollar sign or @{…:…} in it, for which Telegraf would put in a variable or a secret of its own: "
     "choose another."),
    ({"telegraf": "https://files.test/t.deb", "telegraf_checksum": SUM, "haproxy_password": "a$b"},
     "mon: scouter_haproxy_password has a dollar sign or @{…:…} in it, for which Telegraf would put in a variable or a secret of its own: "
     "choose another."),
    ({"port": 80}, "mon: scouter_port is 80: give 1024 to 65535, lower ones only root may listen on, and the collector is not root."),
    ({"port": 6180}, "mon: scouter_port and scouter_http_port are both 6180: give each its own."),
    ({"memory_mb": 512}, "mon: scouter_memory_mb is 512, and scouter_heap_mb 512: give at least 768, Java needs that much beside its "
     "heap."),
    ({"interval_s": 1}, "mon: scouter_interval_s is 1: give 2 to 300."),
    ({"dead_s": 15}, "mon: scouter_dead_s is 15, and figures come every 10 s: give at least twice that, else every late one is an alert."),
    ({"allowed": ["office"]}, "mon: scouter_allowed has 'office': give an address or a network such as 198.51.100.0/24."),
    ({"api_addresses": ["198.51.100.0/24"]}, "mon: scouter_api_addresses has '198.51.100.0/24': give an IPv4 address, with * for a part "
     "that "
     "may be any."),
    ({"api_addresses": ["198.*.*.*"]}, "mon: scouter_api_addresses has '198.*.*.*', which is half of the world: name its first two parts."),
    ({"api_origin": "a b"}, "mon: scouter_api_origin is 'a b': give one origin such as https://status.example, or *."),
    ({"password": ""}, "mon: scouter_password is missing: give the one of user admin, at least 12 characters."),
    ({"password": "short"}, "mon: scouter_password has 5 characters: give at least 12."),
    ({"password": "long-enough-für-this"}, "mon: scouter_password has characters beyond ASCII, which its clients spell in different ways: "
     "leave them out."),
    ({"java_instances": ["b"]}, "mon: scouter_java_instances has 'b', and the host's Tomcat instances are a: correct the name."),
    ({"mysql_user": "watch"}, "mon: scouter_mysql_password is missing: give the one of account 'watch' (scouter_mysql_user)."),
    ({"haproxy_user": "admin"}, "mon: scouter_haproxy_password is missing: give the one of 'admin' (scouter_haproxy_user)."),
    ({"haproxy_url": "http://me:secret@198.51.100.13:8404/;csv"}, "mon: scouter_haproxy_url is "
     "'http://(not shown)@198.51.100.13:8404/;csv': give a URL such as http://198.51.100.13:8404/;csv, and who logs in there as "
     "scouter_haproxy_user."),
    ({"units": ["haproxy"]}, "mon: scouter_units has 'haproxy': give a unit with its suffix, such as haproxy.service."),
    ({"units": ["a.service", "a.service"]}, "mon: scouter_units has 'a.service' twice: take one out."),
    ({"httpd_url": "127.0.0.1/server-status"}, "mon: scouter_httpd_url is '127.0.0.1/server-status': give a URL such as "
     "http://127.0.0.1/server-status?auto."),
    ({"httpd_url": "http://127.0.0.1/server-status"}, "mon: scouter_httpd_url is 'http://127.0.0.1/server-status': end it with ?auto, "
     "without "
     "which mod_status writes for people."),
])
def test_each_problem_in_a_sentence(changes, sentence):
    assert problems("mon", values(**changes)) == [sentence]


def test_a_host_whose_name_no_object_can_have():
    assert problems("web/1", values(members=["web/1"]))[0] == (
        "web/1: the host's name is to be its object's: use letters, digits, ., _ and -.")


def test_all_hosts_send_to_the_same_place():
    assert clashes(claims("mon", values()) + claims("web1", values())) == []
    assert clashes(claims("mon", values()) + claims("web1", values(port=6101, collector_address="198.51.100.62"))) == [
        "web1: scouter_port and scouter_http_port are 6101 and 6180, and another host of the same collector has other ones: give all "
        "the same.",
        "web1: scouter_collector_address is 198.51.100.62, and another host sends elsewhere: give all the same."]


def test_a_port_that_somebody_else_has():
    taken = listening("mon", "HAProxy", "haproxy_frontends", 6180)
    assert clashes([*taken, *claims("mon", values())]) == [
        "mon: Scouter (scouter_http_port) listens on port 6180, which another service of this host uses already: give each its own port."]
    assert etcd.PORTS  # the two may share a host: neither has the other's ports


def test_a_telegraf_that_is_there_has_its_checksum(tmp_path):
    path = tmp_path / "telegraf_1.39.3-1_amd64.deb"
    path.write_bytes(b"x")
    good = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert problems("mon", values(telegraf=str(path), telegraf_checksum=good)) == []
    assert problems("mon", values(telegraf=str(path), telegraf_checksum=good.upper().replace("SHA256", "sha256"))) == []
    assert problems("mon", values(telegraf=str(path), telegraf_checksum=SUM)) == [
        "mon: scouter_telegraf %s has the checksum %s, and scouter_telegraf_checksum is %s: fetch it again, or correct it." % (
            path, good, SUM)]
    path.write_bytes(b"another one")
    assert problems("mon", values(telegraf=str(path), telegraf_checksum=good))
