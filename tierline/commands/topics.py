"""``tierline topics``: make them, or say what is wrong with them."""

from typing import Annotated

import typer

from tierline.console import JsonFlag, note, out, print_json

app = typer.Typer(no_args_is_help=True, help="Create or check the Kafka topics.\n\nExample: tierline topics check")


@app.command()
def create(
    inputs: Annotated[bool, typer.Option("--inputs", help="the retail.* topics too, which are the shop's")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Create the loyalty.* topics and the dead letter topics that are missing, each with explicit settings.

    Example: TIERLINE_PARTITIONS=8 tierline topics create --inputs
    """
    from tierline.reaching import explained, settings_of_process
    from tierline.topic_admin import make_topics

    settings = settings_of_process()
    with explained(settings):
        created = make_topics(settings, with_inputs=inputs)
    if as_json:
        print_json({"created": list(created)})
    else:
        note("\n".join(f"created {name}" for name in created) or "nothing to do: all of them exist")


@app.command()
def check(as_json: JsonFlag = False) -> None:
    """Check that all topics exist with the right partition counts and settings that lose nothing. 1 if one fails.

    Example: tierline topics check --json
    """
    from tierline.reaching import explained, settings_of_process
    from tierline.topic_admin import topic_problems

    settings = settings_of_process()
    with explained(settings):
        problems = topic_problems(settings)
    if as_json:
        print_json([{"topic": f.topic, "level": f.level, "text": f.text, "advice": f.advice} for f in problems])
    else:
        for found in problems:
            out.print(f"{found.level}: {found.topic} {found.text}\n         -> {found.advice}", markup=False)
        note(f"{len(problems)} finding(s)")
    raise typer.Exit(1 if any(found.level == "failure" for found in problems) else 0)
