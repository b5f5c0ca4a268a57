"""What the store could not give was not seen: no tier is recorded, and the asking stays on record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from safehold.app import console_view
from safehold.model.assessment import Tier
from safehold.model.errors import Conflict, VaultObjectDamaged
from safehold.model.item import Context
from safehold.model.permissions import system_actor
from safehold.review import cases, viewing
from safehold.testing import running
from safehold.testing.running import altered_copy


@pytest.mark.parametrize("tier", [Tier.BLURRED, Tier.CLEAR])
def test_a_picture_whose_ciphertext_is_gone_never_counts_as_seen(
    database_url: str, tmp_path: Path, tier: Tier
) -> None:
    settings = running.settings_of(tmp_path / "data", database_url)
    with running.installation(settings) as safehold:
        program, context = safehold.program, Context(surface="rehearsal", account_id="account-1")
        safehold.add_list()
        analyst = safehold.analyst()
        answer = program.scanner.scan_bytes(altered_copy(1), context, actor=system_actor("tests"))
        item_id = answer.item_id
        assert item_id is not None
        safehold.run_steps()
        case_id = safehold.case_of(str(item_id))
        with program.database.begin() as tx:
            cases.take(tx, case_id, analyst.analyst(), program.clock())
            reveal_id = console_view.ask_to_see(
                tx, case_id, item_id, tier, actor=analyst, now=program.clock()
            )

        def look() -> tuple[bytes, str]:
            return console_view.picture(
                program.database, program.reader, reveal_id, actor=analyst, now=program.clock()
            )

        def seen() -> Tier:
            with program.database.begin() as tx:
                return viewing.clearest_seen(tx, item_id, by=analyst.analyst())

        objects = Path(program.home.vault) / "objects"
        shutil.move(objects, tmp_path / "elsewhere")
        with pytest.raises(VaultObjectDamaged):
            look()
        assert seen() is Tier.NONE
        assert len(safehold.sql("select verb from audit_record where verb = 'item.reveal'")) == 1

        # Back again, the same showing is fetched, once, and counts.
        shutil.rmtree(objects, ignore_errors=True)
        shutil.move(tmp_path / "elsewhere", objects)
        assert look()[0]
        assert seen() is tier
        with pytest.raises(Conflict):
            look()
        program.scanner.counters.flush()
