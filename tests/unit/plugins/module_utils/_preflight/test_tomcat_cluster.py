# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.tomcat_cluster import claims, problems

SERVICE = "tomcat_cluster_instances[0].services[0]"


def service(**more):
    return {"name": "user", "ajp_port": 8009, **more}


def values(*instances, **more):
    return {"tomcat_cluster_ajp_secret": "0123456789abcdef", "tomcat_cluster_address": "198.18.0.21", "tomcat_cluster_group": "tomcat",
            "tomcat_cluster_firewalled": True,
            "tomcat_cluster_instances": list(instances) or [{"name": "a", "services": [service()]}], **more}


def of(*services, **instance):
    return values({"name": "a", "services": list(services), **instance})


def test_a_good_host_has_no_problems():
    assert problems("web1", of(service(cluster={"manager": "BackupManager"}, http_port=0, applications=[
        {"path": "", "doc_base": "/srv/demo/1"}, {"path": "/two", "doc_base": "/srv/demo/2"}]), shutdown_port=-1, heap="192m")) == []


def test_without_a_watchdog_its_times_do_not_matter():
    assert problems("web1", values(tomcat_cluster_watchdog=False, tomcat_cluster_watchdog_silent_ms=700)) == []


@pytest.mark.parametrize("given, sentence", [
    (values(tomcat_cluster_ajp_secret=None),
     "web1: tomcat_cluster_ajp_secret is missing: give one of at least 16 characters, the same as httpd's."),
    (values(tomcat_cluster_ajp_secret="short"), "web1: tomcat_cluster_ajp_secret has 5 characters: give it at least 16."),
    (values(tomcat_cluster_ajp_secret="0123456789 abcdef"),
     "web1: tomcat_cluster_ajp_secret has a space, quote, backslash, dollar sign or a character beyond ASCII: "
     "make it of letters, digits and other signs."),
    (values(tomcat_cluster_address="web1.example.org"),
     "web1: tomcat_cluster_address is web1.example.org, which is no IP address: set it or ansible_host to the address of this host."),
    (values(tomcat_cluster_archive="https://example.org/t.tar.gz"),
     "web1: tomcat_cluster_archive_checksum is missing: give the archive's checksum as sha256:<64 digits>."),
    (values(tomcat_cluster_archive="https://example.org/t.tar.gz", tomcat_cluster_archive_checksum="md5:1"),
     "web1: tomcat_cluster_archive_checksum is md5:1: give the archive's checksum as sha256:<64 digits>."),
    (values(tomcat_cluster_archive="/nowhere/t.tar.gz", tomcat_cluster_archive_checksum="sha256:" + 64 * "0"),
     "web1: tomcat_cluster_archive is /nowhere/t.tar.gz, which is no file on the controller: give a path there or a URL."),
    (values({"name": "a b", "services": []}),
     "web1: tomcat_cluster_instances[0].name is a b: use letters, digits, dash and underscore only."),
    (values({"name": "a", "services": []}, {"name": "a", "services": []}),
     "web1: tomcat_cluster_instances[1].name is a, which another instance of this host has already: give each its own name."),
    (of(heap="1g", heap_percent=20.0), "web1: tomcat_cluster_instances[0] has both heap (1g) and heap_percent (20.0): leave one out."),
    (of(heap="big"), "web1: tomcat_cluster_instances[0].heap is big: give a number with k, m or g, such as 192m."),
    (of(heap_percent=95), "web1: tomcat_cluster_instances take heap_percent 95 together: leave at least 10 percent to the system."),
    (of(service(), service(ajp_port=8010)),
     "web1: tomcat_cluster_instances[0].services has the name user twice: give each service its own name."),
    (of(service(ajp_port=0)), "web1: %s.ajp_port is 0: give a port from 1 to 65535." % SERVICE),
    (of(service(http_port=70000)), "web1: %s.http_port is 70000: give a port from 1 to 65535." % SERVICE),
    (of(service(http_port=8005), shutdown_port=8005),
     "web1: %s.http_port is 8005, which instance 'a' on this host uses already: give each connector its own port." % SERVICE),
    (values({"name": "a", "services": [service()]}, {"name": "b", "services": [service()]}),
     "web1: tomcat_cluster_instances[1].services[0].ajp_port is 8009, which instance 'a' on this host uses already: "
     "give each connector its own port."),
    (of(service(cluster={"receiver_port": 8009})),
     "web1: %s.cluster.receiver_port is 8009, which instance 'a' on this host uses already: give each connector its own port." % SERVICE),
    (of(service(name="a/b")), "web1: %s.name is a/b: use letters, digits, dash and underscore only." % SERVICE),
    (of(service(applications=[{"path": "demo", "doc_base": "/srv/demo"}])),
     "web1: %s.applications[0].path is demo: leave it empty for the root, or begin (and do not end) with a slash." % SERVICE),
    (of(service(applications=[{"path": "/d", "doc_base": "/a"}, {"path": "/d", "doc_base": "/b"}])),
     "web1: %s.applications[1].path is '/d', which another application of this service has already: give each its own path." % SERVICE),
    (of(service(applications=[{"path": "", "doc_base": "srv"}])),
     "web1: %s.applications[0].doc_base is srv: give an absolute path." % SERVICE),
    (of(service(applications=[{"path": "", "doc_base": "/var/lib/tomcat-cluster/a/webapps/x"}])),
     "web1: %s.applications[0].doc_base is /var/lib/tomcat-cluster/a/webapps/x, in a directory of Tomcat's own, where it does not look: "
     "lay the application elsewhere, such as /srv." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [{"name": "jdbc/x", "url": "jdbc:mariadb://db/x", "password": "a$b"}]}])),
     "web1: %s.applications[0].resources[0].password has a backslash or dollar sign: choose one without." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [{"name": "jdbc/x", "url": "jdbc:postgresql://db/x"}]}])),
     "web1: %s.applications[0].resources[0].url is for postgresql, whose driver is not installed: add postgresql to "
     "tomcat_cluster_drivers." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [{"name": "jdbc/x", "url": "jdbc:mysql://db/x"}]}])),
     "web1: %s.applications[0].resources[0].url begins with jdbc:mysql:, which MariaDB's driver refuses: write jdbc:mariadb:, or add "
     "permitMysqlScheme, or give driver and its jar in tomcat_cluster_jars." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [{"name": "jdbc/x", "url": "jdbc:oracle:thin:@db/x"}]}])),
     "web1: %s.applications[0].resources[0].url is for oracle, whose driver's class the role does not know: give driver, and the jar in "
     "tomcat_cluster_jars." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [
        {"name": "jdbc/x", "url": "jdbc:mariadb://db/x?sessionVariables=sql_mode=%27ANSI%27"}]}])),
     "web1: %s.applications[0].resources[0].url has %%27, and MariaDB's driver decodes nothing: write the character itself, or give that "
     "property in properties." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [
        {"name": "jdbc/x", "url": "jdbc:mariadb://db/x", "properties": {"user": "x"}}]}])),
     "web1: %s.applications[0].resources[0].properties has user, which belongs into the data source's username and password." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "writable_paths": ["/etc/shop"]}])),
     "web1: %s.applications[0].writable_paths has /etc/shop: give an absolute path without spaces that is none of the system's, such as "
     "/srv/uploads (/tmp is writable anyway)." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "session_cookie": "A B"}])),
     "web1: %s.applications[0].session_cookie is A B: take letters, digits, - and _, 60 at most, which is what mod_jk takes." % SERVICE),
    (of(service(jvm_route=61 * "r")), "web1: %s.jvm_route has 61 characters: mod_jk takes 60, give a shorter one." % SERVICE),
    (of(service(jvm_route="a b")),
     "web1: %s.jvm_route is a b, which cannot name a worker of mod_jk: take letters, digits, - and _." % SERVICE),
    (of(service(max_post_kb=0)), "web1: %s.max_post_kb is 0: take 1 or more." % SERVICE),
    (values(tomcat_cluster_ajp_packet_size=10000),
     "web1: tomcat_cluster_ajp_packet_size is 10000: take a multiple of 1024 from 8192 to 65536, as mod_jk does."),
    (values(tomcat_cluster_user="Tom Cat"), "web1: tomcat_cluster_user is Tom Cat: take up to 32 lower-case letters, digits, - and _, "
     "a letter first."),
    (of(service(), java_options=["Xmx1g"]), "web1: tomcat_cluster_instances[0].java_options has 'Xmx1g', which Java would take for a "
     "class: write an option that begins with - or @."),
    (of(service(), java_options=["-Da=1\n-Db=2"]), "web1: tomcat_cluster_instances[0].java_options has a line break in '-Da=1': "
     "write one option an entry."),
    (values({"name": 65 * "a", "services": [service(jvm_route="r")]}),
     "web1: tomcat_cluster_instances[0].name has 65 characters: take 64 at most."),
    (of(service(cluster={"manager": "PersistentManager"})),
     "web1: %s.cluster.manager is PersistentManager without a store: give store_directory or store_data_source." % SERVICE),
    (of(service(cluster={"membership": "multicast", "multicast_address": "198.18.0.1"})),
     "web1: %s.cluster.multicast_address is 198.18.0.1, which is no multicast address: choose one from 239.0.0.0/8." % SERVICE),
    (of(service(cluster={"multicast_port": 45574})),
     "web1: %s.cluster.multicast_port is 45574, but membership is static, which uses none: set membership to multicast, or leave it "
     "out." % SERVICE),
    (dict(of(service(cluster={}), service(name="plain", ajp_port=8019), service(name="more", ajp_port=8029, cluster={})),
          tomcat_cluster_firewalled=False, tomcat_cluster_open_receiver=False),
     "web1: tomcat_cluster_open_receiver is false and the host is not in group firewall, so that anybody could hand Java objects to its "
     "session receivers (port 4000, 4020): put the host into group firewall, or set tomcat_cluster_firewalled to true if a firewall of "
     "yours lets only the other Tomcats in, or tomcat_cluster_open_receiver to true if nobody else is in their network."),
    (values(tomcat_cluster_session_classes=["com.*.Cart"]),
     "web1: tomcat_cluster_session_classes has 'com.*.Cart': write a class (com.shop.Cart), a package (com.shop.*), or one with all below "
     "it (com.shop.**)."),
    (values(tomcat_cluster_refused_classes=["!a.Bad"]),
     "web1: tomcat_cluster_refused_classes has '!a.Bad': write a class (com.shop.Cart), a package (com.shop.*), or one with all below it "
     "(com.shop.**)."),
    (of(service(cluster={"membership": "multicast"}), service(name="admin", ajp_port=8019, cluster={"membership": "multicast"})),
     "web1: tomcat_cluster_instances[0].services[1].cluster uses 239.255.45.64:45564, the channel of service 'user': "
     "give each service its own multicast_port."),
    (dict(of(service(cluster={"membership": "multicast", "multicast_address": "239.255.45.65"})), tomcat_cluster_address="2001:db8::21"),
     "web1: %s.cluster.multicast_address is 239.255.45.65, but tomcat_cluster_address is 2001:db8::21, of the other family: choose one "
     "from ff15::/16." % SERVICE),
    (of(service(cluster={"membership": "multicast", "multicast_address": "ff15::45:65"})),
     "web1: %s.cluster.multicast_address is ff15::45:65, but tomcat_cluster_address is 198.18.0.21, of the other family: choose one "
     "from 239.0.0.0/8." % SERVICE),
    (dict(of(service(cluster={})), tomcat_cluster_member_addresses={"web1": "198.18.0.21", "web2": "2001:db8::22", "web3": ""}),
     "web1: tomcat_cluster_address is 198.18.0.21, and member web2 has 2001:db8::22: sessions are shared by IPv4 or by IPv6, give all "
     "members addresses of one family."),
    (values(tomcat_cluster_watchdog_silent_ms=150),
     "web1: tomcat_cluster_watchdog_silent_ms is 150, less than twice tomcat_cluster_watchdog_interval_ms (100): "
     "a single lost packet would stop the Tomcats; raise it."),
    (values(tomcat_cluster_watchdog_silent_ms=700),
     "web1: tomcat_cluster_watchdog_silent_ms is 700, not less than tomcat_cluster_member_drop_ms (600): a Tomcat that is cut off would "
     "take the others' sessions for its own before it stands still; lower it."),
    (values(tomcat_cluster_member_interval_ms=500, tomcat_cluster_member_drop_ms=600),
     "web1: tomcat_cluster_member_drop_ms is 600, less than three times tomcat_cluster_member_interval_ms (500): "
     "a single lost packet would drop a member; raise it."),
])
def test_the_sentence(given, sentence):
    assert problems("web1", given) == [sentence]


