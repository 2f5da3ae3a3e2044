"""The chat page, put together from the files beside this one.

`run` reads them at each call: edit, reload, see. `frozen` gives the Python of an adaptor that has
the whole page in itself and needs no file.
"""

from html import escape
from pathlib import Path


def run(folder):
    """Give the page, from the files in `folder`."""

    def text(name):
        return Path(folder, name).read_text()

    style = '<link rel="stylesheet" href="page.css">'
    script = '<script type="module" src="page.js"></script>'
    page = text("page.html")
    page = page.replace(style, f"<style>\n{text('page.css')}</style>")
    page = page.replace(script, f'<script type="module">\n{text("page.js")}</script>')
    return page.replace("{{chat.py}}", escape(text("chat.py"), quote=False))


def frozen(folder):
    """Give Python that answers the page as it is now."""
    return f"PAGE = {run(folder)!r}\n\n\ndef run():\n    return PAGE\n"
