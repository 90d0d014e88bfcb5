"""`critic-pre-commit [--OPTION[=VALUE] ...] FILE...`: `critic review` on each of several files, as pre-commit passes them."""

from __future__ import annotations

import sys
from itertools import takewhile

from critic.cli.app import app
from critic.errors import CriticError
from critic.render.words import clean


def main() -> None:
    """Review each file and exit with the highest of the codes.

    Options come first and hold their value in the same word, as in `--fail-on=major`; or `--` stands behind them.
    """
    arguments = sys.argv[1:]
    if "--" in arguments:
        end = arguments.index("--")
        options, files = arguments[:end], arguments[end + 1 :]
    else:
        end = len(arguments) - len(list(takewhile(lambda argument: not argument.startswith("-"), reversed(arguments))))
        options, files = arguments[:end], arguments[end:]
    sys.exit(max((_review(file, options) for file in files), default=0))


def _review(file: str, options: list[str]) -> int:
    try:
        app(["review", *options, "--", file])
    except SystemExit as ended:
        return int(ended.code or 0)
    except CriticError as error:
        print(f"critic: {clean(str(error))}", file=sys.stderr)
        return error.exit_code
    return 0
