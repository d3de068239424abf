"""Answers as JSON: asked for by schema, read, validated, and asked for once more when something is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from t2v_recaption import templates
from t2v_recaption.backends.base import ChatReply, ChatRequest, Message
from t2v_recaption.captioners.asker import Ask, Asker, Said
from t2v_recaption.errors import InvalidInput, MissingDependency
from t2v_recaption.writers.clean import without_reasoning

TRIES = 50
"""Brackets at which JSON is looked for inside other text."""

FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


class Unfit(Exception):  # never leaves this module
    """What is wrong with an answer, for the model."""


def with_data(
    asker: Asker, asks: Sequence[Ask]
) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], list[Said]]:
    """Ask; with a schema in the guidance, each answer's `data` is validated JSON, or its flags hold `schema`."""
    schema = asker.guidance.schema
    if schema is None:
        return (yield from asker.put(asks))
    check(schema)
    requests = [replace(ask.request, schema=schema, beams=1) for ask in asks]
    replies = yield tuple(requests)
    read = [_read(reply, schema) for reply in replies]
    again = [place for place, one in enumerate(read) if isinstance(one, Unfit)]
    if again:
        repeated = [_again(requests[place], replies[place], str(read[place])) for place in again]
        later = yield tuple(repeated)
        for place, reply in zip(again, later, strict=True):
            read[place] = _settled(replies[place], cast("Unfit", read[place]), reply, schema)
    return [cast("Said", one) for one in read]


def _settled(first: ChatReply, fault: Unfit, second: ChatReply, schema: dict[str, Any]) -> Said:
    """The second answer where it is as wanted, otherwise the first with its fault."""
    read = _read(second, schema)
    if isinstance(read, Said) and read.error is None:
        return replace(read, attempts=2)
    note = f"the answer is not what the schema asks for: {read if isinstance(read, Unfit) else fault}"
    text = second.text.strip() if isinstance(read, Unfit) else ""
    return Said(text or first.text.strip(), ("schema",), 2, first.model, (*first.notes, note))


def check(schema: dict[str, Any]) -> None:
    """See whether a schema can be used.

    Raises:
        InvalidInput: it is no JSON schema.
        MissingDependency: jsonschema is not installed.
    """
    validators = _jsonschema()
    kind = validators.validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except validators.SchemaError as error:
        raise InvalidInput(f"The JSON schema is not valid: {error.message}.", hint="Correct it.") from error


def parsed(text: str, schema: dict[str, Any]) -> Any:
    """The JSON in an answer, which may stand in a code fence or among other words.

    Raises:
        Unfit: there is none, or it does not follow the schema.
    """
    data = _json(text)
    validators = _jsonschema()
    kind = validators.validators.validator_for(schema, default=validators.Draft202012Validator)
    validator = kind(schema, registry=_registry())  # knows the standards, and fetches nothing
    try:
        errors = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path)))
    except RecursionError as error:
        raise Unfit("it is nested too deeply") from error
    except Exception as error:  # a reference's error has a private class
        if type(error).__module__.partition(".")[0] not in ("jsonschema", "referencing"):
            raise
        raise InvalidInput(
            f"The JSON schema cannot be used: {error}.", hint="Put everything into one schema."
        ) from error
    if errors:
        place = "/".join(map(str, errors[0].absolute_path))
        raise Unfit(f"{errors[0].message}" + (f" (at {place})" if place else ""))
    return data


def _read(reply: ChatReply, schema: dict[str, Any]) -> Said | Unfit:
    if reply.error is not None:
        return Said("", model=reply.model, notes=reply.notes, error=reply.error)
    try:
        data = parsed(without_reasoning(reply.text), schema)
    except Unfit as fault:
        return fault
    text = data.get("caption") if isinstance(data, dict) else None
    plain = text if isinstance(text, str) else json.dumps(data, ensure_ascii=False)
    return Said(plain, model=reply.model, notes=reply.notes, data=data)


def _again(request: ChatRequest, reply: ChatReply, fault: str) -> ChatRequest:
    hint = templates.render("clip-again", fault=f"it does not follow the JSON schema: {fault}", flags=("schema",))
    turns = (Message("assistant", reply.text), Message("user", hint)) if reply.text.strip() else ()
    messages = (*request.messages, *turns) if turns else request.messages
    return replace(request, messages=messages, seed=request.seed + 7919)


def _json(text: str) -> Any:
    fenced = FENCE.search(text)
    body = (fenced[1] if fenced else text).strip()
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        for match in islice(re.finditer(r"[{\[]", body), TRIES):
            try:
                return json.JSONDecoder().raw_decode(body, match.start())[0]
            except (ValueError, RecursionError):
                continue
        raise Unfit(f"it is no JSON: {error}") from None


def _registry() -> Any:
    import jsonschema_specifications

    return jsonschema_specifications.REGISTRY


def _jsonschema() -> Any:
    try:
        import jsonschema
    except ImportError as error:
        raise MissingDependency("Checking an answer against a JSON schema", "jsonschema", "video") from error
    return jsonschema
