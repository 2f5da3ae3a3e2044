"""The OpenAPI document is one, and says what the functions take and give."""

import json
import urllib.error
import urllib.request

import pytest
from conftest import TOKEN
from openapi_spec_validator import OpenAPIV31SpecValidator


def document(url: str, **headers: str) -> dict:
    """The document of a server."""
    request = urllib.request.Request(f"{url}/_owt/openapi.json", headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_it_is_valid_and_has_every_function(url):
    told = document(url)
    OpenAPIV31SpecValidator(told).validate()
    paths = told["paths"]
    for name in ["add", "move", "count", "total", "double", "picture", "untold"]:
        assert f"/tools/{name}" in paths
    schema = paths["/tools/add"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert schema["properties"] == {
        "x": {"type": "integer"},
        "y": {"type": "integer", "default": 2},
    }
    assert paths["/tools/add"]["post"]["summary"] == "Add two numbers."
    double = paths["/tools/double"]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    assert double["properties"] == {"n": {"type": "integer"}}
    files = paths["/tools/size"]["post"]["requestBody"]["content"]
    assert "multipart/form-data" in files


def test_a_server_with_keys_says_so_and_asks_for_them(locked):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        document(locked)
    told = document(locked, Authorization=f"Bearer {TOKEN}")
    OpenAPIV31SpecValidator(told).validate()
    assert {"token": []} in told["security"]
    assert "401" in told["paths"]["/tools/add"]["post"]["responses"]


def test_what_it_says_of_calls_is_so(url):
    """Each is called with arguments of its schema, and answers with a media type that is told."""
    told = document(url)
    for name, body in {
        "add": {"x": 1},
        "greet": {"name": "owt"},
        "nothing": {},
        "move": {"point": {"x": 1, "y": 2}},
        "stats": {"ns": [1, 2]},
        "day_of": {"at": "2026-07-28T12:00:00"},
        "price": {"amount": "1.50"},
        "total": {"args": [1, 2, 3]},
        "anything": {"a": 1},
        "choose": {"options": {"depth": 1}},
        "size": {"data": "b3d0"},
        "count": {"to": 2},
        "untold": {"x": 1},
        "double": {"n": 2},
    }.items():
        request = urllib.request.Request(
            f"{url}/tools/{name}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Owt": "1"},
        )
        with urllib.request.urlopen(request) as answer:
            media = (
                answer.headers.get_content_type()
                if answer.headers["Content-Type"]
                else None
            )
            content = told["paths"][f"/tools/{name}"]["post"]["responses"]["200"][
                "content"
            ]
            assert media is None or media in content or "*/*" in content, (
                name,
                media,
                content,
            )
