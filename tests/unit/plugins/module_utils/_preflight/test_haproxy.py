from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.apache_modjk import claims as httpd_claims
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.haproxy import claims, problems

GOOD = {
    "haproxy_frontends": [{"name": "site", "binds": [{"port": 80}, {"port": 443, "certificates": ["site"]}], "default_backend": "web",
                           "rules": [{"backend": "api", "path_prefix": ["/api"]}], "hsts_s": 60}],
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
    return {"haproxy_frontends": [{"name": "site", "binds": [{"port": 80}], "default_backend": "web", **changes}]}


def backend(**changes):
    return {"haproxy_backends": [{"name": "web", "group": "web", "port": 80, **changes}, GOOD["haproxy_backends"][1]]}


def test_good_input():
    assert said() == []
    assert [claim[:3] for claim in claims("proxy1", GOOD) if claim.scope.startswith("TCP")] == [
        ("TCP ports of proxy1", port, "HAProxy") for port in ("80", "443", "8404")]


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
    (frontend(binds=[]), "haproxy_frontends[0].binds is empty: 'site' must listen somewhere."),
    (frontend(binds=[{"port": 80}, {"port": 80}]),
     "haproxy_frontends[0].binds[1] is *:80, which frontend 'site' has already: give each its own address or port."),
    (frontend(binds=[{"port": 8404, "address": "192.0.2.3"}]),
     "haproxy_frontends[0].binds[0] is 192.0.2.3:8404, which the statistics page has already: give each its own address or port."),
    (frontend(binds=[{"port": 443, "certificates": ["none"]}]),
     "haproxy_frontends[0].binds[0].certificates names 'none', which is not in haproxy_certificates: add it there."),
    (frontend(default_backend="nobody"),
     "haproxy_frontends[0].default_backend is 'nobody', which is not in haproxy_backends (api, web): add it there or correct the name."),
    (frontend(default_backend=None), "haproxy_frontends[0] ('site') sends requests nowhere: set default_backend, rules or redirect_https."),
    (frontend(mode="tcp"), "haproxy_frontends[0].default_backend is 'web' of mode http, the frontend's mode is tcp: give both the same."),
    (frontend(hsts_s=1), "haproxy_frontends[0].hsts_s is 1, but no bind has certificates: give one to a bind or take it out."),
    (frontend(mode="tcp", default_backend=None, redirect_https=True),
     "haproxy_frontends[0].redirect_https is set, which mode tcp cannot do: take it out or use mode http."),
    (frontend(rules=[{"host": ["a"]}]),
     "haproxy_frontends[0].rules[0] must have either backend or redirect or redirect_prefix: set one of them."),
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
    changes = {"haproxy_frontends": [{"name": "in", "mode": "tcp", "binds": [{"port": 1}], "rules": [{"backend": "t", "host": ["a"]}]}],
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
    pair(key, key, bits=1024)
    assert said(haproxy_certificates=[{"name": "site", "certificate": str(key)}]) == [
        "proxy1: haproxy_certificates[0] has an RSA key of 1024 bits: at least 2048 are needed."]


def pair(certificate, key, bits=2048, more=("-nodes",)):
    """A certificate and its key, in one file where both are called the same."""
    made = certificate.with_suffix(".made")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:%d" % bits, *more, "-subj", "/CN=www", "-keyout", str(made) + ".key",
                    "-out", str(made)], check=True, capture_output=True)
    with open(str(made) + ".key", encoding="ascii") as handle:
        secret = handle.read()
    if certificate == key:
        certificate.write_text(made.read_text(encoding="ascii") + secret, encoding="ascii")
        return
    certificate.write_text(made.read_text(encoding="ascii"), encoding="ascii")
    key.write_text(secret, encoding="ascii")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_renewed_certificate_with_the_key_of_the_old_one_is_refused(tmp_path):
    pytest.importorskip("cryptography")
    old, new, both = tmp_path / "old.pem", tmp_path / "new.pem", tmp_path / "both.pem"
    pair(old, tmp_path / "old.key")
    pair(new, tmp_path / "new.key")
    pair(both, both)

    def given(certificate, key=None):
        return said(haproxy_certificates=[{"name": "site", "certificate": str(certificate), "key": key and str(key)}])
    assert given(new, tmp_path / "new.key") == given(both) == []
    (sentence,) = given(new, tmp_path / "old.key")
    assert sentence == (
        "proxy1: haproxy_certificates[0] has certificate %s and key %s, which do not belong together: the next restart would have no "
        "proxy; give the key that this certificate was made for, and the server's certificate before those of its authorities." % (
            new, tmp_path / "old.key"))
    # The authority's certificate first, as some deliver a chain.
    chain = tmp_path / "chain.pem"
    chain.write_text(old.read_text(encoding="ascii") + new.read_text(encoding="ascii"), encoding="ascii")
    assert "do not belong together" in given(chain, tmp_path / "new.key")[0]
    assert "in which there is no private key: name its file in key." in given(new)[0]
    assert "in which there is no certificate: name the file that begins with it." in given(tmp_path / "new.key", tmp_path / "new.key")[0]
    pair(new, tmp_path / "locked.key", more=("-passout", "pass:words"))
    assert "whose private key needs a pass phrase, which nobody gives at a restart: store it without." in given(
        new, tmp_path / "locked.key")[0]


