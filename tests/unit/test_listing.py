"""From a figure to the functions behind it, and from the README to the folders of the library."""

import re

import pytest

from bosonpeak.book import listing, runs
from bosonpeak.book.cli import main
from bosonpeak.paths import project_root

PAGE = """---
kernelspec:
  display_name: Python 3
  name: python3
---

# Figures

```{code-cell} ipython3
from bosonpeak import networks
from bosonpeak.drawing import style
from bosonpeak.drawing.networks import draw_network
from bosonpeak.units import THZ

crystal = networks.square_lattice_network(5, 0.1)
size = len(crystal)
```

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-small
    caption: A network.
---
draw_network(None, crystal, style.ordered_colors(size), THZ)
```
"""


def test_a_figure_names_what_draws_it_and_what_computed_it(small_book, capsys):
    (small_book / "book" / "drawn.md").write_text(PAGE)
    (figure,) = listing.figure_sources("drawn")
    assert (figure.page, figure.name, figure.cell) == ("drawn", "fig-small", 2)
    drawn = [place.split()[0] for place in figure.drawn_by]
    # a constant has no line of its own
    assert drawn == ["bosonpeak.drawing.networks.draw_network", "bosonpeak.drawing.style.ordered_colors"]
    assert [place.split()[0] for place in figure.computed_by] == ["bosonpeak.networks.square_lattice_network"]
    assert re.search(r"networks/network\.py:\d+$", figure.computed_by[0])
    assert main(["figures", "drawn"]) == 0
    shown = capsys.readouterr().out
    assert "fig-small  (book/drawn.md, code cell 2)" in shown and "computed by  bosonpeak.networks" in shown
    assert main(["figures", "drawm"]) == 2
    assert "Did you mean drawn?" in capsys.readouterr().err


def _figure_names() -> dict[str, int]:
    return {page: len(listing.figure_sources(page)) for page in runs.chapters()}


def test_every_chapter_has_its_figures_traced_to_functions():
    assert all(count >= 4 for count in _figure_names().values())
    for page in runs.chapters():
        for figure in listing.figure_sources(page):
            assert figure.drawn_by or figure.computed_by, figure.name


def test_the_map_in_the_readme_has_one_line_for_each_folder_of_the_library():
    library = project_root() / "lib" / "bosonpeak"
    folders = {p.parent.relative_to(library).as_posix() for p in library.rglob("__init__.py")} - {".", "papers"}
    readme = (project_root() / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("folder of `lib/bosonpeak/`") :]
    listed = re.findall(r"^\| `([a-z0-9_/]+)/` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(folders)
    for name in re.findall(r"`([a-z]+\.py)`", table):
        assert (library / name).is_file(), name


COMMANDS = re.findall(r"\.venv/bin/bosonpeak ([a-z]+)", (project_root() / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_command_of_the_readme_exists(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0 and "usage" in capsys.readouterr().out
