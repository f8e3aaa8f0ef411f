"""What all commands share: how they write, and how they give up."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from services.yaml_lines import Fault

Bootstrap = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Broker; default: KAFKA_BOOTSTRAP_SERVERS, or a `rapport up` in this folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]


def _console() -> Console:
    """Standard output; a file or pipe is taken to be wide, so that no table is squeezed."""
    ours = Console(soft_wrap=False)
    return ours if ours.is_terminal else Console(soft_wrap=False, width=160)


out = _console()
err = Console(stderr=True, soft_wrap=True)


@contextmanager
def broker() -> Iterator[None]:
    """Turn what goes wrong between here and the broker into a sentence and exit status 2."""
    # Here: commands that ask no broker start without its client.
    from kafka.errors import KafkaError

    from rapport.connection import NoBroker
    from rapport.reading import TopicMissing

    try:
        yield
    except (NoBroker, TopicMissing) as error:
        stop(str(error))
    except KafkaError as error:
        stop(f"the broker can't be reached or refuses: {error}")


def refuse(faults: Iterable[Fault]) -> NoReturn:
    """Print each fault as FILE:LINE and remedy; exit status 1."""
    for fault in sorted(faults):
        typer.echo(fault)
    raise typer.Exit(1)


def stop(why: str) -> NoReturn:
    """Say why nothing could be done; exit status 2."""
    err.print(escape(why), highlight=False)
    raise typer.Exit(2)
