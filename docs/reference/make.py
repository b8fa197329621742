"""Writes the pages of this folder that the code determines; a test compares them.

    uv run python docs/reference/make.py            # writes settings, command-line, python, rest
    uv run python docs/reference/make.py --check    # exit code 1 if a page is out of date

What a key, a command or a name is for stands beside it in the code.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from unittest.mock import Mock

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

import recagent
from recagent.cli.app import COMMANDS as CLI_COMMANDS
from recagent.cli.app import load_command
from recagent.config.data_sections import FileSettings, SceneSettings
from recagent.config.settings import Settings
from recagent.server.app import create_app

HERE = Path(__file__).parent
MADE = "<!-- Made by docs/reference/make.py from the code. -->\n\n"
JsonObject = dict[str, Any]


def main() -> None:
    """Write the pages, or check them."""
    made = pages()
    stale = [name for name, text in made.items() if text != _read(HERE / name)]
    if "--check" in sys.argv[1:]:
        sys.exit(f"out of date: {', '.join(stale)}; run {__file__}" if stale else 0)
    for name in stale:
        (HERE / name).write_text(made[name], encoding="utf-8")


def pages() -> dict[str, str]:
    """The text of each page, by file name."""
    made = {
        "settings.md": settings_page,
        "command-line.md": command_line_page,
        "python.md": python_page,
        "rest.md": rest_page,
    }
    return {name: f"{MADE}{page().rstrip()}\n" for name, page in made.items()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


# Settings

SETTINGS = """# Settings

Settings come from these places; the first that has a value wins:

1. arguments: command-line options, `Recommender.from_config(lang="zh")`;
2. environment variables `RECAGENT_*`, with `__` between levels: `RECAGENT_RANK__POOL=30`;
3. `.env` in the working directory;
4. `recagent.toml`, or `[tool.recagent]` in `pyproject.toml`.

Relative paths in the file are relative to the file (in `store_url`, to the working directory),
and so is the default `data_dir`. An unknown key in the file is an error. `OPENAI_BASE_URL` and
`OPENAI_API_KEY` apply to the first model. `recagent init` writes a file with the most common keys.

All keys with their defaults:

"""


def settings_page() -> str:
    """Every setting with its default, range and meaning, as one TOML file."""
    top: list[str] = []
    tables: list[str] = []
    scenes = ""
    docs = _field_docs(Settings)
    for name, field in Settings.model_fields.items():
        if name.startswith("openai_"):
            continue
        if name == "scenes":
            scenes = _toml_example("scenes.books", SceneSettings, docs.get(name, ""))
        elif name == "attributes":
            section = get_args(field.annotation)[1]
            doc = docs.get(name, "")
            tables.append(_toml_example("attributes.price", section, doc, header=name))
        elif isinstance(field.default, BaseModel):
            tables.append(_toml_section(name, type(field.default)))
        else:
            top += _toml_key(name, field, docs.get(name, ""))
    whole = "\n\n".join(["\n".join(top), *tables, scenes])
    return f"{SETTINGS}```toml\n{whole}\n```\n\n## Keys of a file\n\n{_files()}\n"


def _files() -> str:
    docs = _field_docs(FileSettings)
    rows = [
        f"| `{name}` | {_cell(f'{docs[name]} {_allowed(field)}')} |"
        for name, field in FileSettings.model_fields.items()
    ]
    return "\n".join(
        [
            "Of an entry of `items`, `events` or `users` in `[catalog]`.",
            "",
            "| key | |",
            "|---|---|",
            *rows,
        ]
    )


def _toml_section(name: str, section: type[BaseModel]) -> str:
    lines = [f"[{name}]"]
    docs = _field_docs(section)
    for key, field in section.model_fields.items():
        if field.get_default(call_default_factory=True) is None:
            lines += ["# " + line for line in _toml_key(key, field, docs.get(key, ""))]
        else:
            lines += _toml_key(key, field, docs.get(key, ""))
    return "\n".join(lines)


def _toml_example(name: str, section: type[BaseModel], doc: str, *, header: str = "") -> str:
    """A section whose names are the user's own, as comments, so that the file stays valid."""
    lines = [f"[{header}]"] if header else []
    lines += [*_comment(doc), f"# [{name}]"]
    docs = _field_docs(section)
    for key, field in section.model_fields.items():
        lines += [f"# {line}" for line in _toml_key(key, field, docs.get(key, ""))]
    return "\n".join(lines)


def _toml_key(name: str, field: FieldInfo, doc: str) -> list[str]:
    allowed = _allowed(field)
    default = field.get_default(call_default_factory=True)
    return [*_comment(f"{doc} {allowed}".strip()), f"{name} = {_toml(default)}"]


