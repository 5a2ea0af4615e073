"""``tierline dlq``: what nobody could accept."""

import asyncio
from typing import Annotated

import typer

from tierline.console import JsonFlag, UsageError, note, out, print_json, print_table

app = typer.Typer(
    no_args_is_help=True,
    help="Look at dead letters, or send them again after a fix.\n\nExample: tierline dlq list --reason too_large",
)
Reason = Annotated[str | None, typer.Option(help="only those with this reason, e.g. malformed_json")]


@app.command("list")
def list_(reason: Reason = None, as_json: JsonFlag = False) -> None:
    """List the dead letters: id, reason and detail.

    Example: tierline dlq list --reason key_mismatch --json
    """
    from tierline.letters import as_json_of, chosen_letters
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    with explained(settings):
        letters = asyncio.run(chosen_letters(settings, reason))
    if as_json:
        print_json([as_json_of(letter, with_value=False) for letter in letters])
        return
    print_table("Dead letters", ("id", "reason", "detail"), [(one.id, one.reason, one.detail) for one in letters])
    note(f"{len(letters)} dead letter(s)")


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="as `dlq list` shows it")], as_json: JsonFlag = False
) -> None:
    """Show one dead letter whole: where it came from, why it is here, and the value.

    Example: tierline dlq show retail.orders.v1:3:17
    """
    from tierline.letters import as_json_of, one_letter
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    with explained(settings):
        letter = asyncio.run(one_letter(settings, letter_id))
    shown = as_json_of(letter, with_value=True)
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        out.print(f"{name}: {value}", markup=False)


@app.command()
def replay(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="as `dlq list` shows them")] = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="all dead letters")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Send dead letters to their input topic again, with their key and the whole original value.

    To be used when the cause is gone. What is still wrong comes back here; an order that was counted before is a
    duplicate and changes nothing.

    Example: tierline dlq replay --reason currency_mismatch
    """
    from tierline.letters import replay_letters
    from tierline.reaching import explained, settings_of_process

    if sum((bool(letter_ids), reason is not None, everything)) != 1:
        raise UsageError("Say which dead letters: ids, or --reason REASON, or --all.")
    settings = settings_of_process()
    with explained(settings):
        sent = asyncio.run(replay_letters(settings, letter_ids or [], reason))
    if as_json:
        print_json({"sent": list(sent)})
    else:
        note(f"{len(sent)} sent again")
