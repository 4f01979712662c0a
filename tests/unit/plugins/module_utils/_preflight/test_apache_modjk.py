from __future__ import annotations

import copy
import datetime

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.apache_modjk import claims, problems
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def connector(host, service, route, port=8009, group="tomcat"):
    return {"group": group, "service": service, "host": host, "instance": "a", "address": host, "port": port, "route": route}


GOOD = {
    "apache_modjk_tomcat_group": "tomcat",
    "apache_modjk_tomcat_members": ["web1", "web2"],
    "apache_modjk_ajp_connectors": [connector("web1", "user", "web1-a"), connector("web2", "user", "web2-a")],
    "apache_modjk_ajp_secret": "0123456789abcdef",
    "apache_modjk_applications": [{"name": "demo", "server_name": "demo.test", "workers": {"service": "user"}}],
    "apache_modjk_management_addresses": ["127.0.0.1", "::1", "198.18.0.0/24"],
    "apache_modjk_trusted_proxies": [],
    "apache_modjk_health_path": "/httpd-health",
    "apache_modjk_default_http_port": 80,
    "apache_modjk_threads_per_child": 64,
    "apache_modjk_max_request_workers": 256,
}


def told(**changes):
    return problems("web1", dict(copy.deepcopy(GOOD), **{"apache_modjk_" + name: value for name, value in changes.items()}))


def told_of(**changes):
    return told(applications=[dict(copy.deepcopy(GOOD["apache_modjk_applications"][0]), **changes)])


def test_good_values_meet_no_objection():
    assert told() == []
    static = [{"path": "/s", "directory": "/srv/s", "away_file": "/run/failover-nfs/s.away"}]
    assert told_of(tls={}, https_redirect=True, hsts_s=60, static=static, lbfactors={"web1": 2}) == []


@pytest.mark.parametrize("values", [
    {}, {"apache_modjk_applications": None}, {name: None for name in GOOD}, {"apache_modjk_applications": [{}]}])
def test_nothing_given_does_not_crash(values):
    assert problems("web1", values)
    claims("web1", values)


@pytest.mark.parametrize("changes, sentence", [
    ({"ajp_secret": None},
     "web1: apache_modjk_ajp_secret is not set: give the secret of the Tomcats' AJP connectors, 16 characters or more."),
    ({"old_ajp_secret": "0123456789abcdef"},
     "web1: apache_modjk_old_ajp_secret is the same as apache_modjk_ajp_secret: give the one before, or leave it out."),
    ({"old_ajp_secret": "not this one"},
     "web1: apache_modjk_old_ajp_secret has a character that workers.properties cannot carry: take letters and digits."),
    ({"old_ajp_hosts": ["web1", "web2"]},
     "web1: apache_modjk_old_ajp_hosts names web1, web2, and apache_modjk_old_ajp_secret is not set: give the secret that they have."),
    ({"ajp_secret": "short"}, "web1: apache_modjk_ajp_secret has 5 characters: take 16 or more, the same on the Tomcats."),
    ({"ajp_secret": "0123456789 abcdef"},
     "web1: apache_modjk_ajp_secret has a character that workers.properties cannot carry: take letters and digits."),
    ({"ping_timeout_ms": 0}, "web1: apache_modjk_ping_timeout_ms is 0: take 1 or more."),
    ({"max_request_workers": 100},
     "web1: apache_modjk_max_request_workers is 100, no multiple of apache_modjk_threads_per_child (64): take 64."),
    ({"management_addresses": ["proxy1"]},
     "web1: apache_modjk_management_addresses has 'proxy1', which is neither an address nor a network: write 198.18.0.5 or 198.18.0.0/24."),
    ({"proxy_protocol": True}, "web1: apache_modjk_proxy_protocol is true, but apache_modjk_trusted_proxies is empty: name who speaks it."),
    ({"proxy_protocol": True, "trusted_proxies": ["127.0.0.1"]},
     "web1: apache_modjk_trusted_proxies has 127.0.0.1, from where this host asks itself without the PROXY protocol: leave it out, or set "
     "apache_modjk_proxy_protocol to false."),
    ({"health_path": "health"}, "web1: apache_modjk_health_path is 'health': write a path such as /httpd-health."),
    ({"served_by_header": "X Served"}, "web1: apache_modjk_served_by_header is 'X Served', no name of a header: take letters, "
     "digits and -, such as X-Served-By."),
])
def test_role_wide_sentences(changes, sentence):
    assert told(**changes) == [sentence]


