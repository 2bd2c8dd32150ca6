"""Build ``docs/cli.md``: every command and option, from typer's own help.

Run from the root of the repository::

    python scripts/build_cli.py

A test holds that the committed page equals the generated one.
"""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
COMMAND = ("-m", "typer", "itgstrat.cli.app", "utils", "docs", "--name", "itgstrat", "--title", "Command line")

INTRODUCTION = """
*Made by `python scripts/build_cli.py` from the help that `itgstrat COMMAND --help` prints.*

Exit codes: 0 done; 1 the data or the configuration is at fault, with one message that says what was found, what is
needed and what to do; 2 wrong usage; 130 stopped with Ctrl-C. `--verbose` may stand anywhere. An output folder that
exists is never written over unless `--force` is given.
"""


def cli_page() -> str:
    """Write the page, a section a command.

    Returns
    -------
    str
        Markdown.
    """
    run = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, encoding="utf-8", check=True)
    # typer cuts the sentences of its lists of commands short; each stands whole in its command's section
    page = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+\n", "", run.stdout)
    heading, _, rest = page.partition("\n")
    return f"{heading}\n{INTRODUCTION}{rest}".rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8")
