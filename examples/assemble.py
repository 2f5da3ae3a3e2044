"""Puts the page of an example together from the files in its folder.

`run` reads them at each call: edit, reload, see. `whole` gives the Python of an adaptor that has
the page in itself and needs no file.
"""

import re
from html import escape
from pathlib import Path

# What is of the example, and not of the server.
STYLE = r'<link rel="stylesheet" href="([^/"][^"]*)">'
SCRIPT = r'<script type="module" src="([^/"][^"]*)"></script>'


def run(folder):
    """Give the page, from the files as they are now."""

    def text(name):
        return Path(folder, name).read_text(encoding="utf-8")

    adaptor = f"{Path(folder).name}.py"
    page = text("page.html")
    page = re.sub(STYLE, lambda at: f"<style>\n{text(at[1])}</style>", page)
    page = re.sub(SCRIPT, lambda at: f'<script type="module">\n{text(at[1])}</script>', page)
    return page.replace(f"{{{{{adaptor}}}}}", escape(text(adaptor), quote=False))


def whole(folder):
    """Give Python that answers the page as it is now."""
    return f"PAGE = {run(folder)!r}\n\n\ndef run():\n    return PAGE\n"
