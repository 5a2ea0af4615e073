"""The command line: ``tierline COMMAND``. Data goes to stdout, progress and logs to stderr.

Exit codes: 0 done, 1 found or failed, 2 wrong usage or configuration. `main` turns every expected error into one
message.
"""

import logging
import os
import select
import sys
from collections.abc import Sequence

import typer

from tierline.commands import (
    api,
    customer,
    demo,
    dlq,
    doctor,
    erase,
    explain,
    export,
    import_,
    lookalikes,
    models,
    portraits,
    produce,
    rebuild,
    replay,
    topics,
    trainer,
    value,
    worker,
)
from tierline.console import CommandError, UsageError, err
from tierline.redis_address import SettingsError

app = typer.Typer(
    name="tierline",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turns a shop's order stream into live loyalty tiers and timely nudges.\n\n"
    "Settings are TIERLINE_* variables: `tierline doctor --settings` lists them.",
)
for command in (demo.demo, worker.worker, api.api, doctor.doctor, produce.produce, customer.customer, explain.explain):
    app.command()(command)
app.command()(trainer.trainer)
app.command()(lookalikes.lookalikes)
app.command()(portraits.portraits)
app.command()(value.value)
for command in (replay.replay, rebuild.rebuild, erase.erase):
    app.command()(command)
app.command()(export.export)
app.command(name="import")(import_.import_)
app.add_typer(topics.app, name="topics")
app.add_typer(dlq.app, name="dlq")
app.add_typer(models.app, name="models")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    # What a library has to say reaches the user through our own messages; worker and api configure real logs.
    logging.basicConfig(handlers=[logging.NullHandler()])
    try:
        app(args=arguments)
    except (UsageError, SettingsError) as error:
        _say(error)
        sys.exit(2)
    except CommandError as error:
        _say(error)
        sys.exit(1)
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        # Nothing is left to say (`| head`), and stdout cannot be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _reader_is_gone() -> bool:
    """Tell whether it is our own output that nobody reads any more, and not a server's connection that broke."""
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in watched.poll(0))


def _say(error: Exception) -> None:
    err.print(f"Error: {error}", markup=False, style="red")


if __name__ == "__main__":
    main()
