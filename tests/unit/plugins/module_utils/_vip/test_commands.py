from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._vip.commands import commands, program


def test_every_program_that_keepalived_is_to_run_is_looked_for():
    instances = [{"name": "vip", "notify_master": "/usr/local/sbin/take-over now", "notify_user": "root",
                  "notify_stop": "'/opt/my tools/bye' 1"}, {"name": "quiet"}]
    scripts = [{"name": "port", "tcp_port": 80}, {"name": "proxy", "command": "/usr/bin/pidof haproxy"},
               {"name": "again", "command": "/usr/bin/pidof keepalived"}]
    services = [{"name": "web", "quorum_down": "/usr/local/bin/alarm", "servers": [
        {"name": "w1", "notify_up": None, "checks": [{"type": "MISC_CHECK", "script": "/usr/local/bin/ask w1", "user": "nobody"},
                                                     {"type": "TCP_CHECK"}]}]}]
    assert [(one["program"], one["user"]) for one in commands(instances, scripts, services)] == [
        ("/usr/local/sbin/take-over", "root"), ("/opt/my tools/bye", "root"), ("/usr/local/bin/alarm", "keepalived_script"),
        ("/usr/local/bin/ask", "nobody"), ("/usr/bin/pidof", "keepalived_script")]
    assert commands(instances)[0]["what"] == "keepalived_instances (vip).notify_master"
    assert commands([], None, None) == []


def test_a_quote_that_does_not_end():
    assert program("/bin/sh -c 'x") == "/bin/sh"