def _comment(text: str) -> list[str]:
    held = re.sub(r"[\[{][^\]}]*[\]}]+", lambda match: match[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(held, 96, initial_indent="# ", subsequent_indent="# ")
    return [line.replace("\0", " ") for line in lines]


def _allowed(field: FieldInfo) -> str:
    """The words or the range that a field takes, as a sentence."""
    words = [word for word in _literals(field.annotation) if isinstance(word, str)]
    low, high = _range(field)
    bounds = " ".join(f"{word} {bound:g}" for word, bound in filter(None, (low, high)))
    quoted = ", ".join(f'"{word}"' for word in words)
    if bounds:
        return f"{quoted} or a number {bounds}." if words else f"A number {bounds}."
    is_closed = len(words) > 1 and not _is_open(field.annotation)
    return f"One of {quoted}." if is_closed else ""


def _is_open(annotation: Any) -> bool:
    """Whether it takes other values than words and nothing."""
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return any(each is not NoneType and get_origin(each) is not Literal for each in options)


def _literals(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        yield from get_args(annotation)
    elif origin in (Union, UnionType):
        for option in get_args(annotation):
            yield from _literals(option)
    elif origin is Annotated:
        yield from _literals(get_args(annotation)[0])


def _range(field: FieldInfo) -> tuple[tuple[str, float] | None, tuple[str, float] | None]:
    low = high = None
    for each in (*field.metadata, *_metadata(field.annotation)):
        match each:
            case Ge(ge=bound):
                low = ("from", float(str(bound)))
            case Gt(gt=bound):
                low = ("above", float(str(bound)))
            case Le(le=bound):
                high = ("to", float(str(bound)))
            case Lt(lt=bound):
                high = ("below", float(str(bound)))
            case _:
                pass
    return low, high


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        for each in get_args(annotation)[1:]:
            yield from each.metadata if isinstance(each, FieldInfo) else (each,)
    elif get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            yield from _metadata(option)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case SecretStr():
            return '""'
        case int() | float():
            return str(value)
        case str() | Path():
            return json.dumps(str(value))
        case None:
            return "..."
        case dict():
            pairs = ", ".join(f"{key} = {_toml(each)}" for key, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            raise TypeError(value)


def _field_docs(cls: type) -> dict[str, str]:
    """The sentence under each field of a class and of its bases, by field."""
    docs: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.startswith("recagent"):
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            assert isinstance(body, ast.ClassDef)
            for field, under in zip(body.body, body.body[1:], strict=False):
                match field, under:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(text))),
                    ):
                        docs[name] = " ".join(text.split())
                    case _:
                        pass
    return docs


# Command line

COMMANDS = """# Command line

`recagent COMMAND --help` prints the same. Exit codes: 0 success, 1 an error while running, 2 wrong
usage, 100 a failed gate of `eval compare`, 130 interrupted. `--json` prints for machines,
`--lang zh` speaks Chinese.

"""


def command_line_page() -> str:
    """Every command with its arguments and options."""
    found = [
        command
        for name in CLI_COMMANDS
        for command in _commands(load_command(name), f"recagent {name}")
    ]
    anchor = [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_first_sentence(command.help or '')} |"
        for name, command in found
    ]
    parts = [_command(name, command) for name, command in found]
    return COMMANDS + "\n".join(["| command | |", "|---|---|", *anchor]) + "\n\n" + "\n".join(parts)


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for key, each in command.commands.items():
        yield from _commands(each, f"{name} {key}")


def _command(name: str, command: Any) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    rows = [
        f"| {_cell(_code(record[0]))} | {_cell(record[1])} |"
        for param in command.params
        if (record := param.get_help_record(context)) and "--help" not in record[0]
    ]
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    return "\n".join([f"## {name}", "", _cell(text), "", "| | |", "|---|---|", *rows, ""])


def _code(text: str) -> str:
    return f"`{' '.join(text.split())}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _first_sentence(text: str) -> str:
    return _cell(re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(";."))


# Python

PYTHON = """# Python API

The names of `recagent`. `Recommender` blocks; `AsyncRecommender` has the same methods, to be
awaited. Everything else is a value that goes in or comes out, or an exception.

"""


def python_page() -> str:
    """Every public name with its signature and docstring."""
    public = {name: getattr(recagent, name) for name in recagent.__all__ if name[0] != "_"}
    errors = [each for each in public.values() if issubclass(each, Exception)]
    values = [each for each in public.values() if _is_value(each)]
    tree = inspect.getdoc(inspect.getmodule(recagent.RecagentError)) or ""
    tree = textwrap.dedent(tree[tree.index("    Recagent") :].split("\n\n")[0])
    names = ", ".join(f"[{name}](#{name.lower()})" for name in public)
    parts = [
        f"{PYTHON}{names}.\n",
        "## Recommenders\n",
        _recommender(recagent.Recommender),
        _recommender(recagent.AsyncRecommender, known={*dict(_methods(recagent.Recommender))}),
        "## Values\n",
        *map(_value, values),
        f"## Exceptions\n\n```text\n{tree}\n```\n",
        *map(_value, errors),
    ]
    return "\n".join(parts)


