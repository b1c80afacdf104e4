"""The migrations make what the models say, and undo it again."""

from sqlalchemy import Engine, inspect

import migrations


def test_head_is_what_the_models_say(engine: Engine) -> None:
    migrations.check(engine)
    present, head = migrations.revisions(engine)
    assert present == head


def test_downgrade_leaves_nothing_of_ours(engine: Engine) -> None:
    migrations.downgrade(engine)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(engine)
    assert "accounts" in inspect(engine).get_table_names()
