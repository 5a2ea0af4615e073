"""``tierline models``: what the trainer published, and what an operator has to say about it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, TypeVar

import typer

from tierline.console import JsonFlag, note, print_json
from tierline.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the models, go back to an older one, or hold newer ones back.\n\nExample: tierline models list",
)
Version = Annotated[int, typer.Argument(min=0, metavar="VERSION", help="as `models list` shows it")]
Result = TypeVar("Result")


@app.command("list")
def list_(as_json: JsonFlag = False) -> None:
    """List the versions: when each was trained, on how many customers, its clusters, and which one workers use.

    Example: tierline models list --json
    """
    from tierline.model_cards import print_list
    from tierline.model_topic import read_versions
    from tierline.model_views import list_view

    versions = _asked(read_versions)
    view = list_view(versions)
    if as_json:
        print_json(view)
    else:
        print_list(view)
        note(f"{len(versions.snapshots)} model(s)")


@app.command()
def show(version: Version, as_json: JsonFlag = False) -> None:
    """Show one version: edges, clusters and thresholds in days, orders and money.

    Example: tierline models show 12
    """
    from tierline.model_cards import print_card
    from tierline.model_topic import read_versions, snapshot_at
    from tierline.model_views import card_view

    settings, versions = _settings(), _asked(read_versions)
    view = card_view(version, snapshot_at(settings, versions, version))
    if as_json:
        print_json(view)
    else:
        print_card(view)


@app.command()
def compare(
    before: Annotated[int, typer.Argument(min=0, metavar="A", help="the version to compare with")],
    after: Annotated[int, typer.Argument(min=0, metavar="B", help="the other version")],
    as_json: JsonFlag = False,
) -> None:
    """Tell what moved between two versions: edges, centres in standard deviations, shares and names.

    Example: tierline models compare 12 14
    """
    from tierline.model_cards import print_comparison
    from tierline.model_topic import read_versions, snapshot_at
    from tierline.model_views import comparison_view

    settings, versions = _settings(), _asked(read_versions)
    old, new = (snapshot_at(settings, versions, version) for version in (before, after))
    view = comparison_view((before, old), (after, new))
    if as_json:
        print_json(view)
    else:
        print_comparison(view)


@app.command()
def rollback(
    version: Version,
    go_on: Annotated[bool, typer.Option("--go-on", help="the trainer's next model is adopted again")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Publish an old version again as a new one, which every partition adopts; newer ones are held back.

    The trainer learns and publishes on meanwhile, from where it was; `tierline models unfreeze` lets the newest in.

    Example: tierline models rollback 12
    """
    from tierline.model_topic import roll_back

    new, learnt = _asked(lambda settings: roll_back(settings, version, freezes=not go_on))
    if as_json:
        print_json({"version": new, "rolled_back_to": learnt, "frozen": not go_on})
    else:
        note(f"model {new} is model {learnt} again" + ("" if go_on else "; nothing newer is adopted until unfrozen"))


@app.command()
def freeze(as_json: JsonFlag = False) -> None:
    """Let workers adopt nothing newer than the newest model there is now; the trainer goes on.

    Example: tierline models freeze
    """
    from tierline.model_topic import freeze as hold

    version = _asked(hold)
    if as_json:
        print_json({"frozen_at": version})
    else:
        note(f"workers adopt nothing newer than model {version}")


@app.command()
def unfreeze(as_json: JsonFlag = False) -> None:
    """Let workers adopt the newest model again, at once.

    Example: tierline models unfreeze
    """
    from tierline.model_topic import unfreeze as let_go

    version = _asked(let_go)
    if as_json:
        print_json({"frozen_at": None, "newest": version})
    else:
        note(f"workers adopt the newest model, now {version}")


def _settings() -> Settings:
    from tierline.reaching import settings_of_process

    return settings_of_process()


def _asked(question: Callable[[Settings], Coroutine[object, object, Result]]) -> Result:
    """Return the answer to what is asked of Kafka, or say in one line why there is none."""
    from tierline.reaching import explained

    settings = _settings()
    with explained(settings):
        return asyncio.run(question(settings))
