# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Entry point of `co-perception`. Importing it must stay cheap: commands import what they need."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from co_perception import __version__
from co_perception.cli import bench, doctor, models, run
from co_perception.errors import CoPerceptionError

__all__ = ["app", "main"]

_ERROR = 2
_INTERRUPTED = 130

app = typer.Typer(
    name="co-perception",
    help="What each person in view is doing, frame by frame. No ROS needed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")


class _Options:
    """What the global flags said; `main` needs it after Typer is done."""

    debug = False


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"co-perception {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the full traceback of an error.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log more, libraries included.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    from co_perception.cli.console import set_up_output

    _Options.debug = debug
    set_up_output(verbose or debug)


def _add_training_commands() -> None:
    """Add `train` and `evaluate` where the training part is installed."""
    name = "co_perception.cli.train"
    if importlib.util.find_spec(name) is not None:
        for command in importlib.import_module(name).app.registered_commands:
            app.registered_commands.append(command)


_add_training_commands()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 found something wrong, 2 could not be done."""
    _Options.debug = False
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="co-perception")
    except CoPerceptionError as error:
        if _Options.debug:
            raise
        from co_perception.cli.console import print_error

        print_error(error)
        sys.exit(_ERROR)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
