from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim, address_of, clashes, sentence_of


@pytest.mark.parametrize("message, sentence", [
    ("value of manager must be one of: DeltaManager, BackupManager, got: DeltaManger found in "
     "tomcat_cluster_instances -> services -> cluster",
     "web1: tomcat_cluster_instances.services.cluster.manager is DeltaManger, which is none of DeltaManager, "
     "BackupManager: choose one of these."),
    ("value of haproxy_mode must be one of: http, tcp, got: htp",
     "web1: haproxy_mode is htp, which is none of http, tcp: choose one of these."),
    ("missing required arguments: name found in haproxy_backends",
     "web1: haproxy_backends: missing required arguments: name: correct it in the inventory."),
    ("something else.", "web1: something else: correct it in the inventory."),
])
def test_sentence_of(message, sentence):
    assert sentence_of("web1", message) == sentence


def test_clashes_tells_every_owner_but_the_first_once():
    def claim(owner, key="51"):
        return Claim("VRID", key, owner, "%s wants %s" % (owner, key))
    assert clashes([claim("a"), claim("a"), claim("b"), claim("b"), claim("c", "52")]) == ["b wants 51"]


def test_address_of():
    assert address_of("2001:DB8:0::1") == "2001:db8::1"
    assert address_of("web1.example.org") is None
    assert address_of(None) is None