def test_an_archive_on_the_controller_is_checked(tmp_path):
    archive = tmp_path / "t.tar.gz"
    archive.write_bytes(b"tomcat")
    right = "sha256:" + hashlib.sha256(b"tomcat").hexdigest()
    assert problems("web1", values(tomcat_cluster_archive=str(archive), tomcat_cluster_archive_checksum=right)) == []
    wrong = "sha256:" + 64 * "0"
    assert problems("web1", values(tomcat_cluster_archive=str(archive), tomcat_cluster_archive_checksum=wrong)) == [
        "web1: tomcat_cluster_archive %s has the checksum %s, not tomcat_cluster_archive_checksum %s: "
        "fetch the archive again or correct the checksum." % (archive, right, wrong)]


def test_a_secret_is_never_printed():
    assert not any("short" in sentence for sentence in problems("web1", values(tomcat_cluster_ajp_secret="short")))


@pytest.mark.parametrize("instances", [None, "text", [None], [{}], [{"name": None, "services": [{"ajp_port": "x", "cluster": []}]}]])
def test_malformed_values_do_not_crash(instances):
    problems("web1", {"tomcat_cluster_instances": instances})
    claims("web1", {"tomcat_cluster_instances": instances})


def test_members_with_ipv6_addresses_only():
    six = {"tomcat_cluster_address": "2001:db8::21", "tomcat_cluster_member_addresses": {"web1": "2001:db8::21", "web2": "2001:db8::22"}}
    assert problems("web1", dict(of(service(cluster={})), **six)) == []
    assert problems("web1", dict(of(service(cluster={"membership": "multicast", "multicast_address": "ff18::1"})), **six)) == []


