"""An operator brings back a wording that was withdrawn."""

from datetime import date

from schemas import facts
from services.messenger import wording_store
from services.messenger.handlers import wordings
from services.messenger.handlers.weighing import family_of
from services.runtime.context import Context
from services.runtime.ids import fresh


def restore(context: Context, tenant: str, playbook: str, wording: str, by: str) -> list[str]:
    """Bring it back wherever the playbook uses it; the variants' names, none if none was gone."""
    restored = []
    with context.unit() as work:
        gone = wording_store.state_of(work.session, tenant, wording, playbook)
        for row in (one for one in gone if one.withdrawn):
            seen = [
                one
                for one in wording_store.counts(work.session, date.min)
                if (family_of(one), one.wording) == (family_of(row), wording)
            ]
            told = facts.VariantRestored(
                playbook=playbook,
                template=row.template,
                tone=row.tone,
                variant=row.variant,
                wording=wording,
                sent=sum(one.sent for one in seen),
                harmed=sum(one.harmed for one in seen),
                by=by,
            )
            work.fact(
                "variant.restored",
                told,
                subject=f"variant:{wording}",
                tenant=tenant,
                key=(playbook, row.template, row.tone, wording, fresh()),
            )
            wording_store.put_state(work.session, wordings.state(tenant, told, work.now))
            restored.append(row.variant)
    return restored
