"""A web server on loopback that lets in who has the card: a client certificate is demanded, and it
must be the one on the card. OpenSSL, in Python's ssl module, judges the client's signature."""

import os
import socket
import ssl
import threading

PAGE = """HTTP/1.0 200 OK\r
Content-Type: text/html\r
Connection: close\r
\r
<!DOCTYPE html><title>let in</title><p>let in: {subject}</p>
"""


class TlsServer:
    """`trusted` is the card's certificate, PEM. `authority` is that of who certified the server's name,
    localhost; clients must be told to trust it."""

    def __init__(self, world, trusted):
        self.authority = world.path("authority.pem")
        certificate, key = world.path("server.pem"), world.path("server.key")
        if not os.path.exists(self.authority):
            make = (
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "30",
            )  # fmt: skip
            world.run(
                *make, "-subj", "/CN=Test authority", "-keyout", world.path("authority.key"),
                "-out", self.authority, "-addext", "keyUsage=keyCertSign",
            )  # fmt: skip
            world.run(
                *make, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
                "-CA", self.authority, "-CAkey", world.path("authority.key"),
                "-addext", "basicConstraints=CA:FALSE", "-addext", "subjectAltName=DNS:localhost",
                "-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=serverAuth",
            )  # fmt: skip
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.load_verify_locations(trusted)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.let_in = []  # (certificate in DER, protocol) of each client
        self.turned_away = []  # why
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(client,), daemon=True).start()

    def _greet(self, client):
        client.settimeout(60)
        try:
            with self.context.wrap_socket(client, server_side=True) as secure:
                certificate = secure.getpeercert(True)
                subject = secure.getpeercert()["subject"]
                if not secure.recv(65536):
                    return
                self.let_in.append((certificate, secure.version()))
                secure.sendall(PAGE.format(subject=subject).encode())
                secure.unwrap()
        except OSError as e:
            self.turned_away.append(str(e))
        finally:
            client.close()

    def close(self):
        # A thread that waits in accept() is not woken by close() alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)
