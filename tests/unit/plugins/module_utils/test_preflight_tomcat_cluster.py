# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight_tomcat_cluster import claims, problems

SERVICE = "tomcat_cluster_instances[0].services[0]"


def service(**more):
    return {"name": "user", "ajp_port": 8009, **more}


def values(*instances, **more):
    return {"tomcat_cluster_ajp_secret": "0123456789abcdef", "tomcat_cluster_address": "198.18.0.21", "tomcat_cluster_group": "tomcat",
            "tomcat_cluster_instances": list(instances) or [{"name": "a", "services": [service()]}], **more}


def of(*services, **instance):
    return values({"name": "a", "services": list(services), **instance})


def test_a_good_host_has_no_problems():
    assert problems("web1", of(service(cluster={"manager": "BackupManager"}, http_port=0, applications=[
        {"path": "", "doc_base": "/srv/demo/1"}, {"path": "/two", "doc_base": "/srv/demo/2"}]), shutdown_port=-1, heap="192m")) == []


def test_without_a_guard_its_times_do_not_matter():
    assert problems("web1", values(tomcat_cluster_guard=False, tomcat_cluster_guard_silent_ms=700)) == []


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
     "web1: %s.applications[0].doc_base is srv: give an absolute path outside webapps." % SERVICE),
    (of(service(applications=[{"path": "", "doc_base": "/var/lib/tomcat-cluster/a/webapps/x"}])),
     "web1: %s.applications[0].doc_base is /var/lib/tomcat-cluster/a/webapps/x: give an absolute path outside webapps." % SERVICE),
    (of(service(applications=[{"doc_base": "/a", "resources": [{"name": "jdbc/x", "url": "u", "password": "a$b"}]}])),
     "web1: %s.applications[0].resources[0].password has a backslash or dollar sign: choose one without." % SERVICE),
    (of(service(cluster={"manager": "PersistentManager"})),
     "web1: %s.cluster.manager is PersistentManager without a store: give store_directory or store_data_source." % SERVICE),
    (of(service(cluster={"manager": "DeltaManager", "multicast_address": "198.18.0.1"})),
     "web1: %s.cluster.multicast_address is 198.18.0.1, which is no multicast address: choose one from 239.0.0.0/8." % SERVICE),
    (of(service(cluster={"manager": "DeltaManager"}), service(name="admin", ajp_port=8019, cluster={"manager": "DeltaManager"})),
     "web1: tomcat_cluster_instances[0].services[1].cluster uses 239.255.45.64:45564, the channel of service 'user': "
     "give each service its own multicast_port."),
    (values(tomcat_cluster_guard_silent_ms=150),
     "web1: tomcat_cluster_guard_silent_ms is 150, less than twice tomcat_cluster_guard_interval_ms (100): "
     "a single lost packet would stop the Tomcats; raise it."),
    (values(tomcat_cluster_guard_silent_ms=700),
     "web1: tomcat_cluster_guard_silent_ms is 700, not less than tomcat_cluster_member_drop_ms (600): a Tomcat that is cut off would "
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
