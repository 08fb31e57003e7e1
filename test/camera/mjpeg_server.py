# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A camera on the network: an MJPEG stream over HTTP that can be cut or stalled."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class MjpegServer:
    """Serve grey images, the n-th of brightness n, at 50 per second on the loopback device."""

    def __init__(self, port=0):
        self.cut = threading.Event()
        self.stalled = threading.Event()
        self.size = (64, 48)
        self.count = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path != "/stream":
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=image")
                self.end_headers()
                server.feed(self.wfile)

        self._http = _Server(("127.0.0.1", port), Handler)
        self.port = self._http.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/stream"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def feed(self, out):
        while not self.cut.is_set():
            if not self.stalled.is_set():
                width, height = self.size
                image = np.full((height, width, 3), self.count % 256, np.uint8)
                jpeg = cv2.imencode(".jpg", image)[1].tobytes()
                head = (
                    f"--image\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                )
                try:
                    out.write(head.encode() + jpeg + b"\r\n")
                    out.flush()
                except OSError:
                    return
                self.count += 1
            time.sleep(0.02)

    def stop(self):
        self.cut.set()
        self._http.shutdown()
        self._http.server_close()
