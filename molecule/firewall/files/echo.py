"""echo.py serve PORT, or echo.py ask ADDRESS PORT SECONDS: one connection, a line every tenth of a second, each answered within 5 s."""
import socket
import sys
import time


def serve(port):
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            connection, _peer = server.accept()
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data)


def ask(address, port, seconds):
    end, answered = time.monotonic() + seconds, 0
    with socket.create_connection((address, port), timeout=5) as connection:
        while time.monotonic() < end:
            connection.sendall(b"%d\n" % answered)
            if connection.recv(100) != b"%d\n" % answered:
                raise SystemExit("ended after %d" % answered)
            answered += 1
            time.sleep(0.1)
    print("answered", answered)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
