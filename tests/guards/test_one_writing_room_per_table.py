"""Each table has one room that writes it; nobody writes past the functions that say so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.storage import roles
from safehold.storage.schema import NOUNS, metadata
from safehold.storage.tables import OWNERS

SOURCE = Path(__file__).parents[2] / "src" / "safehold"
FREE = "any"
UNGRANTED = {
    "list_change": "commands write it, and the portal asks a function",
    "lookback_rehearsal": "a command alone rehearses",
    "publication": "commands write it, and the portal asks a function",
}

Writers = dict[str, dict[str, tuple[str, ...]]]
"""Per module of storage, per function that writes: the tables it writes."""


def writers() -> Writers:
    return {
        noun.__name__.rpartition(".")[2]: {
            name: function.__writes__
            for name, function in vars(noun).items()
            if hasattr(function, "__writes__")
        }
        for noun in NOUNS
    }


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module outside storage by its path; kits for tests may write what they like."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(("storage/", "testing/")):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def used(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything of storage that a module mentions, under whatever alias."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "safehold.storage":
            aliases |= {name.asname or name.name: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("safehold.storage."):
            yield from (((node.module or "").split(".")[2], name.name) for name in node.names)
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("safehold.storage"):
                    raise AssertionError("import storage's modules by `from`, so that this guard can read it")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def trespasses(name: str, tree: ast.Module, known: Writers) -> list[str]:
    """Return the writing functions that a module mentions although the tables belong to another room."""
    room = name.partition("/")[0]
    return [
        f"{name}: {module}.{function} writes {table}, which belongs to {OWNERS[table]}"
        for module, function in sorted(set(used(tree)))
        for table in known.get(module, {}).get(function, ())
        if OWNERS[table] not in (FREE, room)
    ]


def test_every_table_has_an_owner_and_every_owner_is_a_room() -> None:
    assert set(OWNERS) == set(metadata.tables)
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir()}
    assert {owner for owner in OWNERS.values() if owner != FREE} <= rooms


def test_only_the_audit_log_is_for_every_room() -> None:
    assert {table for table, owner in OWNERS.items() if owner == FREE} == {"audit_record", "audit_personal"}


def test_only_the_owning_room_mentions_a_function_that_writes() -> None:
    known = writers()
    assert [line for name, tree in modules() for line in trespasses(name, tree, known)] == []


def test_the_guard_knows_the_functions_that_write() -> None:
    known = writers()
    assert known["audit"]["append"] == ("audit_record", "audit_personal")
    assert sum(len(functions) for functions in known.values()) > 50


def test_a_function_that_writes_tables_of_two_rooms_does_not_exist() -> None:
    mixed = [
        f"{module}.{name}"
        for module, functions in writers().items()
        for name, tables in functions.items()
        if len({OWNERS[table] for table in tables} - {FREE}) > 1
    ]
    assert mixed == []


@pytest.mark.parametrize(
    "planted",
    [
        "from safehold.storage import cases as rows\n\nrows.set_settled(tx, case, at=now)\n",
        "from safehold.storage import cases\n\nwrite = cases.set_settled\n",
        "from safehold.storage.cases import set_settled\n",
        "from safehold.storage.cases import set_settled as harmless\n",
    ],
)
def test_a_planted_trespass_is_caught(planted: str) -> None:
    assert len(trespasses("detect/planted.py", ast.parse(planted), writers())) == 1
    assert trespasses("review/allowed.py", ast.parse(planted), writers()) == []


def test_nobody_outside_storage_holds_a_table_or_runs_a_statement() -> None:
    tables = {
        noun.__name__.rpartition(".")[2]: {
            name for name, value in vars(noun).items() if isinstance(value, sa.Table)
        }
        for noun in NOUNS
    }
    held = [
        f"{name}: {module}.{word}"
        for name, tree in modules()
        for module, word in used(tree)
        if word in tables.get(module, ())
    ]
    run = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("tx.run", "tx.connection")
    ]
    assert (held, run) == ([], [])


RAW = re.compile(
    r"^\s*(?:with\b.*?)?\b(insert\s+into|update|delete\s+from|copy)\s", re.IGNORECASE | re.DOTALL
)


def written_in(function: ast.AST, tables: set[str], raw: set[str]) -> set[str]:
    """Return the table variables, and "raw" for a raw statement, that a function writes."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            subject, verb = node.func.value, node.func.attr
            if verb in ("insert", "update", "delete"):
                candidates = [subject, *node.args[:1]]
                found |= {one.id for one in candidates if isinstance(one, ast.Name) and one.id in tables}
        if isinstance(node, ast.Name) and node.id in raw:
            found.add("raw")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RAW.match(node.value):
            found.add("raw")
    return found


