from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip.vrrp import addresses_of, held, verdict

IP_JSON = """[{"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
{"ifname": "eth0", "addr_info": [{"local": "198.18.0.13"}, {"local": "198.18.0.101"}]}, {"ifname": "down"}, {}]"""


def test_held_addresses():
    present = addresses_of(IP_JSON)
    assert held(["198.18.0.101/24", "198.18.0.102/24"], present) == ["198.18.0.101/24"]


@pytest.mark.parametrize("active, states, healthy", [
    (True, {"web": "MASTER"}, True), (True, {"web": "BACKUP"}, True), (True, {"web": "FAULT"}, False), (True, {}, False),
    (False, {"web": "MASTER"}, False),
])
def test_verdict(active, states, healthy):
    assert verdict(active, ["web"], states)[0] is healthy