@pytest.mark.parametrize("changes, sentence", [
    ({"name": "My App"}, ".name is 'My App': take lower-case letters and digits, a letter first."),
    ({"server_name": "a b"}, ".server_name has 'a b', which is no host name or address: correct it."),
    ({"server_aliases": ['x"']}, ".server_aliases has 'x\"', which is no host name or address: correct it."),
    ({"server_name": "*.shop.example"}, ".server_name is '*.shop.example': give one name there and wildcards as server_aliases."),
    ({"server_aliases": ["*.a b"]}, ".server_aliases has '*.a b', no host name with wildcards: write one such as *.shop.example."),
    ({"server_name": 64 * "a" + ".test"}, ".server_name has '%s.test', whose 69 characters (64 between dots) no name in DNS has: it takes "
     "253 (63), shorten it." % (64 * "a")),
    ({"name": 58 * "a"}, ".name is %s, which has 58 characters: mod_jk's names leave it 57, give a shorter one." % (58 * "a")),
    ({"name": "lb"}, ".name is lb, by which the role names balancers: give another."),
    ({"session_cookie": "a b"}, ".session_cookie is 'a b': take letters, digits, - and _."),
    ({"session_cookie": 61 * "c"}, ".session_cookie has 61 characters: mod_jk takes 60, give a shorter one."),
    ({"basic_auth": {"realm": 'a"b', "users_file": "/etc/u"}},
     ".basic_auth.realm is 'a\"b': write a sentence without quotes, backslashes, % and $."),
    ({"basic_auth": {"realm": "Shop", "users_file": "u"}},
     ".basic_auth.users_file is 'u': write the absolute path of a file on the web host."),
    ({"mounts": ["app"]}, ".mounts has 'app': write a path that begins with / such as /app/*."),
    ({"static": [{"path": "/s/", "directory": "/srv"}]},
     ".static has the path '/s/': write one such as /static, without a slash at its end."),
    ({"static": [{"path": "/s", "directory": "srv"}]}, ".static has the directory 'srv': write an absolute path without spaces."),
    ({"static": [{"path": "/s", "directory": "/srv/s", "away_file": "/run/$x"}]},
     ".static has the away_file '/run/$x': write an absolute path without spaces, quotes, % and $."),
    ({"timeouts": {"reply_ms": 0}}, ".timeouts.reply_ms is 0: take 1 or more."),
    ({"workers": {"group": "nosuch", "service": "user"}},
     ".workers.group is nosuch, a group that is missing or whose hosts have no AJP connector in "
     "tomcat_cluster_instances: name a group of Tomcat hosts."),
    ({"workers": {"service": "admin"}}, ".workers.service is admin, which no host of group tomcat has: name one of user."),
    ({"lbfactors": {"web9": 2}}, ".lbfactors names web9, which has no worker here: name one of web1, web2."),
    ({"lbfactors": {"web1": "x"}}, ".lbfactors.web1 is x: take a whole number of 1 or more."),
    ({"https_redirect": True}, ".https_redirect is true, but the application has no tls: add tls: {} or take it out."),
    ({"hsts_s": 5}, ".hsts_s is 5, but the application has no tls: add tls: {} or take it out."),
    ({"tls": {"certificate": "/x"}},
     ".tls.private_key is missing: give certificate and private_key, or neither for a self-signed certificate."),
    ({"tls": {"key_type": "RSA", "key_size": 1024}}, ".tls.key_size is 1024: take 2048 or more for a key of type RSA."),
    ({"tls": {"key_size": 224}}, ".tls.key_size is 224: take 256 or more for a key of type EC."),
    ({"tls": {"key_size": 400}}, ".tls.key_size is 400: take 256, 384 or 521 for a key of type EC."),
    ({"tls": {}, "https_port": 80}, ".https_port is 80, which speaks http already: take another port."),
])
def test_application_sentences(changes, sentence):
    assert told_of(**changes) == ["web1: apache_modjk_applications[0]" + sentence]


def test_two_workers_with_one_route():
    assert told(ajp_connectors=[connector("web1", "user", "x"), connector("web2", "user", "x")]) == [
        "web1: apache_modjk_applications[0] has two workers with the jvmRoute x, on web1 (web1:8009) and web2 (web2:8009): "
        "give each Tomcat its own jvm_route."]


def test_a_route_that_cannot_name_a_worker():
    assert told(ajp_connectors=[connector("web1", "user", "a b")]) == [
        "web1: the jvmRoute 'a b' of web1 (web1:8009) cannot name a worker: take letters, digits, - and _."]


def test_two_applications_with_one_name():
    one = GOOD["apache_modjk_applications"][0]
    assert told(applications=[one, dict(one, server_name="x.test")]) == [
        "web1: apache_modjk_applications[1].name is demo, which apache_modjk_applications[0] has already: "
        "give each application its own name."]
    assert told(applications=[one, dict(one, name="other")]) == [
        "web1: apache_modjk_applications[1] mounts /* under the host name demo.test, as apache_modjk_applications[0] does: "
        "give each application its own mounts."]


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "demo.test")])
    day = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    return made.not_valid_before(day).not_valid_after(day.replace(year=2036)).sign(key, hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM).decode()


