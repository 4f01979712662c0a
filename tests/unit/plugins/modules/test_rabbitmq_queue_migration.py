# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queues with messages become quorum queues, in a cluster that is played. Wherever the move breaks off, the next run ends it."""

import json
import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.migration import NOTES, PREFIX
from ansible_collections.failover.stack.plugins.modules import rabbitmq_queue_migration as migration

PERMISSION = {"user": "shop", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}
BINDING = {"vhost": "shop", "source": "amq.topic", "destination": "orders", "destination_type": "queue", "routing_key": "o.#",
           "arguments": {}}


# Those that change something, in a whole move of two queues.
COMMANDS = 15


@pytest.fixture
def shop(rabbit):
    rabbit.queue("orders", messages=1000, arguments={"x-queue-mode": "lazy", "x-max-length": 9000})
    rabbit.queue("mails", messages=0)
    rabbit.queue("new", kind="quorum", messages=5, arguments={"x-queue-type": "quorum"})
    rabbit.queue("reply", durable=False)
    rabbit.definitions.update(permissions=[PERMISSION, dict(PERMISSION, vhost="/")], bindings=[BINDING])
    rabbit.arguments = {"vhosts": ["shop", "/"], "plugins_file": str(rabbit.plugins_file)}
    os.utime(rabbit.plugins_file, ns=(1, 1))
    return rabbit


def messages(rabbit):
    return {name: (queue["type"], queue["messages"]) for (vhost, name), queue in rabbit.queues.items()}


def moved(rabbit):
    """All as it shall be: messages, bindings, arguments, permissions, plugins; nothing left of the move."""
    assert messages(rabbit) == {"orders": ("quorum", 1000), "mails": ("quorum", 0), "new": ("quorum", 5), "reply": ("classic", 0)}
    assert rabbit.queues["shop", "orders"]["arguments"] == {"x-max-length": 9000, "x-queue-type": "quorum"}
    assert rabbit.definitions["bindings"] == [BINDING]
    assert sorted(rabbit.definitions["permissions"], key=lambda one: one["vhost"]) == [dict(PERMISSION, vhost="/"), PERMISSION]
    assert rabbit.definitions["global_parameters"] == []
    assert rabbit.plugins == ["rabbitmq_management"]
    assert rabbit.plugins_file.read_text() == "[rabbitmq_management].\n" and rabbit.plugins_file.stat().st_mtime_ns == 1
    return True


def test_queues_keep_name_messages_bindings_and_what_fits_of_their_arguments(shop, play):
    result = play(migration, shop.arguments, diff=True)
    assert moved(shop) and result["left_alone"] == ["reply"]
    assert result["queues"] == [
        {"vhost": "shop", "name": "mails", "before": 0, "after": 0, "dropped_arguments": []},
        {"vhost": "shop", "name": "orders", "before": 1000, "after": 1000, "dropped_arguments": ["x-queue-mode"]}]
    assert result["diff"]["after"] == "shop mails: quorum\nshop orders: quorum\n"


def test_a_second_run_changes_nothing(shop, play):
    play(migration, shop.arguments)
    assert len(shop.did) == COMMANDS, shop.did
    shop.did.clear()
    result = play(migration, shop.arguments)
    assert (result["changed"], result["queues"], shop.did) == (False, [], [])


def test_check_mode_moves_nothing(shop, play):
    before = json.dumps(shop.export())
    assert play(migration, shop.arguments, check=True)["changed"]
    assert shop.did == [] and json.dumps(shop.export()) == before


@pytest.mark.parametrize("at", range(COMMANDS))
def test_wherever_it_breaks_off_the_next_run_ends_it_and_no_message_is_lost(shop, play, at):
    """Every command that changes something fails once."""
    shop.breaks = at
    play(migration, shop.arguments, fails=True)
    assert sum(count for kind, count in messages(shop).values()) == 1005
    play(migration, shop.arguments)
    assert moved(shop)


