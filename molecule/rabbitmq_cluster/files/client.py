"""A publisher that waits for each confirm, and a consumer that acknowledges, both through a proxy. Prints one line of JSON.

load: publishes until the time is over or a file appears, repeats what was not confirmed, then waits until everything confirmed was
consumed. fill: publishes so many messages to a queue that it declares. declare: within 3 s, connection included. With an authority by TLS.
The password is in SHOP_PASSWORD.
"""

import argparse
import json
import os
import ssl
import threading
import time

import pika

parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["load", "fill", "declare"])
parser.add_argument("address")
parser.add_argument("--queue", default="ledger")
parser.add_argument("--declare-type", default="")
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--until-file", default="")
parser.add_argument("--messages", type=int, default=100)
parser.add_argument("--authority", default="", help="file with the authority of the members' certificates, which must have the address")
options = parser.parse_args()
host, _colon, port = options.address.rpartition(":")
host = host.strip("[]")
RUN = "%d-%d" % (time.time(), os.getpid())


def connect():
    tls = pika.SSLOptions(ssl.create_default_context(cafile=options.authority), host) if options.authority else None
    connection = pika.BlockingConnection(pika.ConnectionParameters(
        host, int(port), "shop", pika.PlainCredentials("shop", os.environ["SHOP_PASSWORD"]), ssl_options=tls,
        socket_timeout=1, stack_timeout=2, blocked_connection_timeout=5, heartbeat=4))
    return connection, connection.channel()


def arguments():
    return {"x-queue-type": options.declare_type} if options.declare_type else {}


class Consumer(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.deliveries, self.stop = set(), 0, False

    def got(self, channel, method, _properties, body):
        run, _blank, number = body.decode().partition(" ")
        if run == RUN:
            self.deliveries += 1
            self.seen.add(int(number))
        channel.basic_ack(method.delivery_tag)

    def run(self):
        while not self.stop:
            try:
                connection, channel = connect()
                channel.basic_qos(prefetch_count=100)
                channel.basic_consume(options.queue, self.got)
                while not self.stop:
                    connection.process_data_events(0.2)
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.05)


class Publisher:
    def __init__(self):
        self.channel, self.last, self.gaps, self.errors, self.confirmed = None, time.monotonic(), [], [], []

    def publish(self, number):
        if self.channel is None:
            _connection, self.channel = connect()
            self.channel.confirm_delivery()
        self.channel.basic_publish("", options.queue, b"%s %d" % (RUN.encode(), number),
                                   pika.BasicProperties(delivery_mode=2), mandatory=True)

    def until_confirmed(self, number, deadline):
        while time.monotonic() < deadline:
            try:
                self.publish(number)
                now = time.monotonic()
                self.gaps.append(now - self.last)
                self.last = now
                self.confirmed.append(number)
                return
            except (pika.exceptions.AMQPError, OSError) as error:
                self.errors.append(type(error).__name__)
                self.channel = None
                time.sleep(0.02)


def declare():
    connection, channel = connect()
    channel.queue_declare(options.queue, durable=True, arguments=arguments())
    channel.queue_bind(options.queue, "amq.topic", "of." + options.queue)
    connection.close()


began = time.monotonic()
declare()
took = time.monotonic() - began
publisher = Publisher()
if options.what == "declare":
    print(json.dumps({"declared_ms": round(took * 1000)}))
    raise SystemExit(took > 3)
if options.what == "fill":
    for n in range(options.messages):
        publisher.until_confirmed(n, time.monotonic() + 30)
    print(json.dumps({"confirmed": len(publisher.confirmed), "errors": publisher.errors}))
else:
    consumer = Consumer()
    consumer.start()
    until, number = time.monotonic() + options.seconds, 0
    while time.monotonic() < until and not (options.until_file and os.path.exists(options.until_file)):
        number += 1
        publisher.until_confirmed(number, until + 30)
        time.sleep(0.02)
    patience = time.monotonic() + 60
    while set(publisher.confirmed) - consumer.seen and time.monotonic() < patience:
        time.sleep(0.1)
    lost = sorted(set(publisher.confirmed) - consumer.seen)
    print(json.dumps({
        "confirmed": len(publisher.confirmed), "lost": len(lost), "lost_numbers": lost[:10],
        "duplicates": consumer.deliveries - len(consumer.seen), "errors": len(publisher.errors), "kinds": sorted(set(publisher.errors)),
        "worst_gap_ms": round(max(publisher.gaps) * 1000), "gaps_above_1s": len([gap for gap in publisher.gaps if gap > 1])}))