def unmarked(tree: ast.Module) -> list[str]:
    """Return the functions of a noun module that write and neither say so nor serve only those that do."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    tables = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and "Table(" in ast.unparse(node.value)[:12]
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    raw = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(
            isinstance(c, ast.Constant) and isinstance(c.value, str) and RAW.match(c.value)
            for c in ast.walk(node)
        )
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    marks = {name: " ".join(map(ast.unparse, node.decorator_list)) for name, node in functions.items()}
    problems = []
    for name, node in functions.items():
        written = written_in(strip(node), tables, raw)
        if not written or (marks[name] and written - {"raw"} <= set(re.findall(r"\w+", marks[name]))):
            continue
        callers = [other for other, body in functions.items() if other != name and mentions(body, name)]
        if not (name.startswith("_") and callers and all("writes(" in marks[one] for one in callers)):
            problems.append(f"{name} writes {', '.join(sorted(written))}")
    return problems


def strip(node: ast.FunctionDef) -> ast.Module:
    """Return a function's body without its docstring, whose words are no statements."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return ast.Module(body=body, type_ignores=[])


def mentions(tree: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def test_every_function_of_storage_that_writes_says_which_tables() -> None:
    found: list[str] = []
    for noun in NOUNS:
        path = SOURCE / "storage" / f"{noun.__name__.rpartition('.')[2]}.py"
        found += [
            f"{path.name}: {problem}" for problem in unmarked(ast.parse(path.read_text(encoding="utf-8")))
        ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "t = sa.Table('t')\ndef change(tx):\n    tx.run(t.update().values(a=1))\n",
        "t = sa.Table('t')\ndef add(tx):\n    tx.run(postgresql.insert(t).values(a=1))\n",
        "t = sa.Table('t')\nu = sa.Table('u')\n@writes(u)\ndef drop(tx):\n    tx.run(t.delete())\n",
        "S = sa.text('''\n  update t set a = 1''')\ndef change(tx):\n    tx.run(S)\n",
        "def change(tx):\n    tx.run(sa.text('delete from t'))\n",
        "t = sa.Table('t')\ndef _add(tx):\n    tx.run(t.insert())\ndef seem(tx):\n    _add(tx)\n",
    ],
)
def test_a_planted_writer_that_does_not_say_so_is_caught(planted: str) -> None:
    assert len(unmarked(ast.parse(planted))) == 1


def granted() -> Iterable[tuple[str, str, str]]:
    return ((role, table, what) for role, grants in roles.GRANTS.items() for table, what in grants.items())


def test_every_table_is_granted_to_a_surface_or_says_why_not() -> None:
    assert {table for _, table, _ in granted()} | set(UNGRANTED) == set(metadata.tables)
    assert {table for _, table, _ in granted()} & set(UNGRANTED) == set()


def test_no_role_may_change_or_delete_what_is_append_only() -> None:
    broken = [
        (role, table)
        for role, table, what in [*granted(), *((roles.APP, *grant) for grant in roles.app_grants().items())]
        if table in roles.APPEND_ONLY and {"update", "delete"} & set(re.findall(r"\w+", what))
    ]
    assert broken == []
    recorded = {"audit_record", "audit_link", "audit_anchor", "event", "destruction", "list_change"}
    recorded |= {"policy_text"}
    assert recorded == roles.APPEND_ONLY


def test_only_the_reader_reads_the_keys_that_open_evidence() -> None:
    may_read = {role: what for role, table, what in granted() if table == "wrapped_key" and "select" in what}
    assert may_read == {roles.READER: "select", roles.WORKER: "select (object_id), delete"}


def test_the_reader_changes_nothing_but_showings_the_log_and_how_often_a_bundle_was_made() -> None:
    grants = roles.GRANTS[roles.READER]
    writes = {table: what for table, what in grants.items() if not re.fullmatch(r"select( \(.*\))?", what)}
    assert writes == {
        "audit_record": "insert",
        "audit_personal": "insert",
        "bundle_request": "select, update (made, made_at)",
        "reveal": "select, update (token_digest, fetched_at)",
    }