@pytest.mark.parametrize("given, more", [
    (of(service()), {}), (of(service(cluster={"manager": "PersistentManager", "store_directory": "/mnt/sessions"})), {}),
    (of(service(cluster={})), {"tomcat_cluster_open_receiver": True}), (of(service(cluster={})), {"tomcat_cluster_firewalled": True}),
    (of(service(cluster={})), {"tomcat_cluster_address": "127.0.0.1"}), (of(service(cluster={})), {"tomcat_cluster_address": "::1"})])
def test_a_receiver_that_is_none_or_is_closed_or_is_said_to_be_open(given, more):
    assert problems("web1", {**given, "tomcat_cluster_firewalled": False, **more}) == []


def test_static_and_persistent_need_no_channel():
    both = of(service(cluster={"membership": "static"}),
              service(name="b", ajp_port=8019, cluster={"manager": "PersistentManager", "store_directory": "/mnt/sessions"}))
    assert problems("web1", both) == []


def test_default_routes_differ_between_hosts_and_are_shared_by_services():
    two = of(service(), service(name="admin", ajp_port=8019))
    assert clashes(claims("web1", two) + claims("web2", two)) == []


def test_dots_become_dashes():
    assert claims("web1.example.org", of(service()))[0].key == "web1-example-org-a"


