"""fill.py ADDRESS QUEUE TYPE MESSAGES [AUTHORITY]: declares a durable queue and publishes to it; prints how many messages were confirmed.

With the file of an authority by TLS; the server's certificate must have the address. The password is in SHOP_PASSWORD.
"""

import os
import ssl
import sys

import pika

address, queue, kind, messages = sys.argv[1:5]
host, _colon, port = address.rpartition(":")
host = host.strip("[]")
tls = pika.SSLOptions(ssl.create_default_context(cafile=sys.argv[5]), host) if sys.argv[5:] else None
connection = pika.BlockingConnection(pika.ConnectionParameters(
    host, int(port), "shop", pika.PlainCredentials("shop", os.environ["SHOP_PASSWORD"]), ssl_options=tls, stack_timeout=10))
channel = connection.channel()
channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
channel.queue_bind(queue, "amq.topic", "of." + queue)
channel.confirm_delivery()
confirmed = 0
for number in range(int(messages)):
    # Raises when it is refused, or goes nowhere.
    channel.basic_publish("", queue, b"%d" % number, pika.BasicProperties(delivery_mode=2), mandatory=True)
    confirmed += 1
connection.close()
print(confirmed)