CDN = ["203.0.113.0/24", "2001:db8::/32"]


@pytest.mark.parametrize("changes", [
    frontend(trusted_proxies=CDN), frontend(trusted_proxies=CDN, forwarded_headers=False), frontend(trusted_proxies=CDN, hsts_s=60),
    frontend(rules=[{"backend": "web", "host": ["*.shop.example", "shop.example"]}, {"redirect_prefix": "https://a", "host": ["b"]}]),
    frontend(binds=[{"port": 80}, {"port": 80, "address": "2001:db8:6::100"}, {"port": 80, "address": "[::1]"}]),
    backend(balance="source", hash_type="consistent"),
    backend(tls=True, tls_verify=True), backend(tls=True, tls_verify=False), backend(check={"tls": True}, tls_verify=False),
    backend(tls=True, tls_ca="/ca", check={"host": "api.partner.example"}), backend(tls=True, tls_ca="/ca", tls_sni="a", host="a"),
])
def test_what_people_write_is_accepted(changes):
    assert said(**changes) == []


@pytest.mark.parametrize("changes, sentence", [
    (frontend(forwarded_headers=False), "haproxy_frontends[0].forwarded_headers is false, so what anybody claims about himself would reach "
     "the servers: take it out, and where a proxy or CDN in front tells the visitor's address, name its networks in trusted_proxies."),
    (frontend(trusted_proxies=["cdn"]), "haproxy_frontends[0].trusted_proxies has cdn, which is no network: write it like 203.0.113.0/24."),
    (frontend(rules=[{"backend": "web", "host": ["www.*.example"]}]), "haproxy_frontends[0].rules[0].host has www.*.example: a * may only "
     "stand for the whole beginning, as in *.example.org."),
    (frontend(rules=[{"backend": "web", "host": ["a.example:8080"]}]), "haproxy_frontends[0].rules[0].host has a.example:8080, but names "
     "are compared without their port: take it out."),
    (frontend(binds=[{"port": 80, "address": "10.0.0.1/24"}]), "haproxy_frontends[0].binds[0].address is 10.0.0.1/24, which is no "
     "address: write it alone, like 198.18.0.101 or 2001:db8::101."),
    (frontend(binds=[{"port": 80, "address": "[::1]:80"}]), "haproxy_frontends[0].binds[0].address is [::1]:80, which is no address: write "
     "it alone, like 198.18.0.101 or 2001:db8::101."),
    (frontend(binds=[{"port": 80, "address": "2001:DB8::1"}, {"port": 80, "address": "[2001:db8:0::1]"}]),
     "haproxy_frontends[0].binds[1] is 2001:db8::1:80, which frontend 'site' has already: give each its own address or port."),
    (backend(balance="leastconn", hash_type="consistent"), "haproxy_backends[0].hash_type is consistent, but balance is leastconn, which "
     "hashes nothing: take it out, or use one of source, uri, hdr."),
    (backend(tls_ca="/ca"), "haproxy_backends[0].tls_ca is /ca, but nothing speaks TLS to its servers: set tls, or take it out."),
    (backend(tls=True), "haproxy_backends[0] speaks TLS to its servers, and nothing says whose certificates they must have: name a file of "
     "authorities in tls_ca, or set tls_verify to true for those that the system knows, or to false for anybody's."),
    (backend(tls_verify=True), "haproxy_backends[0].tls_verify is true, but nothing speaks TLS to its servers: set tls, or take it out."),
    (backend(tls=True, tls_ca="/ca", tls_verify=False), "haproxy_backends[0].tls_verify is false, and tls_ca is /ca, by which nothing is "
     "checked then: take one of them out."),
    (dict(backend(address_variable="data_address"), haproxy_servers={"web": [{"name": "web1", "address": None}], "api": [{"name": "a"}]}),
     "haproxy_backends[0] (web1) has no address: set its variable data_address, which address_variable names."),
    (dict(backend(), haproxy_servers={"web": [{"name": "web1", "address": "a", "weight": 300}], "api": [{"name": "a"}]}),
     "haproxy_backends[0] (web1) has weight 300: give a number from 0 to 256."),
])
def test_what_cannot_work_is_told(changes, sentence):
    assert said(**changes) == ["proxy1: " + sentence]