def test_equal_routes_in_a_balancer():
    given = of(service(jvm_route="same"))
    assert clashes(claims("web1", given) + claims("web2", given)) == [
        "web2: %s.jvm_route is same, which another instance of service 'user' has already: give each instance its own." % SERVICE]


def test_an_empty_cluster_is_one_with_all_defaults():
    two = of(service(cluster={}), service(name="admin", ajp_port=8019, cluster={}))
    assert problems("web1", two) == []
    assert len(problems("web1", dict(two, tomcat_cluster_firewalled=False))) == 1
    assert "4000" in [claim.key for claim in claims("web1", of(service(cluster={})))]
    assert "4000" not in [claim.key for claim in claims("web1", of(service(cluster=None)))]


@pytest.mark.parametrize("doc_base", ["/opt/webapps/shop.war", "/home/deploy/webapps/shop", "/srv/webapps"])
def test_an_application_may_lie_in_a_directory_called_webapps(doc_base):
    assert problems("web1", of(service(applications=[{"doc_base": doc_base}]))) == []


def test_a_driver_of_ones_own_is_not_asked_about():
    resource = {"name": "jdbc/x", "url": "jdbc:oracle:thin:@db/x", "driver": "oracle.jdbc.OracleDriver"}
    assert problems("web1", of(service(applications=[{"doc_base": "/a", "resources": [resource]}]))) == []
    resource = {"name": "jdbc/x", "url": "jdbc:postgresql://db/x"}
    assert problems("web1", dict(of(service(applications=[{"doc_base": "/a", "resources": [resource]}])),
                                 tomcat_cluster_drivers=["postgresql"])) == []


