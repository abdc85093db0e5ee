"""The environment is what pyproject.toml asks for, pinned and hashed, and nothing ties it to one machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

REQUIRED = [line for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for line in group]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_entries() -> list[tuple[Requirement, list[str]]]:
    """Each locked requirement with its hashes; fails on a line that is neither."""
    entries: list[tuple[Requirement, list[str]]] = []
    for line in LOCK.splitlines():
        text = line.strip().removesuffix("\\").strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("--hash="):
            entries[-1][1].append(text)
        else:
            entries.append((Requirement(text), []))
    return entries


def tracked() -> list[Path]:
    """Files that git tracks; a source archive without git has none to ask for."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("line", REQUIRED)
def test_each_requirement_is_locked_to_a_version_that_satisfies_it(line):
    wanted = Requirement(line)
    pins = [entry for entry, _ in lock_entries() if canonical(entry.name) == canonical(wanted.name)]
    assert pins, f"{wanted.name} is not in requirements.lock: make lock"
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert wanted.specifier.contains(exact.version), f"{pin} does not satisfy {wanted}"


def test_each_lock_entry_is_exact_and_hashed():
    entries = lock_entries()
    assert len(entries) > 100
    for entry, hashes in entries:
        assert [spec.operator for spec in entry.specifier] == ["=="], entry
        assert entry.url is None, entry
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), entry


def test_the_lock_names_no_index_or_host():
    for line in LOCK.splitlines():
        text = line.strip()
        assert "://" not in text, text
        assert not text.startswith("-") or text.startswith("--hash="), text


def test_environment_yml_takes_the_locked_packages_on_a_python_that_will_do():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip == ["-r requirements.lock"]
    (python,) = [item for item in environment["dependencies"] if isinstance(item, str) and item.startswith("python")]
    version = python.removeprefix("python").strip("=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    assert "pip" in environment["dependencies"]


def test_binder_installs_the_library_itself():
    script = ROOT / "postBuild"
    assert "pip install --no-deps --no-build-isolation -e ." in script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o100


def test_the_licence_file_that_pyproject_names_is_there():
    for name in PROJECT["license-files"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "BSD 3-Clause" in text and "Creative Commons Attribution 4.0 International" in text


def test_versions_agree():
    from bosonpeak import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == __version__ == citation["version"]
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_tracked_file_names_a_package_host_or_a_path_of_one_machine():
    # in pieces, so that this file does not find itself
    needles = [
        "py" + "pi.org",
        "python" + "hosted",
        "registry.npm" + "js",
        "deb.deb" + "ian.org",
        "conda.ana" + "conda.org",
        "/ro" + "ot/",
        "/ho" + "me/",
        "/Us" + "ers/",
        str(ROOT.parent) + "/",
    ]
    found = []
    for path in tracked():
        content = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {needle}" for needle in needles if needle in content]
    assert not found
