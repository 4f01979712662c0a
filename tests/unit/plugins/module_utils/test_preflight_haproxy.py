from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight_haproxy import claims, problems

GOOD = {
    "haproxy_frontends": [{"name": "web", "binds": [{"port": 80}, {"port": 443, "certificates": ["site"]}], "default_backend": "web",
                           "rules": [{"backend": "api", "path_prefix": ["/api"]}], "hsts_seconds": 60}],
    "haproxy_backends": [{"name": "web", "group": "web", "port": 80, "check": {"inter": "300ms", "fall": 3}},
                         {"name": "api", "servers": [{"name": "a", "address": "192.0.2.1", "port": 80}]}],
    "haproxy_servers": {"web": [{"name": "web1", "address": "192.0.2.2", "port": 80}], "api": [{"name": "a"}]},
    "haproxy_certificates": [{"name": "site", "names": ["www.example.test"]}],
    "haproxy_stats_enabled": True, "haproxy_stats_address": "192.0.2.3", "haproxy_stats_port": 8404, "haproxy_stats_user": "admin",
    "haproxy_stats_password": "long-enough-for-this", "haproxy_timeout_client": "30s",
}


def said(**changes):
    return problems("proxy1", {**GOOD, **changes})


def frontend(**changes):
    return {"haproxy_frontends": [{"name": "web", "binds": [{"port": 80}], "default_backend": "web", **changes}]}


def backend(**changes):
    return {"haproxy_backends": [{"name": "web", "group": "web", "port": 80, **changes}, GOOD["haproxy_backends"][1]]}


def test_good_input():
    assert said() == []
    assert claims("proxy1", GOOD) == []


