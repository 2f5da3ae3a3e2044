"""What a flask context leaves behind: nothing, without a collection."""

import contextvars
import gc
import weakref

import pytest
from adapting import raw_call

from owt._flask import push_flask

flask = pytest.importorskip("flask")


@pytest.fixture
def uncollected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def called(work):
    """Does the work in a flask context; gives a weak reference to that."""
    raw = raw_call("/a", body=b"body")

    def run():
        pop = push_flask(raw)
        assert pop is not None
        try:
            work()
        finally:
            context = weakref.ref(flask.globals._cv_request.get())
            body = flask.request.environ["wsgi.input"]
            pop()
            assert body.closed
        return context

    return contextvars.Context().run(run)


def test_all_of_it_goes_with_the_call(uncollected):
    for work in [lambda: None, lambda: flask.request.get_data(), lambda: flask.request.files]:
        assert called(work)() is None


def test_the_body_goes_whatever_the_adaptor_left_pushed(uncollected):
    app = flask.Flask("other")
    raw = raw_call("/a", body=b"body")

    def run():
        pop = push_flask(raw)
        body = flask.request.environ["wsgi.input"]
        app.test_request_context("/").push()
        with pytest.raises(AssertionError):
            pop()
        assert body.closed

    contextvars.Context().run(run)