def test_the_system_s_authorities_need_the_name_in_tcp_mode_too():
    changes = {"haproxy_frontends": [], "haproxy_servers": {"t": [{"name": "a"}]}, "haproxy_backends": [
        {"name": "t", "mode": "tcp", "group": "web", "port": 1, "tls": True, "tls_verify": True}]}
    assert said(**changes) == [
        "proxy1: haproxy_backends[0].tls_verify is true, but in mode tcp nobody says which name the servers' certificates must have, and "
        "anybody's by that authority would do: name it in tls_sni."]


def test_tls_in_tcp_mode_needs_the_name_that_certificates_must_have():
    changes = {"haproxy_frontends": [], "haproxy_servers": {"t": [{"name": "a"}]}, "haproxy_backends": [
        {"name": "t", "mode": "tcp", "group": "web", "port": 1, "tls": True, "tls_ca": "/ca", "host": "a"}]}
    assert said(**changes) == [
        "proxy1: haproxy_backends[0].tls_ca is /ca, but in mode tcp nobody says which name the servers' certificates must have, and "
        "anybody's by that authority would do: name it in tls_sni.",
        "proxy1: haproxy_backends[0].host is 'a', which mode tcp cannot set: take it out or use mode http."]


def test_a_frontend_called_like_a_backend_is_refused_beside_what_else_is_wrong():
    assert clashes(claims("proxy1", {**GOOD, **frontend(name="web")})) == [
        "proxy1: haproxy_frontends[0].name is 'web', as a backend is called: HAProxy 3.3 does not start with that, give one of them "
        "another name."]
    assert clashes(claims("proxy1", GOOD)) == []


def test_httpd_and_the_proxy_on_one_port_of_one_machine_are_told_in_one_sentence():
    httpd = httpd_claims("proxy1", {"apache_modjk_applications": [{"name": "shop"}]})
    assert clashes(httpd + claims("proxy1", {**GOOD, **frontend()})) == [
        "proxy1: HAProxy (haproxy_frontends (site)) listens on port 80, which another service of this host uses already: give each its "
        "own port, or HAProxy's bind and the other one each an address."]
    assert clashes(httpd + claims("proxy2", {**GOOD, **frontend()})) == []


WEB1 = {"name": "web1", "address": "192.0.2.2", "port": 80}


def servers(**changes):
    return {"haproxy_servers": {**GOOD["haproxy_servers"], "web": [{**WEB1, **changes}]}}


