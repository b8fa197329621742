"""What was found out about an endpoint is kept for a week, by address and model."""

from recagent.domain.capabilities import Capabilities
from recagent.llm.dialect import RequestDialect
from recagent.llm.kept_findings import KeptFindings
from recagent.llm.probe import Findings

DAY = 24 * 3600.0
FOUND = Findings(
    capabilities=Capabilities(alternatives=20, refused=("temperature",)),
    wished=20,
    dialect=RequestDialect(left_out=frozenset({"temperature"}), effort="low", alternatives=20),
    switched=True,
)


def kept(folder, *, at, address="http://a/v1", model="m"):
    return KeptFindings(folder=folder, address=address, model=model, clock=lambda: at)


def test_they_are_as_they_were_for_a_week_and_then_gone(tmp_path):
    kept(tmp_path, at=0.0).save("m", FOUND)
    assert kept(tmp_path, at=6.9 * DAY).load("m") == FOUND
    assert kept(tmp_path, at=7.1 * DAY).load("m") is None


def test_another_address_or_model_has_its_own(tmp_path):
    kept(tmp_path, at=0.0).save("m", FOUND)
    assert kept(tmp_path, at=1.0, address="http://b/v1").load("m") is None
    assert kept(tmp_path, at=1.0, model="n").load("m") is None
    assert kept(tmp_path, at=1.0).load("another that answers now") is None


def test_a_file_that_is_torn_is_as_none(tmp_path):
    place = kept(tmp_path, at=0.0)
    place.save("m", FOUND)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:40])
    assert place.load("m") is None
    place.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    kept(tmp_path / "file" / "under", at=0.0).save("m", FOUND)
    assert kept(tmp_path / "file" / "under", at=0.0).load("m") is None
