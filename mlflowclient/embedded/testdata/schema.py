"""MLflow's own view of database schemas.

schema.py catalogue FILE…     prints one JSON object a file: tables, columns, keys, constraints with their names, indexes, rows
schema.py revisions FOLDER    makes FOLDER/<revision>.db at every revision from MLflow 3.0 to the newest, by MLflow's
                              migrations, and prints the revisions in order
schema.py upgrade FILE REV    makes FILE at one revision
"""

import json
import logging
import shutil
import sqlite3
import sys

import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

logging.disable(logging.CRITICAL)
FIRST = "6953534de441"  # MLflow 3.0


def catalogue(path):
    """Tables as SQLAlchemy reflects them, which includes the names of constraints, and as SQLite's pragmas have them."""
    inspector = sqlalchemy.inspect(sqlalchemy.create_engine(f"sqlite:///{path}"))
    con = sqlite3.connect(path)
    tables = {}
    for name in inspector.get_table_names():
        tables[name] = {
            "columns": con.execute(f'PRAGMA table_xinfo("{name}")').fetchall(),
            "primary key": inspector.get_pk_constraint(name),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
            "checks": sorted(inspector.get_check_constraints(name), key=str),
            "foreign keys": sorted(inspector.get_foreign_keys(name), key=str),
            "indexes": sorted(
                [i[1:] + (con.execute(f'PRAGMA index_xinfo("{i[1]}")').fetchall(),) for i in con.execute(f'PRAGMA index_list("{name}")')],
                key=str,
            ),
            "rows": con.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] if name != "experiments" else 0,
        }
    triggers = [(n, " ".join(s.split())) for n, s in con.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")]
    return {"tables": tables, "triggers": triggers, "revision": con.execute("SELECT version_num FROM alembic_version").fetchall()}


def revisions(folder):
    path = f"{folder}/step.db"
    uri = f"sqlite:///{path}"
    config = _get_alembic_config(uri)
    engine = sqlalchemy.create_engine(uri)
    InitialBase.metadata.create_all(engine)
    chain = [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    chain = chain[chain.index(FIRST) :]
    for revision in chain:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        shutil.copy(path, f"{folder}/{revision}.db")
    return chain


def upgrade(path, revision):
    uri = f"sqlite:///{path}"
    config = _get_alembic_config(uri)
    engine = sqlalchemy.create_engine(uri)
    InitialBase.metadata.create_all(engine)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


if sys.argv[1] == "upgrade":
    upgrade(*sys.argv[2:])
elif sys.argv[1] == "catalogue":
    for file in sys.argv[2:]:
        print(json.dumps(catalogue(file), default=str, sort_keys=True))
else:
    print("\n".join(revisions(sys.argv[2])))