@pytest.mark.parametrize("changes, sentence", [
    (servers(address="192.0.2.2:8080"), "haproxy_backends[0] (web1) has the address '192.0.2.2:8080': write it alone, such as 10.0.0.21 or "
     "2001:db8::21, and its port in port."),
    (servers(name="web 1"), "haproxy_backends[0] has a server named 'web 1': use letters, digits and . _ : - only."),
    (backend(cookie="SRV ID"), "haproxy_backends[0].cookie is 'SRV ID': take letters, digits, _ . and - only."),
    (backend(check={"path": "health check"}),
     "haproxy_backends[0].check.path is 'health check': begin it with / and write blanks as %20."),
    (backend(check={"fall": 0}), "haproxy_backends[0].check.fall is 0: give a number of checks, 1 or more."),
    ({"haproxy_stats_user": "ad:min"}, "haproxy_stats_user is 'ad:min': what stands behind a colon would be the password's beginning, use "
     "letters and digits."),
    ({"haproxy_stats_address": "localhost:8404"},
     "haproxy_stats_address is 'localhost:8404': write an address alone, and the port in haproxy_stats_port."),
    ({"haproxy_timeout_client": 30}, "haproxy_timeout_client is 30, which HAProxy takes for milliseconds: write 30s or 30ms."),
    (backend(check={"inter": "2"}), "haproxy_backends[0].check.inter is 2, which HAProxy takes for milliseconds: write 2s or 2ms."),
    ({"haproxy_timeout_tunnel": "365d"}, "haproxy_timeout_tunnel is '365d', more than HAProxy can count: give 24d at most."),
    (frontend(rules=[{"host": "https://a.example", "backend": "web"}]),
     "haproxy_frontends[0].rules[0].host has 'https://a.example', which no "
     "request has for its host: write the name alone, such as www.example.org."),
    (frontend(rules=[{"path_prefix": "api", "backend": "web"}]),
     "haproxy_frontends[0].rules[0].path_prefix has 'api', but every path begins with /: write /api."),
    (frontend(rules=[{"host": "a.example", "redirect": "b.example"}]),
     "haproxy_frontends[0].rules[0].redirect is 'b.example', which browsers "
     "take for a path beside the one they asked for: begin it with https:// or /."),
    (frontend(rules=[{"header": {"name": "X Key", "value": "x"}, "backend": "web"}]),
     "haproxy_frontends[0].rules[0].header.name is 'X Key', no name of a header: take letters, digits and -."),
])
def test_what_haproxy_would_read_otherwise_than_it_was_meant_is_refused(changes, sentence):
    assert said(**changes) == ["proxy1: " + sentence]


@pytest.mark.parametrize("changes", [
    servers(address="db.example"), servers(address="2001:db8::21"), servers(address="[2001:db8::21]"), servers(address="::1"),
    backend(check={"inter": 500, "path": "/health?full=1"}), {"haproxy_timeout_client": 5000}, {"haproxy_restart_delay": "5"},
    frontend(rules=[{"host": "a.example", "redirect": "https://%[req.hdr(host)]/x"}]), {"haproxy_stats_address": "::1"},
    frontend(rules=[{"host": ["a.example", "*.b.example"], "path_prefix": ["/a", "/b"], "backend": "web"}])])
def test_what_haproxy_takes_is_taken(changes):
    assert said(**changes) == []


@pytest.mark.parametrize("changes, sentence", [
    (backend(slowstart="soon"), "haproxy_backends[0].slowstart is 'soon', which is no duration: write a number with us, ms, s, m, h or d, "
     "for example 300ms."),
    (frontend(timeout_client="1 h"), "haproxy_frontends[0].timeout_client is '1 h', which is no duration: write a number with us, ms, s, "
     "m, h or d, for example 300ms."),
    (frontend(mode="tcp", trusted_proxies=["203.0.113.0/24"]), "haproxy_frontends[0].trusted_proxies are given, but mode tcp reads no "
     "headers: set accept_proxy at its binds, or use mode http."),
])
def test_what_a_mode_or_a_time_contradicts(changes, sentence):
    assert "proxy1: " + sentence in said(**changes)


def test_servers_that_are_none_are_the_specs_own_business(tmp_path):
    assert said(**backend(servers=["web1", None, {"name": "a", "address": "192.0.2.1", "port": 80}])) is not None


@pytest.mark.parametrize("text", [
    "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_only_looks_like_a_certificate_is_said_without_what_is_in_it(tmp_path, text):
    pytest.importorskip("cryptography")
    path = tmp_path / "site.pem"
    path.write_text(text)
    (sentence,) = [one for one in said(haproxy_certificates=[{"name": "site", "certificate": str(path)}]) if "cannot be read" in one]
    assert sentence.startswith("proxy1: haproxy_certificates[0] has certificate %s, which cannot be read (" % path)
    assert sentence.endswith("): give files in PEM.") and "nonsense" not in sentence
