"""echo.py serve PORT, or echo.py ask ADDRESS PORT: one connection, a line every tenth of a second until the answer stays away for 3 s."""
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


def ask(address, port):
    with socket.create_connection((address, port), timeout=3) as connection:
        while True:
            connection.sendall(b"?\n")
            if connection.recv(100) != b"?\n":
                raise SystemExit("no answer")
            time.sleep(0.1)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]))
