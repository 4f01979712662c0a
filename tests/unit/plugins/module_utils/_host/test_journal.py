from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._host.journal import reason


def test_why_a_server_does_not_start_is_told_in_its_own_words():
    journal = ("2026-11-29  9:53:12 0 [ERROR] Parsing options for plugin 'InnoDB' failed. Disabling plugin\n"
               "2026-11-29  9:53:13 0 [ERROR] mariadbd: unknown variable 'nonsense_var=1'\n2026-11-29  9:53:13 0 [ERROR] Aborting\n"
               "2026-11-29  9:53:14 0 [ERROR] mariadbd: unknown variable 'nonsense_var=1'\n2026-11-29  9:53:14 0 [ERROR] Aborting\n")
    assert reason(journal) == (
        "Parsing options for plugin 'InnoDB' failed. Disabling plugin. mariadbd: unknown variable 'nonsense_var=1'.")
    assert reason("Started\n") == ""


def test_mysql_marks_its_errors_with_numbers():
    assert reason("2026-11-29T12:51:03Z 0 [ERROR] [MY-000067] [Server] unknown variable 'x=1'.\n"
                  "2026-11-29T12:51:03Z 0 [ERROR] [MY-010119] [Server] Aborting\n") == "[MY-000067] [Server] unknown variable 'x=1'."