def _recommender(cls: type, *, known: set[str] | None = None) -> str:
    """A class with its methods; of those whose names are known, only the names."""
    parts = [f"### {cls.__name__}", "", _docstring(inspect.getdoc(cls) or "")]
    if known:
        same = ", ".join(f"`{name}`" for name, _ in _methods(cls) if name in known)
        parts += [f"As in `Recommender`, to be awaited: {same}.", ""]
    for name, member in _methods(cls):
        if name not in (known or ()):
            parts += [f"#### {cls.__name__}.{name}", "", *_method(name, member)]
    return "\n".join(parts)


def _methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    seen: set[str] = set()
    for each in cls.__mro__:
        for name, member in vars(each).items():
            function = getattr(member, "__func__", member)
            if name[0] != "_" and inspect.isfunction(function) and name not in seen:
                seen.add(name)
                yield name, function


def _method(name: str, function: Callable[..., Any]) -> list[str]:
    doc = inspect.getdoc(function) or ""
    return ["```python", signature(function, name=name), "```", "", _docstring(doc)]


def signature(function: Callable[..., Any], *, name: str) -> str:
    """``name(arguments) -> result`` as the source has it, one argument a line where it is long."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    node.name, node.body, node.decorator_list = name, [ast.Expr(ast.Constant(...))], []
    arguments = node.args
    arguments.args = [each for each in arguments.args if each.arg not in ("self", "cls")]
    text = ast.unparse(node).removesuffix(":\n    ...").replace("def ", "")
    if hasattr(function, "__wrapped__"):  # the source is that of a coroutine, and it blocks
        text = text.removeprefix("async ")
    if len(text) <= 96:
        return text
    prefix, result = text[: text.index("(")], ast.unparse(node.returns) if node.returns else "None"
    rows = _arguments(arguments)
    return "\n".join([f"{prefix}(", *(f"    {row}," for row in rows), f") -> {result}"])


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    gap = len(arguments.args) - len(arguments.defaults)
    for at, each in enumerate(arguments.args):
        yield _argument(each, arguments.defaults[at - gap] if at >= gap else None)
    if arguments.kwonlyargs:
        yield "*"
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _argument(each, default)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    return f"{text} = {ast.unparse(default)}" if default else text


def _is_value(cls: type) -> bool:
    return dataclasses.is_dataclass(cls)


def _value(cls: type) -> str:
    doc = inspect.getdoc(cls) or ""
    if _is_value(cls) and doc.startswith(f"{cls.__name__}("):
        doc = ""
    told = {**_sections(doc).get("Attributes", {}), **_field_docs(cls)}
    text = _docstring(re.split(r"\n\s*Attributes:", doc)[0])
    if not _is_value(cls):
        rows = [f"| `{name}` | {_cell(_plain(what))} |" for name, what in told.items()]
        head = ["| attribute | |", "|---|---|"]
    else:
        sources = _field_sources(cls)
        rows = [
            f"| `{field.name}` | {_cell(_code(sources[field.name][0]))} | "
            f"{_cell(_code(sources[field.name][1])) if sources[field.name][1] else 'required'} | "
            f"{_cell(_plain(told.get(field.name, '')))} |"
            for field in dataclasses.fields(cls)
        ]
        head = ["| field | type | default | |", "|---|---|---|---|"]
    return "\n".join([f"### {cls.__name__}", "", text, *([*head, *rows, ""] if rows else [])])


def _field_sources(cls: type) -> dict[str, tuple[str, str]]:
    """Type and default of each field as the source has them; a factory's default is its value."""
    told: dict[str, tuple[str, str]] = {}
    for each in reversed(cls.__mro__):
        if not _is_value(each):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        for node in body.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                told[node.target.id] = (ast.unparse(node.annotation), _default(node.value))
    return told


def _default(node: ast.expr | None) -> str:
    if node is None:
        return ""
    text = ast.unparse(node)
    if "default_factory" in text:
        return "{}" if "dict" in text else "()" if "tuple" in text else "new"
    return text


SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields|Source):$", re.MULTILINE)


