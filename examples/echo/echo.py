"""Greets, and says which server answered."""


def run(name="you"):
    here = Server.sing()
    return f"Hello, {name}, from {here.address}:{here.port}!\n"
