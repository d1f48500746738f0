"""Serves moto on a free port of 127.0.0.1, one request at a time.

moto looks whether an object exists and makes it in two steps, on as many threads as there are requests: without the
lock its conditional writes are not those of S3, which lets exactly one writer make an object.
"""

from threading import Lock

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

moto = DomainDispatcherApplication(create_backend_app)
one_at_a_time = Lock()


def application(environ, start_response):
    with one_at_a_time:
        return list(moto(environ, start_response))


run_simple("127.0.0.1", 0, application, threaded=True)
