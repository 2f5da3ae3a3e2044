"""The functions that owt serves by name, and the source that its sent code is."""

from pydantic import BaseModel


class Greeting(BaseModel):
    name: str


def hello(name: str) -> str:
    return f"Hello, {name}!"


def hello_model(greeting: Greeting) -> str:
    return f"Hello, {greeting.name}!"
