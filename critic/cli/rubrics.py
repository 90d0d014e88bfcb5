"""`critic rubrics`: look at a rubric pack, check one, write its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(no_args_is_help=True, help="Show and check rubrics.")

Pack = Annotated[Optional[Path], typer.Option("--rubrics", help="Folder with another rubric pack.", show_default=False)]


@app.command("list")
def list_(rubrics: Pack = None) -> None:
    """One line for each critique, consideration and recommendation."""
    from critic.rubrics import load_rubrics

    pack = load_rubrics(rubrics)
    print(f"{pack.about.name}: {pack.about.source}")
    for rubric in pack.rubrics:
        print(f"{rubric.id:<4} {rubric.slug:<42} {rubric.section:<8} {rubric.title}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Id or slug, such as U4.")], rubrics: Pack = None) -> None:
    """A rubric in full."""
    import yaml

    from critic.errors import InputError
    from critic.rubrics import load_rubrics

    every = load_rubrics(rubrics).rubrics
    found = next((rubric for rubric in every if name.lower() in (rubric.id.lower(), rubric.slug)), None)
    if found is None:
        raise InputError(f"There is no rubric {name}; 'critic rubrics list' shows those there are.")
    print(yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100), end="")


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="Folder with a rubric pack.")]) -> None:
    """Load a rubric pack and say what is wrong with it."""
    from critic.rubrics import load_rubrics

    pack = load_rubrics(folder)
    print(
        f"{folder}: '{pack.about.name}' is fine: {len(pack.critiques)} critiques, "
        f"{len(pack.considerations)} considerations, {len(pack.recommendations)} recommendations."
    )


@app.command()
def docs(rubrics: Pack = None) -> None:
    """Print the page that docs/critiques.md holds."""
    from critic.render.critiques import render_critiques
    from critic.rubrics import load_rubrics

    print(render_critiques(load_rubrics(rubrics)), end="")
