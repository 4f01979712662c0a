# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vhosts, users, permissions and policies, in a cluster that is played; what was imported stays in `imported`."""

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import fits
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.migration import noted
from ansible_collections.failover.stack.plugins.modules import rabbitmq_definitions, rabbitmq_definitions_info

PASSWORD = "Xe4-of-the-shop"
PERMISSION = {"user": "shop", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}
WANTED = {"definitions": {"vhosts": [{"name": "shop"}], "users": [{"name": "shop", "tags": []}], "permissions": [PERMISSION]},
          "passwords": {"shop": PASSWORD}}


def test_all_is_imported_at_once_and_a_second_run_finds_it_there(rabbit, play):
    result = play(rabbitmq_definitions, WANTED, diff=True)
    assert result["changes"] == ["users shop: new", "permissions shop shop: new"]
    assert result["diff"]["after"] == "users shop: new\npermissions shop shop: new\n" and rabbit.did == ["import_definitions"]
    again = play(rabbitmq_definitions, WANTED)
    assert (again["changed"], again["changes"], rabbit.did) == (False, [], ["import_definitions"])


def test_a_password_is_imported_as_its_hash_and_shown_nowhere(rabbit, play):
    play(rabbitmq_definitions, WANTED)
    result = play(rabbitmq_definitions, dict(WANTED, passwords={"shop": PASSWORD + "2"}), diff=True)
    assert result["changes"] == ["users shop: password"]
    user = rabbit.imported[-1]["users"][0]
    assert fits(PASSWORD + "2", user["password_hash"], user["hashing_algorithm"])
    assert PASSWORD not in json.dumps([result, rabbit.imported, rabbit.did])


def test_check_mode_imports_and_removes_nothing(rabbit, play):
    rabbit.definitions["users"] = [{"name": "guest", "tags": ["administrator"]}]
    result = play(rabbitmq_definitions, dict(WANTED, absent={"users": ["guest"]}), check=True)
    assert result["changes"] == ["users shop: new", "permissions shop shop: new", "users guest: removed"] and rabbit.did == []


def test_what_is_unwanted_goes_and_what_is_not_mentioned_stays(rabbit, play):
    rabbit.definitions.update(users=[{"name": "guest"}, {"name": "audit"}], policies=[
        {"vhost": "/", "name": "ha", "pattern": ".*", "definition": {}},
        {"vhost": "shop", "name": "ha", "pattern": ".*", "definition": {}}])
    absent = {"users": ["guest", "never-was"], "policies": [{"vhost": "/", "name": "ha"}]}
    assert play(rabbitmq_definitions, {"absent": absent})["changes"] == ["policies / ha: removed", "users guest: removed"]
    assert [user["name"] for user in rabbit.definitions["users"]] == ["audit"]
    assert [policy["vhost"] for policy in rabbit.definitions["policies"]] == ["shop"]
    assert not play(rabbitmq_definitions, {"absent": absent})["changed"]


def test_a_user_with_connections_is_not_removed_unasked(rabbit, play, refused):
    rabbit.definitions["users"] = [{"name": "shop", "password_hash": "x", "tags": []}, {"name": "shop_2", "password_hash": "x", "tags": []}]
    rabbit.connections = [{"user": "shop", "vhost": "shop"}, {"user": "shop", "vhost": "/"}, {"user": "shop_2", "vhost": "shop"}]
    absent = {"absent": {"users": ["shop"]}}
    for check in (True, False):
        assert refused(rabbitmq_definitions, absent, check=check) == (
            "User shop (2) has connections, which would be closed with the user: let these clients come by another one before, or discard: "
            "true cuts them off.")
    assert rabbit.did == []
    assert play(rabbitmq_definitions, dict(absent, discard=True), check=True)["changes"] == ["users shop: removed"]
    rabbit.connections = rabbit.connections[2:]
    assert play(rabbitmq_definitions, absent)["changes"] == ["users shop: removed"]


