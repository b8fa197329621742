"""What the OpenAPI document promises is kept for whatever is sent: schemathesis tries."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import make_service
from talker import Talking

from recagent.sections import ServerSettings
from recagent.server.app import create_app

# In all: of a check by hand 20,000, RECAGENT_TEST_CASES=20000.
CASES = int(os.environ.get("RECAGENT_TEST_CASES", "300"))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def app():
    settings = ServerSettings(rate=0, keys=(SecretStr("key"),))
    return create_app(make_service(), settings=settings, talking=Talking())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
def test_nothing_that_fits_or_breaks_the_document_is_a_server_error(app):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 11
    assert sum(try_out(operation, CASES // len(operations)) for operation in operations) > 100


def try_out(operation, cases):
    """So many requests, half of them broken on purpose; how many there were."""
    tried = 0
    has_input = operation.body or operation.query
    modes = [each for each in GenerationMode if has_input or each == GenerationMode.POSITIVE]
    strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]

    @settings(
        max_examples=cases if has_input else 5,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        derandomize=True,
        database=None,
    )
    @given(case=st.one_of(strategies))
    def holds(case):
        nonlocal tried
        tried += 1
        case.call_and_validate(headers={"Authorization": "Bearer key"}, checks=CHECKS)

    holds()
    return tried
