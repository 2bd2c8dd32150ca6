"""A server on 127.0.0.1 that misbehaves on demand."""

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Files by path, and a list of what to do with the next requests: ok, drop, 500, 404, wrong, plain, weak."""

    def __init__(self, url):
        self.url = url
        self.files = {}
        self.plans = {}
        self.asked = []

    def put(self, path, data, *plan):
        self.files[path] = data if isinstance(data, bytes) else data.encode()
        self.plans[path] = list(plan)
        return self


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        desk = self.server.desk
        desk.asked.append((self.path, self.headers.get("Range")))
        plan = desk.plans.get(self.path) or ["ok"]
        what = plan.pop(0) if len(plan) > 1 else plan[0]
        data = desk.files.get(self.path)
        if data is None or what == "404":
            return self.answer(404, b"gone")
        if what == "500":
            return self.answer(500, b"later")
        if what == "403":
            return self.answer(403, b"no")
        if what == "wrong":
            return self.answer(200, data[::-1])
        tag = "W/" * (what == "weak") + f'"{len(data)}-{sum(data)}"'
        start = 0
        if (asked := self.headers.get("Range")) and self.headers.get("If-Range") == tag and what != "plain":
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start and what == "elsewhere":
            return self.answer(206, data[1:], {"Content-Range": f"bytes 1-{len(data) - 1}/{len(data)}"})
        headers = {"ETag": tag, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = (len(data) - start) // 2 if what in ("drop", "weak") else None
        return self.answer(206 if start else 200, data[start:], headers, cut)

    def answer(self, code, body, headers=None, cut=None):
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.connection.close()

    def finish(self):
        with suppress(ValueError, OSError):  # the connection that was dropped on purpose
            super().finish()

    def log_message(self, *args):
        pass


@contextmanager
def serve():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.desk = Server(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield http.desk
        finally:
            http.shutdown()
            thread.join()
