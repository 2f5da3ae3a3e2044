"""TARP's README: its programs, with only their import changed."""

from owt import tarp
from tarping import asked, running


def test_the_simple_program(tmp_path):
    with running("simple.py", tmp_path) as (address, _):
        client = tarp.client.client(address)
        result = client.my_function(1, 2)
        assert result == 3


def test_the_asynchronous_program(tmp_path):
    with running("long.py", tmp_path) as (address, _):
        client = tarp.client.client(address)
        handle = client.my_long_function(1, 2)
        assert handle.status() == "in_progress"
        assert handle.wait() == 3


def test_the_program_with_a_web_interface(tmp_path):
    with running("sine.py", tmp_path) as (address, _):
        client = tarp.client.client(address)
        client.set_params(lower=0, upper=3.14159)
        mimetype, data = client.get_data()
        assert mimetype == "application/json"
        assert data["x"][0] == 0 and data["x"][-1] == 3.14159 and len(data["y"]) == 100
        mimetype, plot = client.get_plot()
        assert mimetype == "image/png" and plot.startswith(b"\x89PNG\r\n")
        # As any other program asks.
        said = asked(address, "/set_params?lower=0&upper=3.5").json
        assert said == {
            "status": "success",
            "mimetype": "application/json",
            "result": {"lower": 0.0, "upper": 3.5},
        }
        assert asked(address, "/get_data").json["result"]["x"][-1] == 3.5