def test_nothing_at_all_does_not_crash():
    assert problems("proxy1", {}) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"haproxy_stats_password": None}, "haproxy_stats_password is missing: "
     "set it (at least 12 characters) or set haproxy_stats_enabled to false."),
    ({"haproxy_stats_password": "short"}, "haproxy_stats_password has 5 characters: use at least 12."),
    ({"haproxy_stats_password": "long enough for this"}, "haproxy_stats_password contains "
     "a quote, blank or backslash: use other characters."),
    ({"haproxy_timeout_client": "30 sec"}, "haproxy_timeout_client is '30 sec', which is no duration: "
     "write a number with us, ms, s, m, h or d, for example 300ms."),
    ({"haproxy_stats_port": 70000}, "haproxy_stats_port is 70000: a TCP port is 1 to 65535."),
    (frontend(name="a b"), "haproxy_frontends[0].name is 'a b': use letters, digits and . _ : - only."),
    (frontend(name="stats"), "haproxy_frontends[0].name is 'stats', which is taken already: give each its own name."),
    (frontend(binds=[]), "haproxy_frontends[0].binds is empty: 'web' must listen somewhere."),
    (frontend(binds=[{"port": 80}, {"port": 80}]),
     "haproxy_frontends[0].binds[1] is *:80, which frontend 'web' has already: give each its own address or port."),
    (frontend(binds=[{"port": 8404, "address": "192.0.2.3"}]),
     "haproxy_frontends[0].binds[0] is 192.0.2.3:8404, which the statistics page has already: give each its own address or port."),
    (frontend(binds=[{"port": 443, "certificates": ["none"]}]),
     "haproxy_frontends[0].binds[0].certificates names 'none', which is not in haproxy_certificates: add it there."),
    (frontend(default_backend="nobody"),
     "haproxy_frontends[0].default_backend is 'nobody', which is not in haproxy_backends (api, web): add it there or correct the name."),
    (frontend(default_backend=None), "haproxy_frontends[0] ('web') sends requests nowhere: set default_backend, rules or redirect_https."),
    (frontend(mode="tcp"), "haproxy_frontends[0].default_backend is 'web' of mode http, the frontend's mode is tcp: give both the same."),
    (frontend(hsts_seconds=1), "haproxy_frontends[0].hsts_seconds is 1, but no bind has certificates: give one to a bind or take it out."),
    (frontend(mode="tcp", default_backend=None, redirect_https=True),
     "haproxy_frontends[0].redirect_https is set, which mode tcp cannot do: take it out or use mode http."),
    (frontend(rules=[{"host": ["a"]}]), "haproxy_frontends[0].rules[0] must have either backend or redirect: set one of them."),
    (frontend(rules=[{"backend": "web"}]), "haproxy_frontends[0].rules[0] has no condition: set one of host, path_prefix, path_regex, "
     "method, user_agent, header, sni, or use default_backend."),
    (frontend(rules=[{"backend": "web", "sni": ["a"]}]), "haproxy_frontends[0].rules[0].sni is set, which belongs to mode tcp: use host."),
    (frontend(rules=[{"backend": "web", "header": {"name": "a"}}]),
     "haproxy_frontends[0].rules[0].header must have either value or regex: set one of them."),
    (frontend(rules=[{"backend": "web", "path_regex": "it's"}]), "haproxy_frontends[0].rules[0].path_regex contains a quote or a line "
     "break: HAProxy's configuration cannot carry it, leave it out."),
    (backend(port=None), "haproxy_backends[0].port is missing: say on which port the members of group 'web' listen."),
    (backend(check={"inter": "fast"}), "haproxy_backends[0].check.inter is 'fast', which is no duration: "
     "write a number with us, ms, s, m, h or d, for example 300ms."),
    (backend(check={"fall": -1}), "haproxy_backends[0].check.fall is -1: give a number of checks, 1 or more."),
    (backend(check={"kind": "mysql"}), "haproxy_backends[0].check.user is missing: "
     "the mysql check logs in as a user without password, name it."),
    (backend(balance="hdr"), "haproxy_backends[0]: balance hdr and balance_header go together: set both or neither."),
    (backend(name="api"), "haproxy_backends[1].name is 'api', which is taken already: give each its own name."),
    ({"haproxy_servers": {"web": [], "api": [{"name": "a"}]}}, "haproxy_backends[0] ('web') has no servers: group 'web' has no hosts in "
     "this inventory, correct its name or fill it."),
    ({"haproxy_servers": {"web": [{"name": "a"}], "api": []}},
     "haproxy_backends[1] ('api') has no servers: set group and port, or list servers."),
    ({"haproxy_servers": {"web": [{"name": "a"}, {"name": "a"}], "api": [{"name": "a"}]}},
     "haproxy_backends[0] has two servers named 'a': give each its own name."),
    ({"haproxy_certificates": [{"name": "site"}]},
     "haproxy_certificates[0] has neither certificate nor names: give a file of the controller or the host names to certify."),
    ({"haproxy_certificates": [{"name": "site", "names": ["a"], "key_type": "RSA", "key_bits": 1024}]},
     "haproxy_certificates[0].key_bits is 1024: an RSA key needs at least 2048 bits."),
    ({"haproxy_certificates": [{"name": "site", "certificate": "a.pem", "key": "-----BEGIN PRIVATE KEY-----words"}]},
     "haproxy_certificates[0].key is PEM text, which this role does not take: give the path of a file on the controller."),
    ({"haproxy_certificates": [{"name": "site", "certificate": "/nowhere/a.pem"}]},
     "haproxy_certificates[0].certificate is /nowhere/a.pem, which is no file on the controller: correct the path."),
])
def test_sentences(changes, sentence):
    assert "proxy1: " + sentence in said(**changes)


def test_tcp_cannot_see_http():
    changes = {"haproxy_frontends": [{"name": "t", "mode": "tcp", "binds": [{"port": 1}], "rules": [{"backend": "t", "host": ["a"]}]}],
               "haproxy_backends": [{"name": "t", "mode": "tcp", "group": "web", "port": 1, "cookie": "C", "route_cookie": "J"}],
               "haproxy_servers": {"t": [{"name": "a"}]}}
    assert said(**changes) == [
        "proxy1: haproxy_frontends[0].rules[0].host is set, which mode tcp cannot see: use sni or mode http.",
        "proxy1: haproxy_backends[0].cookie is 'C', which mode tcp cannot set: use balance source or mode http.",
        "proxy1: haproxy_backends[0].route_cookie is 'J', which mode tcp cannot read: use balance source or mode http."]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_given_key_that_is_too_small(tmp_path):
    pytest.importorskip("cryptography")
    key = tmp_path / "small.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "1024"], check=True, capture_output=True)
    assert said(haproxy_certificates=[{"name": "site", "certificate": str(key)}]) == [
        "proxy1: haproxy_certificates[0] has an RSA key of 1024 bits: at least 2048 are needed."]