EC = ec.generate_private_key(ec.SECP256R1())
SMALL = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize("key, cert, sentences", [
    (pem(EC), certificate(EC), []),
    (pem(SMALL), certificate(SMALL), [".tls.private_key is an RSA key of 1024 bits: give one of 2048 or more."]),
    (pem(ec.generate_private_key(ec.SECP224R1())), None, [".tls.private_key is an EC key of 224 bits: give one of 256 or more."]),
    (pem(ed25519.Ed25519PrivateKey.generate()), None,
     [".tls.private_key is neither RSA nor EC: give an RSA key of 2048 bits or more or an EC key."]),
    ("-----BEGIN NONSENSE-----", certificate(EC),
     [".tls.private_key is no unencrypted private key in PEM form: give one that httpd can read by itself."]),
    (pem(EC), "-----BEGIN NONSENSE-----", [".tls.certificate is no certificate in PEM form: give one."]),
    (pem(EC), certificate(ec.generate_private_key(ec.SECP256R1())),
     [".tls.certificate does not belong to apache_modjk_applications[0].tls.private_key: give the pair."]),
    ("/nonexistent", certificate(EC),
     [".tls.private_key is neither PEM text nor a file that can be read on the controller: correct the path."]),
])
def test_given_keys(key, cert, sentences, tmp_path):
    (tmp_path / "key").write_text(key)
    path = "/nonexistent" if key.startswith("/") else str(tmp_path / "key")
    found = told_of(tls={"certificate": cert or certificate(EC), "private_key": path})
    expected = ["web1: apache_modjk_applications[0]" + one for one in sentences]
    # Where no certificate is made for the key, that it does not fit is told, too.
    assert (found if cert else found[:len(expected)]) == expected


def test_claims_are_the_ports():
    values = dict(GOOD, apache_modjk_applications=[{"name": "a", "http_port": 8081, "tls": {}}])
    assert [(one.scope, one.key, one.owner) for one in claims("web1", values)] == [
        ("TCP ports of web1", port, "httpd") for port in ("80", "443", "8081")]


def test_a_lost_packet_must_not_close_the_health_page():
    assert told(watchdog_interval_ms=100, watchdog_silent_ms=500) == []
    assert told(watchdog_interval_ms=300, watchdog_silent_ms=500) == [
        "web1: apache_modjk_watchdog_silent_ms is 500, less than twice apache_modjk_watchdog_interval_ms (300): take 600 or more."]
    assert told(watchdog_silent_ms=0) == ["web1: apache_modjk_watchdog_silent_ms is 0: take 1 or more."]


ONE = {"name": "shop", "server_name": "www.example.com", "mounts": ["/shop", "/shop/*"], "workers": {"service": "user"}}
TWO = {"name": "blog", "server_name": "WWW.example.com", "mounts": ["/blog", "/blog/*"], "workers": {"service": "user"}}


def test_two_applications_share_a_host_name_when_their_mounts_differ():
    assert told(applications=[dict(ONE, tls={}), TWO]) == []
    assert told(applications=[ONE, dict(TWO, mounts=["/shop/*"])]) == [
        "web1: apache_modjk_applications[1] mounts /shop/* under the host name WWW.example.com, as apache_modjk_applications[0] does: "
        "give each application its own mounts."]


def test_what_belongs_to_the_host_name_the_first_application_says():
    assert told(applications=[ONE, dict(TWO, tls={})]) == [
        "web1: apache_modjk_applications[1].tls is given, but apache_modjk_applications[0] has the host name www.example.com, too, and "
        "comes first: give it there."]


def test_one_name_on_one_https_port_has_one_owner():
    two = dict(TWO, http_port=8080, tls={})
    assert told(applications=[dict(ONE, tls={}), two]) == [
        "web1: apache_modjk_applications[1] answers to WWW.example.com on port 443, as apache_modjk_applications[0] does: give "
        "each application its own server_name or https_port."]


def test_names_people_have():
    aliases = ["*.shop.example", "www.*", "shop-?.example", "_dmarc.example"]
    assert told_of(server_name="my_shop.intra.example", server_aliases=aliases) == []


def test_a_wildcard_and_a_name_below_it_go_together():
    assert told(applications=[dict(ONE, server_aliases=["*.example.org"]), dict(TWO, server_name="blog.example.org")]) == []


def test_a_route_longer_than_mod_jk_takes():
    assert told(ajp_connectors=[connector("web1", "user", 61 * "r")]) == [
        "web1: the jvmRoute %s of web1 (web1:8009) has 61 characters: mod_jk takes 60, give a shorter jvm_route." % (61 * "r")]


def test_ports_that_are_none():
    application = dict(GOOD["apache_modjk_applications"][0], http_port=0, https_port=70000)
    said = told(applications=[application], default_http_port=-1)
    assert [one for one in said if "a TCP port" in one] == [
        "web1: %s: a TCP port is 1 to 65535." % one for one in (
            "apache_modjk_default_http_port is -1", "apache_modjk_applications[0].http_port is 0",
            "apache_modjk_applications[0].https_port is 70000")]
