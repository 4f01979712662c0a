from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._haproxy import (
    asked_state,
    is_up,
    missing_binds,
    parse_info,
    parse_listening,
    parse_server_states,
    parse_stat,
    plan,
    resolve_all,
    routes,
    tls_only,
    troubles,
)

STAT = """# pxname,svname,qcur,qmax,scur,smax,status,bck,check_status,addr,
web,FRONTEND,,,3,9,OPEN,,,,
web,web1,0,0,2,4,UP 1/3,0,L7OK,198.18.0.21:80,
web,web2,0,0,0,4,DOWN,1,L4TOUT,198.18.0.22:80,
web,BACKEND,0,0,2,8,UP,,,,

"""
STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight
3 web 1 web1 198.18.0.21 2 0 1 1
3 web 2 web2 198.18.0.22 2 8 1 1
4 api 1 web1 198.18.0.21 0 1 1 1
"""
TCP = """  sl  local_address rem_address   st tx_queue rx_queue
   0: 00000000:0050 00000000:0000 0A 00000000:00000000
   1: 0D0012C6:2154 00000000:0000 0A 00000000:00000000
   2: 0100007F:01BB 0100007F:9999 01 00000000:00000000
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A
"""


def test_resolve_takes_listed_servers_then_the_group():
    backends = [{"name": "db", "group": "db", "port": 3306, "active_members": 1,
                 "servers": [{"name": "x", "address": "192.0.2.9", "port": 1}]}, {"name": "none", "group": "no"}, "odd"]
    hostvars = {"db1": {"ansible_host": "198.18.0.31"}, "db2": {}}
    assert resolve_all(backends, {"db": ["db1", "db2"]}, hostvars) == {"none": [], "db": [
        {"name": "x", "address": "192.0.2.9", "port": 1},
        {"name": "db1", "address": "198.18.0.31", "port": 3306, "backup": False},
        {"name": "db2", "address": "db2", "port": 3306, "backup": True},
    ]}


def test_resolve_survives_what_is_no_list():
    assert resolve_all("web", {}, {}) == {}


def test_tls_only():
    plain = {"binds": [{"port": 80}], "default_backend": "web"}
    tls = {"binds": [{"port": 443, "certificates": ["c"]}], "rules": [{"backend": "web"}, {"redirect": "/"}], "default_backend": "web"}
    moved = {"binds": [{"port": 80}], "redirect_https": True, "default_backend": "web"}
    assert routes(tls) == ["web"]
    assert tls_only("web", [tls, moved])
    assert not tls_only("web", [tls, plain])
    assert not tls_only("other", [tls])


def test_parse_stat_and_health():
    frontends, servers = parse_stat(STAT)
    assert frontends == [{"name": "web", "status": "OPEN", "sessions": 3}]
    assert servers[1] == {"backend": "web", "name": "web2", "status": "DOWN", "sessions": 0, "address": "198.18.0.22:80",
                          "check": "L4TOUT", "backup": True}
    assert [is_up(server) for server in servers] == [True, False]
    assert troubles(frontends, servers, ["web"], []) == []
    assert troubles([{"name": "f", "status": "STOP"}], servers[1:], ["web", "db"], ["*:80"]) == [
        "Nothing listens on *:80.", "Frontend f is STOP.", "Backend web has no server that is up (web2 DOWN L4TOUT).",
        "Backend db has no server that is up (none known)."]


@pytest.mark.parametrize("status, up", [("UP", True), ("no check", True), ("DRAIN", False), ("MAINT", False), ("NOLB", False)])
def test_is_up(status, up):
    assert is_up({"status": status}) is up


def test_parse_info():
    assert parse_info("Name: HAProxy\nPid: 17\n\nodd\n") == {"Name": "HAProxy", "Pid": "17"}


def test_plan_names_only_what_differs():
    states = parse_server_states(STATES)
    assert states == {("web", "web1"): 0, ("web", "web2"): 8, ("api", "web1"): 1}
    assert plan(states, "web1", "maint") == [("web", "ready")]
    assert plan(states, "web1", "drain", ["api"]) == [("api", "maint")]
    assert plan(states, "web2", "ready") == [("web", "drain")]
    assert plan(states, "web3", "maint") == []
    assert asked_state(0x20) == "ready"


def test_listening():
    listening = parse_listening(TCP) | parse_listening(TCP6)
    assert listening == {("0.0.0.0", 80), ("198.18.0.13", 8532), ("::", 8080)}
    assert missing_binds(["*:80", "198.18.0.13:8532", "*:8080", "[::]:8080", "name:1"], listening) == []
    assert missing_binds(["*:81", "198.18.0.14:80"], listening) == ["*:81", "198.18.0.14:80"]
