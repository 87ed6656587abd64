"""Pages in headless Chromium: what the console said, what became of them, how they look.

Nothing is fetched: pages are files, and every host name leads nowhere.
"""

import os
import re
import struct
import tempfile

from harness.base import Failure
from harness.process import need, run

CONSOLE = re.compile(r"CONSOLE[^\"]*\"(.*)\"")


class Page:
    """`path` opened once. `script` runs after the page's own; it may change the document."""

    def __init__(self, path, script="", width=1400, height=1400, screenshot=None):
        chromium = need("chromium")
        with tempfile.TemporaryDirectory(prefix="rw-chromium-") as folder:
            shown = path
            if script:
                shown = os.path.join(folder, "page.html")
                with open(path, encoding="utf-8") as source:
                    text = source.read()
                with open(shown, "w", encoding="utf-8") as copy:
                    copy.write(text.replace("</body>", f"<script>{script}</script></body>"))
            done = run([
                chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions",
                "--disable-background-networking", "--host-resolver-rules=MAP * 0.0.0.0",
                f"--user-data-dir={folder}/profile", "--enable-logging=stderr", "--v=0",
                f"--window-size={width},{height}",
                f"--screenshot={screenshot}" if screenshot else "--dump-dom",
                f"file://{shown}"], seconds=60, env={"HOME": folder})
        self.document = done.stdout
        self.console = CONSOLE.findall(done.stderr)

    def quiet(self):
        if self.console:
            raise Failure(f"the console said {self.console}")
        return self


def all_quiet(paths, folder):
    """Opens all pages at once, side by side in one that is made here."""
    frames = "".join(f'<iframe width="1300" height="3000" src="file://{path}"></iframe>'
                     for path in paths)
    Page(folder.write("frames.html", f"<!doctype html><title>all</title>{frames}")).quiet()


def png_size(path):
    with open(path, "rb") as file:
        head = file.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise Failure(f"{path} is no PNG")
    return struct.unpack(">II", head[16:24])