@pytest.mark.parametrize("queue", [{"messages": 1}, {"messages": 0, "state": "down"}])
def test_a_vhost_with_messages_goes_only_when_that_is_said(rabbit, play, refused, queue):
    rabbit.queue("orders", **queue)
    assert refused(rabbitmq_definitions, {"absent": {"vhosts": ["shop"]}}) == (
        "Vhost shop has queues with messages, or that do not run and may have some, which would go with it: empty them, or discard: true "
        "throws them away.")
    assert rabbit.did == [] and rabbit.queues
    assert play(rabbitmq_definitions, {"absent": {"vhosts": ["shop"]}, "discard": True})["changes"] == ["vhosts shop: removed"]


def test_an_empty_vhost_goes_without_a_word(rabbit, play):
    rabbit.queue("orders")
    assert play(rabbitmq_definitions, {"absent": {"vhosts": ["shop"]}})["changed"] and not rabbit.queues


def test_permissions_are_not_given_back_while_queues_are_moved(rabbit, refused):
    rabbit.definitions.update(users=[], global_parameters=[noted({
        "queues": [{"vhost": "shop", "name": "orders"}], "bindings": [], "permissions": [PERMISSION], "plugins": {}})])
    assert refused(rabbitmq_definitions, WANTED) == (
        "Queues of vhost shop are being moved, or that was broken off, and its users have no permissions until it has ended: run "
        "playbooks/rabbitmq_migrate_queues.yml again, then this.")
    assert rabbit.did == []


@pytest.mark.parametrize("passwords, sentence", [
    ({}, "User shop has no password: give one in passwords."),
    ({"shop": PASSWORD, "shpo": "x"}, "There is a password for user shpo, who is not among the users: correct the name."),
])
def test_users_and_passwords_must_fit(rabbit, refused, passwords, sentence):
    assert refused(rabbitmq_definitions, dict(WANTED, passwords=passwords)) == sentence
    assert rabbit.did == []


@pytest.mark.parametrize("version, evaluated", [("3.10.8", 1), ("4.0.5", 0)])
def test_an_old_version_changes_a_vhosts_queue_type_by_itself_only_when_asked(rabbit, play, version, evaluated):
    rabbit.version = version
    play(rabbitmq_definitions, {"definitions": {"vhosts": [{"name": "shop", "default_queue_type": "quorum"}]}})
    assert len([did for did in rabbit.did if did.startswith("eval rabbit_misc:")]) == evaluated


def test_flags_are_enabled_once_all_run_and_are_alike(rabbit, play, monkeypatch):
    rabbit.clusters, rabbit.flags = [{"rabbit@mq1", "rabbit@mq2", "rabbit@mq3"}], ["stream_queue"]
    rabbit.running.discard("rabbit@mq3")
    assert play(rabbitmq_definitions, {"feature_flags": True})["changes"] == []
    rabbit.running.add("rabbit@mq3")
    assert play(rabbitmq_definitions, {"feature_flags": True}, check=True)["changes"] == ["feature flag stream_queue: enabled"]
    assert rabbit.did == []
    play(rabbitmq_definitions, {"feature_flags": True})
    assert rabbit.did == ["enable_feature_flag all"]


def test_an_import_that_is_refused_is_quoted(rabbit, refused):
    rabbit.refuses = {"import_definitions": (70, "", "Error: invalid policy")}
    assert refused(rabbitmq_definitions, WANTED) == "rabbitmqctl import_definitions failed (rc 70): invalid policy."


def test_an_export_that_is_none_stops_everything(rabbit, refused):
    rabbit.refuses = {"export_definitions": (0, "", "")}
    assert refused(rabbitmq_definitions, WANTED) == "rabbitmqctl export_definitions printed no definitions."
    assert refused(rabbitmq_definitions_info) == "rabbitmqctl export_definitions printed no definitions."


def test_info_exports_and_changes_nothing(rabbit, play):
    result = play(rabbitmq_definitions_info)
    assert not result["changed"] and result["definitions"] == rabbit.export() and rabbit.did == []
