# lib/bark.py


def run(text=""):
    return text.upper()
