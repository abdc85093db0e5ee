"""The book's cached runs fall when what they rest on changes, and only then."""

import os

import pytest
from bosonpeak.book.cache import drop_stale


@pytest.fixture
def built(tmp_path):
    """A project whose book was built once."""
    for name in ("lib/bosonpeak", "data/claims", "_build/.jupyter_cache", "_build/.doctrees", "_build/runs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib/bosonpeak/units.py").write_text("THZ = 1\n")
    (tmp_path / "data/claims/a.yml").write_text("[]\n")
    (tmp_path / "requirements.lock").write_text("numpy==2.0\n")
    assert drop_stale(tmp_path)
    assert not (tmp_path / "_build/.jupyter_cache").exists()
    for name in (".jupyter_cache", ".doctrees"):
        (tmp_path / "_build" / name).mkdir()
    return tmp_path


def test_nothing_changed_keeps_the_cache_whatever_the_dates(built):
    os.utime(built / "lib/bosonpeak/units.py", (0, 0))
    (built / "lib/bosonpeak/__pycache__").mkdir()
    (built / "lib/bosonpeak/__pycache__/units.pyc").write_text("x")
    assert not drop_stale(built)
    assert (built / "_build/.jupyter_cache").is_dir()


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "lib/bosonpeak/units.py").write_text("THZ = 2\n"),
        lambda root: (root / "data/claims/b.yml").write_text("[]\n"),
        lambda root: (root / "data/claims/a.yml").unlink(),
        lambda root: (root / "data/claims/a.yml").rename(root / "data/claims/c.yml"),
        lambda root: (root / "requirements.lock").write_text("numpy==2.1\n"),
    ],
    ids=["lib", "data added", "data removed", "data renamed", "lock"],
)
def test_a_change_drops_cache_and_doctrees_but_no_run(built, change):
    change(built)
    assert drop_stale(built)
    assert not (built / "_build/.jupyter_cache").exists()
    assert not (built / "_build/.doctrees").exists()
    assert (built / "_build/runs").is_dir()
    assert not drop_stale(built)
