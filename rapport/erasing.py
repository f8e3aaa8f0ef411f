"""`rapport erase CUSTOMER`: a person is forgotten, in every service and under all their ids."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape

from rapport.terminal import AsJson, out, stop

SERVICE = "segmenter"


def erase(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose customer it is.")] = "default",
    reason: Annotated[
        str, typer.Option(help="Why, as a code such as gdpr_17; it stands on the log.")
    ] = "requested",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a customer for good, under all ids that were merged into one."""
    # Here: other commands start without it.
    import httpx

    from rapport.calling import answer, operator_of

    if not yes:
        typer.confirm(f"Forget {customer} of tenant {tenant} for good?", abort=True)
    with operator_of(SERVICE) as http:
        try:
            asked = http.post(
                f"/customers/{quote(customer, safe='')}/erase",
                params={"tenant": tenant, "reason": reason},
            )
        except httpx.HTTPError as error:
            stop(f"the {SERVICE} cannot be reached: {type(error).__name__}")
    told = answer(SERVICE, asked)
    if as_json:
        out.print_json(data=told)
        return
    ids = ", ".join(told["ids"])
    out.print(f"forgotten as of {told['erased_at']}: {escape(ids)}", highlight=False)
