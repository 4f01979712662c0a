from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import route_of
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import (
    alternative_names,
    asked_state,
    https_port,
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


def test_members_by_the_address_of_the_network_that_services_are_in():
    web = {"name": "web", "group": "web", "port": 80, "address_variable": "data_address", "routes_variable": "jvm_route"}
    hostvars = {"web1": {"ansible_host": "192.168.56.21", "data_address": "10.0.0.21", "jvm_route": "tc1"},
                "web2": {"ansible_host": "192.168.56.22", "jvm_route": ["tc2", "tc3"]}}
    assert resolve_all([web], {"web": ["web1", "web2"]}, hostvars) == {"web": [
        {"name": "web1", "address": "10.0.0.21", "port": 80, "backup": False, "routes": ["tc1"]},
        # The management network's address would be another one: preflight says that there is none.
        {"name": "web2", "address": None, "port": 80, "backup": False, "routes": ["tc2", "tc3"]}]}


def test_routes_are_those_of_the_tomcats_in_the_inventory():
    long = "w" * 70
    tomcats = [{"name": "a", "services": [{"name": "user", "ajp_port": 8009}, {"name": "shop", "ajp_port": 8010, "jvm_route": "shop.a"}]}]
    hostvars = {"web1": {"tomcat_cluster_instances": tomcats}, long: {"tomcat_cluster_instances": tomcats[:1]}, "web3": {}}
    web = {"name": "web", "group": "web", "port": 80, "route_cookie": "JSESSIONID"}
    servers = resolve_all([web], {"web": ["web1", long, "web3"]}, hostvars)["web"]
    assert servers[0]["routes"] == ["web1-a", "shop-a"]
    assert servers[1]["routes"][0] == route_of(long, tomcats[0], {}) and len(servers[1]["routes"][0]) == 60
    assert "routes" not in servers[2], "of this one the template knows the name only"
    assert "routes" not in resolve_all([dict(web, route_cookie=None)], {"web": ["web1"]}, hostvars)["web"][0]


def test_plain_requests_are_redirected_to_the_port_where_tls_ends():
    def tls(port):
        return {"binds": [{"port": port, "certificates": ["c"]}]}
    plain = {"binds": [{"port": 80}], "redirect_https": True}
    assert https_port(plain, [plain]) == https_port(plain, [plain, tls(443)]) == 443
    assert https_port(plain, [plain, tls(8443)]) == 8443
    assert https_port(plain, [plain, tls(8443), tls(9443)]) == 443
    assert https_port(dict(plain, https_port="4443"), [plain, tls(8443)]) == 4443
    both = {"binds": plain["binds"] + tls(9443)["binds"]}
    assert https_port(both, [tls(8443), both]) == 9443
    assert https_port(plain, [plain, dict(tls(8443), mode="tcp")]) == 443


def test_an_address_in_a_certificate_is_no_dns_name():
    assert alternative_names(["198.18.0.101", "www.shop.example", "2001:db8::1", "*.shop.example"]) == [
        "IP:198.18.0.101", "DNS:www.shop.example", "IP:2001:db8::1", "DNS:*.shop.example"]


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
