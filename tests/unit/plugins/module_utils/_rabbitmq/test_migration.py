from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.migration import (
    anew,
    counts,
    counts_of,
    differing,
    note_counts,
    noted,
    plan,
    quorum,
    shovel,
    stage,
)


def queue(name, **more):
    return {"vhost": "shop", "name": name, "durable": True, "auto_delete": False, "arguments": {}, **more}


def listed(name, kind="classic", messages=0, vhost="shop"):
    return {"vhost": vhost, "name": name, "type": kind, "messages": messages}


BINDING = {"vhost": "shop", "source": "amq.topic", "destination": "orders", "destination_type": "queue", "routing_key": "o",
           "arguments": {}}
PERMISSION = {"vhost": "shop", "user": "app", "configure": ".*", "write": ".*", "read": ".*"}
EXPORT = {
    "queues": [queue("orders", arguments={"x-queue-mode": "lazy", "x-message-ttl": 5}), queue("new"), queue("goes", auto_delete=True)],
    "bindings": [BINDING, {**BINDING, "destination": "new"}],
    "permissions": [PERMISSION, {**PERMISSION, "vhost": "/"}],
}
LISTING = [listed("orders", messages=7), listed("new", "quorum"), listed("goes"), listed("amq.gen-x"), listed("elsewhere", vhost="/")]


def test_durable_classic_queues_with_all_that_goes_with_them():
    notes, refused, alone = plan(EXPORT, LISTING, ["shop"])
    assert [one["name"] for one in notes["queues"]] == ["orders"] and refused == [] and alone == ["goes", "amq.gen-x"]
    assert (notes["bindings"], notes["permissions"]) == ([BINDING], [PERMISSION])


def test_what_was_broken_off_goes_on_with_what_is_gone_from_the_cluster():
    notes = plan(EXPORT, LISTING, ["shop"])[0]
    notes["plugins"]["rabbit@mq1"] = {"text": "[rabbitmq_management].", "time_ns": 1}
    parameters = [{"name": "other", "value": []}, noted(notes)]
    later = {"queues": [queue("new")], "bindings": [], "permissions": [], "global_parameters": parameters}
    assert plan(later, [listed("failover-migration.orders", "quorum", 7)], ["shop"]) == (notes, [], [])


def test_quorum_queues_know_no_priorities():
    export = {"queues": [queue("p", arguments={"x-max-priority": 5}), queue("o", arguments={"x-overflow": "reject-publish-dlx"})]}
    refused = plan(export, [listed("p"), listed("o")], ["shop"])[1]
    assert refused == ["Queue 'p' in vhost 'shop' has priorities (x-max-priority), which quorum queues do not know: use a queue for each "
                       "priority.",
                       "Queue 'o' in vhost 'shop' has x-overflow reject-publish-dlx, which quorum queues do not know: use reject-publish."]


def test_arguments_of_a_classic_queue_only_are_dropped():
    assert quorum(EXPORT["queues"][0])["arguments"] == {"x-message-ttl": 5, "x-queue-type": "quorum"}


def test_which_way_a_queue_has_still_to_go():
    one = queue("orders")
    assert stage(one, [listed("orders")]) == "away"
    assert stage(one, [listed("orders"), listed("failover-migration.orders", "quorum")]) == "away"
    assert stage(one, [listed("failover-migration.orders", "quorum")]) == "back"
    assert stage(one, [listed("failover-migration.orders", "quorum"), listed("orders", "quorum")]) == "back"
    assert stage(one, [listed("orders", "quorum")]) == "done"


def test_counts_take_both_queues_together():
    found = counts([queue("orders")], [listed("orders", messages=3), listed("failover-migration.orders", "quorum", 4)])
    assert found == {("shop", "orders"): 7} and differing(found, found) == []
    assert differing(found, {("shop", "orders"): 6}) == ["Queue 'orders' in vhost 'shop' had 7 messages and has 6."]


def test_the_first_count_is_kept_with_the_notes():
    notes = plan(EXPORT, LISTING, ["shop"])[0]
    assert counts_of(notes) == {}
    note_counts(notes, {("shop", "orders"): 7})
    assert counts_of(plan({"global_parameters": [noted(notes)]}, [listed("other")], ["shop"])[0]) == {("shop", "orders"): 7}


def test_a_queue_is_made_anew_with_its_own_bindings():
    notes = plan(EXPORT, LISTING, ["shop"])[0]
    assert anew(notes["queues"], notes) == {"queues": [quorum(EXPORT["queues"][0])], "bindings": [BINDING]}
    assert anew([queue("other")], notes)["bindings"] == []


def test_a_vhost_in_an_address_is_quoted():
    assert shovel(queue("q", vhost="/"), "a", "b")["value"]["src-uri"] == "amqp:///%2F"