def test_while_it_is_broken_off_no_client_may_in(shop, play):
    """Counts would be in vain otherwise: messages that come and go."""
    shop.refuses = {"delete_queue": (70, "", "Error: no")}
    play(migration, shop.arguments, fails=True)
    assert shop.definitions["permissions"] == [dict(PERMISSION, vhost="/")]
    assert [one["name"] for one in shop.definitions["global_parameters"]] == [NOTES]


def test_clients_are_refused_unless_they_may_be_sent_away(shop, play, refused):
    shop.connections = [{"vhost": "shop", "user": "shop"}, {"vhost": "shop", "user": "audit"}, {"vhost": "other", "user": "x"}]
    assert refused(migration, shop.arguments) == (
        "2 clients are connected to shop (users audit, shop): stop them, or stop_clients: true sends them away.")
    assert shop.did == []
    play(migration, dict(shop.arguments, stop_clients=True))
    assert shop.connections == [{"vhost": "other", "user": "x"}] and moved(shop)


def test_messages_that_came_or_went_meanwhile_are_a_question(shop, play, refused):
    shop.refuses = {"delete_queue": (70, "", "Error: no")}
    play(migration, shop.arguments, fails=True)
    shop.refuses = {}
    shop.queues["shop", PREFIX + "orders"]["messages"] -= 3
    said = refused(migration, shop.arguments)
    assert said == ("Since the move was broken off messages have come or gone: Queue 'orders' in vhost 'shop' had 1000 messages and has "
                    "997. Look why (messages that expire do); with discard: true it goes on with what is there.")
    result = play(migration, dict(shop.arguments, discard=True))
    assert messages(shop)["orders"] == ("quorum", 997) and result["queues"][1]["after"] == 997


@pytest.mark.parametrize("arguments, sentence", [
    ({"x-max-priority": 5}, "has priorities (x-max-priority), which quorum queues do not know: use a queue for each priority."),
    ({"x-overflow": "reject-publish-dlx"}, "has x-overflow reject-publish-dlx, which quorum queues do not know: use reject-publish."),
])
def test_a_queue_that_cannot_be_one_is_refused_before_anything(shop, refused, arguments, sentence):
    shop.queues["shop", "orders"]["arguments"] = arguments
    assert refused(migration, shop.arguments) == "Queue 'orders' in vhost 'shop' %s" % sentence
    assert shop.did == []


def test_a_queue_that_filled_again_is_not_deleted(shop, play):
    """Somebody with other permissions published between the shovel's end and the deletion."""
    import_definitions = shop.import_definitions

    def late(node, words):
        done = import_definitions(node, words)
        if (PREFIX + "orders") in messages(shop) and messages(shop)["orders"] == ("classic", 0):
            shop.queues["shop", "orders"]["messages"] = 1
            shop.queues["shop", PREFIX + "orders"]["messages"] = 1000
        return done

    shop.import_definitions = late
    said = play(migration, shop.arguments, fails=True)["msg"]
    assert said == "Messages did not all arrive: it is not so within 60 s. Run it again, it goes on where it stopped."
    assert messages(shop)["orders"] == ("classic", 1)


def test_a_plugin_that_was_enabled_stays_enabled(shop, play):
    shop.plugins.append("rabbitmq_shovel")
    play(migration, shop.arguments)
    assert shop.plugins == ["rabbitmq_management", "rabbitmq_shovel"] and not [did for did in shop.did if "able rabbitmq" in did]


def test_a_shovel_that_has_given_up_is_made_anew(shop, play):
    """A move that was broken off left it; seen with 4.0.5 while a vhost took no connections."""
    shop.given_up = {("", "")}
    assert play(migration, shop.arguments)["changed"] and moved(shop)
    assert sorted(command for command in shop.did if "clear_parameter" in command) == [
        "clear_parameter --vhost shop shovel %s%s" % (PREFIX, name) for name in ("mails", "orders")]