def test_ports_of_tomcat_are_nobody_elses():
    keys = [(one.key, one.owner) for one in claims("web1", of(service(http_port=8080, cluster={}), shutdown_port=8005))
            if one.scope == "TCP ports of web1"]
    assert keys == [(port, "Tomcat") for port in ("4000", "8005", "8009", "8080")]


def application(**more):
    return of(service(applications=[{"doc_base": "/srv/a", **more}]))


@pytest.mark.parametrize("given, sentence", [
    (of(service(name="failover-status")),
     SERVICE + ".name is failover-status, which is the role's own service in every instance: choose another."),
    (of(service(http_port=80)),
     SERVICE + ".http_port is 80: give 1024 to 65535, lower ones only root may listen on, and Tomcat is not root "
     "(httpd or HAProxy in front may)."),
    (of(service(ajp_port=4010, cluster={})),
     SERVICE + ".cluster.receiver_port is 1: give 1024 to 65535, lower ones only root may listen on, "
     "and Tomcat is not root (httpd or HAProxy in front may)."),
    (of(service(), java_options=["-Xms512m -Xmx512m"]),
     "tomcat_cluster_instances[0].java_options has '-Xms512m -Xmx512m', which Java would "
     "get as one option: write a list, one option an entry."),
    (of(service(), java_options=["-Da=b -Dc=d"]), "tomcat_cluster_instances[0].java_options has '-Da=b -Dc=d', which Java would get as one "
     "option: write a list, one option an entry."),
    (of(service(), heap="1g", java_options=["-Xmx2g"]),
     "tomcat_cluster_instances[0].java_options has '-Xmx2g' beside heap (1g), of which Java "
     "takes the last: leave one out."),
    (application(parameters={"a": ["b"]}), SERVICE + ".applications[0].parameters.a is a list: write a text, as the application reads it."),
    (application(resources=[{"name": "jdbc/a", "url": "jdbc:mariadb://db/a"}] * 2),
     SERVICE + ".applications[0].resources has jdbc/a twice: give each its own name."),
    (application(path='/a b"c'),
     SERVICE + ".applications[0].path is '/a b\"c': leave out blanks, quotes and \" < > & ? ; % $ { }."),
    (values(tomcat_cluster_jars=["driver.jar"]), "tomcat_cluster_jars has driver.jar: give an absolute path on the host."),
    (values(tomcat_cluster_user="root"), "tomcat_cluster_user is root, for whom applications would run: name a user of their own."),
    (of(service(cluster={"membership": "multicast", "multicast_port": 99999})),
     SERVICE + ".cluster.multicast_port is 99999: give a port from 1 to 65535."),
])
def test_what_tomcat_or_java_would_read_otherwise_than_it_was_meant_is_refused(given, sentence):
    assert problems("web1", given) == ["web1: " + sentence]


@pytest.mark.parametrize("given", [
    of(service(), java_options=["-Dtitle=The Shop - main", "-XX:OnOutOfMemoryError=kill -9 %p", "-Dhttp.nonProxyHosts=localhost|*.a"]),
    application(path="/größe/v1", parameters={"a": 1, "b": True, "c": ""}),
    values(tomcat_cluster_jars=["/usr/share/java/a.jar", "/opt/b.jar"])])
def test_what_java_takes_is_taken(given):
    assert problems("web1", given) == []
