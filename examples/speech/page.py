"""The speech page, put together from the files beside this one.

`run` reads them at each call: edit, reload, see. `frozen` gives the Python of an adaptor that has
the whole page in itself and needs no file.
"""

import re
from html import escape
from pathlib import Path


def run(folder):
    def text(name):
        return Path(folder, name).read_text()

    page = text("page.html")
    page = page.replace(
        '<link rel="stylesheet" href="page.css">', f"<style>\n{text('page.css')}</style>"
    )
    page = page.replace(
        '<script type="module" src="page.js"></script>',
        f'<script type="module">\n{text("page.js")}</script>',
    )
    return page.replace("{{speech.py}}", escape(text("speech.py"), quote=False))


def frozen(folder):
    page = run(folder)
    if re.search(r"'''|\\$", page):
        raise ValueError("the page has ''' in it, or ends with a backslash")
    return f"PAGE = r'''{page}'''\n\n\ndef run():\n    return PAGE\n"
