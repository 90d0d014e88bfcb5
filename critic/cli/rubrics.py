"""`critic rubrics`: look at a rubric pack, check one, write its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from critic.cli.options import Rubrics

app = typer.Typer(no_args_is_help=True, help="Show and check rubrics.")


@app.command("list")
def list_(rubrics: Rubrics = None) -> None:
    """One line for each critique, consideration and recommendation."""
    from critic.rubrics import load_rubrics

    pack = load_rubrics(rubrics)
    print(f"{pack.about.name}: {pack.about.source}")
    for rubric in pack.rubrics:
        print(f"{rubric.id:<4} {rubric.slug:<42} {rubric.section:<8} {rubric.title}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Id or slug, such as U4.")], rubrics: Rubrics = None) -> None:
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
def docs(rubrics: Rubrics = None) -> None:
    """Print the page that docs/critiques.md holds."""
    from critic.render.critiques import render_critiques
    from critic.rubrics import load_rubrics

    print(render_critiques(load_rubrics(rubrics)), end="")


@app.command()
def fit(
    corpus: Annotated[Path, typer.Argument(help="Folder with labelled proposals.")],
    folder: Annotated[Path, typer.Argument(help="Folder with the rubric pack to write to.")],
) -> None:
    """Fit how many cues the offline assessor asks for, on labelled proposals, and write that into the rubrics."""
    from critic.bench.labels import load_corpus
    from critic.bench.thresholds import fit as fitted
    from critic.bench.thresholds import write
    from critic.rubrics import load_rubrics

    thresholds = fitted(load_corpus(corpus), load_rubrics(folder))
    write(thresholds, folder)
    for id, cues in thresholds.items():
        print(f"{id:<4} applies {cues.applies}  helps {cues.helps}  whole {cues.whole}")
