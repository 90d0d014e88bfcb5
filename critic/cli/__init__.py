"""The command line: parse, call one function, print."""

from __future__ import annotations

import gc
import os
import sys

from critic.cli.app import app


def main() -> None:
    """Run a command. Whatever a person can mend ends in one sentence on standard error and an exit code."""
    from critic.errors import CriticError

    # A fifth of a short command's time goes into looking for garbage among classes that are being imported.
    gc.set_threshold(100_000, 50, 50)
    try:
        app()
    except CriticError as error:
        from critic.render.words import clean

        print(f"critic: {clean(str(error))}", file=sys.stderr)  # it may name a file as somebody else called it
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe has gone; there is nobody to complain to, also not when Python closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # nor does anything have to be taken apart piece by piece before the process ends
