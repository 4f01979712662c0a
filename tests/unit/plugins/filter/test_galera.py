from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.filter.galera import FilterModule

FILTERS = FilterModule().filters()
url = FILTERS["galera_jdbc_url"]
HOSTS = ["198.18.0.41", "198.18.0.42", "198.18.0.43"]
PROPERTIES = "?connectTimeout=1000&retriesAllDown=10&socketTimeout=10000"


@pytest.mark.parametrize("mode", ["sequential", "loadbalance", "replication"])
def test_the_modes(mode):
    assert url(HOSTS, "shop", mode=mode) == (
        "jdbc:mariadb:%s://198.18.0.41:3306,198.18.0.42:3306,198.18.0.43:3306/shop%s" % (mode, PROPERTIES))


def test_one_address_of_a_proxy():
    assert url(["198.18.0.106"], "shop") == "jdbc:mariadb:sequential://198.18.0.106:3306/shop" + PROPERTIES


def test_ports_and_families():
    assert url(["db.example.test:3307", "2001:db8::1", "[2001:db8::2]:3308"], "shop", port=3309).startswith(
        "jdbc:mariadb:sequential://db.example.test:3307,[2001:db8::1]:3309,[2001:db8::2]:3308/shop")


def test_properties():
    assert url(HOSTS[:1], "shop", options={"useSsl": True, "serverSslCert": "/etc/ssl/ca.pem", "socketTimeout": None,
                                           "sessionVariables": "sql_mode='ANSI'"}) == (
        "jdbc:mariadb:sequential://198.18.0.41:3306/shop?connectTimeout=1000&retriesAllDown=10&serverSslCert=/etc/ssl/ca.pem"
        "&sessionVariables=sql_mode='ANSI'&useSsl=true")


@pytest.mark.parametrize("arguments, options, sentence", [
    ((HOSTS, "shop"), {"mode": "aurora"}, "mode is aurora, which asks for information_schema.replica_host_status"),
    ((HOSTS, "shop"), {"mode": "roundrobin"}, "mode is roundrobin: use one of sequential, loadbalance, replication."),
    (([], "shop"), {}, "addresses is []: give a list with the address of each member."),
    (("198.18.0.41", "shop"), {}, "addresses is '198.18.0.41': give a list"),
    ((["198.18.0.41", ""], "shop"), {}, "addresses is ['198.18.0.41', '']"),
    ((HOSTS[:1], "shop"), {"mode": "replication"}, "its read-only connections need another, use sequential."),
    ((HOSTS, "sh/op"), {}, "database is 'sh/op': use letters"),
    ((HOSTS, "shop"), {"options": {"password": "x"}}, "options has password, which does not belong into a URL"),
    ((HOSTS, "shop"), {"options": {"a&b": "x"}}, "options has 'a&b', which is no name of a property."),
])
def test_refused(arguments, options, sentence):
    with pytest.raises(AnsibleFilterError) as refused:
        url(*arguments, **options)
    assert sentence in str(refused.value)