def _sections(doc: str) -> dict[str, dict[str, str]]:
    """The entries of each section of a Google docstring, by name."""
    pieces = SECTION.split(doc)
    entries: dict[str, dict[str, str]] = {}
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        told: dict[str, str] = {}
        for entry in re.split(r"\n(?=\S)", textwrap.dedent(body.split("\n\n")[0].strip("\n"))):
            name, _, what = entry.partition(":")
            told[name.strip()] = " ".join(what.split())
        entries[title] = told
    return entries


def _docstring(doc: str) -> str:
    """A Google docstring as Markdown: its text, then a list for each section."""
    lines = [_plain(paragraph) for paragraph in SECTION.split(doc)[0].strip().split("\n\n")]
    for title, entries in _sections(doc).items():
        rows = [f"- `{name}`: {_plain(what)}" for name, what in entries.items()]
        lines += ["\n".join([f"{'Arguments' if title == 'Args' else title}:", "", *rows])]
    return "\n\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


# REST

REST = """# REST API

`recagent serve` answers under `/v1` ([server](../guide/server.md)). The same description is at
`/openapi.json`.

- Every list is stored as an impression. `/v1/feedback` with the list's `trace.id` as `impression`
  joins an event to it; the event is stored before the answer is sent, and the next list uses it.
- `probability` is a candidate's share of the pool and is not meant for people; `like` is how
  likely the person is to like the item, after a fit. `wish_note` says that nothing, or little,
  matches the wish.
- `null` and `""` for an optional field mean that it is not given.
- Errors come in the language of `lang`, in the body or the query of the request.
- Errors have OpenAI's shape, `{"error": {"message", "type", "param", "code"}}`. An unforeseen
  error is a 500 of one sentence; its stack trace is in the log.

| status | |
|---|---|
"""


def rest_page() -> str:
    """Every route with what it takes and gives, then the shapes, from the OpenAPI document."""
    document = create_app(Mock(), chat=Mock()).openapi()
    routes = [
        (method.upper(), path, route)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    ]
    statuses: dict[str, str] = {}
    for _, _, route in routes:
        told = {code: each["description"] for code, each in route["responses"].items()}
        statuses |= {code: each for code, each in told.items() if code[0] in "45"}
    shapes = document["components"]["schemas"]
    return "\n".join(
        [
            REST
            + "\n".join(f"| {each[0]} | {_cell(each[1])} |" for each in sorted(statuses.items())),
            "",
            *(_route(*route) for route in routes),
            "## Shapes",
            "",
            *(_shape(name, shape) for name, shape in sorted(shapes.items())),
        ]
    )


def _route(method: str, path: str, route: JsonObject) -> str:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    code, good = next(each for each in route["responses"].items() if each[0][0] == "2")
    status = "" if code == "200" else f" ({code})"
    gives = [
        _type(content["schema"]) if content.get("schema") else f"`{kind}`"
        for kind, content in good.get("content", {}).items()
    ]
    rows = [
        _row(each["name"], each["schema"], required=each.get("required", False), doc=each)
        for each in route.get("parameters", [])
    ]
    table = ["| parameter | type | default | |", "|---|---|---|---|", *rows, ""] if rows else []
    takes = [f"takes {_type(body)}"] if body else []
    summary = _plain(route.get("description", route.get("summary", "")))
    flow = ", ".join([*takes, *([f"gives {' or '.join(gives)}{status}"] if any(gives) else [])])
    flow = f"\n{flow[0].upper()}{flow[1:]}.\n" if flow else ""
    return "\n".join([f"## {method} {path}", "", summary, flow, *table])


def _shape(name: str, shape: JsonObject) -> str:
    doc = shape.get("description", "")
    told = _sections(inspect.cleandoc(doc)).get("Attributes", {})
    required = shape.get("required", [])
    rows = [
        _row(key, each, required=key in required, doc={"description": told.get(key, ""), **each})
        for key, each in shape.get("properties", {}).items()
    ]
    table = ["", "| field | type | default | |", "|---|---|---|---|", *rows] if rows else []
    return "\n".join([f"### {name}", "", _plain(re.split(r"\n\s*Attributes:", doc)[0]), *table, ""])


def _row(name: str, schema: JsonObject, *, required: bool, doc: JsonObject) -> str:
    default = _code(json.dumps(schema.get("default"), ensure_ascii=False))
    default = "required" if required else default
    what = _plain(doc.get("description", ""))
    return f"| `{name}` | {_cell(_type(schema))} | {default} | {_cell(what)} |"


def _type(schema: JsonObject) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_type, options)))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items') or {})}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    bounds = [
        f"{word} {schema[key]:g}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"))
        if key in schema
    ]
    named = schema.get("format", kind)
    return " ".join([str(named), *bounds]) + (" characters" if "maxLength" in schema else "")


if __name__ == "__main__":
    main()
