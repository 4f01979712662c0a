from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils import _drill_arp as arp


def test_arp_question_and_answer():
    mac = bytes(range(6))
    probe = arp.arp_question(mac, None, "198.18.0.101")
    assert len(probe) == 42
    assert probe[28:32] == b"\0\0\0\0"
    assert arp.arp_answer(probe) is None
    reply = mac + mac + b"\x08\x06\0\x01\x08\0\x06\x04\0\x02" + mac + bytes([198, 18, 0, 101]) + mac + bytes(4)
    assert arp.arp_answer(reply) == ("00:01:02:03:04:05", "198.18.0.101", "0.0.0.0")


def test_holders_by_round():
    holders = arp.Holders(["v"])
    for step, macs in enumerate([["m1"], ["m1"], [], ["m2"], ["m1", "m2"]]):
        holders.begin(step % 2, step * 50.0)
        for mac in macs:
            holders.reply(step % 2, mac, "v")
    holders.finish()
    assert holders.export()["spans"]["v"] == [[0.0, 50.0, 1], [100.0, 100.0, 0], [150.0, 150.0, 2], [200.0, 200.0, 3]]


def test_a_late_answer_counts_for_its_own_question():
    holders = arp.Holders(["v"])
    holders.begin(0, 0.0)
    holders.begin(1, 50.0)
    holders.reply(0, "m1", "v")
    holders.reply(1, "m2", "v")
    holders.finish()
    assert [span[2] for span in holders.export()["spans"]["v"]] == [1, 2]
