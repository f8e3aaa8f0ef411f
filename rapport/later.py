"""Groups of commands that are imported once one of theirs is asked for."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def group(module: str, summary: str) -> typer.Typer:
    """Stands in a list of commands for the `app` of a module."""

    class Later(TyperGroup):
        # Any: typer's own types of these are private.

        def list_commands(self, ctx: Any) -> list[str]:
            return self._whole().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            return self._whole().get_command(ctx, cmd_name)

        def _whole(self) -> TyperGroup:
            return get_group(import_module(module).app)

    return typer.Typer(cls=Later, no_args_is_help=True, help=summary)
