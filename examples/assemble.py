"""Puts the page of an example together from the files in its folder.

`run` reads them at each call: edit, reload, see. `whole` gives the Python of an adaptor that has
the page in itself and needs no file.
"""

from html import escape
from pathlib import Path


def run(folder):
    """Give the page, from the files as they are now."""

    def text(name):
        return Path(folder, name).read_text(encoding="utf-8")

    style = '<link rel="stylesheet" href="page.css">'
    script = '<script type="module" src="page.js"></script>'
    adaptor = f"{Path(folder).name}.py"
    page = text("page.html")
    page = page.replace(style, f"<style>\n{text('page.css')}</style>")
    page = page.replace(script, f'<script type="module">\n{text("page.js")}</script>')
    return page.replace(f"{{{{{adaptor}}}}}", escape(text(adaptor), quote=False))


def whole(folder):
    """Give Python that answers the page as it is now."""
    return f"PAGE = {run(folder)!r}\n\n\ndef run():\n    return PAGE\n"
