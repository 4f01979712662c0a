from __future__ import annotations

import struct

from ansible_collections.failover.stack.plugins.module_utils._ipvs.kernel import (
    answers_yes,
    built_in,
    has_family,
    loaded,
    question,
    wanted_modules,
)


def test_the_question_is_a_whole_netlink_message():
    message = question("IPVS")
    length, kind, flags = struct.unpack_from("=IHH", message)
    assert (length, kind, flags) == (len(message), 0x10, 1)
    assert len(message) % 4 == 0
    assert message[16:20] == b"\x03\x01\0\0"
    assert message[20:] == b"\x09\0\x02\0IPVS\0\0\0\0"


def test_an_error_means_no():
    assert not answers_yes(struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -2))
    assert answers_yes(struct.pack("=IHHII", 100, 0x10, 0, 1, 0))
    assert not answers_yes(b"")


def test_a_family_that_no_kernel_has():
    assert not has_family("NO-SUCH-THING")


def test_modules():
    assert loaded("ip_vs_rr 16384 1 - Live 0x0\nip_vs 200704 3 ip_vs_rr, Live 0x0\n") == {"ip_vs_rr", "ip_vs"}
    assert built_in("kernel/net/netfilter/ipvs/ip_vs.ko\nkernel/net/ipv4/nf-x.ko.xz\n") == {"ip_vs", "nf_x"}
    assert wanted_modules(["wrr", "rr", "wrr"]) == ["ip_vs", "ip_vs_rr", "ip_vs_wrr"]
